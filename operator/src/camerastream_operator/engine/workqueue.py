"""The work queue: keys in, bounded workers out, each key by one worker at a time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from camerastream_operator.engine.schedule import Backoff, Schedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from camerastream_operator.kube.resources import Key

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 300.0


class WorkQueue:
    """Calls a function for every key that is asked for.

    Args:
        work: Does the work of a key and returns after how many seconds it wants to be called
            again, None for not by itself. An exception means: again, later and later.
        on_error: Hears of an exception; may itself fail.
        clock: Monotonic seconds.
        random: A number from 0 to 1, for jitter.
    """

    def __init__(
        self,
        work: Callable[[Key], Awaitable[float | None]],
        *,
        on_error: Callable[[Key, Exception, int], Awaitable[None]],
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._work = work
        self._on_error = on_error
        self._clock = clock
        self._schedule: Schedule[Key] = Schedule()
        self._backoff: Backoff[Key] = Backoff(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, random)
        self._spread_until = clock()
        self._woken = asyncio.Event()
        self._log = structlog.get_logger()

    @property
    def ready(self) -> int:
        """How many keys are due."""
        return self._schedule.ready(self._clock())

    @property
    def waiting(self) -> int:
        """How many keys are due now or later."""
        return len(self._schedule)

    @property
    def oldest_age_seconds(self) -> float:
        """For how long the oldest key has been due or worked on."""
        return self._schedule.oldest_age(self._clock())

    @property
    def spread_left_seconds(self) -> float:
        """After how many seconds the last key of a spread is due; 0 when it has been.

        A key that is asked for with this delay comes after all of them, even where they are
        late, since the one that has been due the longest comes first.
        """
        return max(0.0, self._spread_until - self._clock())

    def add(self, key: Key, delay_seconds: float = 0.0) -> None:
        """Ask for a key, now or later."""
        self._schedule.add(key, self._clock() + delay_seconds)
        self._woken.set()

    def add_spread(self, keys: Iterable[Key], per_second: float) -> None:
        """Ask for many keys, so many per second: a change for all cameras is no flood."""
        for number, key in enumerate(keys):
            self.add(key, number / per_second)
            self._spread_until = max(self._spread_until, self._clock() + number / per_second)

    async def run(self, workers: int) -> None:
        """Work until cancelled.

        Args:
            workers: How many keys at a time.
        """
        free = asyncio.Semaphore(workers)
        async with asyncio.TaskGroup() as group:
            while True:
                await free.acquire()
                key = await self._next()
                group.create_task(self._worked(key)).add_done_callback(lambda _: free.release())

    async def _next(self) -> Key:
        while (key := self._schedule.take(self._clock())) is None:
            self._woken.clear()
            at = self._schedule.next_at()
            delay = None if at is None else max(0.0, at - self._clock())
            # `wait_for` would make a task, which kopf would wait for at the end.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._woken.wait()
        return key

    async def _worked(self, key: Key) -> None:
        with structlog.contextvars.bound_contextvars(namespace=key.namespace, camera=key.name):
            try:
                await self._once(key)
            finally:
                self._schedule.done(key)
                self._woken.set()

    async def _once(self, key: Key) -> None:
        try:
            again = await self._work(key)
        except Exception as error:  # noqa: BLE001 - one camera never stops the others
            failures = self._backoff.failures(key) + 1
            self.add(key, self._backoff.failed(key))
            try:
                await self._on_error(key, error, failures)
            except Exception:  # noqa: BLE001 - nor does its condition
                self._log.exception("a failure could not be reported")
            return
        self._backoff.succeeded(key)
        if again is not None:
            self.add(key, again)
