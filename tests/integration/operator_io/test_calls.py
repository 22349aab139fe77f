"""Calls of an API server that goes silent: given up soon, however long an answer may take."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from camerastream_operator.kube.calls import ApiCaller
from camerastream_operator.kube.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_ANSWER_SECONDS = 3600
_LIMIT_SECONDS = 60


@asynccontextmanager
async def _served(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], *, silence_seconds: float
) -> AsyncIterator[ApiCaller]:
    """Answer every request like this, as long as the block lasts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while await reader.read(65536):
                await answer(writer)

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
    async def silent(_: asyncio.StreamWriter) -> None:
        pass

    async def half_said(writer: asyncio.StreamWriter) -> None:
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

    async def slow(writer: asyncio.StreamWriter) -> None:
        await _say(writer, f"HTTP/1.1 200 OK\r\nContent-Length: {len(said)}\r\n\r\n")
        for start in range(0, len(said), size):
            await asyncio.sleep(0.25)
            await _say(writer, said[start : start + size])

    async def run() -> None:
        async with _served(slow, silence_seconds=2) as calls:
            found = await calls.call("GET", "/api/v1/pods", seconds=_ANSWER_SECONDS)
            assert len(found["items"]) == 10

    asyncio.run(run())
