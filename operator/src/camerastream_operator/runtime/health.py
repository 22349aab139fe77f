"""Serves `/livez`, `/readyz` and `/metrics` on the loop that does the work.

On the same loop on purpose: when that stands still, the probe gets no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from camerastream_operator.runtime.progress import not_live, not_ready

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from camerastream_operator.runtime.progress import Progress


class HealthServer:
    """The HTTP server.

    Args:
        progress: Returns how far things have come.
        registry: The metrics.
    """

    def __init__(self, progress: Callable[[], Progress], registry: CollectorRegistry) -> None:
        self._progress = progress
        self._registry = registry
        application = web.Application()
        application.router.add_get("/livez", self._livez)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self, host: str, port: int) -> int:
        """Begin to serve and return the port.

        Raises:
            OSError: Nothing can be served there.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        return int(address[1])

    async def stop(self) -> None:
        """End."""
        await self._runner.cleanup()

    async def _livez(self, _request: web.Request) -> web.Response:
        return _answer(not_live(self._progress()))

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(not_ready(self._progress()))

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )


def _answer(problem: str | None) -> web.Response:
    if problem is None:
        return web.Response(text="ok\n")
    return web.Response(status=503, text=problem + "\n")
