"""Reads the topic along with `camerastream watch`, the proof of what arrived."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """`camerastream watch` beside the demo.

    It reads from the first frame on: an embedded broker keeps only the last 5 MiB.

    Args:
        bootstrap_servers: The broker.
        topic: The topic.
        sheet: Where the contact sheet goes.
        folder: Where it runs.
    """

    def __init__(self, bootstrap_servers: str, topic: str, sheet: Path, folder: Path) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "camerastream", "watch", "--json"),
                *("--env-file", "none"),
                *("--bootstrap-servers", bootstrap_servers, "--topic", topic),
                *("--contact-sheet", str(sheet), "--pictures", "20"),
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> dict[str, Any]:
        """End it and return what it found."""
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate(timeout=30)
        found: dict[str, Any] = json.loads(output)
        found["exitCode"] = self._process.returncode
        return found

    def close(self) -> None:
        """End it, whatever happened."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
