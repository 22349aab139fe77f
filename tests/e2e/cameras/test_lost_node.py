"""A node is lost in the middle of an outage of Kafka, and another machine takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.cameras.camera import Camera
from tests.e2e.cameras.deployment import Operator
from tests.e2e.pods.kafka import PodKafka
from tests.testbed.kubernetes import preflight
from tests.testbed.kubernetes.binaries import binaries
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.kubernetes.loss import lose_node, replace_node
from tests.testbed.lease import Lease
from tests.testbed.progress import say
from tests.testbed.site.choice import SiteKind
from tests.testbed.site.site import OwnSite, current_choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.kubectl import Kubectl


@pytest.fixture(scope="module")
def site() -> Iterator[OwnSite]:
    """A cluster of this test's own: the other tests go on with theirs."""
    if current_choice().kind not in (SiteKind.OWN, SiteKind.STANDING):
        pytest.skip(
            "loses a node, which only the testbed's own cluster can spare: unset KUBECONFIG"
        )
    preflight.node()
    with Lease.take("lost-node", unique=True) as lease:
        yield OwnSite(Cluster.start(lease, binaries(), tell=say), lease)


@pytest.fixture(scope="module")
def kafka(site: OwnSite) -> Iterator[PodKafka]:
    """A broker that is not lost with the node."""
    with (
        Lease.take("lost-node-kafka", unique=True) as lease,
        PodKafka.open(site, lease) as opened,
        opened.with_topic() as found,
    ):
        yield found


def test_a_claim_keeps_the_frames_over_the_loss_of_the_node(
    site: OwnSite, kubectl: Kubectl, kafka: PodKafka
) -> None:
    operator = Operator(site.environment(), site.image("operator"), site.image("stream"))
    operator.install()
    camera = Camera(kubectl, "lobby", kafka)
    camera.apply(
        spool={
            "mode": "WriteAhead",
            "volume": "PersistentVolumeClaim",
            "claimMegabytes": 1024,
            "maxMegabytes": 512,
        },
        bufferMonitor={"thresholdSeconds": 3600, "settleSeconds": 1},
    )
    camera.wait_for_delivered(10)
    stream = str(camera.stream()["stream"])
    kafka.freeze()
    kubectl.wait("nothing spooled", lambda: camera.stream().get("spool", {}).get("frames", 0) >= 20)

    lost = site.cluster.layout.node_name
    lose_node(site.cluster)
    # As a cloud's controller does when the machine is no more. Kubernetes then deletes the pods
    # that were on it, after 40 s to 60 s.
    kubectl("delete", "node", lost)
    new = replace_node(site.cluster)
    for target in ("operator", "stream"):
        site.image(target)

    def moved() -> bool:
        found = kubectl.get("pod", camera.pod)
        return found is not None and found["spec"].get("nodeName") == new and bool(camera.stream())

    kubectl.wait("the pod does not come back on the new node", moved, 300)
    kafka.thaw()
    # Until the operator runs again, its status is that of the pod before.
    kubectl.wait(
        "the operator does not see the new pod",
        lambda: camera.status().get("pod", {}).get("node") == new,
        180,
    )
    camera.wait_for_condition("Ready", "True", "Streaming")
    restarts = camera.status()["restarts"]
    assert restarts["total"] == 0, "a pod that was replaced is no restart of a container"
    assert restarts["podReplacements"] == 1
    # The operator was on that node: nobody saw the pod end, and the status says so.
    assert restarts["unobservedReplacements"] == 1
    kafka.expect_all(stream, camera.suspend())
