"""Types commands into a terminal, as a reader of a page would."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from tests.e2e.docs.pages import ROOT
from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDLESS = ("--watch", " -f |", "watch --bootstrap-servers")
_PATIENCE_SECONDS = 180
_SECOND_RESTART_SECONDS = 1.5
_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
_PRESS_SECONDS = 5
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
        if "rollout restart" in command:
            # kubectl refuses a second one within a second, in which nobody types.
            time.sleep(_SECOND_RESTART_SECONDS)
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
        assert process.stdout is not None
        output = process.stdout
        said: list[bytes] = []

        def read() -> None:
            while chunk := output.read1(65536):
                said.append(chunk)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            wait_until(
                lambda: b"\n" in b"".join(said) or process.poll() is not None,
                _PATIENCE_SECONDS,
                lambda: f"{command} says nothing",
            )
            self._press_ctrl_c(process)
        finally:
            process.kill()
            process.wait()
            reader.join(10)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            output.close()
        text = b"".join(said).decode(errors="replace")
        lines = text.splitlines()
        assert not any(line.lower().startswith("error") for line in lines), f"{command}\n{text}"
        assert lines, f"{command} ended without a word"
        return text

    def _press_ctrl_c(self, process: subprocess.Popen[bytes]) -> None:
        """Press it until it is heard: `kubectl run` says something before it has attached."""
        assert process.stdin is not None
        for _ in range(_PATIENCE_SECONDS // _PRESS_SECONDS):
            if process.poll() is not None:
                return
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(_CTRL_C)
                process.stdin.flush()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PRESS_SECONDS)
        raise AssertionError(f"Ctrl-C does not end {process.args}")
