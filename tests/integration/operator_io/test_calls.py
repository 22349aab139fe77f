"""Calls of an API server that goes silent: given up soon, however long an answer may take."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from camerastream_operator.kube.calls import ApiCaller
from camerastream_operator.kube.client import KubeClient
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.limiter import RateLimiter
from camerastream_operator.kube.resources import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_ANSWER_SECONDS = 3600
_LIMIT_SECONDS = 60
_OBJECTS = 10_000


@asynccontextmanager
async def _served(
    answer: Callable[[str, asyncio.StreamWriter], Awaitable[None]], *, silence_seconds: float
) -> AsyncIterator[ApiCaller]:
    """Answer every request like this, as long as the block lasts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while request := await reader.read(65536):
                await answer(request.decode(), writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    configuration = Configuration(host=f"http://127.0.0.1:{port}")
    try:
        async with ApiClient(configuration) as client:
            yield ApiCaller(client, silence_seconds=silence_seconds)
    finally:
        server.close()
        # Its connections end with the client's, a moment later.
        await asyncio.sleep(0.05)


async def _say(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode())
    await writer.drain()


def test_a_silent_api_server_is_left_long_before_an_answer_may_take() -> None:
    async def silent(_: str, writer: asyncio.StreamWriter) -> None:
        pass

    async def half_said(_: str, writer: asyncio.StreamWriter) -> None:
        await _say(writer, 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"items":')

    async def run() -> None:
        for answer in (silent, half_said):
            async with (
                _served(answer, silence_seconds=0.3) as calls,
                asyncio.timeout(_LIMIT_SECONDS),
            ):
                with pytest.raises(ApiError, match="does not answer") as caught:
                    await calls.call("GET", "/api/v1/pods", seconds=_ANSWER_SECONDS)
                assert caught.value.status == 0

    asyncio.run(run())


def test_an_answer_that_comes_slowly_but_comes_is_waited_for() -> None:
    said = json.dumps({"items": [{"metadata": {"name": "x" * 40}}] * 10})
    size = len(said) // 12 + 1

    async def slow(_: str, writer: asyncio.StreamWriter) -> None:
        await _say(writer, f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n")
        for start in range(0, len(said), size):
            await asyncio.sleep(0.25)
            await _say(writer, said[start : start + size])

    async def run() -> None:
        async with _served(slow, silence_seconds=2) as calls:
            found = await calls.call("GET", "/api/v1/pods", seconds=_ANSWER_SECONDS)
            assert len(found["items"]) == 10

    asyncio.run(run())


def test_ten_thousand_objects_come_page_by_page() -> None:
    async def paged(request: str, writer: asyncio.StreamWriter) -> None:
        found = re.search(r"limit=(\d+)(?:.*continue=(\d+))?", request.splitlines()[0])
        assert found is not None
        size, start = int(found[1]), int(found[2] or 0)
        following = start + size if start + size < _OBJECTS else 0
        body = {
            "metadata": {"continue": str(following) if following else ""},
            "items": [{"metadata": {"name": str(start + number)}} for number in range(size)],
        }
        said = json.dumps(body)
        await _say(writer, f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n{said}")

    async def run() -> list[list[str]]:
        async with _served(paged, silence_seconds=_LIMIT_SECONDS) as calls:
            limiter = RateLimiter(1, 1, clock=time.monotonic, sleep=asyncio.sleep)
            client = KubeClient(calls, limiter, lambda _: None)
            return [
                [body["metadata"]["name"] for body in page]
                async for page in client.list_pages(Kind.POD, None)
            ]

    pages = asyncio.run(run())
    assert [name for page in pages for name in page] == [str(n) for n in range(_OBJECTS)]
    assert max(len(page) for page in pages) <= _OBJECTS / 10
