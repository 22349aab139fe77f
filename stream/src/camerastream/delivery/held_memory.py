"""When to give memory back to the system: after a backlog has gone.

What is freed stays with the process, in the gaps between what is still in use: after an outage
that filled a queue of 16 MiB a pod kept 24 MiB more for ever (measured; the next outage used
them again). glibc gives the gaps back when asked.
"""

from __future__ import annotations

import ctypes

_LEAST_BYTES = 4 * 1024 * 1024
"""Of less the gaps are not worth the walk through the heap, some milliseconds."""
_REMAINING_SHARE = 1 / 8
_BYTES_PER_SPOOLED_FRAME = 1024
"""What a frame on disk keeps in memory, about."""


class HeldMemory:
    """Says when most of what was held has been let go. Pure.

    Example:
        >>> held = HeldMemory()
        >>> [held.fell(queued_bytes=size, spooled_frames=0) for size in (0, 32_000_000, 9_000_000)]
        [False, False, False]
        >>> [held.fell(queued_bytes=size, spooled_frames=0) for size in (1_000_000, 0)]
        [True, False]
    """

    def __init__(self) -> None:
        self._most_bytes = 0

    def fell(self, *, queued_bytes: int, spooled_frames: int) -> bool:
        """Take note of what is held now; return whether it is time to give memory back.

        Args:
            queued_bytes: Of the frames in the producer's queue.
            spooled_frames: Frames on disk that wait.
        """
        held_bytes = queued_bytes + _BYTES_PER_SPOOLED_FRAME * spooled_frames
        self._most_bytes = max(self._most_bytes, held_bytes)
        if self._most_bytes < _LEAST_BYTES or held_bytes > _REMAINING_SHARE * self._most_bytes:
            return False
        self._most_bytes = held_bytes
        return True


def give_back_freed_memory() -> None:
    """Ask the C library to give free memory back; without glibc nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
