"""How long to wait before a camera is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream.capture.causes import Cause

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_SECONDS = 1.0
_LAST_SECONDS = 60.0
_SPREAD = 0.5
"""Waits are up to this share longer, so that a hundred cameras do not come at once."""
_UNAUTHORIZED_FIRST_SECONDS = 60.0
_UNAUTHORIZED_LAST_SECONDS = 900.0
_UNAUTHORIZED_SPREAD = 0.25


class Backoff:
    """Jittered exponential waits: 1 s to 60 s, after a wrong password 60 s to 15 min.

    Cameras lock an account after a few wrong passwords, so those waits are counted on
    their own and only a picture resets them.

    Args:
        chance: Returns a number from 0 to 1, 1 excluded.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0
        self._refusals = 0
        self._last_seconds = 0.0

    def next_seconds(self, cause: Cause) -> float:
        """Return the wait after one more failure."""
        if cause is Cause.UNAUTHORIZED:
            first, last, spread = (
                _UNAUTHORIZED_FIRST_SECONDS,
                _UNAUTHORIZED_LAST_SECONDS,
                _UNAUTHORIZED_SPREAD,
            )
            count = self._refusals
            self._refusals += 1
        else:
            first, last, spread = _FIRST_SECONDS, _LAST_SECONDS, _SPREAD
            count = self._failures
            self._failures += 1
        # The spread lies inside the limits: at the longest wait it matters most. The
        # exponent is bounded because a camera may be away for years.
        base = min(first * 2 ** min(count, 32), last / (1 + spread))
        self._last_seconds = base * (1 + spread * self._chance())
        return self._last_seconds

    def lasted(self, seconds: float) -> None:
        """Take note that the camera gave pictures for so long.

        The waits begin anew once pictures came for longer than the last wait: a camera
        that dies after each first picture is not hammered.
        """
        if seconds > self._last_seconds:
            self._failures = 0
            self._refusals = 0
            self._last_seconds = 0.0
