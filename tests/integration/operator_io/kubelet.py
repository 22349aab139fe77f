"""Acts as the kubelet: writes the status of pods, of which there is nobody else to do it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.integration.operator_io.waiting import until

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
        # A clock of its own, a little behind, so that nothing has to be waited for.
        self._clock = datetime.now(UTC) - timedelta(minutes=5)
        self._started = _STARTED

    def run(self, *, ready: bool = True) -> None:
        """Start the container."""
        self._instance = f"containerd://{uuid.uuid4().hex}"
        self._clock += timedelta(seconds=1)
        self._started = _text(self._clock)
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

    def kill(self, *, by_probe: bool) -> None:
        """End the container by SIGKILL and start it again; the stream has no time for a word."""
        self._clock += timedelta(seconds=10)
        if by_probe:
            self._say("Killing", "Container camerastream failed liveness probe, will be restarted")
        self._clock += timedelta(seconds=10)
        self._last = {
            "terminated": {
                "containerID": self._instance,
                "exitCode": 137,
                "reason": "Error",
                "startedAt": self._started,
                "finishedAt": _text(self._clock),
            }
        }
        self._restarts += 1
        for step in ("Pulled", "Created", "Started"):
            self._say(step, f"{step} the container")
        self.run()

    def _say(self, reason: str, message: str) -> None:
        """Write an Event as the kubelet does: of the old kind, repeated ones as one."""
        pod = self._api.get("pods", self._pod)
        assert pod is not None
        path = f"/api/v1/namespaces/{self._api.namespace}/events"
        name = f"{self._pod}.{reason.lower()}"
        before = self._api.call("GET", f"{path}/{name}")[1]
        known = before.get("reason") == reason
        body = {
            "metadata": {"name": name, "namespace": self._api.namespace},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "namespace": self._api.namespace,
                "name": self._pod,
                "uid": pod["metadata"]["uid"],
                "fieldPath": "spec.containers{camerastream}",
            },
            "reason": reason,
            "message": message,
            "type": "Normal",
            "source": {"component": "kubelet"},
            "reportingComponent": "kubelet",
            "firstTimestamp": before["firstTimestamp"] if known else _text(self._clock),
            "lastTimestamp": _text(self._clock),
            "count": before["count"] + 1 if known else 1,
        }
        if known:
            self._api.done("PUT", f"{path}/{name}", body)
        else:
            self._api.done("POST", path, body)

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
            "state": state or {"running": {"startedAt": self._started}},
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
    return _text(datetime.now(UTC))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def run_camera(api: Api, name: str, spec: dict[str, object] | None = None) -> Kubelet:
    """Create a camera and run its pod until the operator has seen it ready."""
    api.create_camera(name, spec)
    until(lambda: api.get("pods", f"{name}-0") is not None)
    kubelet = Kubelet(api, name)
    kubelet.run()
    until(lambda: api.condition(name).get("status") == "True", what=lambda: api.status(name))
    return kubelet
