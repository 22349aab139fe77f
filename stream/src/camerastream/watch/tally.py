"""Counts what arrives, for each camera and each of its streams. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camerastream.watch.sequences import MAX_RANGES, SequenceSet

if TYPE_CHECKING:
    from camerastream.message import FrameHeader

_RATE_FRAMES = 32
_KEPT_REASONS = 10


@dataclass(slots=True)
class StreamTally:
    """What arrived of one stream.

    Attributes:
        stream: Its id.
        sequences: The numbers that arrived.
        base: The lowest number that must be there: 0 where the partition was read from its
            very beginning, else None, for the lowest that arrived.
        frames: Different frames.
        duplicates: Frames that came again.
        out_of_order: Different frames that came after one with a higher number.
        damaged: Different frames whose value is no JPEG.
        size_bytes: Size of the different frames.
        previous_stream: The stream before this one, as its frames say.
        previous_count: How many frames that one had numbered, as its frames say.
        last_captured_at_seconds: Capture time of the frame with the highest number, Unix
            seconds.
        interleaved: A new frame of it came after frames of a later stream.
    """

    stream: str
    sequences: SequenceSet
    base: int | None = None
    frames: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    damaged: int = 0
    size_bytes: int = 0
    previous_stream: str | None = None
    previous_count: int | None = None
    last_captured_at_seconds: float | None = None
    interleaved: bool = False
    _captures: deque[float] = field(default_factory=lambda: deque(maxlen=_RATE_FRAMES))

    @property
    def missing(self) -> int:
        """Numbers that did not arrive, between the lowest expected and the highest seen."""
        return self.sequences.missing(self.base)

    @property
    def rate_per_second(self) -> float | None:
        """Frames per second by their capture times, over the latest 32; None for too few."""
        if len(self._captures) < 2:
            return None
        span = max(self._captures) - min(self._captures)
        return (len(self._captures) - 1) / span if span > 0 else None

    def add(self, header: FrameHeader, size_bytes: int) -> bool:
        """Count a frame; say whether it was new."""
        highest = self.sequences.highest
        if not self.sequences.add(header.sequence):
            self.duplicates += 1
            return False
        self.frames += 1
        self.size_bytes += size_bytes
        self._captures.append(header.captured_at_seconds)
        if highest is not None and header.sequence < highest:
            self.out_of_order += 1
        else:
            self.last_captured_at_seconds = header.captured_at_seconds
        if header.previous_stream is not None:
            self.previous_stream = header.previous_stream
        if header.previous_count is not None:
            self.previous_count = header.previous_count
        return True


@dataclass(slots=True)
class CameraTally:
    """What arrived of one camera.

    Attributes:
        camera: Its id.
        streams: Its streams by id, in order of their first frame's arrival.
    """

    camera: str
    streams: dict[str, StreamTally] = field(default_factory=dict)

    @property
    def current(self) -> StreamTally:
        """The stream that began last."""
        return next(reversed(self.streams.values()))


class Tally:
    """Counts what arrives.

    Args:
        max_ranges: Limit of the ranges kept for each stream; see `SequenceSet`.

    Attributes:
        cameras: By id, in order of their first frame's arrival.
        foreign: Messages that are no frames of this program.
        foreign_reasons: Why, with counts; the first ten different reasons only.
        skipped_offsets: Places in the topic that could not be read, most likely because
            its retention had deleted them before they were.
        frames: Different frames of all cameras.
    """

    def __init__(self, max_ranges: int = MAX_RANGES) -> None:
        self._max_ranges = max_ranges
        self.cameras: dict[str, CameraTally] = {}
        self.foreign = 0
        self.foreign_reasons: Counter[str] = Counter()
        self.skipped_offsets = 0
        self.frames = 0
        self._next_offsets: dict[int, int] = {}
        self._whole: set[int] = set()

    def place(self, partition: int, offset: int) -> None:
        """Take note of where a message stands, before anything else is told about it.

        A partition whose first message read stands at offset 0 was read from its very
        beginning.
        """
        expected = self._next_offsets.get(partition)
        if expected is None and offset == 0:
            self._whole.add(partition)
        if expected is not None and offset > expected:
            self.skipped_offsets += offset - expected
        self._next_offsets[partition] = max(offset + 1, expected or 0)

    def frame(self, header: FrameHeader, *, partition: int, size_bytes: int) -> bool:
        """Count a frame.

        Args:
            header: What its headers say.
            partition: Where it stands.
            size_bytes: Size of its value.

        Returns:
            Whether it is new, that is no duplicate.
        """
        camera = self.cameras.get(header.camera)
        if camera is None:
            camera = self.cameras[header.camera] = CameraTally(header.camera)
        stream = camera.streams.get(header.stream)
        if stream is None:
            base = 0 if partition in self._whole else None
            stream = StreamTally(header.stream, SequenceSet(self._max_ranges), base)
            camera.streams[header.stream] = stream
        new = stream.add(header, size_bytes)
        if new:
            self.frames += 1
            stream.interleaved |= stream is not camera.current
        return new

    def frame_is_damaged(self, header: FrameHeader) -> None:
        """Count a frame, counted before, whose value turned out to be no picture."""
        self.cameras[header.camera].streams[header.stream].damaged += 1

    def message_is_foreign(self, reason: str) -> None:
        """Count a message that is no frame of this program."""
        self.foreign += 1
        if reason in self.foreign_reasons or len(self.foreign_reasons) < _KEPT_REASONS:
            self.foreign_reasons[reason] += 1
