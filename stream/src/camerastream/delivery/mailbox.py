"""The way into the delivery thread: frames, reports, clues and settings in one line."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from camerastream.delivery.producer_events import PublisherEvent
    from camerastream.delivery.topic_limits import TopicLimit
    from camerastream.frames import EncodedFrame
    from camerastream.settings.live import LiveChange

MAILBOX_BYTES = 64 * 1024 * 1024
"""Frames waiting for the delivery thread while a disk is that slow; more do not fit."""

_EVENTS_PER_PASS = 2000


@dataclass(frozen=True, slots=True)
class Submitted:
    """A frame to send."""

    frame: EncodedFrame


@dataclass(frozen=True, slots=True)
class Overflowed:
    """A frame to send that found no room in the mailbox."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Nothing but a reason to look."""


class Mailbox:
    """A queue that is bounded in the bytes of its frames. Thread-safe."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[
            Submitted | Overflowed | LiveChange | WakeUp | TopicLimit | PublisherEvent
        ] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._size_bytes = 0
        self._frames = 0

    @property
    def frames(self) -> int:
        """Frames that were put in and are not dealt with yet."""
        with self._lock:
            return self._frames

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._queue.empty()

    def put_frame(self, frame: EncodedFrame) -> None:
        """Put a frame in, or a note that there was no room for it; never blocks."""
        with self._lock:
            fits = self._size_bytes + len(frame.data) <= MAILBOX_BYTES
            if fits:
                self._frames += 1
                self._size_bytes += len(frame.data)
        self._queue.put(Submitted(frame) if fits else Overflowed())

    def put(self, event: LiveChange | WakeUp | TopicLimit | PublisherEvent) -> None:
        """Put anything else in; never blocks."""
        self._queue.put(event)

    def take(
        self, *, timeout_seconds: float
    ) -> Iterator[Submitted | Overflowed | LiveChange | WakeUp | TopicLimit | PublisherEvent]:
        """Wait for an event and yield it and those behind it, a bounded number."""
        timeout: float | None = timeout_seconds
        for _ in range(_EVENTS_PER_PASS):
            try:
                event = self._queue.get(block=timeout is not None, timeout=timeout)
            except queue.Empty:
                return
            timeout = None
            yield event
            if isinstance(event, Submitted):
                # Only now: in between it would be neither here nor counted as selected.
                with self._lock:
                    self._frames -= 1
                    self._size_bytes -= len(event.frame.data)
