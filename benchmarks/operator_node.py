"""Stands in for a thousand pods: writes their status, as kubelets would, and runs nothing.

A pod gets two writes when it starts (running, then ready) and two at a restart. It also
serves each stream's `/status`. Run as a process of its own, so that what it costs is not
counted as the operator's: `python -m benchmarks.operator_node FOLDER`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from benchmarks.operator_api import MERGE_PATCH, Api, ApiRefusedError
from benchmarks.operator_pod_status import FakePod

if TYPE_CHECKING:
    from collections.abc import Mapping

SELECTOR = "camerastream.dev/camera"
_SETTINGS = "camerastream.dev/effective-settings"
_WRITERS = 16
START_SECONDS = 1.0


class FakeNode:
    """The pods and who writes their status.

    Args:
        api: The API server.
        start_seconds: From a container's start to its being ready.
    """

    def __init__(self, api: Api, start_seconds: float) -> None:
        self._api = api
        self._start_seconds = start_seconds
        self._pods: dict[tuple[str, str], FakePod] = {}
        self._due: asyncio.Queue[FakePod] = asyncio.Queue()
        self._seen = 0

    async def run(self) -> None:
        """Follow the pods until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_WRITERS):
                tasks.create_task(self._write())
            async for kind, body in self._api.follow("/api/v1/pods", SELECTOR):
                self._on_pod(kind, body)

    def application(self) -> web.Application:
        """Return what is served: the streams' `/status`, and what the benchmark asks for."""
        application = web.Application()
        application.router.add_get("/status/{namespace}/{pod}", self._stream_status)
        application.router.add_post("/restart/{namespace}/{reason}", self._restart)
        return application

    def _on_pod(self, kind: str, body: Mapping[str, Any]) -> None:
        metadata = body["metadata"]
        key = metadata["namespace"], metadata["name"]
        known = self._pods.get(key)
        if kind == "DELETED":
            if known is not None and known.uid == metadata["uid"]:
                del self._pods[key]
            return
        if known is None or known.uid != metadata["uid"]:
            self._seen += 1
            address = f"10.{self._seen >> 16 & 255}.{self._seen >> 8 & 255}.{self._seen & 255}"
            image = body["spec"]["containers"][0]["image"]
            known = FakePod(*key, metadata["uid"], address, image)
            self._pods[key] = known
            known.start(_now())
            self._due.put_nowait(known)
        with contextlib.suppress(ValueError):
            settings = json.loads(metadata.get("annotations", {}).get(_SETTINGS, ""))
            known.settings_generation = settings["generation"]

    async def _write(self) -> None:
        while True:
            pod = await self._due.get()
            body = {"metadata": {"uid": pod.uid}, "status": pod.status(_now())}
            path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/status"
            try:
                await self._api.call("PATCH", path, body, MERGE_PATCH)
            except ApiRefusedError as refusal:
                # It is gone, or another one by now.
                if refusal.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                    raise
                continue
            if not pod.ready:
                asyncio.get_running_loop().call_later(self._start_seconds, self._get_ready, pod)

    def _get_ready(self, pod: FakePod) -> None:
        pod.ready = True
        self._due.put_nowait(pod)

    async def _stream_status(self, request: web.Request) -> web.Response:
        pod = self._pods.get((request.match_info["namespace"], request.match_info["pod"]))
        if pod is None or not pod.running:
            raise web.HTTPServiceUnavailable
        return web.json_response(pod.stream_status())

    async def _restart(self, request: web.Request) -> web.Response:
        now = _now()
        namespace, reason = request.match_info["namespace"], request.match_info["reason"]
        pods = [pod for pod in self._pods.values() if pod.namespace == namespace]
        for pod in pods:
            pod.restart(reason, now)
            self._due.put_nowait(pod)
        return web.json_response({"restarted": len(pods)})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def serve(folder: Path, start_seconds: float) -> None:
    """Stand in for pods until SIGTERM; print the port that is listened on."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with Api(folder) as api:
        node = FakeNode(api, start_seconds)
        runner = web.AppRunner(node.application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        work = asyncio.create_task(node.run())
        asked = asyncio.create_task(told.wait())
        await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await runner.cleanup()


def main() -> None:
    """Run as a process."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="of a cluster of the testbed")
    parser.add_argument("--start-seconds", type=float, default=START_SECONDS)
    given = parser.parse_args()
    asyncio.run(serve(given.folder, given.start_seconds))


if __name__ == "__main__":
    main()
