"""Asks many pods at once: bounded, and a slow one delays nobody."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_KEPT_SECONDS = 10.0
"""An answer that came late is shown so long rather than none."""

Said = TypeVar("Said")


class PodName(NamedTuple):
    """A pod."""

    namespace: str
    name: str


class PodReader(Generic[Said]):
    """Asks pods; where an answer is still out, nobody is asked twice.

    Its threads end with the program: a pod that hangs does not keep it from ending.

    Args:
        ask: Asks one pod; never raises. Called from many threads.
        late: Makes up an answer for a pod that gave none within so many seconds.
        workers: How many pods are asked at a time.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        ask: Callable[[PodName], Said],
        late: Callable[[float], Said],
        *,
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._late = late
        self._clock = clock
        self._wanted: queue.SimpleQueue[PodName] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._out: set[PodName] = set()
        self._answers: dict[PodName, tuple[float, Said]] = {}
        self._workers = workers
        self._started = 0

    def read(self, pods: Iterable[PodName], patience_seconds: float) -> dict[PodName, Said]:
        """Ask pods, the first ones first, and return what has come after so long at most."""
        wanted = list(dict.fromkeys(pods))
        deadline = self._clock() + patience_seconds
        with self._changed:
            # What is asked no more is forgotten.
            self._answers = {pod: self._answers[pod] for pod in wanted if pod in self._answers}
            for pod in wanted:
                if pod not in self._out:
                    self._out.add(pod)
                    self._wanted.put(pod)
            self._start_workers(len(self._out))
            while self._out.intersection(wanted):
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            return {pod: self._newest(pod, patience_seconds) for pod in wanted}

    def _newest(self, pod: PodName, patience_seconds: float) -> Said:
        if pod in self._answers:
            at, said = self._answers[pod]
            if pod not in self._out or self._clock() - at <= _KEPT_SECONDS:
                return said
        return self._late(patience_seconds)

    def _start_workers(self, needed: int) -> None:
        while self._started < min(needed, self._workers):
            self._started += 1
            threading.Thread(target=self._work, name="pods", daemon=True).start()

    def _work(self) -> None:
        while True:
            pod = self._wanted.get()
            said = self._ask(pod)
            with self._changed:
                self._answers[pod] = (self._clock(), said)
                self._out.discard(pod)
                self._changed.notify_all()
