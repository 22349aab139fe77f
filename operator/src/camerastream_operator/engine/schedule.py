"""Which key is due when. Pure: the time comes in with every call.

A key waits once, however often it is asked for: the earliest time counts. A key that is
being worked on is not given to a second worker; asked for meanwhile, it is due again when
the first one is done.
"""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")


class Schedule(Generic[K]):
    """Keys with the times at which they are due."""

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._working: dict[K, float] = {}
        self._again: dict[K, float] = {}
        self._count = itertools.count()

    def __len__(self) -> int:
        return len(self._due) + len(self._again)

    def add(self, key: K, at: float) -> None:
        """Let a key be due at that time, or earlier if it is already."""
        waiting = self._again if key in self._working else self._due
        if (known := waiting.get(key)) is not None and known <= at:
            return
        waiting[key] = at
        if waiting is self._due:
            heapq.heappush(self._heap, (at, next(self._count), key))

    def take(self, now: float) -> K | None:
        """Return the key that has been due the longest, and mark it as being worked on."""
        at = self.next_at()
        if at is None or at > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._due[key]
        self._working[key] = now
        return key

    def done(self, key: K) -> None:
        """A key is no longer worked on."""
        self._working.pop(key, None)
        if (at := self._again.pop(key, None)) is not None:
            self.add(key, at)

    def ready(self, now: float) -> int:
        """Return how many keys are due."""
        return sum(at <= now for at in (*self._due.values(), *self._again.values()))

    def next_at(self) -> float | None:
        """Return when the next key that nobody works on is due; None when none is."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def oldest_age(self, now: float) -> float:
        """Return for how many seconds the oldest key has been due or worked on."""
        begun = [at for at in self._due.values() if at <= now]
        return now - min([*begun, *self._working.values()], default=now)


class Backoff(Generic[K]):
    """How long a key that failed waits: doubling, with jitter, up to a limit.

    Args:
        first_seconds: After the first failure.
        longest_seconds: At most.
        random: A number from 0 to 1.
    """

    def __init__(
        self, first_seconds: float, longest_seconds: float, random: Callable[[], float]
    ) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._random = random
        self._failures: dict[K, int] = {}

    def failed(self, key: K) -> float:
        """Note a failure and return for how many seconds the key is to wait."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        whole = min(self._longest, self._first * 2.0 ** min(count, 32))
        return whole * (0.5 + self._random() / 2)

    def failures(self, key: K) -> int:
        """Return how often a key has failed in a row."""
        return self._failures.get(key, 0)

    def succeeded(self, key: K) -> None:
        """Forget a key's failures."""
        self._failures.pop(key, None)
