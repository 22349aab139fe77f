"""Gets a camera's current picture from its pod, or says in a sentence why there is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from kubectl_cam.camera import State
from kubectl_cam.problems import Exit, Problem

if TYPE_CHECKING:
    from kubectl_cam.camera import Camera
    from kubectl_cam.cluster.answers import Reply

PATH = "frame.jpg"
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8", b"\xff\xd9"
_NOT_FOUND = 404


class Asks(Protocol):
    """Asks the stream in a pod, as `Cluster` does."""

    def ask_stream(
        self, namespace: str, pod: str, path: str, timeout_seconds: float
    ) -> Reply | str:
        """Return its answer, or why none came."""


def fetch_picture(cluster: Asks, camera: Camera, timeout_seconds: float) -> bytes:
    """Return the last sent picture, as JPEG.

    Raises:
        Problem: There is none.
    """
    if camera.state is State.SUSPENDED:
        raise Problem(
            Exit.NO_POD,
            f"{camera.name} is suspended and has no pod; write Running into its spec.state",
        )
    if not camera.serves_pictures:
        raise Problem(Exit.NO_PICTURE, switched_off(camera))
    reply = cluster.ask_stream(camera.namespace, camera.pod, PATH, timeout_seconds)
    if isinstance(reply, str):
        raise Problem(Exit.NO_POD, f"no picture of {camera.name}: {reply}{_told(camera)}")
    if reply.status == _NOT_FOUND:
        raise Problem(Exit.NO_PICTURE, _none_there(camera, reply.text))
    if not reply.ok or not is_jpeg(reply.body):
        raise Problem(
            Exit.NO_PICTURE, f"no picture of {camera.name}: what the pod answers is no JPEG"
        )
    return reply.body


def is_jpeg(data: bytes) -> bool:
    """Say whether these bytes are a whole JPEG.

    Some cameras fill up the end of theirs with zeros.
    """
    return data.startswith(_JPEG_BEGINS) and data.rstrip(b"\0").endswith(_JPEG_ENDS)


def switched_off(camera: Camera) -> str:
    """Say how pictures are switched on."""
    patch = json.dumps(
        {"spec": {"diagnostics": {"frameEndpoint": "Enabled"}}}, separators=(",", ":")
    )
    return (
        f"{camera.name} serves no pictures; write Enabled into spec.diagnostics.frameEndpoint, "
        f"which replaces its pod: kubectl patch cam {camera.name} -n {camera.namespace} "
        f"--type=merge -p '{patch}'"
    )


def _none_there(camera: Camera, said: str) -> str:
    if "no frame" in said:
        why = _told(camera) or ": nothing has moved, or it has just started"
        return f"{camera.name} has sent no picture yet{why}"
    return (
        f"{camera.name} serves no pictures yet, although its spec says so: its pod is replaced "
        "when its turn comes; kubectl get cam shows when it is ready"
    )


def _told(camera: Camera) -> str:
    return f" ({camera.message})" if camera.ready != "True" and camera.message else ""
