"""Writes what belongs to a camera: its StatefulSet, and its pod's annotation and end."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.desired import hash_of, is_contained
from camerastream_operator.engine.replacement import (
    has_settled,
    is_on_its_way,
    is_outdated,
    may_be_replaced,
    runs,
)
from camerastream_operator.jsonview import items_at, mapping_at, text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.refresh import refresh_camera
from camerastream_operator.kube.resources import Key, Kind
from camerastream_operator.pods import read_pod

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.engine.rollout import RollGate
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.pods import Pod


class CameraGoneError(Exception):
    """The resource has gone, or another one of its name is there: nothing may be made for it."""


class Children:
    """Makes and heals.

    Args:
        client: Writes.
        cache: Learns what was written.
        gate: Bounds how many pods are replaced at a time.
    """

    def __init__(self, client: KubeClient, cache: Cache, gate: RollGate) -> None:
        self._client = client
        self._cache = cache
        self._gate = gate
        self._log = structlog.get_logger()

    async def ensure_stateful_set(
        self, camera: CameraStream, desired: Mapping[str, Any], live: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Return the StatefulSet, written where it was not as wanted.

        Raises:
            ApiError: The call failed; `refused` when the API server does not take it.
            CameraGoneError: The cache was behind.
        """
        if live is None:
            if camera.status:
                # It had one, which has gone: maybe because the resource has.
                await self._look_for_camera(camera)
            made = await self._make(desired)
            if made is not None:
                return made
            live = await self._client.get(Kind.STATEFUL_SET, camera.namespace, camera.name)
            if live is None:
                raise ApiError(HTTPStatus.CONFLICT, "Conflict", "the StatefulSet comes and goes")
        if not _owned(live, camera.uid):
            raise ApiError(
                HTTPStatus.FORBIDDEN,
                "Foreign",
                f"StatefulSet {camera.name} exists and belongs to something else; delete it, "
                "or give this CameraStream another name",
            )
        if "deletionTimestamp" in mapping_at(live, "metadata") or not needs_apply(desired, live):
            return live
        written = await self._client.apply_stateful_set(desired, force=True)
        self._cache.upsert(Kind.STATEFUL_SET, written)
        self._log.info("the StatefulSet is changed")
        return written

    async def ensure_settings(self, namespace: str, pod: Pod, value: str) -> Pod:
        """Return the pod, with its live settings written where they were others.

        Raises:
            ApiError: The call failed.
        """
        if pod.settings == value or pod.delete_by is not None or pod.ended:
            return pod
        written = await self._client.annotate_pod(namespace, pod.name, pod.uid, value)
        self._cache.upsert(Kind.POD, written)
        self._log.info("the live settings are changed", settings=value)
        return read_pod(written)

    async def roll(
        self, key: Key, pod: Pod | None, stateful_set: Mapping[str, Any], now: datetime
    ) -> bool:
        """Replace the pod if it has to be; return whether that is still to come.

        Raises:
            ApiError: The call failed.
        """
        if pod is None:
            return key in self._gate
        if not is_outdated(pod, stateful_set):
            if has_settled(pod, stateful_set, now):
                self._gate.leave(key)
            return key in self._gate
        if not may_be_replaced(pod, stateful_set) or pod.resource_version is None:
            return True
        # What does not run is not interrupted: its change may be what makes it run.
        if not runs(pod) or self._gate.enter(key):
            await self._client.delete_pod(
                key.namespace, pod.name, uid=pod.uid, resource_version=str(pod.resource_version)
            )
            self._log.info("the pod is replaced after a change", pod=pod.name)
        return True

    def restore(self, now: datetime) -> None:
        """Count what the operator before this one has begun to replace."""
        for key in self._cache.cameras():
            stateful_set, body = self._cache.stateful_set(key), self._cache.pod(key)
            pod = None if body is None else read_pod(body)
            if stateful_set is not None and is_on_its_way(pod, stateful_set, now):
                self._gate.occupy(key)

    def forget(self, key: Key) -> None:
        """Forget a camera that is no more."""
        self._gate.leave(key)

    async def _make(self, desired: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Make a StatefulSet that is not known; return None where there is one all the same.

        The watch shows only what carries the operator's labels. Without force, server-side
        apply takes nothing over: the selector of a stranger is another one, and that alone is
        a conflict.
        """
        try:
            written = await self._client.apply_stateful_set(desired, force=False)
        except ApiError as error:
            if error.conflict:
                return None
            raise
        self._cache.upsert(Kind.STATEFUL_SET, written)
        self._log.info("the StatefulSet is made")
        return written

    async def _look_for_camera(self, camera: CameraStream) -> None:
        """Ask whether a resource is really there.

        What is made for one that has gone would run until the garbage collector finds it, and
        be made again when it has.
        """
        key = Key(camera.namespace, camera.name)
        await refresh_camera(self._client, self._cache, key, camera.uid)
        body = self._cache.camera(key)
        if text_at(body, "metadata", "uid") != camera.uid or "deletionTimestamp" in mapping_at(
            body, "metadata"
        ):
            raise CameraGoneError


def needs_apply(desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Say whether a StatefulSet has to be written.

    What was taken away from the template does not show in what is there; the template's
    hash does. The elements of a list do not say what they are, so that is left out.
    """
    wanted = {name: desired[name] for name in ("metadata", "spec")}
    return hash_of(desired) != hash_of(live) or not is_contained(wanted, live)


def _owned(live: Mapping[str, Any], uid: str) -> bool:
    return any(
        text_at(owner, "uid") == uid for owner in items_at(live, "metadata", "ownerReferences")
    )
