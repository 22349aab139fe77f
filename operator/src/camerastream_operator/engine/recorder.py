"""Announces restarts as Events: each one once, whoever asks how often.

The name of an Event is that of its restart. Where it exists already, the API server says
so, and nothing happens.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from camerastream_operator.kube.resources import Key
from camerastream_operator.names import API_VERSION, KIND, MANAGER

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.restarts import Restart

MAX_NOTE_BYTES = 1024
CATCH_UP = timedelta(minutes=10)
"""Restarts of the time before a start of the operator whose Events may be missing: it may
have been killed between the status and the Event. Older ones stay unannounced, since their
Events may have expired already (an hour, by default)."""


class Recorder:
    """Creates Events.

    Args:
        client: Creates them.
        instance: Which operator this is: the name of its pod.
    """

    def __init__(self, client: KubeClient, instance: str) -> None:
        self._client = client
        self._instance = instance

    async def announce(
        self, camera: CameraStream, restarts: Iterable[Restart], now: datetime
    ) -> None:
        """Announce restarts.

        Raises:
            ApiError: The call failed.
        """
        for restart in restarts:
            await self._client.create_event(restart_event(camera, restart, self._instance, now))

    async def catch_up(
        self, camera: CameraStream, restarts: Iterable[Restart], now: datetime
    ) -> None:
        """Announce those of the last minutes that have not been announced.

        Raises:
            ApiError: The call failed.
        """
        for restart in restarts:
            if now - restart.time > CATCH_UP:
                continue
            if not await self._client.event_exists(
                camera.namespace, restart.event_name(camera.name)
            ):
                await self.announce(camera, [restart], now)


def restart_event(
    camera: CameraStream, restart: Restart, instance: str, now: datetime
) -> dict[str, Any]:
    """Return the Event of a restart."""
    said = f": {restart.message}" if restart.message else ""
    cause = f", cause {restart.cause}" if restart.cause else ""
    note = f"the container was restarted ({restart.reason.value}{cause}){said}"
    body = warning(
        restart.event_name(camera.name),
        Key(camera.namespace, camera.name),
        camera.uid,
        reason=f"{restart.reason.value}Restart",
        action="CountRestart",
        note=note,
        instance=instance,
        now=now,
    )
    return {
        **body,
        "related": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": camera.namespace,
            "name": restart.pod_name,
            "uid": restart.pod_uid,
        },
    }


def warning(
    name: str,
    camera: Key,
    uid: str,
    *,
    reason: str,
    action: str,
    note: str,
    instance: str,
    now: datetime,
) -> dict[str, Any]:
    """Return a Warning about a CameraStream.

    Args:
        name: Of the Event.
        camera: The CameraStream.
        uid: Its UID, empty when there is none of that name.
        reason: Why, in one CamelCase word.
        action: What was being done.
        note: A sentence; cut where it is too long.
        instance: Which operator this is.
        now: The time.
    """
    regarding = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "namespace": camera.namespace,
        "name": camera.name,
    }
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": camera.namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Warning",
        "reason": reason,
        "action": action,
        "note": note.encode()[:MAX_NOTE_BYTES].decode(errors="ignore"),
        "regarding": {**regarding, "uid": uid} if uid else regarding,
        "reportingController": f"camerastream.dev/{MANAGER}",
        "reportingInstance": instance[:128],
    }
