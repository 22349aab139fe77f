"""The one view of a running program that `/status`, `/metrics` and the probes are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camerastream.capture.status import SourceStatus
    from camerastream.delivery.accounting import Counts
    from camerastream.delivery.snapshot import DeliverySnapshot

STUCK_AFTER_SECONDS = 30.0
"""A loop that has not come round for so long is stuck."""


@dataclass(frozen=True, slots=True)
class ProgramView:
    """A running program at one moment.

    Attributes:
        camera: The camera's id.
        counts: Frames by place.
        delivery: Producer, spool and monitor.
        source: The camera.
        now_seconds: Unix time.
        pipeline_age_seconds: Time since the pipeline's loop came round.
        delivery_age_seconds: Time since the delivery thread's loop came round.
    """

    camera: str
    counts: Counts
    delivery: DeliverySnapshot
    source: SourceStatus
    now_seconds: float
    pipeline_age_seconds: float
    delivery_age_seconds: float

    @property
    def oldest_unacked_seconds(self) -> float:
        """Age of the oldest frame without an acknowledgement, 0 when there is none."""
        at = self.delivery.oldest_unacked_at_seconds
        return 0.0 if at is None else max(0.0, self.now_seconds - at)
