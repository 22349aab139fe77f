"""Acts as the kubelet: writes the status of pods, of which there is nobody else to do it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.operator_io.api import Api

_STARTED = "2026-03-01T08:00:00Z"


class Kubelet:
    """Runs the pod of one camera, on paper.

    Args:
        api: In the camera's namespace.
        camera: Its name.
        ip: Address of the pod.
    """

    def __init__(self, api: Api, camera: str, ip: str = "127.0.0.1") -> None:
        self._api = api
        self._pod = f"{camera}-0"
        self._ip = ip
        self._restarts = 0
        self._instance = ""
        self._last: dict[str, Any] = {}
        self._ends: dict[str, int] = {}

    def run(self, *, ready: bool = True) -> None:
        """Start the container."""
        self._instance = f"containerd://{uuid.uuid4().hex}"
        self._write(ready=ready)

    def fresh(self) -> None:
        """Another pod has taken the place: it begins with nothing."""
        self._restarts, self._last, self._ends = 0, {}, {}

    def set_ready(self, ready: bool) -> None:
        """The readiness probe has changed its mind."""
        self._write(ready=ready)

    def restart(self, reason: str = "KafkaBufferError", *, ready: bool = True) -> None:
        """End the container, with what the stream says of it, and start it again."""
        self._ends[reason] = self._ends.get(reason, 0) + 1
        message = {"reason": reason, "message": "as the test wants it", "cumulative": self._ends}
        self._last = {
            "terminated": {
                "containerID": self._instance,
                "exitCode": 1,
                "reason": "Error",
                "startedAt": _STARTED,
                "finishedAt": _now(),
                "message": json.dumps(message),
            }
        }
        self._restarts += 1
        self.run(ready=ready)

    def wait(self, reason: str, message: str) -> None:
        """The container cannot be started."""
        self._write(ready=False, state={"waiting": {"reason": reason, "message": message}})

    def _write(self, *, ready: bool, state: dict[str, Any] | None = None) -> None:
        word = "True" if ready else "False"
        container = {
            "name": "camerastream",
            "image": "camerastream",
            "imageID": "",
            "ready": ready,
            "restartCount": self._restarts,
            "state": state or {"running": {"startedAt": _STARTED}},
            "lastState": self._last,
            **({"containerID": self._instance} if self._instance else {}),
        }
        self._api.merge(
            "pods",
            self._pod,
            {
                "status": {
                    "phase": "Running",
                    "podIP": self._ip,
                    "podIPs": [{"ip": self._ip}],
                    "startTime": _STARTED,
                    "conditions": [{"type": "Ready", "status": word}],
                    "containerStatuses": [container],
                }
            },
            "status",
        )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
