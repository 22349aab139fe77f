"""Follows the file that lists cameras, where there is one, and has them made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.camera_list import is_of_a_list
from camerastream_operator.engine.list_keeper import ListKeeper
from camerastream_operator.engine.refusals import Refusals
from camerastream_operator.names import LIST_LABEL
from camerastream_operator.runtime.cameras_file import CamerasFile
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient
    from camerastream_operator.runtime.metrics import Metrics
    from camerastream_operator.runtime.settings import Settings

_LOOK_SECONDS = 2.0


class ListedCameras:
    """Keeps the cameras of the file as it says, while `keep` and `follow` run.

    Args:
        settings: What the operator was told.
        client: Looks and writes.
        cache: What is known of the cluster.
        metrics: What is counted.
        clock: Tells the time.
        instance: Which operator this is.
    """

    def __init__(
        self,
        settings: Settings,
        client: KubeClient,
        cache: Cache,
        metrics: Metrics,
        *,
        clock: Clock,
        instance: str,
    ) -> None:
        self._file = CamerasFile(Path(settings.cameras_file)) if settings.cameras_file else None
        self._cache = cache
        self._refusals = Refusals(client, instance, clock)
        self._keeper = ListKeeper(
            client,
            cache,
            self._refusals,
            settings.namespaces,
            removal_delay_seconds=settings.cameras_removal_delay_seconds,
            clock=clock,
        )
        self._problems: list[str] = []
        self._log = structlog.get_logger()
        metrics.watch_gauge(
            "listed_cameras", "Cameras on the list of Helm values", lambda: self._keeper.listed
        )
        metrics.watch_gauge(
            "listed_cameras_refused",
            "Cameras on the list that could not be made or changed as it says",
            lambda: len(self._refusals),
        )
        metrics.watch_gauge(
            "cameras_file_usable",
            "0 while the file that lists cameras cannot be used as it is now",
            lambda: not self._problems,
        )

    def look_again(self) -> None:
        """Cameras may have changed."""
        self._keeper.look_again()

    def hear(self, body: Mapping[str, Any]) -> None:
        """A CameraStream was made, changed or removed."""
        self._keeper.hear(body)

    async def keep(self) -> None:
        """Make, change and remove cameras until cancelled."""
        await self._keeper.run()

    async def follow(self) -> None:
        """Look whether the file changes until cancelled."""
        if self._file is None:
            self._tell_of_left_ones()
        while True:
            if self._file is not None:
                self._look(self._file)
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, file: CamerasFile) -> None:
        before = file.current
        try:
            changed = file.look()
        except SettingsError as error:
            if self._problems != error.problems:
                self._log.error(
                    "the file that lists cameras cannot be used; none is made, changed or removed "
                    "after it",
                    problems=error.problems,
                )
            self._problems = error.problems
            return
        self._problems = []
        if changed and file.current is not None:
            self._log.info("cameras are listed", cameras=len(file.current.cameras))
            self._keeper.want(file.current, changed=before is not None)

    def _tell_of_left_ones(self) -> None:
        """Say that cameras stay which came from a list that is no longer given."""
        left = [key for key in self._cache.cameras() if is_of_a_list(self._cache.camera(key) or {})]
        if left:
            self._log.warning(
                "cameras that came from Helm values stay, as the values no longer say cameras: at "
                "all; write cameras: [] to have them removed",
                cameras=len(left),
                label=LIST_LABEL,
            )
