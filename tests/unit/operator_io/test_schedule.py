"""The work queue's core, as a state machine: no key is lost, and none has two workers."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from camerastream_operator.engine.schedule import Backoff, Schedule

KEYS = st.sampled_from("abcde")


class ScheduleMachine(RuleBasedStateMachine):
    """Compares it with the plainest thing that could be right."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule: Schedule[str] = Schedule()
        self.now = 0.0
        self.due: dict[str, float] = {}
        self.working: dict[str, float] = {}

    @rule(key=KEYS, delay=st.floats(0, 50))
    def add(self, key: str, delay: float) -> None:
        at = self.now + delay
        self.schedule.add(key, at)
        self.due[key] = min(at, self.due.get(key, at))

    @rule(seconds=st.floats(0, 30))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        free = {key: at for key, at in self.due.items() if key not in self.working}
        ready = [at for at in free.values() if at <= self.now]
        taken = self.schedule.take(self.now)
        if not ready:
            assert taken is None
            return
        assert taken is not None
        assert free[taken] == min(ready)
        del self.due[taken]
        self.working[taken] = self.now

    @rule(key=KEYS)
    def done(self, key: str) -> None:
        self.schedule.done(key)
        self.working.pop(key, None)

    @invariant()
    def it_knows_what_waits_and_since_when(self) -> None:
        assert len(self.schedule) == len(self.due)
        assert self.schedule.ready(self.now) == sum(at <= self.now for at in self.due.values())
        free = [at for key, at in self.due.items() if key not in self.working]
        assert self.schedule.next_at() == min(free, default=None)
        begun = [at for key, at in self.due.items() if at <= self.now and key not in self.working]
        oldest = min([*begun, *self.working.values()], default=self.now)
        assert self.schedule.oldest_age(self.now) == self.now - oldest


TestSchedule = ScheduleMachine.TestCase


def test_a_key_that_fails_waits_longer_and_longer_up_to_a_limit() -> None:
    backoff: Backoff[str] = Backoff(1, 300, lambda: 1.0)

    assert [backoff.failed("a") for _ in range(11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert backoff.failed("b") == 1
    backoff.succeeded("a")
    assert backoff.failed("a") == 1


def test_jitter_takes_away_at_most_a_half() -> None:
    backoff: Backoff[str] = Backoff(10, 300, lambda: 0.0)

    assert backoff.failed("a") == 5
