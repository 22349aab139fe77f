"""Asks the API server, and through it the pods."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import urllib3
from kubernetes.client.exceptions import OpenApiException

from kubectl_cam.cluster.answers import (
    GROUP,
    PLURAL,
    VERSION,
    Reply,
    Request,
    not_reached,
    refusal,
)
from kubectl_cam.live import Answer, read_live
from kubectl_cam.look import Look
from kubectl_cam.problems import Exit, Problem, no_camera

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubectl_cam.cluster.connection import Connection

HTTP_PORT = 8080
_API_TIMEOUT_SECONDS = 15.0
_PAGE = 500
_MOST_BYTES = 64 << 20
_NOT_FOUND = 404


class Cluster:
    """The API server.

    Args:
        connection: The way there.
        page: How many objects are asked for at a time.

    Attributes:
        namespace: The one that is meant where none is named.
    """

    def __init__(self, connection: Connection, *, page: int = _PAGE) -> None:
        self._client = connection.client
        self._server = connection.server
        self._page = page
        self.namespace = connection.namespace

    def cameras(self, namespace: str | None, selector: str | None = None) -> list[object]:
        """Return the CameraStreams of a namespace, None for all.

        Raises:
            Problem: They cannot be listed.
        """
        request = Request("list", PLURAL, GROUP, namespace or "")
        query: dict[str, Any] = {"limit": self._page}
        if selector:
            query["labelSelector"] = selector
        found: list[object] = []
        while True:
            reply = self._get(_path(namespace), query)
            if not reply.ok:
                raise refusal(reply, request, self._server)
            page = reply.json()
            items = page.get("items") if isinstance(page, dict) else None
            if not isinstance(items, list):
                # A page to log in at, for example, with the status 200.
                raise refusal(reply, request, self._server)
            found += items
            following = Look(page).at("metadata").text("continue")
            if not following:
                return found
            query["continue"] = following

    def camera(self, namespace: str, name: str) -> object:
        """Return a CameraStream.

        Raises:
            Problem: There is none, or it cannot be read.
        """
        found = self.named(namespace, [name])
        return found[0]

    def named(self, namespace: str, names: Sequence[str]) -> list[object]:
        """Return the CameraStreams of these names.

        Raises:
            Problem: One does not exist, or they cannot be read.
        """
        found, missing = [], []
        for name in dict.fromkeys(names):
            reply = self._get(f"{_path(namespace)}/{quote(name, safe='') or '-'}")
            if reply.ok:
                found.append(reply.json())
            elif reply.status == _NOT_FOUND and reply.by_api_server.at("details").text("name"):
                missing.append(name)
            else:
                request = Request("get", PLURAL, GROUP, namespace)
                raise refusal(reply, request, self._server)
        if missing:
            raise no_camera(namespace, missing, self._known(namespace))
        return found

    def namespaces(self) -> Iterator[str]:
        """Return the names of all namespaces, none when they cannot be listed."""
        reply = self._get("/api/v1/namespaces", {"limit": self._page})
        for item in Look(reply.json()).each("items") if reply.ok else ():
            yield item.at("metadata").text("name")

    def ask_stream(
        self, namespace: str, pod: str, path: str, timeout_seconds: float
    ) -> Reply | str:
        """Ask the stream in a pod through the API server; return its answer, or why none came."""
        url = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}:{HTTP_PORT}/proxy/{path}"
        try:
            reply = self._call(url, {}, timeout_seconds)
        except _NO_ANSWER as error:
            return f"the pod gives no answer: {_why(error)}"
        if not reply.ok and (reply.by_api_server or reply.status >= 500):
            return not_reached(reply, Request("get", "pods/proxy", "", namespace))
        return reply

    def ask_figures(self, namespace: str, pod: str, timeout_seconds: float) -> Answer:
        """Ask the stream in a pod for its figures; never fails."""
        reply = self.ask_stream(namespace, pod, "status", timeout_seconds)
        if isinstance(reply, str):
            return Answer(None, reply)
        live = read_live(reply.json()) if reply.ok else None
        return Answer(live, "" if live else "the pod's answer is not a stream's")

    def _known(self, namespace: str) -> list[str] | None:
        """Return the names of all cameras, None when they may not be listed."""
        try:
            listed = self.cameras(namespace)
        except Problem:
            return None
        return [Look(item).at("metadata").text("name") for item in listed]

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Reply:
        try:
            return self._call(path, query or {}, _API_TIMEOUT_SECONDS)
        except _NO_ANSWER as error:
            raise Problem(
                Exit.UNREACHABLE,
                f"the API server at {self._server} cannot be reached: {_why(error)}; check the "
                "network, or choose another cluster with --context",
            ) from None

    def _call(self, path: str, query: dict[str, Any], timeout_seconds: float) -> Reply:
        suffix = f"?{urlencode(query)}" if query else ""
        method, url, headers, *_ = self._client.param_serialize(
            "GET", path + suffix, auth_settings=["BearerToken"]
        )
        timeout = (timeout_seconds, timeout_seconds)
        response = self._client.call_api(method, url, headers, _request_timeout=timeout).response
        try:
            body = response.read(_MOST_BYTES, decode_content=True)
        finally:
            response.release_conn()
        return Reply(response.status, body)


_NO_ANSWER = (urllib3.exceptions.HTTPError, OpenApiException, OSError)


def _path(namespace: str | None) -> str:
    middle = f"namespaces/{quote(namespace, safe='')}/" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}/{middle}{PLURAL}"


def _why(error: BaseException) -> str:
    """Say why there was no answer, without quoting an address that may hold a login."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        reason = getattr(following, "reason", None)
        inner = reason if isinstance(reason, BaseException) else None
        following = inner or following.__cause__ or following.__context__
    for kind, words in _WORDS:
        if any(isinstance(each, kind) for each in chain):
            return words
    return next(
        (each.strerror for each in reversed(chain) if isinstance(each, OSError) and each.strerror),
        type(chain[-1]).__name__,
    )


_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not signed by the kubeconfig's authority"),
    (ssl.SSLError, "it does not speak TLS as expected"),
    ((urllib3.exceptions.SSLError, OpenApiException), "the TLS connection fails"),
    (socket.gaierror, "its name is unknown"),
    (urllib3.exceptions.NameResolutionError, "its name is unknown"),
    (urllib3.exceptions.ProxyError, "the HTTP proxy does not let it through"),
    (ConnectionRefusedError, "connection refused"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "no answer in time"),
    (urllib3.exceptions.ProtocolError, "the connection broke"),
)
