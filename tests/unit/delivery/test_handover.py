"""The gate before the idempotent producer."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from camerastream.delivery.handover import (
    FAST_SECONDS,
    IDEMPOTENT_WINDOW_FRAMES,
    HandoverGate,
    size_in_batch,
)

BATCH_BYTES = 1_000_000
PATIENCE_SECONDS = 10.0


def gate() -> HandoverGate:
    return HandoverGate(batch_bytes=BATCH_BYTES, patience_seconds=PATIENCE_SECONDS)


def with_window_full(*, latency_seconds: float) -> HandoverGate:
    """A gate that has learnt a link's latency and whose producer has a window of frames since 0."""
    made = gate()
    for turn in range(50):
        sent_at = -1000.0 + turn
        made.handed_over(now=sent_at)
        made.reported(handed_over_at=sent_at, alone=True, now=sent_at + latency_seconds)
    for _ in range(IDEMPOTENT_WINDOW_FRAMES):
        made.handed_over(now=0.0)
    return made


def test_a_batch_may_go_while_few_frames_are_under_way() -> None:
    made = gate()
    for _ in range(IDEMPOTENT_WINDOW_FRAMES):
        assert made.room_bytes(now=0.0) == BATCH_BYTES
        made.handed_over(now=0.0)
    assert made.room_bytes(now=FAST_SECONDS) == 0


def test_a_far_broker_closes_the_gate_at_once() -> None:
    assert with_window_full(latency_seconds=0.3).room_bytes(now=0.0) == 0


def test_a_near_broker_leaves_it_open_until_it_falls_silent() -> None:
    made = with_window_full(latency_seconds=0.01)
    assert made.room_bytes(now=0.01) is None
    assert made.room_bytes(now=FAST_SECONDS) == 0


def test_a_queue_is_not_taken_for_a_far_broker() -> None:
    """A replay fills the producer's queue: its frames are old when they are acknowledged."""
    made = with_window_full(latency_seconds=0.01)
    now = 0.0
    for _ in range(100):
        now += 0.01
        made.reported(handed_over_at=now - 2.0, alone=False, now=now)
        made.handed_over(now=now)
    assert made.room_bytes(now=now) is None


def test_after_a_long_silence_the_producer_gets_every_frame() -> None:
    made = with_window_full(latency_seconds=0.3)
    assert made.room_bytes(now=PATIENCE_SECONDS - 0.1) == 0
    assert made.room_bytes(now=PATIENCE_SECONDS) is None


def test_a_refused_frame_is_not_under_way() -> None:
    made = with_window_full(latency_seconds=0.3)
    made.refused()
    assert made.room_bytes(now=1.0) == BATCH_BYTES


@given(
    frame_bytes=st.integers(10_000, 900_000),
    frames_per_second=st.integers(1, 60),
    latency_seconds=st.floats(0.06, 2.0),
)
def test_librdkafka_never_has_a_window_under_way_and_more_to_send(
    frame_bytes: int, frames_per_second: int, latency_seconds: float
) -> None:
    """A broker that answers late, a camera at its pace, the rule of librdkafka.

    What it has taken is under way at once (linger passes between two frames); it spins where
    a window of frames is under way and another one waits.
    """
    made = with_window_full(latency_seconds=latency_seconds)
    under_way: deque[tuple[float, float]] = deque(
        (0.0, latency_seconds) for _ in range(IDEMPOTENT_WINDOW_FRAMES)
    )
    waiting, most_waiting = 0, 0
    for tick in range(1, 600):
        now = tick / frames_per_second
        while under_way and under_way[0][1] <= now:
            sent_at, _ = under_way.popleft()
            made.reported(handed_over_at=sent_at, alone=True, now=now)
        waiting += 1
        while waiting and (room := made.room_bytes(now=now)):
            batch = max(1, min(waiting, room // size_in_batch(frame_bytes)))
            assert len(under_way) < IDEMPOTENT_WINDOW_FRAMES
            assert batch == 1 or batch * frame_bytes < BATCH_BYTES
            for _ in range(batch):
                made.handed_over(now=now)
                under_way.append((now, now + latency_seconds))
            waiting -= batch
        most_waiting = max(most_waiting, waiting)
        assert under_way, "nothing is under way although frames come"
    rounds_seconds = latency_seconds + 1 / frames_per_second
    per_round = max(IDEMPOTENT_WINDOW_FRAMES, BATCH_BYTES // size_in_batch(frame_bytes))
    if rounds_seconds * frames_per_second < per_round:
        assert most_waiting <= 2 * per_round, "the gate holds up what the link could carry"
