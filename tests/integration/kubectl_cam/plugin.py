"""Runs `kubectl-cam` as kubectl does: as a process, with words and an environment."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.integration.operator_io.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Done:
    """What it did.

    Attributes:
        code: Exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line that it said of what is wrong."""
        (line,) = self.err.splitlines()
        assert line.startswith("error: "), self.err
        assert self.out == ""
        return line.removeprefix("error: ")


class Plugin:
    """The plugin with a login.

    Args:
        kubeconfig: Names cluster and login; None leaves the usual places to it.
        namespace: Given with every call.
        environment: More of its environment.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        namespace: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._namespace = namespace
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("KUBE")},
            "COLUMNS": "200",
            **({} if kubeconfig is None else {"KUBECONFIG": str(kubeconfig)}),
            **(environment or {}),
        }

    def __call__(self, command: str, *arguments: str, folder: Path | None = None) -> Done:
        """Run a command of it."""
        return self.run("kubectl-cam", command, "-n", self._namespace, *arguments, folder=folder)

    @contextlib.contextmanager
    def on_a_terminal(
        self, command: str, *arguments: str, columns: int = 140, lines: int = 40
    ) -> Iterator[Screen]:
        """Run a command of it on a terminal, for the block."""
        words = [_path("kubectl-cam"), command, "-n", self._namespace, *arguments]
        with Screen(words, self._environment, columns, lines) as screen:
            yield screen

    def complete(self, *words: str) -> list[str]:
        """Return what kubectl would be told of these words; the last line is the directive."""
        return self.run("kubectl_complete-cam", *words).out.splitlines()

    def run(self, name: str, *arguments: str, folder: Path | None = None) -> Done:
        """Run one of its commands."""
        done = subprocess.run(
            [_path(name), *arguments],
            env=self._environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


class Screen:
    """A terminal with a program on it.

    Args:
        words: The program's command line.
        environment: Its environment.
        columns: Width of the terminal.
        lines: Its height.

    Attributes:
        shown: All that it has written.
    """

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], columns: int, lines: int
    ) -> None:
        self._size = (lines, columns)
        self.shown = ""
        self._environment = {
            **{key: value for key, value in environment.items() if key != "COLUMNS"},
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        self._words = list(words)

    def __enter__(self) -> Self:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, self._size)
        # Ctrl-C works on a terminal, also where the tests run in a background that ignores it.
        inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self._process = subprocess.Popen(
                self._words, env=self._environment, stdin=theirs, stdout=theirs, stderr=theirs
            )
        finally:
            signal.signal(signal.SIGINT, inherited)
        os.close(theirs)
        self._reading = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join()

    def wait_for(self, text: str) -> None:
        """Wait until something was shown."""
        until(lambda: text in self.shown, what=lambda: self.shown)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def code(self) -> int:
        """Wait for the program and return its exit code."""
        code = self._process.wait(60)
        self._reading.join()
        return code

    def _read(self, ours: int) -> None:
        # A terminal whose program has ended cannot be read any more.
        with os.fdopen(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):
            while data := terminal.read(65536):
                self.shown += data.decode(errors="replace")


def _path(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
