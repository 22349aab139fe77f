"""What a kubelet writes about a stream's pod, step by step. Pure."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

CONTAINER = "camerastream"
EXIT_CODES = {"KafkaBufferError": 1, "Crash": 3, "Stuck": 1}


@dataclass(slots=True)
class FakePod:
    """A pod and its one container.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        uid: Its UID.
        ip: Its address.
        image: The container's image.
        running: The container was started.
        ready: The pod is ready.
        started_at: When it was first started, RFC 3339.
        settings_generation: Of the live settings, as the pod's annotation has them.
        ends: How often the stream ended, by its own word.
        last_end: `lastState.terminated` of the container; empty before the first end.
    """

    namespace: str
    name: str
    uid: str
    ip: str
    image: str
    running: bool = False
    ready: bool = False
    started_at: str = ""
    settings_generation: int | None = None
    ends: Counter[str] = field(default_factory=Counter)
    last_end: dict[str, Any] = field(default_factory=dict)

    @property
    def container_id(self) -> str:
        """The present instance of the container."""
        return f"containerd://{self.uid}-{self.ends.total()}"

    def start(self, now: str) -> None:
        """Start the container."""
        self.running, self.started_at = True, now

    def restart(self, reason: str, now: str) -> None:
        """End the container and start it again in the same moment, as after a failed probe.

        Args:
            reason: The stream's word: KafkaBufferError, Crash or Stuck.
            now: The time, RFC 3339.
        """
        ended = self.container_id
        self.ends[reason] += 1
        self.ready = False
        self.last_end = {
            "containerID": ended,
            "reason": "Error",
            "exitCode": EXIT_CODES[reason],
            "startedAt": self.started_at,
            "finishedAt": now,
            "message": self._termination_message(reason),
        }

    def status(self, now: str) -> dict[str, Any]:
        """Return the pod's status as a kubelet would write it."""
        truth = "True" if self.ready else "False"
        conditions = {
            "PodScheduled": "True",
            "Initialized": "True",
            "ContainersReady": truth,
            "Ready": truth,
        }
        return {
            "phase": "Running",
            "podIP": self.ip,
            "podIPs": [{"ip": self.ip}],
            "startTime": self.started_at,
            "conditions": [
                {"type": kind, "status": value, "lastTransitionTime": now}
                for kind, value in conditions.items()
            ],
            "containerStatuses": [
                {
                    "name": CONTAINER,
                    "image": self.image,
                    "imageID": f"sha256:{0:064x}",
                    "containerID": self.container_id,
                    "restartCount": self.ends.total(),
                    "ready": self.ready,
                    "started": self.ready,
                    "state": {"running": {"startedAt": now}},
                    "lastState": {"terminated": self.last_end} if self.last_end else {},
                }
            ],
        }

    def stream_status(self) -> dict[str, Any]:
        """Return what the stream says at `/status` (docs/health.md)."""
        return {
            "monitor": {
                "state": "healthy",
                "cause": None,
                "settingsGeneration": self.settings_generation,
            },
            "source": {"up": True, "cause": None, "width": 1920, "height": 1080},
        }

    def _termination_message(self, reason: str) -> str:
        by_buffer = reason == "KafkaBufferError"
        return json.dumps(
            {
                "reason": reason,
                "message": "producer queue is full for 60 s" if by_buffer else "it has ended",
                "exitCode": EXIT_CODES[reason],
                "durationSeconds": 60.0 if by_buffer else None,
                "consecutiveErrors": 600 if by_buffer else 0,
                "lastError": "Local: Queue full" if by_buffer else None,
                "cause": "unreachable" if by_buffer else None,
                "settingsGeneration": self.settings_generation,
                "stream": self.uid,
                "cumulative": dict(self.ends),
                "frames": {"selected": 1000, "delivered": 1000},
            }
        )
