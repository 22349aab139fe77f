"""Gets the pictures of many cameras, for a contact sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cam.camera import State
from kubectl_cam.cluster.pods import PodName, PodReader
from kubectl_cam.gather import select
from kubectl_cam.pictures.fetch import fetch_picture, switched_off
from kubectl_cam.pictures.sheet import Tile
from kubectl_cam.problems import Exit, Problem
from kubectl_cam.words import names_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_cam.camera import Camera
    from kubectl_cam.cluster.client import Cluster
    from kubectl_cam.gather import Selection

_WORKERS = 8
"""Pictures of a megabyte each: fewer at a time than figures."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What came.

    Attributes:
        tiles: A tile for every camera, in the order of names.
        sentences: What else there is to say.
    """

    tiles: list[Tile]
    sentences: list[str]


def collect(cluster: Cluster, selection: Selection, timeout_seconds: float) -> Collected:
    """Get a tile for every camera.

    Raises:
        Problem: There is no camera, or none gives a picture.
    """
    found = select(cluster, selection)
    cameras = sorted(found, key=lambda camera: (camera.namespace, camera.name))
    if not cameras:
        place = selection.namespace or "any namespace"
        raise Problem(Exit.NO_CAMERA, f"there is no CameraStream in {place}")
    by_pod = {PodName(camera.namespace, camera.pod): camera for camera in cameras}

    def ask(pod: PodName) -> bytes | Problem:
        try:
            return fetch_picture(cluster, by_pod[pod], timeout_seconds)
        except Problem as problem:
            return problem

    def late(seconds: float) -> bytes | Problem:
        return Problem(Exit.NO_POD, f"no answer from the pod within {seconds:g} s")

    reader: PodReader[bytes | Problem] = PodReader(ask, late, workers=_WORKERS)
    # Each may take that long, and so many are asked at a time.
    rounds = -(-len(by_pod) // _WORKERS)
    answers = reader.read(by_pod, timeout_seconds * rounds)
    problems = [answer for answer in answers.values() if isinstance(answer, Problem)]
    if len(problems) == len(answers):
        raise problems[0]
    many = selection.namespace is None
    tiles = [_tile(camera, answers[pod], many=many) for pod, camera in by_pod.items()]
    return Collected(tiles, _advice([by_pod[pod] for pod in by_pod]))


def _tile(camera: Camera, answer: bytes | Problem, *, many: bool) -> Tile:
    name = f"{camera.namespace}/{camera.name}" if many else camera.name
    if isinstance(answer, bytes):
        return Tile(name, answer)
    if camera.state is State.SUSPENDED:
        return Tile(name, None, "suspended")
    if not camera.serves_pictures:
        return Tile(name, None, "spec.diagnostics.frameEndpoint is not Enabled")
    return Tile(name, None, answer.sentence)


def _advice(cameras: Sequence[Camera]) -> list[str]:
    off = [
        camera
        for camera in cameras
        if not camera.serves_pictures and camera.state is not State.SUSPENDED
    ]
    if not off:
        return []
    others = names_text([camera.name for camera in off[1:]])
    return [switched_off(off[0]) + (f"; the same holds for {others}" if others else "")]
