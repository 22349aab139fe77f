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
_SETTLED_SECONDS = 5.0
"""A queue that has just drained is often filled again from the disk. Asking at once left 14 MiB
with the process after a short outage, asking before the disk was empty 7 after a long one."""


class HeldMemory:
    """Says when what was held has been let go, for some seconds. Pure.

    Example:
        >>> held = HeldMemory()
        >>> [held.fell(queued_bytes=size, spooled_frames=0, now=2.0 * second)
        ...  for second, size in enumerate([0, 32_000_000, 9_000_000, 1_000_000, 0, 0])]
        [False, False, False, False, False, False]
        >>> [held.fell(queued_bytes=0, spooled_frames=0, now=second) for second in (12, 13)]
        [True, False]
    """

    def __init__(self) -> None:
        self._most_bytes = 0
        self._low_since: float | None = None

    def fell(self, *, queued_bytes: int, spooled_frames: int, now: float) -> bool:
        """Take note of what is held now; return whether it is time to give memory back.

        Args:
            queued_bytes: Of the frames in the producer's queue.
            spooled_frames: Frames on disk that wait. While there are any, more of them go
                through memory than are in it.
            now: Monotonic seconds.
        """
        held_bytes = queued_bytes + _BYTES_PER_SPOOLED_FRAME * spooled_frames
        self._most_bytes = max(self._most_bytes, held_bytes)
        low = not spooled_frames and held_bytes <= _REMAINING_SHARE * self._most_bytes
        if self._most_bytes < _LEAST_BYTES or not low:
            self._low_since = None
            return False
        if self._low_since is None:
            self._low_since = now
        if now - self._low_since < _SETTLED_SECONDS:
            return False
        self._most_bytes, self._low_since = held_bytes, None
        return True


def give_back_freed_memory() -> None:
    """Ask the C library to give free memory back; without glibc nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
