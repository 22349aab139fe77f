"""When memory is given back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from camerastream.delivery.held_memory import HeldMemory, give_back_freed_memory

MEBIBYTE = 1024 * 1024


SECONDS = 5


def fell(held: HeldMemory, now: float, *, mebibytes: float = 0, spooled_frames: int = 0) -> bool:
    return held.fell(queued_bytes=int(mebibytes * MEBIBYTE), spooled_frames=spooled_frames, now=now)


def test_a_queue_that_drained_is_given_back_once_and_some_seconds_later() -> None:
    held = HeldMemory()
    sizes = [0, 16, 8, 3, 1, *[0] * 20]
    found = [fell(held, now, mebibytes=size) for now, size in enumerate(sizes)]
    # Low from the fifth second on, at 1 of 16 MiB.
    assert [now for now, given in enumerate(found) if given] == [4 + SECONDS]


def test_what_grows_again_meanwhile_is_not_given_back() -> None:
    held = HeldMemory()
    sizes = [16, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]
    found = [fell(held, now, mebibytes=size) for now, size in enumerate(sizes)]
    assert [now for now, given in enumerate(found) if given] == [5 + SECONDS]


def test_frames_on_disk_count_too() -> None:
    held = HeldMemory()
    assert not fell(held, 0, spooled_frames=15_000)
    assert not fell(held, 1)
    assert fell(held, 1 + SECONDS)


def test_nothing_is_given_back_before_the_disk_is_empty() -> None:
    held = HeldMemory()
    assert not fell(held, 0, mebibytes=32, spooled_frames=15_000)
    assert not any(fell(held, now, spooled_frames=1) for now in range(1, 100))
    assert not fell(held, 100)
    assert fell(held, 100 + SECONDS)


@given(st.lists(st.floats(0, 3.99)))
def test_little_is_never_worth_it(sizes: list[float]) -> None:
    held = HeldMemory()
    assert not any(fell(held, 10.0 * now, mebibytes=size) for now, size in enumerate(sizes))


@given(st.lists(st.tuples(st.integers(0, 128), st.floats(0, 10))))
def test_each_time_most_of_it_has_gone(steps: list[tuple[int, float]]) -> None:
    held, most, now = HeldMemory(), 0.0, 0.0
    for size, seconds in steps:
        now += seconds
        most = max(most, size)
        if fell(held, now, mebibytes=size):
            assert most >= 4
            assert size <= most / 8
            most = size


def test_asking_harms_nothing() -> None:
    give_back_freed_memory()
