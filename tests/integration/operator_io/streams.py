"""Streams that answer at `/status`, and take what their pod's annotation says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tests.integration.operator_io.api import Api

_ANNOTATION = "camerastream.dev/effective-settings"


class Streams:
    """All streams of a namespace, at one address.

    Args:
        api: Where their pods are.

    Attributes:
        state: What the monitors say, unless `states` says otherwise for a pod.
        states: The same by pod.
        old: Pods whose stream is of the version before: it knows no end of a hold.
        asked: Pods that were asked, one entry each time.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self.state = "healthy"
        self.states: dict[str, str] = {}
        self.old: set[str] = set()
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """OPERATOR_STREAM_STATUS_URL."""
        return f"http://127.0.0.1:{self._server.server_port}/{{pod}}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, pod: str) -> dict[str, Any]:
        self.asked.append(pod)
        settings = told(self._api, pod)
        monitor = {
            "state": self.states.get(pod, self.state),
            "cause": "silent",
            "settingsGeneration": settings.get("generation"),
        }
        if pod not in self.old:
            monitor["holdUntil"] = settings.get("holdUntil")
        return {"monitor": monitor, "source": {"up": True}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        streams = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(streams._answer(self.path.rpartition("/")[2])).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def told(api: Api, pod: str) -> dict[str, Any]:
    """Return the live settings that a pod has been told."""
    return _settings(api.get("pods", pod) or {})


def in_template(api: Api, name: str) -> dict[str, Any]:
    """Return the live settings that a camera's next pod begins with."""
    return _settings((api.get("statefulsets", name) or {})["spec"]["template"])


def _settings(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        body.get("metadata", {}).get("annotations", {}).get(_ANNOTATION, "{}")
    )
    return found
