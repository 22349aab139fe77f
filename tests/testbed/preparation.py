"""Builds and fetches before the tests what their fixtures need, so that its progress is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.testbed import requirement, tools
from tests.testbed.cache import cache_folder
from tests.testbed.images.build import build
from tests.testbed.images.kafka import kafka_image
from tests.testbed.kafka.preparation import installation
from tests.testbed.kubernetes import preflight
from tests.testbed.kubernetes.binaries import binaries
from tests.testbed.lease import Lease
from tests.testbed.site.choice import SiteKind
from tests.testbed.site.site import current_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def prepare(fixtures: Collection[str]) -> None:
    """Look whether everything is there that these fixtures need; build what is missing.

    What is refused is refused before anything is built.

    Args:
        fixtures: Names of fixtures of `tests/e2e`.

    Raises:
        Refusal: Something is missing that cannot be made here.
    """
    wanted = _Wanted(frozenset(fixtures))
    site = current_choice().kind if wanted.any("site") else None
    if site in {SiteKind.OWN, SiteKind.STANDING}:
        preflight.node() if site is SiteKind.OWN else preflight.control_plane()
    if wanted.any("control_plane"):
        preflight.control_plane()
    requirement.free_disk(cache_folder(), 2)
    local = site in {SiteKind.OWN, SiteKind.STANDING}
    steps: list[tuple[bool, Callable[[], object]]] = [
        (local or wanted.any("control_plane"), binaries),
        (wanted.any("kafka") or local, installation),
        (wanted.any("rtsp"), lambda: (tools.path("mediamtx"), tools.path("ffmpeg"))),
        (wanted.any("helm"), lambda: (tools.path("helm"), tools.path("promtool"))),
        (
            local and wanted.any("kube_state_metrics"),
            lambda: (tools.path("prometheus"), tools.path("kube-state-metrics")),
        ),
        (wanted.any("release") or wanted.any("skaffold"), lambda: tools.path("helm")),
        (wanted.any("skaffold"), lambda: tools.path("skaffold")),
        (local and wanted.any("skaffold"), kafka_image),
        (local and wanted.any("skaffold"), lambda: _build_image("demo")),
        (local and wanted.any("stream_image"), lambda: _build_image("stream")),
        (local and wanted.any("operator_image"), lambda: _build_image("operator")),
    ]
    for needed, make in steps:
        if needed:
            make()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The fixtures of the chosen tests, by the words of their names: `private_kafka`."""

    fixtures: frozenset[str]

    def any(self, word: str) -> bool:
        return any(word in fixture for fixture in self.fixtures)


def _build_image(target: str) -> None:
    with Lease.take("image", unique=True) as lease:
        build(target, lease)
