"""A CameraStream under test, looked at as a user would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka

RESTARTS = ("bufferError", "fatalError", "crash", "oom", "probe", "killed", "other", "unknown")
THRESHOLD_SECONDS = 8


class Camera:
    """One CameraStream, its pod and its topic.

    Args:
        kubectl: In its namespace.
        name: Its name.
        kafka: Where its frames go.
    """

    def __init__(self, kubectl: Kubectl, name: str, kafka: PodKafka) -> None:
        self.kubectl = kubectl
        self.name = name
        self.kafka = kafka

    @property
    def pod(self) -> str:
        """The name of its pod."""
        return f"{self.name}-0"

    def manifest(self, **spec: Any) -> dict[str, Any]:
        """Return a resource that sends every frame of a test pattern."""
        return {
            "apiVersion": "camerastream.dev/v1alpha1",
            "kind": "CameraStream",
            "metadata": {"name": self.name},
            "spec": {
                "source": {"url": "test:320x240@10"},
                "capture": {"intervalMilliseconds": 0},
                "motion": {"thresholdPixels": 0},
                "kafka": {
                    "bootstrapServers": [self.kafka.bootstrap_servers],
                    "topic": self.kafka.topic,
                    # Small, so that a frozen broker is felt within seconds.
                    "producerConfig": {
                        "queue.buffering.max.messages": "30",
                        "socket.timeout.ms": "3000",
                    },
                },
                "bufferMonitor": {"thresholdSeconds": THRESHOLD_SECONDS, "settleSeconds": 1},
                **spec,
            },
        }

    def apply(self, **spec: Any) -> None:
        """Apply it; fields given replace those of `manifest`."""
        self.kubectl.apply(self.manifest(**spec))

    def patch(self, spec: dict[str, Any]) -> None:
        """Change some fields."""
        self.kubectl(
            *("patch", "camerastream", self.name, "--type=merge"),
            f"--patch={json.dumps({'spec': spec})}",
        )

    def status(self) -> dict[str, Any]:
        """Return the status of the resource; empty while there is none."""
        found = self.kubectl.get("camerastream", self.name)
        return dict(found.get("status", {})) if found else {}

    def condition(self, kind: str) -> dict[str, str]:
        """Return a condition; empty while there is none."""
        conditions = self.status().get("conditions", [])
        return next((item for item in conditions if item["type"] == kind), {})

    def wait_for_condition(self, kind: str, status: str, reason: str | None = None) -> str:
        """Wait for a condition and return its message."""

        def there() -> bool:
            found = self.condition(kind)
            return found.get("status") == status and reason in {None, found.get("reason")}

        self.kubectl.wait(f"{kind} of {self.name} is not {status} {reason or ''}", there, 180)
        return self.condition(kind).get("message", "")

    def stream(self) -> dict[str, Any]:
        """Return what the program in the pod says of itself; empty while it does not answer."""
        return self.kubectl.status(self.pod) or {}

    def wait_for_delivered(self, frames: int) -> None:
        """Wait until so many frames are acknowledged in all."""
        self.kubectl.wait(
            f"{self.name} delivers nothing",
            lambda: self.stream().get("frames", {}).get("delivered", 0) >= frames,
            180,
        )

    def restarts(self) -> dict[str, int]:
        """Return the restarts by reason, without those that are zero."""
        counts = self.status().get("restarts", {})
        return {name: counts[name] for name in RESTARTS if counts.get(name)}

    def wait_for_restarts(self, total: int) -> dict[str, int]:
        """Wait until so many restarts are counted; return them by reason."""
        self.kubectl.wait(
            f"{total} restarts of {self.name} are not counted",
            lambda: self.status().get("restarts", {}).get("total", 0) >= total,
            300,
        )
        return self.restarts()

    def events(self, reason: str) -> list[dict[str, Any]]:
        """Return the Events about the resource with this reason."""
        found = json.loads(
            self.kubectl(
                *("get", "events", "--output=json"),
                f"--field-selector=involvedObject.name={self.name},reason={reason}",
            )
        )
        items: list[dict[str, Any]] = found["items"]
        return items

    def suspend(self) -> dict[str, Any]:
        """Let everything arrive, then suspend it; return the counts it ended with."""
        self.kubectl.wait(
            "the spool is not emptied",
            lambda: self.stream().get("spool", {}).get("frames", 1) == 0,
            180,
        )
        return self.kubectl.counts_at_the_end(self.pod, lambda: self.patch({"state": "Suspended"}))
