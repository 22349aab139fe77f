"""kopf: brings the events. Nothing else here imports it.

Only its low-level handlers are used: they keep no state in annotations, need no
finalizers, and write nothing.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import kopf

from camerastream_operator.kube.resources import Kind
from camerastream_operator.names import CAMERA_LABEL, GROUP, PLURAL, VERSION
from camerastream_operator.runtime.progress import retry_pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_WATCHED = {
    Kind.CAMERA: (GROUP, VERSION, PLURAL),
    Kind.STATEFUL_SET: ("apps", "v1", "statefulsets"),
    Kind.POD: ("", "v1", "pods"),
}

_IDENTITY: Any = "camerastream-operator"
_CONNECT_SECONDS = 5.0
_REQUEST_SECONDS = 60.0
_PAGE = 200
_IDLE_SECONDS = 1.0
_LOOK_SECONDS = 2.0
_START_SECONDS = 120.0
_END_SECONDS = 10.0
_WATCHER = "watcher for "
"""How the names of kopf's tasks begin that watch."""


class WatchFailedError(Exception):
    """The cluster cannot be watched any more."""


async def watch(
    namespaces: Sequence[str],
    on_event: Callable[[Kind, str, Mapping[str, Any]], None],
    *,
    failure_seconds: float,
) -> None:
    """Watch until SIGTERM or SIGINT, which kopf takes for itself, or until cancelled.

    Args:
        namespaces: Those to watch; none for the whole cluster.
        on_event: Called with the kind, ADDED, MODIFIED or DELETED (empty for what was there
            before), and the object.
        failure_seconds: For how long to try again while the API server refuses. One that cannot
            be reached is tried for ever, and so is one that has too much to do (429).

    Raises:
        WatchFailedError: kopf has given up.
    """
    watchers = len(_WATCHED) * max(1, len(set(namespaces)))
    # Before kopf, which takes every task that is younger for its own.
    lost = asyncio.create_task(_until_one_is_lost(watchers), name="guard of watches")
    engine = asyncio.create_task(
        kopf.operator(
            registry=_registry(on_event),
            settings=_settings(failure_seconds),
            standalone=True,
            # Only peering uses it, but kopf would ask for this user's name, and the user of a
            # container has none.
            identity=_IDENTITY,
            clusterwide=not namespaces,
            namespaces=namespaces,
        ),
        name="kopf engine",
    )
    try:
        await asyncio.wait({engine, lost}, return_when=asyncio.FIRST_COMPLETED)
        # Mostly it ends by itself then, and knows why.
        await asyncio.wait({engine}, timeout=_END_SECONDS)
    finally:
        for task in (engine, lost):
            task.cancel()
        await asyncio.wait({engine, lost}, timeout=_END_SECONDS)
    if not engine.done() or engine.cancelled():
        cause = None if lost.cancelled() else lost.result()
        said = f" ({_in_words(cause)})" if cause is not None else ""
        raise WatchFailedError(f"a watch has ended, and kopf goes on without it{said}") from cause
    if (error := engine.exception()) is not None:
        raise WatchFailedError(_in_words(error)) from error


def _in_words(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    return f"{type(error).__name__}: {said}".rstrip(": ")


async def _until_one_is_lost(count: int) -> BaseException | None:
    """Wait until fewer watches run than should; return why one has ended, where it says so.

    When several fail at once, one of them may wait for ever for a new login, and kopf for it
    (1.45.2): a process that lives and hears nothing.
    """
    time = asyncio.get_running_loop().time
    expected_at = time() + _START_SECONDS
    watchers: set[asyncio.Task[Any]] = set()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        watchers |= {task for task in asyncio.all_tasks() if task.get_name().startswith(_WATCHER)}
        ended = {task for task in watchers if task.done()}
        if len(watchers) - len(ended) >= count:
            expected_at = time()
            watchers -= ended
        elif time() >= expected_at:
            errors = (task.exception() for task in ended if not task.cancelled())
            return next((error for error in errors if error is not None), None)


def _registry(on_event: Callable[[Kind, str, Mapping[str, Any]], None]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    for kind, (group, version, plural) in _WATCHED.items():
        kopf.on.event(group, version, plural, id=plural, registry=registry)(
            _handler(kind, on_event)
        )
    kopf.on.login(id="login", registry=registry, errors=kopf.ErrorsMode.PERMANENT)(
        kopf.login_via_client
    )
    return registry


def _handler(kind: Kind, on_event: Callable[[Kind, str, Mapping[str, Any]], None]) -> Any:
    async def handle(event: Mapping[str, Any], **_: Any) -> None:
        on_event(kind, event["type"] or "", event["object"])

    return handle


class _NoProgress(kopf.ProgressStorage):
    """Keeps nothing: low-level handlers have no progress."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        pass

    def purge(self, **_: Any) -> None:
        pass

    def touch(self, **_: Any) -> None:
        pass

    def clear(self, *, essence: Any) -> Any:
        return essence


class _NoDifferences(kopf.DiffBaseStorage):
    """Keeps nothing, and copies nothing: for every event kopf would copy the object twice.

    That was a quarter of the operator's CPU (kopf 1.45.2, `processing.py`).
    """

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        pass


def _settings(failure_seconds: float) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.persistence.progress_storage = _NoProgress()
    settings.persistence.diffbase_storage = _NoDifferences()
    # Restarts are announced by the recorder, each once.
    settings.posting.enabled = False
    settings.posting.level = logging.CRITICAL
    # The kinds are known, and the Role needs no right to list CRDs and namespaces.
    settings.scanning.disabled = True
    for kind in (Kind.STATEFUL_SET, Kind.POD):
        settings.watching.label_selectors[_WATCHED[kind]] = CAMERA_LABEL
    settings.watching.chunk_size = _PAGE
    # A worker for each object that has changed; a thousand that wait for more are 20 MB.
    settings.queueing.idle_timeout = _IDLE_SECONDS
    settings.networking.connect_timeout = _CONNECT_SECONDS
    settings.networking.request_timeout = _REQUEST_SECONDS
    settings.networking.error_backoffs = retry_pauses(failure_seconds)
    return settings
