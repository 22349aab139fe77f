"""Many pods are asked at once, and one that hangs delays nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kubectl_cam.cluster.pods import PodName, PodReader

if TYPE_CHECKING:
    from collections.abc import Iterator

import pytest


class Pods:
    """Pods that answer with their name; `hanging` ones do when they are let go."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = set(hanging)
        self.asked: list[str] = []
        self.most_at_a_time = 0
        self.let_go = threading.Event()
        self._now = 0
        self._lock = threading.Lock()

    def ask(self, pod: PodName) -> str:
        with self._lock:
            self.asked.append(pod.name)
            self._now += 1
            self.most_at_a_time = max(self.most_at_a_time, self._now)
        if pod.name in self.hanging:
            assert self.let_go.wait(60)
        with self._lock:
            self._now -= 1
        return f"I am {pod.name}"

    def reader(self, workers: int = 4) -> PodReader[str]:
        return PodReader(self.ask, lambda seconds: f"late after {seconds:g} s", workers=workers)


@pytest.fixture
def pods() -> Iterator[Pods]:
    made = Pods("slow")
    yield made
    made.let_go.set()


def names(*each: str) -> list[PodName]:
    return [PodName("shop", name) for name in each]


def test_everybody_but_the_one_that_hangs_is_heard(pods: Pods) -> None:
    reader = pods.reader(workers=2)
    (slow,) = names("slow")
    assert reader.read([slow], 0.05) == {slow: "late after 0.05 s"}
    answers = reader.read(names(*"abcdefgh"), 60)
    assert {pod.name: said for pod, said in answers.items()} == {
        name: f"I am {name}" for name in "abcdefgh"
    }


def test_who_has_not_answered_yet_is_not_asked_again_and_heard_a_round_later(pods: Pods) -> None:
    reader = pods.reader()
    (slow,) = names("slow")
    assert reader.read([slow], 0.05)[slow].startswith("late")
    assert reader.read([slow], 0.05)[slow].startswith("late")
    assert pods.asked == ["slow"]
    pods.let_go.set()
    # The answer to the first question ends the wait for it.
    assert reader.read([slow], 60)[slow] == "I am slow"


def test_no_more_are_asked_at_a_time_than_there_are_workers() -> None:
    pods = Pods()
    answers = pods.reader(workers=3).read(names(*map(str, range(200))), 60)
    assert len(answers) == 200
    assert pods.most_at_a_time <= 3
    assert not any(answer.startswith("late") for answer in answers.values())


def test_nobody_is_asked_where_there_are_no_pods() -> None:
    assert Pods().reader().read([], 60) == {}


def test_an_answer_that_is_too_old_is_shown_no_longer() -> None:
    pods, now = Pods(), [0.0]
    reader = PodReader(pods.ask, lambda _: "late", workers=1, clock=lambda: now[0])
    (pod,) = names("lobby")
    assert reader.read([pod], 1)[pod] == "I am lobby"
    pods.hanging.add("lobby")
    try:
        assert reader.read([pod], 0)[pod] == "I am lobby", "seconds ago is better than nothing"
        now[0] = 11.0
        assert reader.read([pod], 0)[pod] == "late"
    finally:
        pods.let_go.set()
