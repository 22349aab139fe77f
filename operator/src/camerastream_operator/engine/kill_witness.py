"""Asks for the kubelet's Events where a container was ended by a signal, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kubelet_events import read_kubelet_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.kubelet_events import KubeletEvents


class KillWitness:
    """Reads what the kubelet's Events say about pods.

    Args:
        client: Calls the API server.
    """

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._log = structlog.get_logger()

    async def events(self, namespace: str, uids: Iterable[str]) -> dict[str, KubeletEvents]:
        """Return what there is, by the UID of the pod; nothing where Events may not be listed.

        Raises:
            ApiError: A call failed in a way that may pass.
        """
        found: dict[str, KubeletEvents] = {}
        for uid in uids:
            try:
                items = await self._client.events_about(namespace, uid)
            except ApiError as error:
                if not error.refused:
                    raise
                self._log.warning(
                    "who killed a container cannot be told: allow the operator to list events of "
                    "events.k8s.io",
                    error=str(error),
                )
                continue
            found[uid] = read_kubelet_events(items)
        return found
