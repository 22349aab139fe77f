"""An operator in a process of its own: started, stopped, and what it uses."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT

if TYPE_CHECKING:
    from tests.testbed.lease import Lease

FLOOR_NAMESPACE = "floor"

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PATIENCE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured.

    Attributes:
        name: What it is called.
        namespace: Where its cameras are.
        account: Its service account, by which the audit log tells its writes from all others.
        command: What Python runs.
    """

    name: str
    namespace: str
    account: str
    command: tuple[str, ...]

    @property
    def user(self) -> str:
        """What the API server calls its account."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"


OPERATOR = Subject(
    "this operator", "cameras", "camerastream-operator", ("-m", "camerastream_operator", "run")
)
KOPF_DEFAULTS = Subject(
    "kopf's default handlers", "kopf", "kopf-defaults", ("-m", "benchmarks.operator_kopf_defaults")
)


def process_cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def machine_cpu_seconds() -> float:
    """Return the CPU time that everything on the machine has used so far."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    idle, waiting = fields[3:5]
    # The last two are of guests, and contained in the first two.
    return (sum(fields[:8]) - idle - waiting) / _TICKS_PER_SECOND


class OperatorProcess:
    """An operator.

    Args:
        subject: Which one.
        lease: Pays for it.
        kubeconfig: Its own.
        defaults: Its file of defaults.
        status_url: Where streams answer, with `{namespace}` and `{pod}`.
    """

    def __init__(
        self, subject: Subject, lease: Lease, kubeconfig: Path, defaults: Path, status_url: str
    ) -> None:
        self._log = lease.folder / "logs" / f"{subject.account}.log"
        self._begin_bytes = self._log.stat().st_size if self._log.exists() else 0
        self._process = lease.popen(
            [sys.executable, *subject.command],
            log=self._log,
            cwd=ROOT,
            env={
                "KUBECONFIG": str(kubeconfig),
                "OPERATOR_DEFAULTS_FILE": str(defaults),
                "OPERATOR_STREAM_STATUS_URL": status_url,
                "OPERATOR_HTTP_HOST": "127.0.0.1",
                "OPERATOR_HTTP_PORT": "0",
                "OPERATOR_LEASE_NAMESPACE": subject.namespace,
                "OPERATOR_WATCH_NAMESPACES": subject.namespace,
                "OPERATOR_LOG_FORMAT": "json",
            },
        )
        self.started_at = time.monotonic()

    def cpu_seconds(self) -> float:
        """Return the CPU time that it has used so far."""
        return process_cpu_seconds(self._process.pid)

    def memory_megabytes(self, field: str = "VmRSS") -> float:
        """Return its memory: VmRSS at present, VmHWM at the highest."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) / 1024

    def wait_ready(self) -> float:
        """Wait until it is ready; return how many seconds after its start that was."""
        while not self._ready():
            if self._process.poll() is not None or self._age() > _PATIENCE_SECONDS:
                raise RuntimeError(f"the operator does not get ready:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return self._age()

    def stop(self) -> float:
        """End it by SIGTERM; return how many seconds that took."""
        begin = time.monotonic()
        self._process.terminate()
        code = self._process.wait(30)
        if code:
            raise RuntimeError(f"the operator ended with {code}:\n{self.log()[-3000:]}")
        return time.monotonic() - begin

    def log(self) -> str:
        """Return what it has logged since its start."""
        return self._log.read_bytes()[self._begin_bytes :].decode(errors="replace")

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        with urllib.request.urlopen(self._url("/metrics"), timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        values = [line for line in lines if line.partition("{")[0].partition(" ")[0] == name]
        return sum(float(line.rpartition(" ")[2]) for line in values)

    def _age(self) -> float:
        return time.monotonic() - self.started_at

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self._url("/readyz"), timeout=5):
                # A replica that waits for the Lease is ready too, but does nothing.
                return self.metric("camerastream_operator_leader") == 1
        except (OSError, LookupError, urllib.error.URLError):
            return False

    def _url(self, path: str) -> str:
        for line in self.log().splitlines():
            if '"http_port"' in line:
                return f"http://127.0.0.1:{json.loads(line)['http_port']}{path}"
        raise LookupError("it has not told its port yet")
