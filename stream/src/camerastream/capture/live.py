"""Reads a camera: always at once, so that what is handed over is never old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream.capture.causes import TIMEOUT_SHARE, Cause, explain_loss
from camerastream.capture.freshness import Freshness
from camerastream.frames import Frame

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from camerastream.capture.causes import Failure
    from camerastream.capture.inputs import Input
    from camerastream.capture.keyframes import KeyFramePolicy
    from camerastream.capture.schedule import Schedule
    from camerastream.capture.slot import FrameSlot
    from camerastream.capture.source import Source
    from camerastream.capture.status import StatusBoard


class LiveLoop:
    """Grabs every frame as it comes and hands over the one that is due.

    A loop that slept between frames would fall behind by the whole sleep (measured: 31 s
    after six intervals of 5 s).

    Args:
        source: The camera.
        slot: Where frames are handed over.
        schedule: When; on the monotonic clock.
        policy: What is decoded.
        board: Is told what happens.
        every_frame: Hand over every frame instead of those asked for.
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
        stopping: Set to end.
    """

    def __init__(
        self,
        source: Source,
        *,
        slot: FrameSlot,
        schedule: Schedule,
        policy: KeyFramePolicy,
        board: StatusBoard,
        every_frame: bool,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        self._source = source
        self._slot = slot
        self._schedule = schedule
        self._policy = policy
        self._board = board
        self._every_frame = every_frame
        self._clock = clock
        self._wall_clock = wall_clock
        self._stopping = stopping

    def run(self, source_input: Input, read_timeout_seconds: float) -> Failure | None:
        """Read until the camera is lost.

        Returns:
            Why it was lost; None when it must be opened anew to decode differently, or
            when this loop was asked to stop.

        Raises:
            PassthroughRefusedError: The source must be opened with decoding.
        """
        # What is decoded does not change on one connection.
        spacing_seconds = self._policy.spacing_seconds(source_input.period_seconds)
        freshness = Freshness(
            period_seconds=source_input.period_seconds,
            # Every frame means also the late ones of a camera on a shaky network.
            media_times=source_input.media_times and not self._every_frame,
            spacing_seconds=spacing_seconds,
        )
        self._policy.opened()
        while not self._stopping.is_set():
            began = self._clock()
            grabbed = source_input.grab()
            arrived, wall_seconds = self._clock(), self._wall_clock()
            # A grab that ate the time-out returns an old frame as a good one (measured on
            # RTSP); and after a failed grab a capture is dead for ever.
            if not grabbed or arrived - began >= TIMEOUT_SHARE * read_timeout_seconds:
                if self._stopping.is_set():
                    return None
                return self._lost(arrived - began, read_timeout_seconds)
            self._board.arrived(wall_seconds)
            media_seconds = source_input.media_seconds
            fresh = freshness.fresh(
                began_seconds=began, arrived_seconds=arrived, media_seconds=media_seconds
            )
            if self._policy.frame(
                key=source_input.is_key,
                late=source_input.key_frame_late,
                media_seconds=media_seconds,
                now_seconds=arrived,
            ):
                return None
            if self._policy.obstacle:
                self._board.decodes_all(self._policy.obstacle)
            due = self._schedule.due(arrived, spacing_seconds=spacing_seconds)
            if fresh and due and (self._every_frame or self._slot.wanted):
                self._hand_over(source_input, arrived, wall_seconds)
        return None

    def _hand_over(self, source_input: Input, arrived: float, wall_seconds: float) -> None:
        picture = source_input.picture()
        if picture is None:
            return
        self._board.measured(picture.width, picture.height)
        self._schedule.done(arrived)
        self._slot.offer(
            Frame(picture.image, picture.jpeg, picture.width, picture.height, wall_seconds)
        )

    def _lost(self, grab_seconds: float, read_timeout_seconds: float) -> Failure:
        failure = explain_loss(
            self._source,
            grab_seconds=grab_seconds,
            timeout_seconds=read_timeout_seconds,
            key_frames_only=self._policy.key_frames_only,
        )
        if failure.cause is Cause.STALLED:
            self._policy.stalled()
        return failure
