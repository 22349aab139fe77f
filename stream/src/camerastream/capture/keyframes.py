"""When only key frames are decoded: 90 % less work, but only if they come often enough."""

from __future__ import annotations

import math

_LEAST_DISTANCE_SECONDS = 0.25
"""Closer key frames are nearly every frame: leaving the others out saves nothing."""
_LONGEST_SHARE = 1.02
"""Of the interval. 150 frames of a camera of 29.97 fps take 5.005 s; the nearest key frame to
each tick is still there, and once in hundreds of ticks one is left out."""
_DISTANCES_NEEDED = 2
_PAUSE_SECONDS = 600.0
"""After key frames became rare, so long nothing is tried again."""
_B_FRAMES = (
    "the camera sends B frames, which delay key frames: turned off in the camera, "
    "key frames alone would be decoded, at a fraction of the CPU"
)
_RARE = (
    "key frames come every {:.1f} s and a frame is wanted every {:g} s: with key frames at least "
    "that often, set in the camera, they alone would be decoded, at a fraction of the CPU"
)


class KeyFramePolicy:
    """Decides what is decoded, from what the stream shows.

    It begins with all frames, measures the distance of key frames in media time (arrival
    times lie while a buffer is being emptied), and goes over to key frames only when two
    distances in a row fit the interval, and when the decoder gives each key frame at once.
    It goes back when they become rare, when none comes, or when the decoder holds them back.

    Args:
        interval_seconds: Time between checked frames; 0 needs every frame.
        allowed: Whether key frames only may be used at all.

    Attributes:
        key_frames_only: What is to be decoded.
        distance_seconds: From one key frame to the next, as last measured in the stream.
        obstacle: What in the camera's settings keeps key frames alone from being enough, a
            sentence; None as long as nothing does or nothing is known.
    """

    def __init__(self, interval_seconds: float, *, allowed: bool) -> None:
        self.key_frames_only = False
        self.distance_seconds: float | None = None
        self.obstacle: str | None = None
        self._interval_seconds = interval_seconds
        self._not_before_seconds = -math.inf if allowed and interval_seconds > 0 else math.inf
        self._last_key_seconds: float | None = None
        self._fitting = 0

    def opened(self) -> None:
        """Take note of a new connection: no distance reaches over it."""
        self._last_key_seconds = None
        self._fitting = 0

    def frame(
        self, *, key: bool, late: bool = False, media_seconds: float, now_seconds: float
    ) -> bool:
        """Take note of a frame.

        Args:
            key: Whether it is a key frame.
            late: Whether the decoder holds key frames back until others have come, as it does
                with B frames: when only key frames come, measured, by two of their distances.
            media_seconds: Its time in the stream.
            now_seconds: Time of its arrival on a monotonic clock.

        Returns:
            Whether `key_frames_only` has changed, so that the source must be opened anew.
        """
        if self.key_frames_only:
            if not late:
                return self._watch(now_seconds)
            # Decoding all frames did not show it, and would not the next time.
            self._leave(math.inf)
            self.obstacle = _B_FRAMES
            return True
        if now_seconds < self._not_before_seconds:
            return False
        if late:
            self.opened()
            self.obstacle = _B_FRAMES
        elif key:
            return self._measure(media_seconds)
        return False

    def stalled(self) -> None:
        """Take note that nothing came until the time-out: measure again.

        A camera that hangs and key frames that became rarer than the time-out look alike.
        """
        if self.key_frames_only:
            self._leave(-math.inf)

    def read_timeout_seconds(self, timeout_seconds: float) -> float:
        """Return the time-out of a read, which must exceed the distance of key frames."""
        if not self.key_frames_only or self.distance_seconds is None:
            return timeout_seconds
        return max(timeout_seconds, 2 * self.distance_seconds + 1)

    def spacing_seconds(self, period_seconds: float) -> float:
        """Return the time from one decoded frame to the next.

        Args:
            period_seconds: From one frame of the stream to the next.
        """
        if not self.key_frames_only or self.distance_seconds is None:
            return period_seconds
        return self.distance_seconds

    def _measure(self, media_seconds: float) -> bool:
        last, self._last_key_seconds = self._last_key_seconds, media_seconds
        if last is None or media_seconds <= last:
            return False
        self.distance_seconds = media_seconds - last
        rare = self.distance_seconds > _LONGEST_SHARE * self._interval_seconds
        fits = self.distance_seconds >= _LEAST_DISTANCE_SECONDS and not rare
        self._fitting = self._fitting + 1 if fits else 0
        if rare and self.obstacle is None:
            self.obstacle = _RARE.format(self.distance_seconds, self._interval_seconds)
        if self._fitting >= _DISTANCES_NEEDED:
            self.key_frames_only, self.obstacle = True, None
        return self.key_frames_only

    def _watch(self, now_seconds: float) -> bool:
        last, self._last_key_seconds = self._last_key_seconds, now_seconds
        if last is None:
            return False
        # Some room above the interval: a distance equal to it must not flap.
        if now_seconds - last <= max(1.25 * self._interval_seconds, self._interval_seconds + 0.5):
            return False
        self._leave(now_seconds + _PAUSE_SECONDS)
        return True

    def _leave(self, not_before_seconds: float) -> None:
        self.key_frames_only = False
        self._not_before_seconds = not_before_seconds
        self.opened()
