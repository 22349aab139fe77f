"""Writes statuses: only when they differ, at most once per look, and Events after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.api.resource import read_camera_stream
from camerastream_operator.engine.pacing import patience_seconds
from camerastream_operator.engine.tally import RestartTally
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.patches import merge_patch
from camerastream_operator.kube.refresh import refresh_camera
from camerastream_operator.kube.resources import Key, Kind
from camerastream_operator.restarts import read_record
from camerastream_operator.status import differs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.engine.recorder import Recorder
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.restarts import Restart


class StatusWriter:
    """Writes statuses and announces restarts.

    Args:
        client: Writes.
        cache: Learns what was written.
        recorder: Announces.
        clock: Tells the time.
        on_restart: Hears of restarts that a status has counted: reason and number; of each one
            once, also where the answer of the write was lost.
    """

    def __init__(
        self,
        client: KubeClient,
        cache: Cache,
        recorder: Recorder,
        *,
        clock: Clock,
        on_restart: Callable[[str, int], None],
    ) -> None:
        self._client = client
        self._cache = cache
        self._recorder = recorder
        self._clock = clock
        self._on_restart = on_restart
        self._differs_since: dict[Key, float] = {}
        self._unannounced: dict[Key, list[Restart]] = {}
        self._caught_up: set[str] = set()
        self._tally = RestartTally()
        self._log = structlog.get_logger()

    async def write(
        self,
        key: Key,
        camera: CameraStream,
        status: Mapping[str, Any],
        restarts: tuple[Restart, ...] = (),
    ) -> float | None:
        """Write a status if it differs, and announce restarts.

        Args:
            key: Whose.
            camera: The resource that the status was made for.
            status: The status.
            restarts: Those that it counts and the one before did not.

        Returns:
            After how many seconds to look again: the status can wait, or was overtaken.

        Raises:
            ApiError: A call failed.
        """
        self._count(key, camera.uid, camera.status)
        if not differs(camera.status, status):
            self._differs_since.pop(key, None)
        else:
            since = self._differs_since.setdefault(key, self._clock.monotonic())
            waited = self._clock.monotonic() - since
            others = len(self._differs_since) - 1
            patience = patience_seconds(camera.status, status, waiting=others)
            if (left := patience - waited) > 0:
                await self._announce(key, camera)
                return left
            if not await self._patch(key, camera, status):
                return 0.0
            self._differs_since.pop(key, None)
            self._unannounced.setdefault(key, []).extend(restarts)
            self._count(key, camera.uid, status)
        await self._announce(key, camera)
        return None

    def forget(self, key: Key) -> None:
        """Forget a camera that is no more."""
        self._differs_since.pop(key, None)
        self._unannounced.pop(key, None)
        self._tally.forget(key)

    async def _patch(self, key: Key, camera: CameraStream, status: Mapping[str, Any]) -> bool:
        """Write; return False when the resource was another one by now, which is then known."""
        patch = merge_patch(camera.status, status)
        try:
            written = await self._client.patch_status(
                key, patch, resource_version=camera.resource_version
            )
        except ApiError as error:
            if not (error.conflict or error.not_found):
                # It may be written, and counted, all the same: then only a look at the Events
                # there are tells which restarts have none.
                self._caught_up.discard(camera.uid)
                raise
            await refresh_camera(self._client, self._cache, key, camera.uid)
            return False
        self._cache.upsert(Kind.CAMERA, written)
        return True

    def _count(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        new = self._tally.new(key, uid, read_record(status).counts)
        for reason, count in new.items():
            self._on_restart(reason.value, count)
            self._log.warning("restarts are counted", reason=reason.value, count=count)

    async def _announce(self, key: Key, camera: CameraStream) -> None:
        now = self._clock.now()
        if camera.uid not in self._caught_up:
            # Before the new ones, which are not in doubt.
            await self._recorder.catch_up(camera, reversed(read_record(camera.status).recent), now)
            self._caught_up.add(camera.uid)
        pending = self._unannounced.pop(key, [])
        try:
            while pending:
                await self._recorder.announce(camera, pending[:1], now)
                del pending[0]
        finally:
            if pending:
                self._unannounced[key] = pending


def read_again(cache: Cache, key: Key) -> CameraStream | None:
    """Return a camera as it is known now; None when it is gone or going."""
    body = cache.camera(key)
    camera = read_camera_stream(body) if body is not None else None
    return None if camera is None or camera.deleting else camera
