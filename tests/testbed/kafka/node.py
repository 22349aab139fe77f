"""One broker as a process: started, frozen, killed, and started again on the same address."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import socket
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.kafka.properties import CLIENTS, INTERNAL, render

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from tests.testbed.kafka.installation import Installation
    from tests.testbed.kafka.properties import NodePlan
    from tests.testbed.lease import Lease
    from tests.testbed.process import ProcessIdentity

_HEAP_OPTIONS = ("-Xms64m", "-Xmx384m")
_ORDERLY_SECONDS = 30.0
_STATE_SECONDS = 10.0
_LOOK_SECONDS = 0.02


class KafkaNode:
    """A broker and controller.

    Its process is looked up each time by the lease's mark and its properties file: with a
    command prefix, what was started is not Java itself.

    Args:
        lease: Its processes belong to it.
        installation: Kafka.
        plan: Where it listens.
        folder: Belongs to it alone.
        data_folder: Where it keeps its partitions.
        log: Where its output goes.
        command_prefix: Put before `java`, as in `nsenter ...`.
        java_options: More for Java.

    Attributes:
        plan: Where it listens.
        data_folder: Where it keeps its partitions.
        log: Where its output goes.
    """

    def __init__(
        self,
        lease: Lease,
        installation: Installation,
        plan: NodePlan,
        *,
        folder: Path,
        data_folder: Path,
        log: Path,
        command_prefix: Sequence[str] = (),
        java_options: Sequence[str] = (),
    ) -> None:
        self.plan = plan
        self.data_folder = data_folder
        self.log = log
        self._lease = lease
        self._installation = installation
        self._folder = folder
        self._properties = folder / "server.properties"
        self._temporary = folder / "tmp"
        self._command_prefix = list(command_prefix)
        self._java_options = list(java_options)
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where clients reach it directly, whatever address they are told."""
        return self.plan.address(CLIENTS)

    @property
    def properties_path(self) -> Path:
        """Its `server.properties`."""
        return self._properties

    def advertise(self, address: str) -> None:
        """Tell clients another address, that of a proxy; takes effect with `configure`."""
        self.plan = replace(self.plan, advertised=address)

    def configure(self, properties: Mapping[str, str]) -> None:
        """Write its properties, for the next start."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        # It may hold passwords.
        self._properties.touch(mode=0o600)
        self._properties.write_text(render(properties))

    def format(self, cluster_id: str) -> None:
        """Make its disk one of that cluster, as Kafka's own tool would; once, before a start."""
        checkpoint = self._installation.checkpoint
        if checkpoint is None:
            raise RuntimeError("there is no checkpoint to copy; format with Kafka's own tool")
        shutil.copytree(checkpoint, self.data_folder, dirs_exist_ok=True)
        identity = {
            "version": "1",
            "cluster.id": cluster_id,
            "node.id": str(self.plan.node_id),
            "directory.id": kafka_uuid(),
        }
        (self.data_folder / "meta.properties").write_text(render(identity))

    def start(self) -> None:
        """Start it without waiting until it serves; also after `kill` and `stop`.

        Raises:
            RuntimeError: It runs already.
        """
        if self._started is not None:
            raise RuntimeError(f"broker {self.plan.node_id} is running; stop it first")
        java = self._installation.java(
            "kafka.Kafka",
            str(self._properties),
            options=[*_HEAP_OPTIONS, f"-Djava.io.tmpdir={self._temporary}", *self._java_options],
        )
        self._started = self._lease.popen(
            [*self._command_prefix, *java], log=self.log, cwd=self._folder
        )

    def freeze(self) -> None:
        """Stop it in its tracks: connections stand and new ones open, nothing is answered.

        Raises:
            RuntimeError: It is not running.
        """
        # The command before Java first: nsenter wakes its child when it is woken itself.
        for process in self._expect_processes():
            self._signal(signal.SIGSTOP, process)
            self._wait_for_state(process, stopped=True)

    def thaw(self) -> None:
        """Let it go on.

        Raises:
            RuntimeError: It is not running.
        """
        for process in reversed(self._expect_processes()):
            self._signal(signal.SIGCONT, process)
            self._wait_for_state(process, stopped=False)

    def kill(self) -> None:
        """End it at once, frozen or not."""
        while processes := self._processes():
            self._signal(signal.SIGKILL, *processes)
            time.sleep(_LOOK_SECONDS)
        self._reap()

    def stop(self) -> None:
        """End it in order, frozen or not; leadership moves to others first."""
        processes = self._processes()
        self._signal(signal.SIGCONT, *reversed(processes))
        self._signal(signal.SIGTERM, *processes[-1:])
        deadline = time.monotonic() + _ORDERLY_SECONDS
        while self.running() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self.kill()

    def running(self) -> bool:
        """Whether its process lives, frozen or not."""
        return bool(self._processes())

    def listens(self) -> bool:
        """Whether it takes connections; a frozen one does."""
        host, _, port = self.plan.address(INTERNAL).rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            return False
        return True

    def expect_running(self) -> None:
        """Complain when it was started and has ended.

        Raises:
            RuntimeError: With what it said last.
        """
        if self._started is None or self._started.poll() is not None:
            raise RuntimeError(
                f"broker {self.plan.node_id} has ended; its last words:\n{self.last_words()}"
            )

    def wait_for_end(self, timeout_seconds: float = 60) -> None:
        """Wait until it has ended by itself.

        Raises:
            TimeoutError: It has not.
        """
        deadline = time.monotonic() + timeout_seconds
        while self.running():
            if time.monotonic() > deadline:
                raise TimeoutError(f"broker {self.plan.node_id} runs after {timeout_seconds:g} s")
            time.sleep(_LOOK_SECONDS)
        self._reap()

    def last_words(self, lines: int = 5) -> str:
        """Return the end of its log."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return "it said nothing"
        return "\n".join(text.splitlines()[-lines:])

    def _processes(self) -> list[ProcessIdentity]:
        """Return the command before Java, where there is one, then Java, as far as they live."""
        lines = {process: _command_line(process) for process in self._lease.processes()}
        mine = [process for process, line in lines.items() if str(self._properties) in line]
        return sorted(mine, key=lambda process: Path(lines[process][0]).name == "java")

    def _expect_processes(self) -> list[ProcessIdentity]:
        processes = self._processes()
        if not processes:
            raise RuntimeError(
                f"broker {self.plan.node_id} is not running; its last words:\n{self.last_words()}"
            )
        return processes

    def _signal(self, number: signal.Signals, *processes: ProcessIdentity) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def _wait_for_state(self, process: ProcessIdentity, *, stopped: bool) -> None:
        deadline = time.monotonic() + _STATE_SECONDS
        while process.alive() and _is_stopped(process) is not stopped:
            if time.monotonic() > deadline:
                verb = "stop" if stopped else "go on"
                raise TimeoutError(f"process {process.pid} of a broker does not {verb}")
            time.sleep(_LOOK_SECONDS)

    def _reap(self) -> None:
        started, self._started = self._started, None
        if started is not None:
            started.wait()


def kafka_uuid() -> str:
    """Return a random identity as Kafka writes it: 16 bytes in base 64 for URLs."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # Kafka makes none that begins so: on a command line it would be an option.
        if not text.startswith("-"):
            return text


def _command_line(process: ProcessIdentity) -> list[str]:
    try:
        text = Path(f"/proc/{process.pid}/cmdline").read_text(errors="replace")
    except OSError:
        return [""]
    return text.split("\0")


def _is_stopped(process: ProcessIdentity) -> bool:
    try:
        text = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "T"
