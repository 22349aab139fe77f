"""Runs the operator as a process, and ends it in every way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.integration.operator_io.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AGENTS = ("camerastream-operator/", "kopf/")
"""What the operator calls itself to the API server; kopf has a connection of its own."""


class OperatorProcess:
    """One operator.

    Args:
        folder: For its log and its file of defaults.
        kubeconfig: How it reaches the API server.
        name: Which replica it is.
        environment: More of its settings.
    """

    def __init__(
        self, folder: Path, kubeconfig: Path, name: str, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.defaults = folder / "defaults.yaml"
        if not self.defaults.exists():
            self.write_defaults()
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("OPERATOR_")},
            "KUBECONFIG": str(kubeconfig),
            "OPERATOR_DEFAULTS_FILE": str(self.defaults),
            "OPERATOR_LEADER_ELECTION": "false",
            "OPERATOR_HTTP_HOST": "127.0.0.1",
            "OPERATOR_HTTP_PORT": "0",
            "OPERATOR_POD_NAME": name,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def write_defaults(
        self,
        *,
        threshold: int = 60,
        image: str = "camerastream:1.0",
        settle: int = 30,
        hold: int = 600,
    ) -> None:
        """Write the file of defaults, as a ConfigMap is replaced: at once."""
        draft = self.defaults.with_suffix(".draft")
        draft.write_text(
            json.dumps(
                {
                    "stream": {
                        "image": image,
                        "thresholdSeconds": threshold,
                        "bootstrapServers": ["kafka:9092"],
                    },
                    "fleet": {"settleSeconds": settle, "holdSeconds": hold},
                }
            )
        )
        draft.rename(self.defaults)

    def start(self, *, wait: bool = True) -> None:
        """Start it and wait until it does the work."""
        self.log.write_text("")
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "camerastream_operator", "run"],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.wait_for("everything is listed")

    def wait_for(self, text: str) -> None:
        """Wait for a line of its log."""
        until(lambda: text in self.log.read_text() or self.ended, what=self._told)
        assert text in self.log.read_text(), self._told()

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it without a chance to do anything."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int:
        """End it gracefully and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit code."""
        assert self._process is not None
        return self._process.wait(90)

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server."""
        port = next(line["http_port"] for line in self.lines() if line["message"] == "started")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """Return a metric, 0 while there is none."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    def lines(self) -> list[dict[str, Any]]:
        """Return its log; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def _told(self) -> str:
        return f"{self.name}:\n{self.log.read_text()[-4000:]}"
