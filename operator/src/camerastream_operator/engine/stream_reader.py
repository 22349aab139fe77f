"""Asks a stream how it is, by the address of its pod."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp

from camerastream_operator.engine.schedule import Backoff
from camerastream_operator.stream_status import read_stream_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream_operator.pods import Pod
    from camerastream_operator.stream_status import StreamStatus

MAX_BYTES = 65536
_TIMEOUT = aiohttp.ClientTimeout(total=1.5, sock_connect=1)
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0


class StreamReader:
    """Reads `/status` of streams.

    A pod that cannot be reached (a NetworkPolicy, a lost node) is asked less and less often,
    so that a thousand of them do not keep all workers waiting.

    Args:
        url: Of the status, with `{ip}`, `{namespace}` and `{pod}` to be filled in.
        clock: Monotonic seconds.
        random: A number from 0 to 1, for jitter.
    """

    def __init__(
        self, url: str, *, clock: Callable[[], float], random: Callable[[], float]
    ) -> None:
        self._url = url
        self._clock = clock
        self._pauses: dict[str, float] = {}
        self._backoff: Backoff[str] = Backoff(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, random)
        self._takes_hold_end: dict[tuple[str, str], tuple[str, bool]] = {}
        self._session: aiohttp.ClientSession | None = None

    def takes_hold_end(self, namespace: str, pod: Pod | None) -> bool | None:
        """Say whether a pod's stream understands the end of a hold; None: it has not told."""
        if pod is None:
            return None
        uid, takes = self._takes_hold_end.get((namespace, pod.name), ("", False))
        return takes if uid == pod.uid else None

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def read(self, namespace: str, pod: Pod) -> StreamStatus | None:
        """Return what the stream says; None when it gives no answer."""
        if not pod.ip or pod.stream is None or not pod.stream.running:
            return None
        if self._clock() < self._pauses.get(pod.uid, 0.0):
            return None
        found = await self._ask(
            self._url.format(ip=_host(pod.ip), namespace=namespace, pod=pod.name)
        )
        if found is None:
            self._pauses[pod.uid] = self._clock() + self._backoff.failed(pod.uid)
        else:
            self._answered(pod.uid)
            self._takes_hold_end[namespace, pod.name] = (pod.uid, found.takes_hold_end)
        return found

    def forget(self, uid: str) -> None:
        """Forget what is remembered of a pod."""
        self._answered(uid)
        for name, (known, _) in list(self._takes_hold_end.items()):
            if known == uid:
                del self._takes_hold_end[name]

    def _answered(self, uid: str) -> None:
        self._pauses.pop(uid, None)
        self._backoff.succeeded(uid)

    async def _ask(self, url: str) -> StreamStatus | None:
        if self._session is None:
            # Pods go away; a connection that is kept to one is of no use.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64, force_close=True), timeout=_TIMEOUT
            )
        try:
            async with self._session.get(url, allow_redirects=False) as answer:
                data = await answer.content.read(MAX_BYTES)
                return read_stream_status(json.loads(data))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
            return None


def _host(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
