"""Runs the real program as a process, as a container would."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from pathlib import Path


class Program:
    """`camerastream run` in a process of its own.

    Settings are given as a container gets them: by environment.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.log_path = folder / f"log-{len(list(folder.glob('log-*')))}.jsonl"
        environment = {
            "PATH": os.environ["PATH"],
            "CAMERA_ID": "lobby",
            "RTSP_CAMERA_URL": "test:320x240@20",
            "INTERVAL_SECONDS": "0",
            "MOTION_THRESHOLD": "0",
            "STATE_DIR": str(folder / "state"),
            "TERMINATION_LOG": str(folder / "termination.json"),
            "LIVE_SETTINGS_FILE": str(folder / "live.json"),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            "LOG_FORMAT": "json",
            "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": "4",
            "KAFKA_BUFFER_SETTLE_SECONDS": "1",
            "KAFKA_CONFIG_SOCKET_TIMEOUT_MS": "3000",
            **{name: str(value) for name, value in settings.items()},
        }
        self._output = self.log_path.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "camerastream", "run", "--env-file", str(folder / "no.env")],
            env=environment,
            cwd=folder,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()

    def text(self) -> str:
        return self.log_path.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines() if line.endswith("}")]

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines()]

    def line(self, start: str) -> dict[str, Any]:
        """Return the first log line that starts so, waiting for it."""
        wait_until(
            lambda: any(message.startswith(start) for message in self.messages()),
            what=lambda: f"no line {start!r} in:\n{self.text()}",
        )
        return next(line for line in self.lines() if line["message"].startswith(start))

    @property
    def port(self) -> int:
        return int(self.line("started")["http_port"])

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.get("/status")[1])
        return status

    def frames(self) -> dict[str, Any]:
        frames: dict[str, Any] = self.status()["frames"]
        return frames

    def wait_for_delivered(self, frames: int) -> None:
        wait_until(
            lambda: self.frames()["delivered"] >= frames,
            60,
            lambda: f"{self.frames()}\n{self.text()}",
        )

    def wait_for_end(self, timeout_seconds: float = 60) -> int:
        code = self.process.wait(timeout_seconds)
        self._output.flush()
        return code

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_end()

    def termination(self) -> dict[str, Any]:
        """Return the termination message, waiting for it to be there and whole."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            with contextlib.suppress(OSError, ValueError):
                found.append(json.loads((self.folder / "termination.json").read_text()))
            return bool(found)

        wait_until(there, what=lambda: "no termination message")
        return found[-1]
