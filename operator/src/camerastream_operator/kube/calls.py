"""One call of the API server, in JSON as it is.

The generated models of the client library would be built for every pod of every list, and
drop what a newer API server sends. Its connection (TLS, tokens that are renewed) is used, and not
its preparation of requests, which walks through every body again.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from camerastream_operator.jsonview import text_at
from camerastream_operator.kube.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubernetes.aio.client.api_client import ApiClient

_CALL_SECONDS = 20.0
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 15.0
"""An API server that works on an answer sends the first of it sooner than that, also of a page of
a list, and also where an admission webhook lets it wait for the usual 10 s. Where the network
swallows everything, nothing else tells."""


class ApiCaller:
    """Calls the API server.

    Args:
        api: The connection.
        silence_seconds: For how long to wait while no byte of an answer comes.
    """

    def __init__(self, api: ApiClient, *, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._api = api
        self._silence_seconds = silence_seconds

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        query: Sequence[tuple[str, str]] = (),
        seconds: float = _CALL_SECONDS,
    ) -> dict[str, Any]:
        """Call and return the answer.

        Args:
            method: HTTP method.
            path: Path below the API server's root.
            body: What to send.
            content_type: Of what kind that is.
            query: Parameters.
            seconds: For how long to wait for the whole answer.

        Raises:
            ApiError: It was refused, or there was no answer.
        """
        timeout = aiohttp.ClientTimeout(
            total=seconds, sock_connect=_CONNECT_SECONDS, sock_read=self._silence_seconds
        )
        url = self._api.configuration.host + path
        try:
            answer = await self._api.rest_client.request(  # type: ignore[no-untyped-call]
                method,
                f"{url}?{urlencode(query)}" if query else url,
                headers=await self._headers(content_type),
                body=body,
                _request_timeout=timeout,
            )
            data = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = str(error) or type(error).__name__
            raise ApiError(0, "", f"the API server does not answer: {said}") from error
        except ApiException as error:
            raise ApiError(error.status or 0, str(error.reason), str(error.reason)) from error
        return _object(answer.status, data)

    async def _headers(self, content_type: str) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Content-Type": content_type,
            "User-Agent": self._api.user_agent,
        }
        # Renews a token that is about to expire.
        settings = await self._api.configuration.auth_settings()
        if (token := settings.get("BearerToken")) is not None:
            headers[token["key"]] = str(token["value"])
        return headers


def _object(status: int, data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        found = {}
    if status < HTTPStatus.BAD_REQUEST:
        return found
    reason, message = text_at(found, "reason"), text_at(found, "message")
    raise ApiError(status, reason, message or data[:200].decode(errors="replace"))
