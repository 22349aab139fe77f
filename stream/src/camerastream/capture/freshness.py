"""Which frames come straight from the camera, and which waited in a buffer."""

from __future__ import annotations

_LATEST_SECONDS = 0.15
_LATEST_SHARE = 0.25
_LATEST_OF_RARE_SECONDS = 0.5
"""A late frame is left out for the next one. Where that comes seconds later, with key frames
alone, being a little late is the lesser evil: a quarter of the way, and no more than this."""
_LIMIT_SECONDS = 5.0
"""Longer than this no frame is withheld: a wrong guess must not silence a camera."""
_HELD_UP_SECONDS = 0.5
_WAITED_SECONDS = 0.1
_DRIFT = 0.001


class Freshness:
    """Tells fresh frames from old ones.

    Opening an RTSP stream takes about a second, in which FFmpeg buffers frames: the first
    ones returned are that old (measured: 1.1 s). They are recognised by coming without a
    wait. Later, the stream's own times show when frames are late.

    Args:
        period_seconds: Time between two frames, as the stream claims.
        media_times: Whether the stream's times can be trusted; MJPEG has invented ones.
        spacing_seconds: Time between two decoded frames, where that is longer.
    """

    def __init__(
        self, *, period_seconds: float, media_times: bool, spacing_seconds: float = 0.0
    ) -> None:
        self._period_seconds = period_seconds
        self._latest_seconds = max(
            _LATEST_SECONDS, min(_LATEST_SHARE * spacing_seconds, _LATEST_OF_RARE_SECONDS)
        )
        self._media_times = media_times
        self._caught_up = False
        self._withheld_since: float | None = None
        self._last_media: float | None = None
        self._last_arrival: float | None = None
        self._least_delay: float | None = None

    def fresh(self, *, began_seconds: float, arrived_seconds: float, media_seconds: float) -> bool:
        """Return whether a frame is fresh.

        Args:
            began_seconds: When it was asked for, on a monotonic clock.
            arrived_seconds: When it was there.
            media_seconds: Its time in the stream.
        """
        last_media, self._last_media = self._last_media, media_seconds
        last_arrival, self._last_arrival = self._last_arrival, arrived_seconds
        if last_arrival is not None and began_seconds - last_arrival > _HELD_UP_SECONDS:
            self._caught_up = False  # this program was held up; frames have piled up meanwhile
        period = self._period_seconds
        if self._media_times and last_media is not None and media_seconds > last_media:
            period = media_seconds - last_media
        waited = arrived_seconds - began_seconds >= min(_WAITED_SECONDS, period / 2)
        if waited and not self._caught_up:
            self._caught_up = True
            self._least_delay = None
        late = not self._caught_up or self._late(arrived_seconds, media_seconds, last_arrival)
        if not late:
            self._withheld_since = None
            return True
        if self._withheld_since is None:
            self._withheld_since = arrived_seconds
        if arrived_seconds - self._withheld_since < _LIMIT_SECONDS:
            return False
        self._caught_up = True
        self._least_delay = None
        self._withheld_since = None
        return True

    def _late(self, arrived: float, media: float, last_arrival: float | None) -> bool:
        if not self._media_times:
            return False
        delay = arrived - media
        if self._least_delay is None or delay < self._least_delay:
            self._least_delay = delay
        elif last_arrival is not None:
            # The camera's clock runs differently from ours.
            self._least_delay += _DRIFT * (arrived - last_arrival)
        return delay - self._least_delay > self._latest_seconds
