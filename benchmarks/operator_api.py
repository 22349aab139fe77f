"""The API server as benchmarks see it: JSON in, JSON out, and a watch that goes on."""

from __future__ import annotations

import asyncio
import json
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

MERGE_PATCH = "application/merge-patch+json"
_LARGEST_EVENT_BYTES = 4 * 1024 * 1024
_CONNECTIONS = 32


class ApiRefusedError(Exception):
    """The API server has answered with an error."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{status}: {text}")


class Api:
    """The administrator's connection to a cluster of the testbed.

    Args:
        folder: Of the cluster: its kubeconfig and its certificates are there.
    """

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "kubeconfig").read_text())
        self._server = config["clusters"][0]["cluster"]["server"]
        context = ssl.create_default_context(cafile=str(folder / "pki/ca.crt"))
        context.load_cert_chain(folder / "pki/admin.crt", folder / "pki/admin.key")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            read_bufsize=_LARGEST_EVENT_BYTES,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Call and return the answer.

        Raises:
            ApiRefusedError: It was an error.
        """
        async with self._session.request(
            method,
            self._server + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": content_type},
        ) as answer:
            data: dict[str, Any] = await answer.json(content_type=None)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ApiRefusedError(answer.status, data.get("message", ""))
        return data

    async def follow(
        self, path: str, selector: str = ""
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """List, then watch for ever: yield ADDED, MODIFIED or DELETED, and the object.

        Args:
            path: Of all objects of a kind.
            selector: Label selector.
        """
        query = f"labelSelector={selector}&" if selector else ""
        version = ""
        while True:
            try:
                if not version:
                    page = await self.call("GET", f"{path}?{query}")
                    for item in page["items"]:
                        yield "ADDED", item
                    version = page["metadata"]["resourceVersion"]
                async for kind, item in self._watch(f"{path}?{query}watch=1", version):
                    version = item["metadata"]["resourceVersion"]
                    if kind != "BOOKMARK":
                        yield kind, item
            except (ApiRefusedError, aiohttp.ClientError):
                # Too old a version, or a kind that the API server has only just learned of.
                version = ""
                await asyncio.sleep(0.2)

    async def _watch(self, path: str, version: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        url = f"{self._server}{path}&allowWatchBookmarks=true&resourceVersion={version}"
        async with self._session.get(url) as answer:
            async for line in answer.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiRefusedError(event["object"].get("code", 0), "the watch has ended")
                yield event["type"], event["object"]
