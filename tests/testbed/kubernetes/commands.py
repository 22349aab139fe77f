"""`testbed cluster`: a cluster by hand."""

from __future__ import annotations

import os
import subprocess

import click

from tests.testbed.kubernetes import preflight
from tests.testbed.kubernetes.binaries import binaries, control_plane_binaries, version
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.lease import Lease
from tests.testbed.progress import say
from tests.testbed.refusal import Refusal

NAME = "cluster"


@click.group(NAME)
def cluster() -> None:
    """Kubernetes: one real node in namespaces of its own, or the control plane alone."""


@cluster.command()
@click.option("--control-plane-only", is_flag=True, help="API server without a node; no root.")
@click.option(
    "--longest-restart-wait-seconds",
    default=1,
    show_default=True,
    help="Where the kubelet's crash-loop back-off ends; 300 on a usual node.",
)
def up(control_plane_only: bool, longest_restart_wait_seconds: int) -> None:
    """Start the cluster; it stays until `testbed cluster down`."""
    if Lease.standing(NAME) is not None:
        raise Refusal("There is a cluster already; end it first with: testbed cluster down")
    (preflight.control_plane if control_plane_only else preflight.node)()
    folder = control_plane_binaries() if control_plane_only else binaries()
    lease = Lease.take(NAME)
    try:
        started = Cluster.start(
            lease,
            folder,
            with_node=not control_plane_only,
            longest_restart_wait_seconds=longest_restart_wait_seconds,
            tell=say,
        )
    except BaseException:
        lease.release()
        raise
    lease.stand()
    click.echo(f"KUBECONFIG={started.kubeconfig}")
    say("a shell with kubectl and helm for it: testbed cluster shell")


@cluster.command()
def down() -> None:
    """End the cluster and remove everything it left; also what a failed `up` left."""
    lease = Lease.standing(NAME)
    if lease is None:
        say("there is no cluster")
        return
    lease.release()


@cluster.command()
def status() -> None:
    """Say whether there is a cluster, and how it is."""
    lease = Lease.standing(NAME)
    if lease is None:
        click.echo(f"no cluster; `testbed cluster up` starts Kubernetes {version()}")
        raise SystemExit(1)
    found = Cluster.attach(lease)
    answers = "answers" if found.api.ready() else "does not answer"
    click.echo(f"Kubernetes {version()} at {found.layout.server} {answers}")
    click.echo(f"KUBECONFIG={found.kubeconfig}")
    click.echo(f"logs: {found.layout.logs}")
    click.echo(f"processes: {len(lease.processes())}")
    if found.layout.with_node:
        subprocess.run(
            [found.command("kubectl"), "get", "nodes,pods", "--all-namespaces"],
            env=found.environment(),
            check=False,
        )


@cluster.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(command: tuple[str, ...]) -> None:
    """Start a shell with KUBECONFIG, kubectl and helm, or run COMMAND that way."""
    found = _standing()
    shell_path = os.environ.get("SHELL", "/bin/sh")
    words = list(command) or [shell_path]
    raise SystemExit(subprocess.run(words, env=found.environment(), check=False).returncode)


@cluster.command("on-node", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED, required=True)
def on_node(command: tuple[str, ...]) -> None:
    """Run COMMAND on the node, in its network and with its files."""
    found = _standing()
    words = found.on_node(command)
    raise SystemExit(subprocess.run(words, env=found.environment(), check=False).returncode)


def _standing() -> Cluster:
    lease = Lease.standing(NAME)
    if lease is None:
        raise Refusal("There is no cluster; start one with: testbed cluster up")
    return Cluster.attach(lease)
