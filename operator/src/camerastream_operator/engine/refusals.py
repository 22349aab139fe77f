"""Tells of cameras that cannot be made as a list says: once each, in the log and as an Event.

The Event is about the CameraStream, also where there is none yet: `kubectl events --for
camerastream/lobby` shows it, and a user looks there first.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.engine.recorder import warning
from camerastream_operator.kube.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from camerastream_operator.camera_list import Refusal
    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.kube.resources import Key


class Refusals:
    """Knows which refusals have been told.

    Args:
        client: Creates Events.
        instance: Which operator this is: the name of its pod.
        clock: Tells the time.
    """

    def __init__(self, client: KubeClient, instance: str, clock: Clock) -> None:
        self._client = client
        self._instance = instance
        self._clock = clock
        self._told: dict[Key, Refusal] = {}
        self._log = structlog.get_logger()

    def __len__(self) -> int:
        return len(self._told)

    def __contains__(self, key: Key) -> bool:
        return key in self._told

    async def tell(self, refusal: Refusal) -> None:
        """Tell of a refusal, unless it is the one that was told last."""
        if self._told.get(refusal.key) == refusal:
            return
        self._told[refusal.key] = refusal
        self._log.warning(
            "a listed camera is refused", reason=refusal.reason.value, problem=refusal.sentence
        )
        event = refusal_event(refusal, self._instance, self._clock.now())
        namespace, name = refusal.key.namespace, event["metadata"]["name"]
        try:
            # An operator that was just started may have told already.
            if not await self._client.event_exists(namespace, name):
                await self._client.create_event(event)
        except ApiError as error:
            # There may be no such namespace, or no right in it: that is what is being told.
            self._log.info("the Event of a refusal cannot be created", error=str(error))

    def settle(self, key: Key) -> None:
        """A camera is as the list says, or no longer on it."""
        if self._told.pop(key, None) is not None:
            self._log.info("a listed camera is no longer refused", camera=str(key))

    def keep_only(self, keys: Collection[Key]) -> None:
        """Forget all cameras but these."""
        for key in self._told.keys() - set(keys):
            self.settle(key)


def refusal_event(refusal: Refusal, instance: str, now: datetime) -> dict[str, Any]:
    """Return the Event of a refusal; the same one has the same name."""
    said = f"{refusal.uid} {refusal.reason.value} {refusal.sentence}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    return warning(
        f"{refusal.key.name}.{digest}",
        refusal.key,
        refusal.uid,
        reason=refusal.reason.value,
        action="ApplyCameraList",
        note=refusal.sentence,
        instance=instance,
        now=now,
    )
