"""When memory is given back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from camerastream.delivery.held_memory import HeldMemory, give_back_freed_memory

MEBIBYTE = 1024 * 1024


def test_a_queue_that_drained_is_given_back_once() -> None:
    held = HeldMemory()
    sizes = [0, 16 * MEBIBYTE, 8 * MEBIBYTE, 3 * MEBIBYTE, MEBIBYTE, 0, 0]
    assert [held.fell(queued_bytes=size, spooled_frames=0) for size in sizes].count(True) == 1


def test_frames_on_disk_count_too() -> None:
    held = HeldMemory()
    assert not held.fell(queued_bytes=0, spooled_frames=15_000)
    assert held.fell(queued_bytes=0, spooled_frames=0)


@given(st.lists(st.integers(0, 4 * MEBIBYTE - 1)))
def test_little_is_never_worth_it(sizes: list[int]) -> None:
    held = HeldMemory()
    assert not any(held.fell(queued_bytes=size, spooled_frames=0) for size in sizes)


@given(st.lists(st.integers(0, 128 * MEBIBYTE)))
def test_each_time_most_of_it_has_gone(sizes: list[int]) -> None:
    held, most = HeldMemory(), 0
    for size in sizes:
        most = max(most, size)
        if held.fell(queued_bytes=size, spooled_frames=0):
            assert most >= 4 * MEBIBYTE
            assert size <= most / 8
            most = size


def test_asking_harms_nothing() -> None:
    give_back_freed_memory()
