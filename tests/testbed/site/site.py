"""What the tests may ask of the cluster that they run on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Protocol

from tests.testbed.images.build import ROOT, build, docker_available, reference
from tests.testbed.kafka.cluster import KafkaCluster
from tests.testbed.kubernetes import preflight
from tests.testbed.kubernetes.binaries import binaries
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.kubernetes.commands import NAME as CLUSTER_LEASE
from tests.testbed.lease import Lease
from tests.testbed.progress import say
from tests.testbed.refusal import Refusal
from tests.testbed.site.choice import SiteChoice, SiteKind, choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Site(Protocol):
    """A cluster for tests."""

    def environment(self) -> Mapping[str, str]:
        """Return an environment in which `kubectl` and `helm` mean this cluster."""

    def image(self, target: str) -> str:
        """Build a target of the Dockerfile where need be; return the name pods use."""

    def kafka(self, lease: Lease, *, secure: bool = False) -> KafkaCluster | None:
        """Return a Kafka, not started yet, that pods reach; None where only others have one.

        Args:
            lease: Pays for it.
            secure: With users and rights too.
        """


class OwnSite:
    """The testbed's node."""

    def __init__(self, cluster: Cluster, lease: Lease) -> None:
        self.cluster = cluster
        self._lease = lease

    def environment(self) -> Mapping[str, str]:
        """See `Site`."""
        return self.cluster.environment()

    def image(self, target: str) -> str:
        """See `Site`."""
        self.cluster.load_image(build(target, self._lease))
        return reference(target)

    def kafka(self, lease: Lease, *, secure: bool = False) -> KafkaCluster:
        """See `Site`; it runs on the node, beside the pods."""
        return KafkaCluster(
            lease,
            secure=secure,
            host=self.cluster.layout.address,
            command_prefix=self.cluster.on_node([]),
        )


class KindSite:
    """A node of kind, in Docker."""

    NAME = "camerastream-testbed"

    def __init__(self, lease: Lease) -> None:
        self._kubeconfig = lease.folder / "kubeconfig"
        _run("kind", "create", "cluster", f"--name={self.NAME}", f"--kubeconfig={self._kubeconfig}")

    def environment(self) -> Mapping[str, str]:
        """See `Site`."""
        return {**os.environ, "KUBECONFIG": str(self._kubeconfig)}

    def image(self, target: str) -> str:
        """See `Site`."""
        name = reference(target)
        _run("docker", "build", f"--target={target}", f"--tag={name}", str(ROOT))
        _run("kind", "load", "docker-image", name, f"--name={self.NAME}")
        return name

    def kafka(self, lease: Lease, *, secure: bool = False) -> KafkaCluster:
        """See `Site`; it runs on the host and listens on the gateway of kind's network."""
        gateway = _run(
            *("docker", "network", "inspect", "kind"),
            *("--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"),
        )
        addresses = [address for address in gateway.split() if ":" not in address]
        return KafkaCluster(lease, secure=secure, host=addresses[0])

    def delete(self) -> None:
        """Remove it."""
        _run("kind", "delete", "cluster", f"--name={self.NAME}")


class ForeignSite:
    """Somebody's cluster, used as it is: its images must be where it can pull them."""

    def environment(self) -> Mapping[str, str]:
        """See `Site`."""
        return dict(os.environ)

    def image(self, target: str) -> str:
        """See `Site`.

        Raises:
            Refusal: The environment does not name the image.
        """
        variable = f"CAMERASTREAM_{target.upper()}_IMAGE"
        given = os.environ.get(variable)
        if not given:
            raise Refusal(
                f"Set {variable} to an image that your cluster can pull, as made by: docker build "
                f"--target {target} ."
            )
        return given

    def kafka(self, _lease: Lease, *, secure: bool = False) -> None:
        """See `Site`; KAFKA_BOOTSTRAP_SERVERS says which Kafka there is."""
        return


def current_choice() -> SiteChoice:
    """Return which cluster the tests would use on this machine now."""
    return choose(
        os.environ,
        standing=Lease.standing(CLUSTER_LEASE) is not None,
        docker_and_kind=shutil.which("kind") is not None and docker_available(),
    )


@contextlib.contextmanager
def open_site(lease: Lease) -> Iterator[Site]:
    """Find or start the cluster that the tests run on; end it where it was started.

    Args:
        lease: Pays for what is started.

    Raises:
        Refusal: There is none and none can be started.
    """
    standing = Lease.standing(CLUSTER_LEASE)
    choice = current_choice()
    say(f"cluster: {choice.kind}, since {choice.reason}")
    match choice.kind:
        case SiteKind.FOREIGN:
            yield ForeignSite()
        case SiteKind.KIND:
            kind = KindSite(lease)
            try:
                yield kind
            finally:
                kind.delete()
        case SiteKind.STANDING:
            assert standing is not None
            yield OwnSite(Cluster.attach(standing), lease)
        case SiteKind.OWN:
            preflight.node()
            yield OwnSite(Cluster.start(lease, binaries(), tell=say), lease)


def _run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Refusal(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
