"""What a stream says at `/status`. Reading it never fails."""

from __future__ import annotations

from dataclasses import dataclass

from camerastream_operator.fleet import Delivery
from camerastream_operator.jsonview import mapping_at, number_at, text_at


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """What a stream says of itself; numbers that change all the time are left out.

    Attributes:
        monitor_state: healthy, erroring or tripped; empty when it said something else.
        kafka_cause: What is wrong with Kafka, in a word; empty when nothing is known.
        settings_generation: The live settings in force.
        camera_up: Whether pictures come.
        camera_cause: Why none come, in a word.
        camera_detail: The same in a sentence, free of credentials.
        takes_hold_end: Whether it understands the end of a hold; older versions do not.
    """

    monitor_state: str = ""
    kafka_cause: str = ""
    settings_generation: int | None = None
    camera_up: bool = True
    camera_cause: str = ""
    camera_detail: str = ""
    takes_hold_end: bool = False

    @property
    def delivery(self) -> Delivery:
        """How deliveries go, for the fleet guard."""
        if self.monitor_state == "healthy":
            return Delivery.FLOWING
        return Delivery.ERRORING if self.monitor_state else Delivery.UNKNOWN


def read_stream_status(data: object) -> StreamStatus | None:
    """Read the answer; None when it is not a stream's."""
    monitor, source = mapping_at(data, "monitor"), mapping_at(data, "source")
    if not monitor and not source:
        return None
    state = text_at(monitor, "state")
    return StreamStatus(
        monitor_state=state if state in ("healthy", "erroring", "tripped") else "",
        kafka_cause=text_at(monitor, "cause"),
        settings_generation=number_at(monitor, "settingsGeneration"),
        camera_up=source.get("up") is not False,
        camera_cause=text_at(source, "cause"),
        camera_detail=text_at(source, "detail"),
        # Null without a hold: that the key is there tells.
        takes_hold_end="holdUntil" in monitor,
    )
