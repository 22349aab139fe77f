"""When the cameras of a list are written, and when again: time is held here."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from camerastream_operator.camera_list import CameraList, ListedCamera
from camerastream_operator.engine.clock import Clock
from camerastream_operator.engine.list_keeper import ListKeeper
from camerastream_operator.engine.refusals import Refusals
from camerastream_operator.kube.cache import Cache
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import Key, Kind

LOBBY = Key("cams", "lobby")
REFUSAL = ApiError(422, "Invalid", "spec.source.url: wrong")


class World:
    """A keeper, the API server that it writes to, and the time."""

    def __init__(self, *, removal_delay_seconds: float = 100) -> None:
        self.now = 1000.0
        self.live: dict[Key, dict[str, Any]] = {}
        self.answer: ApiError | None = None
        self.keeps = True
        self.attempts: list[float] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.cache = Cache(lambda: self.now)
        self._version = 0
        clock = Clock(lambda: datetime(2026, 1, 5, tzinfo=UTC), lambda: self.now, lambda: 1.0)
        client = cast("Any", self)
        self.refusals = Refusals(client, "operator-0", clock)
        self.keeper = ListKeeper(
            client,
            self.cache,
            self.refusals,
            (None,),
            removal_delay_seconds=removal_delay_seconds,
            clock=clock,
        )

    async def get(self, _kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        return self.live.get(Key(namespace, name))

    async def apply_camera(self, body: Any, *, resource_version: str) -> dict[str, Any]:
        self.attempts.append(self.now)
        if self.answer is not None:
            raise self.answer
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        assert resource_version == self.live.get(key, {}).get("metadata", {}).get(
            "resourceVersion", ""
        )
        self._version += 1
        made = copy.deepcopy(body)
        made["metadata"] |= {"uid": "1", "resourceVersion": str(self._version)}
        if not self.keeps:
            made["spec"]["source"]["url"] = "test:@1"
        self.live[key] = made
        return dict(made)

    async def delete_camera(self, key: Key, *, uid: str, resource_version: str) -> None:
        self.attempts.append(self.now)
        assert uid == self.live[key]["metadata"]["uid"]
        self.cache.remove(Kind.CAMERA, self.live.pop(key))

    async def event_exists(self, _namespace: str, name: str) -> bool:
        return name in self.events

    async def create_event(self, body: dict[str, Any]) -> None:
        self.events[body["metadata"]["name"]] = body

    def want(self, url: str | None = "test:", *, changed: bool = False) -> None:
        cameras = [] if url is None else [ListedCamera(LOBBY, {}, {"source": {"url": url}})]
        self.keeper.want(CameraList("cams.site", tuple(cameras)), changed=changed)

    def watch(self) -> None:
        """Bring the events of the watch."""
        for body in self.live.values():
            self.cache.upsert(Kind.CAMERA, body)

    def pass_for(self, seconds: float) -> None:
        """Let time pass; whenever the keeper wanted to look again, it does."""
        end = self.now + seconds
        while True:
            delay = asyncio.run(self.keeper.keep())
            if delay is None or self.now + delay > end:
                self.now = end
                return
            assert delay > 0, "it would turn in circles"
            self.now += delay


def test_a_refused_camera_is_told_once_and_tried_again_ever_later() -> None:
    world = World()
    world.answer = REFUSAL
    world.want()
    world.pass_for(1300)
    waits = [
        later - earlier for earlier, later in zip(world.attempts, world.attempts[1:], strict=False)
    ]
    assert waits == [4, 8, 16, 32, 64, 128, 256, 300, 300]
    (event,) = world.events.values()
    assert event["reason"] == "ListedRefused"
    assert event["note"].endswith("is not made: spec.source.url: wrong")
    assert "uid" not in event["regarding"]
    assert len(world.refusals) == 1

    # Another entry is not the one that was refused.
    world.answer = None
    world.want("test:@5", changed=True)
    world.pass_for(0)
    assert world.attempts[-1] == world.now
    world.watch()
    world.pass_for(0)
    assert len(world.refusals) == 0


def test_once_it_is_as_listed_nothing_is_asked_any_more() -> None:
    world = World()
    world.want()
    world.pass_for(0)
    world.watch()
    world.pass_for(10_000)
    assert len(world.attempts) == 1
    assert world.events == {}


def test_a_watch_that_is_behind_makes_no_second_write() -> None:
    world = World()
    world.want()
    world.pass_for(600)
    assert len(world.attempts) == 1


@pytest.mark.parametrize(
    "error",
    [ApiError(503, "", "down"), ApiError(0, "", "no answer"), ApiError(409, "Conflict", "")],
)
def test_what_may_pass_is_no_refusal(error: ApiError) -> None:
    world = World()
    world.answer = error
    world.want()
    world.pass_for(5)
    world.answer = None
    world.pass_for(100)
    assert LOBBY in world.live
    assert len(world.attempts) == 3
    assert world.events == {}


def test_what_is_changed_on_the_way_is_told_and_not_fought_over() -> None:
    world = World()
    world.keeps = False
    world.want()
    world.pass_for(0)
    for _ in range(100):
        world.watch()
        world.pass_for(3)
    assert len(world.attempts) < 10
    (event,) = world.events.values()
    assert event["reason"] == "ListedNotKept"


def test_removals_wait_until_the_list_was_seen_to_change_or_long_enough() -> None:
    for change, expected in ((False, 100.0), (True, 10.0)):
        world = World(removal_delay_seconds=100)
        world.want()
        world.pass_for(0)
        world.watch()
        began = world.now
        # Another operator begins, with a list that does not have it.
        other = World(removal_delay_seconds=100)
        other.live, other.cache, other.now = world.live, world.cache, began
        other.keeper._cache = world.cache
        other.want(None)
        other.pass_for(10)
        assert LOBBY in other.live
        if change:
            other.want(None, changed=True)
        other.pass_for(200)
        assert LOBBY not in other.live
        assert other.attempts == [began + expected]
