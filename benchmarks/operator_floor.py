"""The least that any operator has to do: the reference for time and CPU.

A bare client in this process makes the same StatefulSet for each camera, waits until its
pod is ready and writes one status of the same size. It knows of no restart, heals nothing
and forgets everything; how long it takes is how long the API server takes.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.operator_api import MERGE_PATCH, Api
from benchmarks.operator_cameras import camera_manifest, cameras_path
from benchmarks.operator_process import FLOOR_NAMESPACE
from camerastream_operator.api.resource import read_camera_stream
from camerastream_operator.budget import evaluate_budget
from camerastream_operator.defaults import StreamDefaults
from camerastream_operator.desired import completed_spec, desired_stateful_set
from camerastream_operator.effective import (
    EffectiveSettings,
    ThresholdSource,
    Wanted,
    annotation_value,
)
from camerastream_operator.ledger import count_restarts
from camerastream_operator.observation import Observation
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import RestartRecord
from camerastream_operator.status import build_status
from camerastream_operator.stream_status import StreamStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WORKERS = 32
_APPLY = "application/apply-patch+yaml"
_DEFAULTS = StreamDefaults(
    image="camerastream:benchmark", bootstrap_servers=("kafka.example:9092",)
)
_EFFECTIVE = EffectiveSettings(1, Wanted(60, ThresholdSource.DEFAULT))


class Floor:
    """The bare client.

    Args:
        api: The API server.
        count: How many cameras.
    """

    def __init__(self, api: Api, count: int) -> None:
        self._api = api
        self._names = iter([f"camera-{number:04}" for number in range(count)])
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}

    async def run(self) -> tuple[float, float]:
        """Do it; return the seconds it took and the CPU seconds of this process."""
        began, cpu = time.monotonic(), time.process_time()
        following = asyncio.create_task(self._follow())
        # A camera that waits for its pod must not keep the others from being made.
        async with asyncio.TaskGroup() as tasks:
            places = asyncio.Semaphore(_WORKERS)
            for name in self._names:
                tasks.create_task(self._one(name, places))
        seconds = time.monotonic() - began
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return seconds, time.process_time() - cpu

    async def _follow(self) -> None:
        path = f"/api/v1/namespaces/{FLOOR_NAMESPACE}/pods"
        async for _, body in self._api.follow(path):
            conditions = body["status"].get("conditions", [])
            if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
                name = body["metadata"]["name"].removesuffix("-0")
                waiting = self._waiting.get(name)
                if waiting is not None and not waiting.done():
                    waiting.set_result(body)

    async def _one(self, name: str, places: asyncio.Semaphore) -> None:
        self._waiting[name] = asyncio.get_running_loop().create_future()
        async with places:
            path = cameras_path(FLOOR_NAMESPACE)
            camera = read_camera_stream(await self._api.call("POST", path, camera_manifest(name)))
            assert camera.spec is not None
            stateful_set = desired_stateful_set(
                camera,
                completed_spec(camera.spec, _DEFAULTS),
                _DEFAULTS,
                settings=annotation_value(_EFFECTIVE),
            )
            root = f"/apis/apps/v1/namespaces/{FLOOR_NAMESPACE}/statefulsets"
            query = "fieldManager=floor&force=true"
            await self._api.call("PATCH", f"{root}/{name}?{query}", stateful_set, _APPLY)
        body = await self._waiting[name]
        async with places:
            now, pod = datetime.now(UTC), read_pod(body)
            record = count_restarts(RestartRecord(), [pod], now=now).record
            budget = evaluate_budget(camera.spec.restart_policy, [], now)
            seen = Observation(
                now=now,
                pod=pod,
                effective=_EFFECTIVE,
                budget=budget,
                stream=StreamStatus("healthy", settings_generation=1),
            )
            status = build_status({}, seen, record, generation=camera.generation)
            path = f"{cameras_path(FLOOR_NAMESPACE)}/{name}/status"
            await self._api.call("PATCH", path, {"status": status}, MERGE_PATCH)


async def measure_floor(folder: Path, count: int) -> tuple[float, float]:
    """Return the seconds and the CPU seconds that the bare client needs.

    Args:
        folder: Of the cluster.
        count: How many cameras.
    """
    async with Api(folder) as api:
        return await Floor(api, count).run()
