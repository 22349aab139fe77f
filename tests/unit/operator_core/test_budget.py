"""The restart budget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.api.spec import BudgetSpec, OnExhausted, RestartPolicySpec
from camerastream_operator.budget import evaluate_budget

from .resources import NOW

POLICY = RestartPolicySpec(budget=BudgetSpec(restarts=3, window_seconds=600))


def ago(*seconds: int):
    return [NOW - timedelta(seconds=number) for number in seconds]


@pytest.mark.parametrize(
    ("seconds_ago", "used", "free_in"),
    [
        ([], 0, None),
        ([10, 20], 2, None),
        ([10, 20, 600], 2, None),
        ([10, 20, 599], 3, 1),
        ([10, 20, 300, 400], 4, 300),
        ([599, 10, 20], 3, 1),
    ],
)
def test_budget(seconds_ago: list[int], used: int, free_in: int | None) -> None:
    budget = evaluate_budget(POLICY, ago(*seconds_ago), NOW)
    assert budget.used == used
    assert budget.remaining == max(0, 3 - used)
    assert budget.free_at == (None if free_in is None else NOW + timedelta(seconds=free_in))
    assert budget.hold_until == budget.free_at


def test_ignore_counts_but_does_not_hold() -> None:
    policy = RestartPolicySpec(budget=POLICY.budget, on_exhausted=OnExhausted.IGNORE)
    budget = evaluate_budget(policy, ago(1, 2, 3), NOW)
    assert budget.exhausted
    assert budget.hold_until is None


def test_a_clock_that_is_ahead_does_not_close_the_budget_for_ever() -> None:
    budget = evaluate_budget(POLICY, ago(-86400, -86400, -86400), NOW)
    assert budget.free_at == NOW + timedelta(seconds=600)


@given(st.lists(st.integers(-100, 2000), max_size=10), st.integers(1, 10))
def test_when_it_is_free_there_is_room_for_exactly_one_more(times: list[int], allowed: int) -> None:
    policy = RestartPolicySpec(budget=BudgetSpec(restarts=allowed, window_seconds=600))
    restarts = [min(at, NOW) for at in ago(*times)]
    budget = evaluate_budget(policy, restarts, NOW)
    if budget.free_at is None:
        assert budget.remaining > 0
        return
    just_before = evaluate_budget(policy, restarts, budget.free_at - timedelta(seconds=1))
    assert just_before.exhausted
    later = evaluate_budget(policy, restarts, budget.free_at)
    assert not later.exhausted
    if len(set(restarts)) == len(restarts):
        assert later.remaining == 1
