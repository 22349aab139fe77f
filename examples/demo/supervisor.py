"""Starts the program again when it ends, as a kubelet or Compose does."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_RESTART_SECONDS = 1.0
_PORT = re.compile(r" started .*http_port=(\d+)")


class Supervisor:
    """Keeps `camerastream run` running.

    Args:
        environment: The program's settings, as a container gets them.
        folder: Where it runs.
        on_line: Called with each line of its output.
    """

    def __init__(
        self, environment: Mapping[str, str], folder: Path, on_line: Callable[[str], None]
    ) -> None:
        self.exit_codes: list[int] = []
        self.lines: list[str] = []
        self._environment = dict(environment)
        self._folder = folder
        self._on_line = on_line
        self._stopping = threading.Event()
        self._port: int | None = None
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start the program for the first time."""
        self._thread.start()

    def stop(self) -> None:
        """Send SIGTERM and start no more."""
        self._stopping.set()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        self._thread.join(timeout=30)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def status(self) -> dict[str, Any] | None:
        """Return the program's `/status`, None while it is not there."""
        if self._port is None:
            return None
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self._port}/status", timeout=1
            ) as reply:
                status: dict[str, Any] = json.load(reply)
                return status
        except (OSError, ValueError, urllib.error.URLError):
            return None

    def said(self, text: str) -> bool:
        """Whether a line with this text has come."""
        return any(text in line for line in list(self.lines))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "camerastream", "run", "--env-file", "none"],
                env=self._environment,
                cwd=self._folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                # Ctrl-C ends the demo, which then ends the program in order.
                start_new_session=True,
            )
            assert self._process.stdout is not None
            for line in self._process.stdout:
                self._take(line.rstrip())
            self.exit_codes.append(self._process.wait())
            self._port = None
            if not self._stopping.is_set():
                time.sleep(_RESTART_SECONDS)

    def _take(self, line: str) -> None:
        self.lines.append(line)
        match = _PORT.search(line)
        if match:
            self._port = int(match[1])
        self._on_line(line)
