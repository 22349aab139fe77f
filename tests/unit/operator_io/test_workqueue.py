"""The work queue at work: bounded, and one camera never stops the others."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from camerastream_operator.engine.workqueue import WorkQueue
from camerastream_operator.kube.resources import Key

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = [Key("cams", f"cam-{number}") for number in range(20)]


async def _run(queue: WorkQueue, workers: int, done: Callable[[], bool]) -> None:
    task = asyncio.create_task(queue.run(workers))
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_no_key_is_worked_on_twice_at_a_time_and_no_more_than_allowed() -> None:
    busy: Counter[Key] = Counter()
    most, worked = [0], [0]

    async def work(key: Key) -> None:
        busy[key] += 1
        assert busy[key] == 1
        most[0] = max(most[0], busy.total())
        queue.add(key) if worked[0] < 100 else None
        await asyncio.sleep(0)
        busy[key] -= 1
        worked[0] += 1

    async def failed(key: Key, error: Exception, failures: int) -> None:
        raise error

    async def main() -> None:
        for key in KEYS * 3:
            queue.add(key)
        await _run(queue, 4, lambda: worked[0] >= 100)

    queue = WorkQueue(work, on_error=failed, clock=lambda: 0.0, random=lambda: 1.0)
    asyncio.run(main())

    assert most[0] == 4


def test_a_key_that_fails_is_put_off_and_the_others_are_not() -> None:
    now = [0.0]
    worked: Counter[Key] = Counter()
    told: list[tuple[Key, int]] = []

    async def work(key: Key) -> None:
        worked[key] += 1
        if key == KEYS[0]:
            raise RuntimeError("odd")

    async def failed(key: Key, error: Exception, failures: int) -> None:
        told.append((key, failures))
        raise RuntimeError("even telling of it fails")

    async def main() -> None:
        for key in KEYS:
            queue.add(key)
        await _run(queue, 3, lambda: worked.total() == len(KEYS))
        assert queue.waiting == 1
        assert queue.ready == 0
        now[0] = 1.0
        await _run(queue, 3, lambda: worked[KEYS[0]] == 2)

    queue = WorkQueue(work, on_error=failed, clock=lambda: now[0], random=lambda: 1.0)
    asyncio.run(main())

    assert told == [(KEYS[0], 1), (KEYS[0], 2)]
    assert set(worked) == set(KEYS)


def test_what_waits_for_a_spread_to_end_comes_after_it_even_where_that_is_late() -> None:
    now = [0.0]
    worked: list[Key] = []

    async def work(key: Key) -> float | None:
        worked.append(key)
        return queue.spread_left_seconds if worked.count(key) == 1 else None

    async def failed(key: Key, error: Exception, failures: int) -> None:
        raise error

    async def main() -> None:
        queue.add_spread(KEYS, 1)
        now[0] = 10.0
        await _run(queue, 2, lambda: queue.ready == 0)
        assert worked == KEYS[:11]
        now[0] = 50.0
        await _run(queue, 2, lambda: queue.waiting == 0 and len(worked) == 2 * len(KEYS))

    queue = WorkQueue(work, on_error=failed, clock=lambda: now[0], random=lambda: 1.0)
    asyncio.run(main())

    assert worked[: len(KEYS)] == KEYS
    assert queue.spread_left_seconds == 0
