"""Brings resources and live figures together into the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kubectl_cam.camera import State, read_camera
from kubectl_cam.cluster.connection import CONNECTIONS
from kubectl_cam.cluster.pods import PodName, PodReader
from kubectl_cam.live import Answer
from kubectl_cam.row import make_row, ordered

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_cam.camera import Camera
    from kubectl_cam.cluster.client import Cluster
    from kubectl_cam.row import Row


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cameras are meant.

    Attributes:
        namespace: Their namespace, None for all.
        names: Their names, empty for all.
        selector: Their labels, None for any.
    """

    namespace: str | None
    names: tuple[str, ...] = ()
    selector: str | None = None


def select(cluster: Cluster, selection: Selection) -> list[Camera]:
    """Return the cameras that are meant.

    Raises:
        Problem: They cannot be had.
    """
    if selection.names and selection.namespace is not None:
        found = cluster.named(selection.namespace, selection.names)
    else:
        found = cluster.cameras(selection.namespace, selection.selector)
    return [read_camera(resource) for resource in found]


class Gatherer:
    """Makes the rows, again and again.

    Args:
        cluster: The API server.
        timeout_seconds: How long each pod has to answer.
        patience_seconds: How long all of them are waited for; there may be more than can be
            asked at a time.
        now: The time.
    """

    def __init__(
        self,
        cluster: Cluster,
        timeout_seconds: float,
        patience_seconds: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds
        self._now = now
        self._pods: PodReader[Answer] = PodReader(self._ask, _late, workers=CONNECTIONS)

    def rows(self, selection: Selection) -> tuple[list[Row], datetime]:
        """Return the rows, trouble first, and the time they are of.

        Raises:
            Problem: The resources cannot be had; a pod that does not answer is none.
        """
        cameras = select(self._cluster, selection)
        asked = [camera for camera in cameras if camera.state is not State.SUSPENDED]
        # Those that are ready answer at once; who hangs must not keep them waiting.
        asked.sort(key=lambda camera: camera.ready != "True")
        answers = self._pods.read(map(_pod, asked), self._patience_seconds)
        now = self._now()
        rows = (make_row(each, answers.get(_pod(each), Answer(None)), now) for each in cameras)
        return ordered(rows), now

    def _ask(self, pod: PodName) -> Answer:
        return self._cluster.ask_figures(pod.namespace, pod.name, self._timeout_seconds)


def _pod(camera: Camera) -> PodName:
    return PodName(camera.namespace, camera.pod)


def _late(seconds: float) -> Answer:
    return Answer(None, f"no answer from the pod within {seconds:g} s")
