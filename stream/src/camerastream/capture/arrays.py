"""Pictures' arrays, to be filled again once nobody looks at them any more.

A new array for every picture costs more than filling it: the system hands out its pages one by
one and clears them (1080p, 30 pictures a second: 41 % of a core with new arrays, 33 % without).
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PictureArrays:
    """Keeps the last arrays, and knows whether anybody else holds them. For one thread.

    Others may let go of an array at any time, and on any thread. Nobody can get hold of it
    again once they have, so what is free stays free.

    Args:
        most: How many are kept.

    Example:
        >>> arrays = PictureArrays(most=1)
        >>> picture = np.zeros((1080, 1920, 3), np.uint8)
        >>> arrays.keep(picture)
        >>> arrays.free() is None
        True
        >>> part = picture[:100]
        >>> del picture
        >>> arrays.free() is None
        True
        >>> del part
        >>> arrays.free().shape
        (1080, 1920, 3)
    """

    def __init__(self, most: int) -> None:
        # What the interpreter itself adds to the count differs between versions of Python.
        self._kept = deque([np.empty(0, np.uint8)])
        self._references_without_others = self._references(0)
        self._kept = deque(maxlen=most)

    def keep(self, array: NDArray[np.uint8]) -> None:
        """Keep this array, and no longer the oldest one if there are too many."""
        if not any(array is kept for kept in self._kept):
            self._kept.append(array)

    def free(self) -> NDArray[np.uint8] | None:
        """Return an array of which nobody else holds anything; None when there is none."""
        for place in range(len(self._kept)):
            if self._references(place) == self._references_without_others:
                return self._kept[place]
        return None

    def _references(self, place: int) -> int:
        return sys.getrefcount(self._kept[place])
