"""Whether all of kopf's watches run, seen from outside."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

from kopf._core.reactor import orchestration

from camerastream_operator.runtime import handlers

if TYPE_CHECKING:
    import pytest


def test_kopf_still_names_its_watches_so_that_they_are_found() -> None:
    assert f'name=f"{handlers._WATCHER}{{what}}"' in inspect.getsource(orchestration)


def test_one_that_ends_is_noticed_and_none_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_LOOK_SECONDS", 0.01)

    async def run() -> None:
        ended = asyncio.Event()
        names = ("pods@cams", "statefulsets@cams")
        watches = [
            asyncio.create_task(asyncio.Event().wait(), name=f"watcher for {name}")
            for name in names
        ]
        watches.append(asyncio.create_task(ended.wait(), name="watcher for camerastreams@cams"))
        guard = asyncio.create_task(handlers._until_one_is_lost(len(watches)))
        done, _ = await asyncio.wait({guard}, timeout=0.2)
        assert not done
        ended.set()
        await asyncio.wait_for(guard, 60)
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

    asyncio.run(run())
