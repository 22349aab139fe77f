"""What a look at a camera brought, and what follows from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from camerastream_operator.api.spec import RunState
from camerastream_operator.diagnosis import DELETION_PATIENCE
from camerastream_operator.engine.assessment import volume_sources
from camerastream_operator.engine.rollout import LOOK_AGAIN_SECONDS
from camerastream_operator.fleet import CameraDelivery, Delivery
from camerastream_operator.jsonview import number_at
from camerastream_operator.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.engine.assessment import Assessment
    from camerastream_operator.pods import Pod
    from camerastream_operator.stream_status import StreamStatus

POLL_SECONDS = 15.0
REFUSED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a look brought.

    Attributes:
        camera: The resource.
        found: What was decided.
        now: The time.
        pod: Its pod, None when there is none.
        stream: What the stream said; None when it was not asked or gave no answer.
        apply_error: What the API server said against the StatefulSet, empty when nothing.
        rolling: The pod is to be replaced, or its replacement is awaited.
    """

    camera: CameraStream
    found: Assessment
    now: datetime
    pod: Pod | None
    stream: StreamStatus | None
    apply_error: str
    rolling: bool

    @property
    def suspended(self) -> bool:
        """Whether no pod is wanted."""
        return self.camera.spec is not None and self.camera.spec.state is RunState.SUSPENDED

    @property
    def behind(self) -> bool:
        """Whether the stream has not told yet that it took the newest settings."""
        if self.found.effective is None:
            return False
        applied = applied_generation(self.camera)
        if self.stream is not None:
            applied = self.stream.settings_generation
        return applied != self.found.effective.generation

    @property
    def _in_trouble(self) -> bool:
        """Whether the stream said that something is wrong.

        What is short does not make the pod unready, and then no event tells of its end.
        """
        stream = self.stream
        return stream is not None and not (
            stream.camera_up and stream.delivery is not Delivery.ERRORING
        )

    def observation(self) -> Observation:
        """Return what conditions are made from."""
        secrets, claims = volume_sources(self.found.desired, self.camera.name)
        return Observation(
            now=self.now,
            problems=self.found.problems,
            suspended=self.suspended,
            apply_error=self.apply_error,
            rolling_out=self.rolling,
            pod=self.pod,
            secrets=tuple(secrets),
            claims=tuple(claims),
            stream=self.stream,
            effective=self.found.effective,
            budget=self.found.budget,
        )

    def delivery(self) -> CameraDelivery | None:
        """Return what the fleet guard is told; None for a camera that does not run."""
        if self.camera.spec is None or self.suspended:
            return None
        delivery = Delivery.UNKNOWN
        if self.stream is not None:
            delivery = self.stream.delivery
        elif self.pod is not None and self.pod.ready:
            delivery = Delivery.FLOWING
        times = self.found.counted.record.buffer_error_times
        effective = self.found.effective
        threshold = {"threshold_seconds": effective.wanted.threshold_seconds} if effective else {}
        return CameraDelivery(delivery, times[0] if times else None, **threshold)

    def delays(self, jitter: float) -> Iterator[float]:
        """Yield after how many seconds something may change that no event tells of.

        Args:
            jitter: About 1; spreads cameras over time.
        """
        if self.apply_error:
            yield REFUSED_SECONDS * jitter
        if self.rolling:
            yield LOOK_AGAIN_SECONDS * jitter
        budget, pod = self.found.budget, self.pod
        if budget is not None and budget.next_change is not None:
            yield (budget.next_change - self.now).total_seconds() + 1
        if pod is None:
            return
        if pod.delete_by is not None:
            overdue = (pod.delete_by + DELETION_PATIENCE - self.now).total_seconds() + 1
            if overdue > 0:
                yield overdue
        elif is_running(pod) and (not pod.ready or self._in_trouble):
            yield POLL_SECONDS * jitter


def is_running(pod: Pod) -> bool:
    """Say whether the stream's container runs."""
    return pod.stream is not None and pod.stream.running


def applied_generation(camera: CameraStream) -> int | None:
    """Return which settings the stream has told to have applied, as far as is written."""
    return number_at(camera.status, "effectiveSettings", "appliedGeneration")
