"""Options that commands share, named as kubectl names them: it passes none of its own on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_cam.cluster.client import Cluster

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def cluster_options(command: _Command) -> _Command:
    """Add the options that say which cluster and namespace are meant."""
    for option in (
        click.option("--kubeconfig", metavar="FILE", help="instead of KUBECONFIG"),
        click.option("--context", metavar="NAME", help="of the kubeconfig, not its current one"),
        click.option("-n", "--namespace", metavar="NAME", help="not that of the context"),
    ):
        command = option(command)
    return command


def timeout_option(command: _Command) -> _Command:
    """Add the option that says how long pods are waited for."""
    return click.option(
        "--timeout",
        "timeout_seconds",
        type=click.FloatRange(min=0.1, max=120),
        default=5.0,
        show_default=True,
        metavar="SECONDS",
        help="how long each pod has to answer",
    )(command)


def selection_options(command: _Command) -> _Command:
    """Add the options that choose cameras."""
    for option in (
        click.option("-l", "--selector", metavar="LABELS", help="only cameras with these labels"),
        click.option("-A", "--all-namespaces", is_flag=True, help="of all namespaces"),
    ):
        command = option(command)
    return command


def open_cluster(kubeconfig: str | None, context: str | None, namespace: str | None) -> Cluster:
    """Find the cluster that the options mean.

    Raises:
        Problem: There is none.
    """
    # They take half a second of CPU to load: not for --help.
    from kubectl_cam.cluster.client import Cluster  # noqa: PLC0415
    from kubectl_cam.cluster.connection import Wanted, connect  # noqa: PLC0415

    return Cluster(connect(Wanted(kubeconfig, context, namespace)))
