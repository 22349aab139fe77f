"""The cameras of a benchmark: made, watched, and waited for."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.operator_api import Api

_CREATORS = 8
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 600
_PATIENCE_SECONDS_PER_CAMERA = 0.3


def is_complete(camera: Mapping[str, Any]) -> bool:
    """Say whether a status tells everything: ready, and the stream's settings confirmed."""
    status = camera.get("status", {})
    conditions = {item["type"]: item["status"] for item in status.get("conditions", [])}
    settings = status.get("effectiveSettings", {})
    return (
        conditions.get("Ready") == "True"
        and len(conditions) == 6
        and "pod" in status
        and settings.get("appliedGeneration") == settings.get("generation") is not None
    )


def has_threshold(seconds: int) -> Callable[[Mapping[str, Any]], bool]:
    """Return what says whether a camera's stream has confirmed a threshold."""

    def confirmed(camera: Mapping[str, Any]) -> bool:
        settings = camera.get("status", {}).get("effectiveSettings", {})
        return settings.get("thresholdSeconds") == seconds and is_complete(camera)

    return confirmed


def has_counted(restarts: int) -> Callable[[Mapping[str, Any]], bool]:
    """Return what says whether so many restarts of a camera were counted."""

    def counted(camera: Mapping[str, Any]) -> bool:
        found = camera.get("status", {}).get("restarts", {}).get("total", 0)
        assert found <= restarts, f"{camera['metadata']['name']} has {found} restarts"
        return bool(found == restarts)

    return counted


def cameras_path(namespace: str) -> str:
    """Return the path of all cameras of a namespace."""
    return f"/apis/camerastream.dev/v1alpha1/namespaces/{namespace}/camerastreams"


class Cameras:
    """All cameras of a namespace, as the API server shows them.

    Args:
        api: The API server.
        namespace: Theirs.
        count: How many.
    """

    def __init__(self, api: Api, namespace: str, count: int) -> None:
        self._api = api
        self._path = cameras_path(namespace)
        self._names = [f"camera-{number:04}" for number in range(count)]
        self._seen: dict[str, Mapping[str, Any]] = {}
        self._changed: set[str] = set()

    async def follow(self) -> None:
        """Watch them until cancelled."""
        async for _, item in self._api.follow(self._path):
            name = item["metadata"]["name"]
            self._seen[name] = item
            self._changed.add(name)

    async def create(self) -> None:
        """Create all of them."""
        names = iter(self._names)

        async def some() -> None:
            for name in names:
                await self._api.call("POST", self._path, camera_manifest(name))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(_CREATORS):
                tasks.create_task(some())

    async def until(self, true: Callable[[Mapping[str, Any]], bool]) -> float:
        """Wait until something is true of all of them and return when that was.

        Raises:
            TimeoutError: It did not become so.
        """
        left = set(self._names)
        patience_seconds = _PATIENCE_SECONDS + _PATIENCE_SECONDS_PER_CAMERA * len(left)
        deadline = time.monotonic() + patience_seconds
        self._changed = set(left)
        while True:
            # Only those that have changed: looking at ten thousand takes what the operator needs.
            changed, self._changed = self._changed & left, set()
            left -= {name for name in changed if true(self._seen.get(name, {}))}
            if not left:
                return time.monotonic()
            if time.monotonic() > deadline:
                one = self._seen.get(min(left))
                raise TimeoutError(f"still {len(left)} of {len(self._names)}, as {one}")
            await asyncio.sleep(_LOOK_SECONDS)


def camera_manifest(name: str) -> dict[str, Any]:
    """Return a CameraStream as a user writes it."""
    return {
        "apiVersion": "camerastream.dev/v1alpha1",
        "kind": "CameraStream",
        "metadata": {"name": name},
        "spec": {
            "source": {"url": f"rtsp://{name}.example/stream1"},
            "capture": {"intervalMilliseconds": 5000},
        },
    }
