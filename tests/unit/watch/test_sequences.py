"""The set of ranges against a plain set of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from camerastream.watch.sequences import SequenceSet

NUMBERS = st.lists(st.integers(0, 40), max_size=60)


@given(NUMBERS, st.none() | st.integers(0, 40))
def test_it_says_what_a_plain_set_says(numbers: list[int], base: int | None) -> None:
    ranges, plain = SequenceSet(), set()
    for number in numbers:
        assert ranges.add(number) == (number not in plain)
        plain.add(number)
    if not plain:
        assert (ranges.lowest, ranges.highest, ranges.missing(base)) == (None, None, 0)
        return
    low = min(plain) if base is None else min(base, *plain)
    absent = [number for number in range(low, max(plain)) if number not in plain]
    assert (ranges.lowest, ranges.highest) == (min(plain), max(plain))
    assert ranges.missing(base) == len(absent)
    gaps = ranges.gaps(base)
    assert [each for first, last in gaps for each in range(first, last + 1)] == absent


@given(NUMBERS, st.integers(1, 5))
def test_with_few_ranges_it_never_understates_what_is_missing(
    numbers: list[int], most: int
) -> None:
    ranges = SequenceSet(max_ranges=most)
    for number in numbers:
        ranges.add(number)
        assert len(ranges._starts) <= most
    absent = len(range(min(numbers, default=0), max(numbers, default=-1) + 1)) - len(set(numbers))
    assert ranges.missing() >= absent


def test_a_million_numbers_are_one_range() -> None:
    ranges = SequenceSet()
    for number in range(1_000_000):
        ranges.add(number)
    assert len(ranges._starts) == 1
    assert ranges.missing(0) == 0


def test_gaps_are_cut_off() -> None:
    ranges = SequenceSet()
    for number in range(1, 100, 2):
        ranges.add(number)
    assert ranges.gaps(0, 3) == [(0, 0), (2, 2), (4, 4)]
