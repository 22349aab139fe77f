"""Restarts for the metric: each one once, whichever statuses are seen, and how often."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.classify import RestartReason
from camerastream_operator.engine.tally import RestartTally
from camerastream_operator.kube.resources import Key

KEY = Key("cams", "lobby")
CRASH, OOM = RestartReason.CRASH, RestartReason.OOM


@given(st.data())
def test_what_is_new_adds_up_to_what_was_counted(data: st.DataObject) -> None:
    reasons = data.draw(st.lists(st.sampled_from([CRASH, OOM]), max_size=12))
    history = [Counter(reasons[:length]) for length in range(len(reasons) + 1)]
    # Some are never seen, others twice, and an old one may come late.
    seen = data.draw(st.lists(st.integers(0, len(reasons)), min_size=1, max_size=20))
    tally = RestartTally()

    total: Counter[RestartReason] = Counter()
    for place in seen:
        total.update(tally.new(KEY, "uid", history[place]))

    assert total == history[max(seen)] - history[seen[0]]


def test_what_the_first_status_has_counted_is_of_the_past() -> None:
    tally = RestartTally()
    assert tally.new(KEY, "uid", {CRASH: 7}) == {}
    assert tally.new(KEY, "uid", {CRASH: 9, OOM: 1}) == {CRASH: 2, OOM: 1}


def test_another_resource_of_the_name_begins_anew() -> None:
    tally = RestartTally()
    tally.new(KEY, "one", {CRASH: 5})
    assert tally.new(KEY, "two", {}) == {}
    assert tally.new(KEY, "two", {CRASH: 1}) == {CRASH: 1}
    tally.forget(KEY)
    assert tally.new(KEY, "two", {CRASH: 3}) == {}
