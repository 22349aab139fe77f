"""Which numbers of a sequence were seen, in memory that does not grow with them. Pure."""

from __future__ import annotations

from bisect import bisect_right

MAX_RANGES = 10_000


class SequenceSet:
    """A set of whole numbers, kept as contiguous ranges.

    A stream without gaps is one range however long it is. With more gaps than
    `max_ranges` allows, the lowest gap is settled: its numbers count as missing for good
    and as seen when they come after all. So what is missing may then be overstated,
    never understated.

    Args:
        max_ranges: How many ranges are kept at most.
    """

    def __init__(self, max_ranges: int = MAX_RANGES) -> None:
        self._max_ranges = max_ranges
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._settled_gaps = 0

    def add(self, number: int) -> bool:
        """Add a number; say whether it was new."""
        at = bisect_right(self._starts, number)
        if at and number <= self._ends[at - 1]:
            return False
        follows = at > 0 and self._ends[at - 1] == number - 1
        precedes = at < len(self._starts) and self._starts[at] == number + 1
        if follows and precedes:
            self._ends[at - 1] = self._ends[at]
            del self._starts[at], self._ends[at]
        elif follows:
            self._ends[at - 1] = number
        elif precedes:
            self._starts[at] = number
        else:
            self._starts.insert(at, number)
            self._ends.insert(at, number)
            if len(self._starts) > self._max_ranges:
                self._settled_gaps += self._starts[1] - self._ends[0] - 1
                del self._starts[1], self._ends[0]
        return True

    @property
    def lowest(self) -> int | None:
        """The lowest number, None when there is none."""
        return self._starts[0] if self._starts else None

    @property
    def highest(self) -> int | None:
        """The highest number, None when there is none."""
        return self._ends[-1] if self._ends else None

    def missing(self, base: int | None = None) -> int:
        """Count the numbers not seen.

        Args:
            base: The lowest number expected; None for the lowest seen.
        """
        if not self._starts:
            return 0
        low = self._starts[0] if base is None else min(base, self._starts[0])
        span = self._ends[-1] - low + 1
        seen = sum(self._ends) - sum(self._starts) + len(self._starts)
        return span - seen + self._settled_gaps

    def gaps(self, base: int | None = None, most: int = 100) -> list[tuple[int, int]]:
        """Return the first ranges not seen, each with its first and last number.

        Args:
            base: The lowest number expected; None for the lowest seen.
            most: How many ranges to return at most.
        """
        found: list[tuple[int, int]] = []
        if not self._starts:
            return found
        if base is not None and base < self._starts[0]:
            found.append((base, self._starts[0] - 1))
        for end, start in zip(self._ends, self._starts[1:], strict=False):
            if len(found) >= most:
                break
            found.append((end + 1, start - 1))
        return found[:most]
