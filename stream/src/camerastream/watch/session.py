"""One watch from its beginning to its end: reads, counts, shows, keeps pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from camerastream.message import from_headers
from camerastream.watch.view import Glimpse

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from camerastream.message import FrameHeader
    from camerastream.watch.tally import Tally
    from camerastream.watch.topic import Received
    from camerastream.watch.view import View

_JPEG_START = b"\xff\xd8"
_READ_SECONDS = 0.2


class Reads(Protocol):
    """What a session needs of a topic's reader."""

    problem: str | None

    @property
    def at_end(self) -> bool:
        """Whether all that the topic holds has been read."""

    @property
    def partitions(self) -> int:
        """How many partitions are being read."""

    def read(self, timeout_seconds: float) -> Sequence[Received]:
        """Return the next messages, none when there are none in time."""


class Keeps(Protocol):
    """Keeps the picture of a new frame; says by ValueError that it is none."""

    def __call__(self, header: FrameHeader, jpeg: bytes, /) -> None:
        """Keep it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a session ends by itself; None for never.

    Attributes:
        for_seconds: After so long.
        until_idle_seconds: When no new frame came for so long and all that the topic
            holds was read.
        frames: After so many different frames.
    """

    for_seconds: float | None = None
    until_idle_seconds: float | None = None
    frames: int | None = None


class Session:
    """One watch.

    Args:
        reader: The topic.
        tally: Counts what arrives.
        view: Shows it.
        topic: The topic's name, for the view.
        servers: The brokers, for the view.
        limits: When to end.
        camera: Look at this camera only.
        keeps: What is to be done with each new frame.
        clock: Seconds that never go back.
        wall_clock: Unix seconds.
    """

    def __init__(
        self,
        reader: Reads,
        tally: Tally,
        view: View,
        *,
        topic: str,
        servers: str,
        limits: Limits,
        camera: str | None,
        keeps: Sequence[Keeps],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._tally = tally
        self._view = view
        self._topic = topic
        self._servers = servers
        self._limits = limits
        self._camera = camera
        self._keeps = keeps
        self._clock = clock
        self._wall_clock = wall_clock
        self._idle_since: float | None = None
        self._last_new: float | None = None

    def run(self, stopping: threading.Event) -> str:
        """Watch until told to stop or a limit is reached.

        Returns:
            Why it ended: `asked`, `for`, `idle` or `frames`.
        """
        began = self._clock()
        reason = None
        with self._view:
            while reason is None:
                for received in self._reader.read(_READ_SECONDS):
                    self._take(received)
                    if self._limits.frames and self._tally.frames >= self._limits.frames:
                        reason = "frames"
                        break
                now = self._clock()
                if stopping.is_set():
                    reason = "asked"
                reason = reason or self._limit_reached(now, now - began)
                self._view.show(self._glimpse(), now - began)
        return reason

    def _take(self, received: Received) -> None:
        self._tally.place(received.partition, received.offset)
        try:
            header = from_headers(received.headers)
        except ValueError as error:
            self._tally.message_is_foreign(str(error))
            return
        if self._camera is not None and header.camera != self._camera:
            return
        value = received.value or b""
        new = self._tally.frame(
            header,
            partition=received.partition,
            size_bytes=len(value),
        )
        if not new:
            return
        self._last_new = self._clock()
        if not value.startswith(_JPEG_START):
            self._tally.frame_is_damaged(header)
            return
        try:
            for keep in self._keeps:
                keep(header, value)
        except ValueError:
            self._tally.frame_is_damaged(header)

    def _limit_reached(self, now: float, elapsed_seconds: float) -> str | None:
        limits = self._limits
        if limits.for_seconds is not None and elapsed_seconds >= limits.for_seconds:
            return "for"
        if self._reader.problem is not None and not self._reader.at_end:
            self._idle_since = None
        elif self._idle_since is None and self._reader.at_end:
            self._idle_since = now
        if limits.until_idle_seconds is None or self._idle_since is None:
            return None
        # The end counts as reached until something is wrong, although every message, a
        # foreign one too, moves it.
        idle_seconds = now - max(self._idle_since, self._last_new or 0)
        return "idle" if idle_seconds >= limits.until_idle_seconds else None

    def _glimpse(self) -> Glimpse:
        return Glimpse(
            topic=self._topic,
            servers=self._servers,
            partitions=self._reader.partitions,
            problem=self._reader.problem,
            at_end=self._reader.at_end,
            tally=self._tally,
            now_seconds=self._wall_clock(),
        )
