"""`testbed image`: the project's images by hand."""

from __future__ import annotations

import click

from tests.testbed.images.build import build, reference
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.kubernetes.commands import NAME as CLUSTER
from tests.testbed.lease import Lease
from tests.testbed.progress import say


@click.group()
def image() -> None:
    """The targets of the Dockerfile, built and loaded into the cluster."""


@image.command("build")
@click.argument("target", default="stream")
def build_command(target: str) -> None:
    """Build TARGET and print the archive; load it where the cluster is up."""
    with Lease.take("image", unique=True) as lease:
        archive = build(target, lease)
    click.echo(str(archive))
    standing = Lease.standing(CLUSTER)
    if standing is None:
        return
    cluster = Cluster.attach(standing)
    if cluster.layout.with_node:
        cluster.load_image(archive)
        say(f"the node has {reference(target)}")
