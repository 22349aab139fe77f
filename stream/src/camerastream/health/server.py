"""The HTTP endpoints, on threads of their own: nothing the program does delays them."""

from __future__ import annotations

import json
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from camerastream.health.metrics import ProgramCollector
from camerastream.health.status import status_of
from camerastream.health.verdicts import liveness, readiness

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream.health.verdicts import Verdict
    from camerastream.health.view import ProgramView

_CONNECTION_TIMEOUT_SECONDS = 10


class HealthServer:
    """Serves `/livez`, `/readyz`, `/metrics`, `/status` and, when asked, `/frame.jpg`.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        view: Returns the program as it is.
        last_frame: Returns the last sent JPEG; None serves no `/frame.jpg`.

    Raises:
        OSError: The address cannot be listened on.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        view: Callable[[], ProgramView],
        last_frame: Callable[[], bytes | None] | None,
    ) -> None:
        registry = CollectorRegistry()
        registry.register(ProgramCollector(view))

        class Handler(_Handler):
            pass

        Handler.view = staticmethod(view)
        Handler.last_frame = staticmethod(last_frame) if last_frame else None
        Handler.registry = registry
        self._server = _Server((host, port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="health", daemon=True
        )

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a probe that hung up is no event."""


class _Handler(BaseHTTPRequestHandler):
    view: Callable[[], ProgramView]
    last_frame: Callable[[], bytes | None] | None
    registry: CollectorRegistry
    timeout = _CONNECTION_TIMEOUT_SECONDS
    server_version = "camerastream"
    sys_version = ""

    def do_GET(self) -> None:
        match self.path.split("?", 1)[0]:
            case "/livez":
                self._verdict(liveness(self.view()))
            case "/readyz":
                self._verdict(readiness(self.view()))
            case "/metrics":
                self._reply(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.registry))
            case "/status":
                body = json.dumps(status_of(self.view()), ensure_ascii=False).encode()
                self._reply(HTTPStatus.OK, "application/json", body)
            case "/frame.jpg" if self.last_frame is not None:
                self._frame(self.last_frame())
            case _:
                self._text(HTTPStatus.NOT_FOUND, "try /livez, /readyz, /metrics or /status")

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_args: object) -> None:
        """Say nothing: only log lines belong on the output, and probes come every second."""

    def _verdict(self, verdict: Verdict) -> None:
        status = HTTPStatus.OK if verdict.ok else HTTPStatus.SERVICE_UNAVAILABLE
        self._text(status, f"{verdict.reason}: {verdict.message}")

    def _frame(self, jpeg: bytes | None) -> None:
        if jpeg is None:
            self._text(HTTPStatus.NOT_FOUND, "no frame has been sent yet")
        else:
            self._reply(HTTPStatus.OK, "image/jpeg", jpeg)

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._reply(status, "text/plain; charset=utf-8", f"{text}\n".encode())

    def _reply(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
