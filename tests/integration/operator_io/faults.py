"""An HTTPS proxy before the real API server that has, on command, every trouble of one."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.testbed.pki import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.testbed.kubernetes.layout import Layout

RETRY_AFTER_SECONDS = 1
_HOST = "127.0.0.1"
_START_SECONDS, _END_SECONDS = 30, 0.1
_GOODBYE_SECONDS = 0.25
# Of one connection, or said anew by the proxy's own side of it.
_NOT_PASSED_ON = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "authorization", "date"}
)


class Fault(Enum):
    """What is wrong, and what becomes of a request while it is."""

    NONE = "none"
    """Everything passes."""
    TOO_MANY_REQUESTS = "429"
    """Every request is answered 429 with Retry-After."""
    UNAVAILABLE = "503"
    """Every request is answered 503."""
    GONE_EVENT = "410 as an event"
    """Every watch is answered 200 and an ERROR event with code 410."""
    GONE_STATUS = "410 as a status"
    """Every watch is answered 410."""
    LOST_ANSWERS = "lost answers"
    """Every write reaches the API server, and the connection breaks before its answer."""
    NO_CALLS = "calls hang"
    """No request and no answer passes, and no connection breaks; watches go on.

    When it ends, what somebody still waits for passes, as TCP sends it again.
    """
    BLACK_HOLE = "black hole"
    """The same, and no byte of a watch passes either."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write that the API server has answered, whether or not the answer got through."""

    method: str
    path: str
    body: bytes
    status: int


class ApiProxy:
    """Passes requests on to the API server as the administrator.

    What the fault is may be changed at any time, from any thread.

    Args:
        layout: Where the API server is.
        folder: For the certificate and the kubeconfig.

    Attributes:
        kubeconfig: Leads a client here.
        writes: Every write that the API server has answered.
    """

    def __init__(self, layout: Layout, folder: Path) -> None:
        self._server = layout.server
        self._upstream = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        self._upstream.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
        authority = CertificateAuthority("api-proxy-authority")
        key, certificate = folder / "proxy.key", folder / "proxy.crt"
        authority.issue("api-proxy", addresses=[_HOST]).write(key, certificate)
        self._downstream = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._downstream.load_cert_chain(certificate, key)
        (folder / "proxy-ca.crt").write_bytes(authority.certificate)
        self._folder = folder
        self._fault = Fault.NONE
        self._met: Counter[str] = Counter()
        self._watches: list[web.Request] = []
        self._loop = asyncio.new_event_loop()
        self._calls_pass, self._watches_pass = asyncio.Event(), asyncio.Event()
        self._let_pass()
        self._ended = asyncio.Event()
        self._started = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.kubeconfig = folder / "proxy.kubeconfig"
        self.writes: list[Write] = []

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_START_SECONDS)
        self.kubeconfig.write_text(json.dumps(self._configuration()))
        self.kubeconfig.chmod(0o600)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def begin(self, fault: Fault, *, drop_watches: bool = False) -> None:
        """Have a fault from now on, instead of any other.

        Args:
            fault: Which one.
            drop_watches: Break all watches too, so that they meet it as well.
        """

        def change() -> None:
            self._fault = fault
            self._met.clear()
            self._let_pass()
            if fault in (Fault.NO_CALLS, Fault.BLACK_HOLE):
                self._calls_pass.clear()
            if fault is Fault.BLACK_HOLE:
                self._watches_pass.clear()
            if drop_watches:
                self._drop_watches()

        self._call(change)

    def end(self) -> None:
        """Pass everything again."""
        self.begin(Fault.NONE)

    def drop_watches(self) -> None:
        """Break the connections of all watches."""
        self._call(self._drop_watches)

    def met(self, verb: str) -> int:
        """Return how many requests have met the fault: watch, read or write."""
        return self._met[verb]

    @property
    def watches(self) -> int:
        """How many watches stand."""
        return len(self._watches)

    def _call(self, change: Callable[[], None]) -> None:
        async def run() -> None:
            change()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(_START_SECONDS)

    def _let_pass(self) -> None:
        self._calls_pass.set()
        self._watches_pass.set()

    def _drop_watches(self) -> None:
        for request in self._watches:
            _break(request)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # A request that its client has given up is lost, like one that never arrived.
        server = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=_END_SECONDS
        )
        await server.setup()
        site = web.TCPSite(server, _HOST, 0, ssl_context=self._downstream)
        await site.start()
        self._port = server.addresses[0][1]
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._upstream, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        ) as self._session:
            self._started.set()
            await self._ended.wait()
            self._let_pass()
            self._drop_watches()
            await server.cleanup()
        # TLS connections say goodbye after the session is closed (aiohttp, "graceful shutdown").
        await asyncio.sleep(_GOODBYE_SECONDS)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        verb = _verb(request)
        if self._fault is not Fault.NONE:
            self._met[verb] += 1
        if (refusal := self._refusal(request)) is not None:
            return refusal
        await self._calls_pass.wait()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_PASSED_ON
        }
        async with self._session.request(
            request.method,
            URL(self._server + request.raw_path, encoded=True),
            headers=headers,
            data=body or None,
            skip_auto_headers=("Content-Type",),
        ) as answer:
            if verb == "watch":
                return await self._pass_watch(request, answer)
            data = await answer.read()
            if verb == "write":
                self.writes.append(Write(request.method, request.path, body, answer.status))
                if self._fault is Fault.LOST_ANSWERS:
                    _break(request)
            await self._calls_pass.wait()
            return web.Response(status=answer.status, body=data, headers=_headers(answer))

    async def _pass_watch(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        passed = web.StreamResponse(status=answer.status, headers=_headers(answer))
        await passed.prepare(request)
        self._watches.append(request)
        try:
            async for data in answer.content.iter_any():
                await self._watches_pass.wait()
                await passed.write(data)
        finally:
            self._watches = [watch for watch in self._watches if watch is not request]
        await passed.write_eof()
        return passed

    def _refusal(self, request: web.Request) -> web.Response | None:
        """Return the answer that the fault has for a request; None for the API server's."""
        match self._fault:
            case Fault.TOO_MANY_REQUESTS:
                headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
                return web.json_response(
                    _status(429, "TooManyRequests"), status=429, headers=headers
                )
            case Fault.UNAVAILABLE:
                return web.json_response(_status(503, "ServiceUnavailable"), status=503)
            case Fault.GONE_STATUS if _verb(request) == "watch":
                return web.json_response(_status(410, "Expired"), status=410)
            case Fault.GONE_EVENT if _verb(request) == "watch":
                event = {"type": "ERROR", "object": _status(410, "Expired")}
                return web.json_response(text=json.dumps(event) + "\n")
        return None

    def _configuration(self) -> dict[str, Any]:
        cluster = {
            "server": f"https://{_HOST}:{self._port}",
            "certificate-authority": str(self._folder / "proxy-ca.crt"),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            "clusters": [{"name": "proxy", "cluster": cluster}],
            # Not the API server's business: the proxy shows it the administrator's certificate.
            "users": [{"name": "proxy", "user": {"token": "of-no-use-elsewhere"}}],
        }


def _verb(request: web.Request) -> str:
    if request.method not in ("GET", "HEAD"):
        return "write"
    return "watch" if request.query.get("watch") in ("true", "1") else "read"


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name.lower() not in _NOT_PASSED_ON
    }


def _status(code: int, reason: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "as the test wants it",
        "reason": reason,
        "code": code,
    }


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
