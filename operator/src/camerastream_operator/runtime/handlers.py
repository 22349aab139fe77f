"""kopf: brings the events. Nothing else here imports it.

Only its low-level handlers are used: they keep no state in annotations, need no
finalizers, and write nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import kopf

from camerastream_operator.kube.resources import Kind
from camerastream_operator.names import CAMERA_LABEL, GROUP, PLURAL, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_WATCHED = {
    Kind.CAMERA: (GROUP, VERSION, PLURAL),
    Kind.STATEFUL_SET: ("apps", "v1", "statefulsets"),
    Kind.POD: ("", "v1", "pods"),
}

_IDENTITY: Any = "camerastream-operator"


class WatchFailedError(Exception):
    """The cluster cannot be watched any more."""


async def watch(
    namespaces: Sequence[str],
    on_event: Callable[[Kind, str, Mapping[str, Any]], None],
) -> None:
    """Watch until SIGTERM or SIGINT, which kopf takes for itself, or until cancelled.

    Args:
        namespaces: Those to watch; none for the whole cluster.
        on_event: Called with the kind, ADDED, MODIFIED or DELETED (empty for what was there
            before), and the object.

    Raises:
        WatchFailedError: kopf has given up; it does so when the API server fails for a minute.
    """
    try:
        await kopf.operator(
            registry=_registry(on_event),
            settings=_settings(),
            standalone=True,
            # Only peering uses it, but kopf would ask for this user's name, and the user of a
            # container has none.
            identity=_IDENTITY,
            clusterwide=not namespaces,
            namespaces=namespaces,
        )
    except Exception as error:
        raise WatchFailedError from error


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


def _settings() -> kopf.OperatorSettings:
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
    return settings
