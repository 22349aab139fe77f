"""The customary way: the same work by kopf's own handlers, as kopf's documentation shows them.

`on.create` and `on.update` make the StatefulSet, a timer looks at the pod and its stream and
writes the status. kopf keeps what it has handled in annotations and adds a finalizer for the
timer. Decisions and status are the operator's own functions, API calls are asynchronous, and
nothing is written that has not changed: only the engine differs. It counts no restart, heals
nothing, and asks for every pod at every interval. Run as a process of its own:
`python -m benchmarks.operator_kopf_defaults`.
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import kopf
from aiohttp import web
from kubernetes.aio.client.api.apps_v1_api import AppsV1Api
from kubernetes.aio.client.api.core_v1_api import CoreV1Api
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.config import load_kube_config

from camerastream_operator.api.resource import read_camera_stream
from camerastream_operator.budget import evaluate_budget
from camerastream_operator.desired import completed_spec, desired_stateful_set
from camerastream_operator.effective import (
    EffectiveSettings,
    ThresholdSource,
    Wanted,
    annotation_value,
)
from camerastream_operator.ledger import count_restarts
from camerastream_operator.names import GROUP, PLURAL, VERSION, pod_name
from camerastream_operator.observation import Observation
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import read_record
from camerastream_operator.runtime.defaults_file import parse_defaults
from camerastream_operator.status import build_status, differs
from camerastream_operator.stream_status import read_stream_status

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from camerastream_operator.defaults import StreamDefaults
    from camerastream_operator.pods import Pod
    from camerastream_operator.stream_status import StreamStatus

_INTERVAL_SECONDS = 10.0
_EFFECTIVE = EffectiveSettings(1, Wanted(60, ThresholdSource.DEFAULT))


class Reference:
    """The handlers, and what they share.

    Args:
        api: The connection.
        session: Asks streams.
        defaults: The defaults of all cameras.
        status_url: Where streams answer, with `{namespace}` and `{pod}`.
    """

    def __init__(
        self,
        api: ApiClient,
        session: aiohttp.ClientSession,
        defaults: StreamDefaults,
        status_url: str,
    ) -> None:
        self._apps, self._core = AppsV1Api(api), CoreV1Api(api)
        self._session = session
        self._defaults = defaults
        self._status_url = status_url
        self.observed: set[str] = set()

    async def make(self, body: kopf.Body, **_: Any) -> None:
        """Make the StatefulSet."""
        camera = read_camera_stream(dict(body))
        assert camera.spec is not None
        stateful_set = desired_stateful_set(
            camera,
            completed_spec(camera.spec, self._defaults),
            self._defaults,
            settings=annotation_value(_EFFECTIVE),
        )
        try:
            await self._apps.create_namespaced_stateful_set(camera.namespace, stateful_set)
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            await self._apps.patch_namespaced_stateful_set(
                camera.name, camera.namespace, stateful_set
            )

    async def observe(self, body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
        """Write the status if it has changed."""
        camera = read_camera_stream(dict(body))
        self.observed.add(camera.uid)
        pod = await self._pod(camera.namespace, pod_name(camera.name))
        if camera.spec is None or pod is None or not pod.ready:
            return
        now = datetime.now(UTC)
        record = count_restarts(read_record(camera.status), [pod], now=now).record
        seen = Observation(
            now=now,
            pod=pod,
            effective=_EFFECTIVE,
            budget=evaluate_budget(camera.spec.restart_policy, [], now),
            stream=await self._stream(camera.namespace, pod),
        )
        status = build_status(camera.status, seen, record, generation=camera.generation)
        # kopf keeps a part of its own there.
        before = {name: value for name, value in camera.status.items() if name in status}
        if differs(before, status):
            written: MutableMapping[str, Any] = patch.status
            written.update(status)

    async def _pod(self, namespace: str, name: str) -> Pod | None:
        try:
            answer = await self._core.read_namespaced_pod_without_preload_content(name, namespace)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        body = json.loads(await answer.read())
        return read_pod(body) if body.get("kind") == "Pod" else None

    async def _stream(self, namespace: str, pod: Pod) -> StreamStatus | None:
        url = self._status_url.format(ip=pod.ip, namespace=namespace, pod=pod.name)
        async with self._session.get(url) as answer:
            return read_stream_status(await answer.json())


def _registry(reference: Reference) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    where = (GROUP, VERSION, PLURAL)
    kopf.on.create(*where, registry=registry)(reference.make)
    kopf.on.update(*where, field="spec", registry=registry)(reference.make)
    kopf.timer(*where, interval=_INTERVAL_SECONDS, registry=registry)(reference.observe)
    kopf.on.login(registry=registry)(kopf.login_via_client)
    return registry


async def _serve(reference: Reference) -> None:
    """Say what the operator's own `/readyz` and `/metrics` say, as far as benchmarks ask."""

    async def metrics(_: web.Request) -> web.Response:
        lines = [
            "camerastream_operator_leader 1",
            f"camerastream_operator_reconcile_seconds_count {len(reference.observed)}",
        ]
        return web.Response(text="\n".join(lines) + "\n")

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    application.router.add_get("/readyz", metrics)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"http_port": runner.addresses[0][1]}), flush=True)


async def main() -> None:
    """Work until SIGTERM."""
    configuration = Configuration()
    await load_kube_config(client_configuration=configuration)
    defaults = parse_defaults(Path(os.environ["OPERATOR_DEFAULTS_FILE"]).read_text(), "the file")
    async with ApiClient(configuration) as api, aiohttp.ClientSession() as session:
        url = os.environ["OPERATOR_STREAM_STATUS_URL"]
        reference = Reference(api, session, defaults.stream, url)
        await _serve(reference)
        settings = kopf.OperatorSettings()
        settings.scanning.disabled = True
        settings.posting.enabled = False
        await kopf.operator(
            registry=_registry(reference),
            settings=settings,
            standalone=True,
            identity="reference",
            namespaces=[os.environ["OPERATOR_WATCH_NAMESPACES"]],
        )


if __name__ == "__main__":
    asyncio.run(main())
