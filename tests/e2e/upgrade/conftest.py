"""A release of the chart before this one, with streams that run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.chart.conftest import helm_of
from tests.e2e.upgrade.release import Release
from tests.testbed.site.site import OwnSite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.pods.kafka import PodKafka
    from tests.testbed.site.site import Site


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def release(
    request: pytest.FixtureRequest,
    site: Site,
    operator_image: str,
    stream_image: str,
    shared_pod_kafka: PodKafka,
) -> Iterator[Release]:
    """A release that is not installed yet; afterwards nothing of it is left."""
    made = Release(
        helm_of(request.param),
        site.environment(),
        operator_image,
        stream_image,
        shared_pod_kafka.bootstrap_servers,
    )
    yield made
    made.clear()


@pytest.fixture
def next_stream_image(site: Site, stream_image: str) -> str:
    """The stream under the name that a new version would have."""
    if not isinstance(site, OwnSite):
        pytest.skip("gives an image a second name on the node, which is somebody else's")
    name = f"{stream_image.rpartition(':')[0]}:next"
    site.cluster.tag_image(stream_image, name)
    return name
