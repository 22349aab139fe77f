"""What the end-to-end tests share: cluster, images, Kafka, and what a failure leaves."""

from __future__ import annotations

import os
import re
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kubectl import Kubectl
from tests.e2e.pods.kafka import PodKafka
from tests.e2e.rtsp.camera import PASSWORD, WRONG_PASSWORD
from tests.testbed import collect
from tests.testbed.kafka import KafkaCluster
from tests.testbed.lease import Lease, sweep
from tests.testbed.refusal import Refusal
from tests.testbed.site.site import Site, open_site

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_ON_THE_CLUSTER = "site"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run everything that uses the cluster in one process: there is one cluster."""
    for item in items:
        if _ON_THE_CLUSTER in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(_ON_THE_CLUSTER))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Gather everything that may tell why a test failed, before anything is taken down."""
    report = yield
    site = getattr(item, "funcargs", {}).get(_ON_THE_CLUSTER)
    environment = os.environ if site is None else site.environment()
    collect.on_failure(item, report, environment=environment, secrets=_secrets(item))
    return report


def _secrets(item: pytest.Item) -> list[str]:
    """Return the passwords that a test's fixtures know of."""
    values = getattr(item, "funcargs", {}).values()
    made_up = [value.password for value in values if isinstance(value, KafkaCluster)]
    return [PASSWORD, WRONG_PASSWORD, *made_up]


@pytest.fixture(scope="session")
def site_lease() -> Iterator[Lease]:
    """What keeps account of the cluster and all that is started for it."""
    sweep()
    with Lease.take("site", unique=True) as lease:
        yield lease


@pytest.fixture(scope="session")
def site(site_lease: Lease) -> Iterator[Site]:
    """The cluster."""
    with open_site(site_lease) as found:
        yield found


@pytest.fixture(scope="session")
def stream_image(site: Site) -> str:
    """The name by which pods get the image of the stream program."""
    try:
        return site.image("stream")
    except Refusal as refusal:
        pytest.skip(str(refusal))


@pytest.fixture(scope="session")
def operator_image(site: Site) -> str:
    """The name by which pods get the image of the operator."""
    try:
        return site.image("operator")
    except Refusal as refusal:
        pytest.skip(str(refusal))


@pytest.fixture
def kubectl(site: Site, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own, which goes with it."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40].strip("-")
    namespace = f"{name}-{uuid.uuid4().hex[:6]}"
    made = Kubectl(site.environment(), namespace)
    made("create", "namespace", namespace)
    # The strictest of Kubernetes' own profiles: every pod of this project fits it.
    made("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    yield made
    made("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="session")
def shared_pod_kafka(site: Site, site_lease: Lease) -> Iterator[PodKafka]:
    """A broker that pods reach; tests that break it put it right again."""
    with PodKafka.open(site, site_lease) as found:
        yield found


@pytest.fixture
def pod_kafka(shared_pod_kafka: PodKafka) -> Iterator[PodKafka]:
    """A broker that pods reach, with a topic of the test's own."""
    with shared_pod_kafka.with_topic() as found:
        yield found
