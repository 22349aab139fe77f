"""Looks at one resource itself, where what is known of it is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream_operator.jsonview import text_at
from camerastream_operator.kube.resources import Kind

if TYPE_CHECKING:
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.kube.resources import Key


async def refresh_camera(client: KubeClient, cache: Cache, key: Key, uid: str) -> None:
    """Let the cache learn a CameraStream's newest version, or that it has gone.

    Args:
        client: Asks.
        cache: Learns.
        key: Which one.
        uid: Its UID: another one of its name is not it.

    Raises:
        ApiError: The call failed.
    """
    body = await client.get(Kind.CAMERA, key.namespace, key.name)
    if body is not None:
        cache.upsert(Kind.CAMERA, body)
    if text_at(body, "metadata", "uid") != uid:
        cache.remove_unseen(Kind.CAMERA, key, uid)
