"""Types commands into a terminal, as a reader of a page would."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from tests.e2e.docs.pages import ROOT
from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDLESS = ("--watch", " -f |", "watch --bootstrap-servers")
_PATIENCE_SECONDS = 180
_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
_CTRL_C = b"\x03"


class Terminal:
    """A shell in the repository.

    Args:
        environment: In which the commands are found.
        replaced: What a reader would write instead of the page's examples.
    """

    def __init__(self, environment: Mapping[str, str], replaced: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._replaced = dict(replaced)

    def type(self, command: str) -> str:
        """Run a command; one that goes on for ever is ended with Ctrl-C when it has said something.

        Raises:
            AssertionError: It failed.
        """
        for example, real in self._replaced.items():
            command = command.replace(example, real)
        if any(mark in command for mark in _ENDLESS):
            return self._until_it_speaks(command)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_SECONDS * 2,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _until_it_speaks(self, command: str) -> str:
        """Run it with a terminal of its own: grep keeps its lines back where there is none."""
        process = subprocess.Popen(
            [sys.executable, "-c", _TERMINAL, "bash", "-c", command],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdin is not None
        said: list[bytes] = []

        def read() -> None:
            assert process.stdout is not None
            while chunk := process.stdout.read1(65536):
                said.append(chunk)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            wait_until(
                lambda: b"\n" in b"".join(said) or process.poll() is not None,
                _PATIENCE_SECONDS,
                lambda: f"{command} says nothing",
            )
            if process.poll() is None:
                process.stdin.write(_CTRL_C)
                process.stdin.flush()
            process.wait(60)
        finally:
            process.kill()
            process.wait()
            reader.join(10)
        text = b"".join(said).decode(errors="replace")
        lines = text.splitlines()
        assert not any(line.lower().startswith("error") for line in lines), f"{command}\n{text}"
        assert lines, f"{command} ended without a word"
        return text
