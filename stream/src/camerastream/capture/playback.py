"""Reads a file: at its own pace, or as fast as its frames are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream.capture.schedule import Schedule
from camerastream.frames import Frame

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from camerastream.capture.inputs import Input
    from camerastream.capture.slot import FrameSlot
    from camerastream.capture.status import StatusBoard

_BEHIND_SECONDS = 1.0
"""Further behind its own pace a file does not try to catch up."""


class Playback:
    """Plays a file through once or over and over; the interval counts in media time.

    Args:
        interval_seconds: Media time between checked frames; 0 checks every frame.
        fast: Play as fast as frames are taken, in step, instead of in real time.
        slot: Where frames are handed over.
        board: Is told what happens.
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
        stopping: Set to end.
    """

    def __init__(
        self,
        interval_seconds: float,
        *,
        fast: bool,
        slot: FrameSlot,
        board: StatusBoard,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._schedule = Schedule(interval_seconds)
        self._fast = fast
        self._slot = slot
        self._board = board
        self._clock = clock
        self._wall_clock = wall_clock
        self._stopping = stopping
        self._start_seconds: float | None = None
        self._round_begins_seconds = 0.0
        self._media_seconds = 0.0

    def run(self, source_input: Input) -> int:
        """Play one round; return how many frames it had.

        Raises:
            PassthroughRefusedError: The source must be opened with decoding.
        """
        count = 0
        while not self._stopping.is_set() and source_input.grab():
            self._media_seconds = self._round_begins_seconds + self._time_of(source_input, count)
            count += 1
            if not self._fast and self._wait_for_its_time():
                break
            wall_seconds = self._wall_clock()
            self._board.arrived(wall_seconds)
            if self._schedule.due(self._media_seconds):
                self._hand_over(source_input, wall_seconds)
        if count:
            # The next round goes on where this one ended.
            self._round_begins_seconds = self._media_seconds + source_input.period_seconds
        return count

    def _time_of(self, source_input: Input, count: int) -> float:
        if source_input.media_times:
            seconds = source_input.media_seconds
            # A file whose times stand still or go back is played at its claimed rate.
            if count == 0 or seconds + self._round_begins_seconds > self._media_seconds:
                return max(0.0, seconds)
            return self._media_seconds - self._round_begins_seconds + source_input.period_seconds
        return count * source_input.period_seconds

    def _wait_for_its_time(self) -> bool:
        """Return True when asked to stop meanwhile."""
        now = self._clock()
        if self._start_seconds is None:
            self._start_seconds = now - self._media_seconds
        wait_seconds = self._start_seconds + self._media_seconds - now
        if wait_seconds < -_BEHIND_SECONDS:
            self._start_seconds = now - self._media_seconds
        return wait_seconds > 0 and self._stopping.wait(wait_seconds)

    def _hand_over(self, source_input: Input, wall_seconds: float) -> None:
        picture = source_input.picture()
        if picture is None:
            return
        self._board.measured(picture.width, picture.height)
        self._schedule.done(self._media_seconds)
        frame = Frame(picture.image, picture.jpeg, picture.width, picture.height, wall_seconds)
        if self._fast:
            self._slot.offer_in_step(frame)
        else:
            self._slot.offer(frame)
