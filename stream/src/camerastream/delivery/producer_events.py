"""What a publisher tells of: reports on frames, and the producer's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camerastream.delivery.errors import Failure
    from camerastream.delivery.records import FrameTag


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a frame."""

    tag: FrameTag


@dataclass(frozen=True, slots=True)
class Failed:
    """A frame came back.

    Attributes:
        tag: Which frame.
        failure: Why.
        value: Its bytes.
    """

    tag: FrameTag
    failure: Failure
    value: bytes


@dataclass(frozen=True, slots=True)
class ClientError:
    """What librdkafka's error callback said: a clue to the cause, no more."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The broker delayed an answer because of a quota."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FatalError:
    """The producer instance can never send again.

    Attributes:
        text: Why.
        code: librdkafka's code of the error behind it, None where it is not told.
    """

    text: str
    code: int | None = None


PublisherEvent = Acknowledged | Failed | ClientError | Throttled | FatalError
