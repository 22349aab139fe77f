"""Restart accounting against a simulated kubelet, with everything that can go wrong."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerastream_operator.classify import RestartReason
from camerastream_operator.ledger import Counted, count_restarts
from camerastream_operator.restarts import (
    MAX_PODS,
    MAX_RECENT,
    RestartRecord,
    read_record,
    record_status,
)

from .kubelet import ENDS, TOLD, Kubelet

if TYPE_CHECKING:
    from camerastream_operator.kubelet_events import KubeletEvents
    from camerastream_operator.pods import Pod

seeds = st.integers(0, 2**32)
RUNS = settings(max_examples=120)


class Operator:
    """What the operator does with looks; its memory is the status, nothing else.

    Args:
        claim: The state directory survives the pod.
        may_list_events: It has that right.
    """

    def __init__(self, *, claim: bool = False, may_list_events: bool = True) -> None:
        self._may_list_events = may_list_events
        self.status: dict[str, object] = {}
        self._read: dict[str, object] | None = None
        self._record = RestartRecord()
        self.claim = claim
        self.announced: list[str] = []
        self.highest: dict[str, int] = {}
        self.ended: set[str] = set()
        self.vanished: set[str] = set()

    @property
    def record(self) -> RestartRecord:
        if self._read is not self.status:
            self._read, self._record = self.status, read_record(self.status)
        return self._record

    def look(
        self, looks: list[Pod], kubelet: Kubelet, *, existing: set[str] | None, written: bool
    ) -> None:
        counted = self._count(looks, kubelet, existing, {})
        if counted.doubtful and self._may_list_events:
            events = {uid: kubelet.events(uid) for uid in counted.doubtful}
            told = self._count(looks, kubelet, existing, events)
            assert told.record.total == counted.record.total, "Events tell why, not how many"
            counted = told
            assert not counted.doubtful
        if not written:
            return
        if counted.record != self.record:
            self.status = record_status(counted.record)
        # Events come after the write; a crash in between is made good from the status.
        self.announced += [restart.id for restart in counted.announce]
        self._note(looks, existing)

    def _count(
        self,
        looks: list[Pod],
        kubelet: Kubelet,
        existing: set[str] | None,
        events: dict[str, KubeletEvents],
    ) -> Counted:
        return count_restarts(
            self.record,
            looks,
            now=kubelet.clock,
            existing=existing,
            claim=self.claim,
            events=events,
        )

    def _note(self, looks: list[Pod], existing: set[str] | None) -> None:
        """Keep the books in another way: which pods were seen to end, which vanished."""
        for look in sorted(looks, key=lambda item: item.resource_version or 0):
            version = look.resource_version or 0
            newest = max(self.highest.values(), default=0)
            if look.uid in self.highest or version > newest:
                self.highest[look.uid] = max(version, self.highest.get(look.uid, 0))
                if look.ended and look.uid not in self.vanished:
                    self.ended.add(look.uid)
        if existing is not None:
            self.vanished |= set(self.highest) - existing - self.ended


def step(kubelet: Kubelet, *, kinds: list[str], resets: bool, replace: float = 0.08) -> None:
    dice = kubelet.random.random()
    if dice < replace:
        kubelet.replace_pod()
    elif dice < replace + 0.05 and resets:
        kubelet.reboot()
    elif dice < replace + 0.09 and resets:
        kubelet.lose_container()
    elif dice < 0.25:
        kubelet.touch()
    else:
        kubelet.end(kubelet.random.choice(kinds))


def looks_of(kubelet: Kubelet, since: int) -> list[Pod]:
    """Return what arrives: with gaps, repeated, late and out of order."""
    dice = kubelet.random
    fresh = [look for look in kubelet.seen[since:] if dice.random() < 0.5]
    late = dice.choices(kubelet.seen, k=dice.randint(0, 3))
    if dice.random() < 0.4:
        late += dice.choices(kubelet.seen[-8:], k=3)
    looks = fresh + late
    dice.shuffle(looks)
    return looks


@RUNS
@given(seed=seeds, steps=st.integers(1, 150), claim=st.booleans(), may_list=st.booleans())
def test_never_one_too_many_and_no_kill_blamed_on_another(
    seed: int, steps: int, claim: bool, may_list: bool
) -> None:
    kubelet = Kubelet(random.Random(seed), claim=claim)
    operator = Operator(claim=claim, may_list_events=may_list)
    dice = kubelet.random
    for _ in range(steps):
        since = len(kubelet.seen)
        step(kubelet, kinds=list(ENDS), resets=True)
        resync = dice.random() < 0.1
        looks = looks_of(kubelet, since)
        # One at a time, or the whole batch at once; a write may be lost with the process.
        for batch in [looks] if dice.random() < 0.5 else [[look] for look in looks]:
            operator.look(batch, kubelet, existing=None, written=dice.random() < 0.8)
        if resync:
            operator.look(
                [kubelet.latest], kubelet, existing={kubelet.uid}, written=dice.random() < 0.8
            )
        record, truth = operator.record, kubelet.reasons()
        assert record.total <= kubelet.total
        for reason in (RestartReason.PROBE, RestartReason.KILLED, RestartReason.OOM):
            assert record.counts.get(reason, 0) <= truth[reason.value], reason
        assert len(record.ledger) <= MAX_PODS
        assert len(record.recent) <= MAX_RECENT
        assert len(set(operator.announced)) == len(operator.announced)
        assert record.pod_replacements < len(kubelet.truth)


@RUNS
@given(seed=seeds, steps=st.integers(1, 120), claim=st.booleans())
def test_exact_when_every_pod_was_seen_at_its_end(seed: int, steps: int, claim: bool) -> None:
    """Everything else may be missed, repeated, out of order, and any write may be lost."""
    kubelet = Kubelet(random.Random(seed), claim=claim)
    operator = Operator(claim=claim)
    dice = kubelet.random
    for _ in range(steps):
        since = len(kubelet.seen)
        step(kubelet, kinds=list(ENDS), resets=False)
        for look in looks_of(kubelet, since):
            if look.uid == kubelet.uid or kubelet.truth[look.uid].last_version:
                operator.look([look], kubelet, existing=None, written=dice.random() < 0.7)
        finals = [look for look in kubelet.seen[since:] if look.gone]
        if finals:
            # The end is retried until it is written, as the work queue does.
            operator_before = operator.record.total
            operator.look(finals, kubelet, existing=None, written=True)
            assert operator.record.total >= operator_before
    operator.look([kubelet.latest], kubelet, existing={kubelet.uid}, written=True)
    reached = {uid for uid in kubelet.truth if uid in operator.ended or uid == kubelet.uid}
    expected = sum(kubelet.truth[uid].restarts.total() for uid in reached)
    assert operator.record.total == expected
    assert operator.record.unobserved_replacements == len(operator.vanished)


@RUNS
@given(seed=seeds, steps=st.integers(1, 120))
def test_exact_with_lost_counts_when_everything_is_seen(seed: int, steps: int) -> None:
    kubelet = Kubelet(random.Random(seed), calm=True)
    operator = Operator()
    done = 0
    for _ in range(steps):
        step(kubelet, kinds=list(ENDS), resets=True)
        for look in kubelet.seen[done:]:
            operator.look([look], kubelet, existing=None, written=True)
        done = len(kubelet.seen)
    assert operator.record.total == kubelet.total
    counted = {reason.value: n for reason, n in operator.record.counts.items()}
    assert counted == +kubelet.reasons()
    assert operator.record.unobserved_replacements == 0
    assert operator.record.pod_replacements == len(kubelet.truth) - 1


@RUNS
@given(seed=seeds, steps=st.integers(1, 120), may_list=st.booleans())
def test_what_was_counted_never_changes(seed: int, steps: int, may_list: bool) -> None:
    kubelet = Kubelet(random.Random(seed))
    operator = Operator(may_list_events=may_list)
    for _ in range(steps):
        before, since = operator.record, len(kubelet.seen)
        step(kubelet, kinds=list(ENDS), resets=True)
        operator.look(looks_of(kubelet, since), kubelet, existing=None, written=True)
        after = operator.record
        for reason in RestartReason:
            assert after.counts.get(reason, 0) >= before.counts.get(reason, 0)
        known = {restart.id: restart for restart in before.recent}
        assert all(known.get(restart.id, restart) == restart for restart in after.recent)


@RUNS
@given(seed=seeds, steps=st.integers(1, 120), claim=st.booleans())
def test_reasons_that_the_stream_tells_survive_gaps(seed: int, steps: int, claim: bool) -> None:
    """Only every pod's first and last states are sure to be seen, and no reason is lost."""
    kubelet = Kubelet(random.Random(seed), claim=claim)
    operator = Operator(claim=claim)
    done = 0
    for _ in range(steps):
        step(kubelet, kinds=list(TOLD), resets=False)
        fresh, done = kubelet.seen[done:], len(kubelet.seen)
        for look in fresh:
            if look.gone or kubelet.random.random() < 0.2:
                operator.look([look], kubelet, existing=None, written=True)
    operator.look([kubelet.latest], kubelet, existing={kubelet.uid}, written=True)
    counted = Counter({reason.value: n for reason, n in operator.record.counts.items()})
    assert counted.total() == kubelet.total
    # A claim's count from before the first look at a pod that was missed is not known.
    missed = counted - kubelet.reasons()
    assert set(missed) <= {"Unknown"}
    if not claim:
        assert counted == kubelet.reasons()


@RUNS
@given(seed=seeds, steps=st.integers(1, 120))
def test_pods_that_nobody_saw_end_are_counted_as_such(seed: int, steps: int) -> None:
    kubelet = Kubelet(random.Random(seed))
    operator = Operator()
    dice = kubelet.random
    for _ in range(steps):
        since = len(kubelet.seen)
        step(kubelet, kinds=list(ENDS), resets=False, replace=0.3)
        operator.look(looks_of(kubelet, since), kubelet, existing=None, written=dice.random() < 0.7)
        # A list comes after everything that was waiting.
        operator.look(
            [kubelet.latest], kubelet, existing={kubelet.uid}, written=dice.random() < 0.5
        )
    operator.look([kubelet.latest], kubelet, existing={kubelet.uid}, written=True)
    assert operator.record.unobserved_replacements == len(operator.vanished)
    assert operator.record.pod_replacements == len(operator.highest) - 1
    assert len(operator.record.ledger) == 1


@pytest.mark.parametrize("claim", [False, True])
def test_a_status_that_is_read_and_written_does_not_change(claim: bool) -> None:
    kubelet = Kubelet(random.Random(7), claim=claim)
    operator = Operator(claim=claim)
    for _ in range(50):
        since = len(kubelet.seen)
        step(kubelet, kinds=list(ENDS), resets=True)
        operator.look(kubelet.seen[since:], kubelet, existing=None, written=True)
        assert record_status(operator.record) == operator.status
        before = operator.status
        operator.look(kubelet.seen[since:], kubelet, existing={kubelet.uid}, written=True)
        assert operator.status == before
