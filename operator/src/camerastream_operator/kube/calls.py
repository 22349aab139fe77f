"""One call of the API server, in JSON as it is.

The generated models of the client library would be built for every pod of every list, and
drop what a newer API server sends. Its connection (TLS, tokens that are renewed) is used.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from camerastream_operator.jsonview import text_at
from camerastream_operator.kube.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubernetes.aio.client.api_client import ApiClient

_CALL_SECONDS = 20.0
_CONNECT_SECONDS = 5.0


class ApiCaller:
    """Calls the API server.

    Args:
        api: The connection.
    """

    def __init__(self, api: ApiClient) -> None:
        self._api = api

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
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        try:
            request = await self._api.param_serialize(
                method,
                path,
                query_params=list(query),
                header_params={"Accept": "application/json", "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
            )
            answer = await self._api.call_api(*request, _request_timeout=timeout)
            data = await answer.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            said = str(error) or type(error).__name__
            raise ApiError(0, "", f"the API server does not answer: {said}") from error
        except ApiException as error:
            raise ApiError(error.status or 0, str(error.reason), str(error.reason)) from error
        return _object(answer.status, data)


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
