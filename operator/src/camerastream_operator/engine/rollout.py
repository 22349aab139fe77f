"""Replaces pods a few at a time. Pure: the time comes in with every call.

A new image for a thousand cameras must not take all of them away at once, and if it is
bad, it must stop at the first few. A place is taken before a running pod is deleted, and
given back when its successor runs well, or after a patience, so that one camera that is
broken by itself does not stop all others for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream_operator.kube.resources import Key

LOOK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 600.0


class RollGate:
    """So many cameras may be without a pod on purpose.

    Args:
        limit: How many.
        clock: Monotonic seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._inside: dict[Key, float] = {}

    def enter(self, key: Key) -> bool:
        """Take a place, and say whether there was one."""
        now = self._clock()
        for other, since in list(self._inside.items()):
            if now - since >= PATIENCE_SECONDS:
                del self._inside[other]
        if key not in self._inside and len(self._inside) >= self._limit:
            return False
        self._inside.setdefault(key, now)
        return True

    def occupy(self, key: Key) -> None:
        """Take a place that another operator has taken before, whether there is one or not."""
        self._inside.setdefault(key, self._clock())

    def leave(self, key: Key) -> None:
        """Give a place back."""
        self._inside.pop(key, None)

    def __contains__(self, key: Key) -> bool:
        return key in self._inside

    def __len__(self) -> int:
        return len(self._inside)
