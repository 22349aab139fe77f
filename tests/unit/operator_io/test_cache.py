"""The cache against a cluster whose events come late, twice, or never."""

from __future__ import annotations

import asyncio
import copy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.kube.cache import Cache
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import Key, Kind
from camerastream_operator.kube.sync import CONFIRM_AFTER_SECONDS, Synchronizer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

_PAGE = 2
NAMES = ("one", "two", "three")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "change", "delete", "deliver", "lose", "repeat", "list"]),
        st.integers(0, 2),
    ),
    max_size=60,
)


class World:
    """The pods there are, and the events that are under way."""

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.delivered: list[tuple[str, dict[str, Any]]] = []
        self.version = 0
        self.now = 0.0
        self.fails_with: list[int] = []

    def create(self, name: str) -> None:
        if name not in self.pods:
            self.version += 1
            self.pods[name] = _pod(name, f"uid-{self.version}", self.version)
            self._tell("ADDED", name)

    def change(self, name: str) -> None:
        if name in self.pods:
            self._count(name)
            self._tell("MODIFIED", name)

    def delete(self, name: str) -> None:
        if name in self.pods:
            self._count(name)
            self._tell("DELETED", name)
            del self.pods[name]

    def step(self, step: str, number: int, cache: Cache) -> None:
        """Let something happen, to the cluster or on the way from it."""
        match step:
            case "create" | "change" | "delete":
                getattr(self, step)(NAMES[number])
            case "deliver" if self.events:
                self.delivered.append(self.events.pop(0))
                _take(cache, self.delivered[-1])
            case "lose" if self.events:
                self.events.pop(0)
            case "repeat" if self.delivered:
                _take(cache, self.delivered[number % len(self.delivered)])

    async def list_pages(
        self, kind: Kind, _namespace: str | None
    ) -> AsyncIterator[list[dict[str, Any]]]:
        if kind is not Kind.POD:
            yield []
            return
        listed = copy.deepcopy(list(self.pods.values()))
        for start in range(0, max(1, len(listed)), _PAGE):
            if start and self.fails_with:
                raise ApiError(self.fails_with.pop(), "", "as the test wants it")
            yield listed[start : start + _PAGE]

    def _count(self, name: str) -> None:
        self.version += 1
        self.pods[name]["metadata"]["resourceVersion"] = str(self.version)

    def _tell(self, event: str, name: str) -> None:
        self.events.append((event, copy.deepcopy(self.pods[name])))


def _pod(name: str, uid: str, version: int) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "cams",
            "name": f"{name}-0",
            "uid": uid,
            "resourceVersion": str(version),
            "labels": {"camerastream.dev/camera": name},
            "managedFields": [{"manager": "kubelet"}],
        }
    }


def _take(cache: Cache, event: tuple[str, dict[str, Any]]) -> None:
    kind, body = event
    (cache.remove if kind == "DELETED" else cache.upsert)(Kind.POD, body)


@given(STEPS)
def test_after_two_lists_it_is_true_whatever_was_lost(steps: Iterable[tuple[str, int]]) -> None:
    world = World()
    cache = Cache(lambda: world.now)
    sync = Synchronizer(world, cache, [None], clock=lambda: world.now, on_change=lambda _: None)  # type: ignore[arg-type]
    for step, number in steps:
        world.now += 1
        if step == "list":
            asyncio.run(sync.compare())
        else:
            world.step(step, number, cache)
    for _ in range(2):
        asyncio.run(sync.compare())
        world.now += CONFIRM_AFTER_SECONDS + 1
    asyncio.run(sync.compare())

    for name in NAMES:
        expected = world.pods.get(name)
        found = cache.pod(Key("cams", name))
        if expected is None:
            assert found is None
            continue
        assert found is not None
        for field in ("uid", "resourceVersion"):
            assert found["metadata"][field] == expected["metadata"][field]
        assert "managedFields" not in found["metadata"]


def test_the_last_state_of_a_pod_is_kept_until_it_is_counted() -> None:
    cache = Cache(lambda: 0.0)
    key = Key("cams", "one")
    cache.upsert(Kind.POD, _pod("one", "a", 1))

    assert cache.remove(Kind.POD, _pod("one", "a", 2)) == key
    assert cache.upsert(Kind.POD, _pod("one", "a", 1)) is None
    (look,) = cache.departed(key)

    assert (look.uid, look.resource_version, look.gone) == ("a", 2, True)
    cache.forget_departed(key, (look,))
    assert cache.departed(key) == ()


def test_what_is_missing_in_one_list_may_have_its_event_under_way() -> None:
    world = World()
    cache = Cache(lambda: world.now)
    sync = Synchronizer(world, cache, [None], clock=lambda: world.now, on_change=lambda _: None)  # type: ignore[arg-type]
    world.create("one")
    asyncio.run(sync.compare())
    world.delete("one")
    world.now = 100

    asyncio.run(sync.compare())

    assert sync.must_confirm
    assert cache.pod(Key("cams", "one")) is not None
    _take(cache, world.events[-1])
    assert cache.departed(Key("cams", "one"))[0].gone


def test_a_stateful_set_is_news_when_something_that_is_read_has_changed() -> None:
    cache = Cache(lambda: 0.0)
    key = Key("cams", "one")

    def seen(version: int, *, generation: int, observed: int, **status: int) -> Key | None:
        metadata = {"namespace": "cams", "name": "one", "uid": "a", "generation": generation}
        body = {
            "metadata": {**metadata, "resourceVersion": str(version)},
            "spec": {"replicas": 1},
            "status": {"observedGeneration": observed, **status},
        }
        return cache.upsert(Kind.STATEFUL_SET, body)

    assert seen(1, generation=1, observed=0) == key
    assert seen(2, generation=1, observed=1) is None
    assert seen(3, generation=1, observed=1, replicas=1) is None
    assert seen(4, generation=1, observed=1, replicas=1, readyReplicas=1) is None
    # It is known all the same: an older one that comes late changes nothing.
    assert seen(2, generation=1, observed=0) is None
    assert seen(5, generation=2, observed=1, readyReplicas=1) == key
    assert seen(6, generation=2, observed=2, readyReplicas=1) == key
    found = cache.stateful_set(key)
    assert found is not None
    assert found["status"] == {"observedGeneration": 2}


def test_a_list_that_fails_half_way_is_made_up_for() -> None:
    world, told = World(), list[Key]()
    cache = Cache(lambda: world.now)
    sync = Synchronizer(world, cache, [None], clock=lambda: world.now, on_change=told.append)  # type: ignore[arg-type]
    for name in NAMES:
        world.create(name)

    # The first one must be whole before anything is done.
    world.fails_with = [HTTPStatus.SERVICE_UNAVAILABLE]
    with pytest.raises(ApiError):
        asyncio.run(sync.compare())
    assert (told, sync.synced_at) == ([], None)
    asyncio.run(sync.compare())
    assert told == sorted(Key("cams", name) for name in NAMES)

    # What a later one has brought is told, and what it has not got to is not gone.
    told.clear()
    world.change("one")
    world.now = 100
    world.fails_with = [HTTPStatus.SERVICE_UNAVAILABLE]
    with pytest.raises(ApiError):
        asyncio.run(sync.compare())
    assert told == [Key("cams", "one")]
    assert not sync.must_confirm


def test_a_list_whose_pages_have_expired_is_begun_again() -> None:
    world = World()
    cache = Cache(lambda: world.now)
    sync = Synchronizer(world, cache, [None], clock=lambda: world.now, on_change=lambda _: None)  # type: ignore[arg-type]
    for name in NAMES:
        world.create(name)
    world.fails_with = [HTTPStatus.GONE]

    asyncio.run(sync.compare())

    assert all(cache.pod(Key("cams", name)) is not None for name in NAMES)
    assert world.fails_with == []
