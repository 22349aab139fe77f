"""Makes, changes and removes the CameraStreams of a list.

Level-triggered, as everything here: the list is compared with what is known whenever either
changes, and nothing is asked or written when they agree. Before a write the camera is looked
at once more, and written in the version that was looked at: a stranger's camera that came in
between stays the stranger's. The cache learns from the watch alone, as for any user's change.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.camera_list import (
    Act,
    decide,
    is_in_step,
    is_of_a_list,
    make_plan,
    manifest,
    not_kept,
    refused,
)
from camerastream_operator.engine.schedule import Backoff
from camerastream_operator.jsonview import text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import Key, Kind, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from camerastream_operator.camera_list import CameraList, ListedCamera, Refusal
    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.engine.refusals import Refusals
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient

_GATHER_SECONDS = 1.0
"""Also the least time between two writes of a camera that something else keeps changing."""

_FIRST_RETRY_SECONDS = 4.0
_LONGEST_RETRY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class _Tried:
    """What was tried last with a camera; None: to remove it."""

    camera: ListedCamera | None
    again_at: float


class ListKeeper:
    """Keeps cameras as a list says.

    Args:
        client: Looks and writes.
        cache: Is compared.
        refusals: Hears of what cannot be done.
        watched: The namespaces that are watched; None among them is the whole cluster.
        removal_delay_seconds: For so long after its start nothing is removed, unless the
            list was seen to change: that of another replica may have been newer.
        clock: Tells the time.
    """

    def __init__(
        self,
        client: KubeClient,
        cache: Cache,
        refusals: Refusals,
        watched: Sequence[str | None],
        *,
        removal_delay_seconds: float,
        clock: Clock,
    ) -> None:
        self._client = client
        self._cache = cache
        self._refusals = refusals
        self._watched = watched
        self._removal_delay = removal_delay_seconds
        self._clock = clock
        self._removals_from: float | None = None
        self._wanted: CameraList | None = None
        self._listed: frozenset[Key] = frozenset()
        self._of_a_list: set[Key] = set()
        self._must_scan = True
        self._news = asyncio.Event()
        self._tried: dict[Key, _Tried] = {}
        self._backoff: Backoff[Key] = Backoff(
            _FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS, clock.random
        )
        self._log = structlog.get_logger()

    @property
    def listed(self) -> int:
        """How many cameras are on the list."""
        return len(self._listed)

    def want(self, wanted: CameraList, *, changed: bool) -> None:
        """Take a list.

        Args:
            wanted: The list.
            changed: It was seen to change, so that it is newer than what another replica had.
        """
        self._wanted = wanted
        self._listed = frozenset(camera.key for camera in wanted.cameras)
        now = self._clock.monotonic()
        if changed:
            self._removals_from = now
        elif self._removals_from is None:
            self._removals_from = now + self._removal_delay
        self._news.set()

    def look_again(self) -> None:
        """Cameras have changed without an event."""
        self._must_scan = True
        self._news.set()

    def hear(self, body: Mapping[str, Any]) -> None:
        """A CameraStream was made, changed or removed."""
        key = key_of(Kind.CAMERA, body)
        if key is None:
            return
        if is_of_a_list(body):
            self._of_a_list.add(key)
        if key in self._listed or key in self._of_a_list:
            self._news.set()

    async def run(self) -> None:
        """Compare whenever there is news or it is time, until cancelled."""
        while True:
            self._news.clear()
            delay = await self.keep()
            try:
                async with asyncio.timeout(delay):
                    await self._news.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_GATHER_SECONDS)

    async def keep(self) -> float | None:
        """Do what is to be done now; return when to look again without news."""
        if self._wanted is None:
            return None
        plan = make_plan(self._wanted, self._live(), self._watched)
        work: dict[Key, ListedCamera | None] = {item.key: item for item in plan.writes}
        removals_wait = self._removals_wait(plan.removals)
        if not removals_wait:
            work |= dict.fromkeys(plan.removals)
        self._forget_all_but(work.keys() | {refusal.key for refusal in plan.refusals})
        for refusal in plan.refusals:
            await self._refusals.tell(refusal)
        for key, camera in work.items():
            tried, now = self._tried.get(key), self._clock.monotonic()
            if tried is None or tried.camera != camera or tried.again_at <= now:
                await self._attempt(self._wanted.name, key, camera)
        now = self._clock.monotonic()
        delays = [max(0.0, tried.again_at - now) for tried in self._tried.values()]
        if removals_wait:
            delays.append(removals_wait)
        return min(delays, default=None)

    async def _attempt(self, name: str, key: Key, camera: ListedCamera | None) -> None:
        refusal: Refusal | None = None
        try:
            if camera is None:
                await self._remove(name, key)
            else:
                refusal = await self._write(name, camera)
        except ApiError as error:
            if error.refused:
                uid = text_at(self._cache.camera(key), "metadata", "uid")
                refusal = refused(key, uid, error.message)
            elif not error.conflict:
                self._log.warning(
                    "a listed camera cannot be written; it is tried again",
                    camera=str(key),
                    error=str(error),
                )
        if refusal is not None:
            await self._refusals.tell(refusal)
        # Also where it went well: until the watch has told, it seems to be as it was.
        again_at = self._clock.monotonic() + self._backoff.failed(key)
        self._tried[key] = _Tried(camera, again_at)

    async def _write(self, name: str, camera: ListedCamera) -> Refusal | None:
        key = camera.key
        live = await self._client.get(Kind.CAMERA, key.namespace, key.name)
        act = decide(name, camera, live)
        if act not in (Act.CREATE, Act.CHANGE):
            return None
        wanted = manifest(name, camera)
        written = await self._client.apply_camera(
            wanted, resource_version=text_at(live, "metadata", "resourceVersion")
        )
        done = "is made" if act is Act.CREATE else "is changed"
        self._log.info(f"a listed camera {done}", camera=str(key))
        if is_in_step(wanted, written):
            return None
        return not_kept(key, text_at(written, "metadata", "uid"))

    async def _remove(self, name: str, key: Key) -> None:
        live = await self._client.get(Kind.CAMERA, key.namespace, key.name)
        if decide(name, None, live) is not Act.REMOVE:
            return
        await self._client.delete_camera(
            key,
            uid=text_at(live, "metadata", "uid"),
            resource_version=text_at(live, "metadata", "resourceVersion"),
        )
        self._log.info("a camera that is no longer on the list is removed", camera=str(key))

    def _live(self) -> dict[Key, dict[str, Any]]:
        """Return the CameraStreams that the plan is about, as far as they are known."""
        # To unpack ten thousand of them takes a quarter of a second of CPU.
        about = self._cache.cameras() if self._must_scan else self._listed | self._of_a_list
        self._must_scan = False
        found = {}
        for key in about:
            body = self._cache.camera(key)
            if body is not None and (key in self._listed or is_of_a_list(body)):
                found[key] = body
        self._of_a_list = {key for key, body in found.items() if is_of_a_list(body)}
        return found

    def _removals_wait(self, removals: Collection[Key]) -> float:
        """Return for how many seconds removals have to wait; 0 when they need not."""
        left = max(0.0, (self._removals_from or 0.0) - self._clock.monotonic())
        if removals and left:
            self._log.info(
                "cameras that are not on the list are removed later, as it may be out of date",
                cameras=[str(key) for key in removals],
                seconds=round(left),
            )
        return left if removals else 0.0

    def _forget_all_but(self, keys: Collection[Key]) -> None:
        """Forget what was tried with, and told of, cameras that are as they should be."""
        self._refusals.keep_only(keys)
        for key in self._tried.keys() - keys:
            del self._tried[key]
            self._backoff.succeeded(key)
