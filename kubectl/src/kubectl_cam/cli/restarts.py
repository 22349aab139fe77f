"""`kubectl cam restarts`: when was a camera restarted, and why?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from kubectl_cam.cli.options import cluster_options, open_cluster
from kubectl_cam.report import timeline_report
from kubectl_cam.timeline import read_timeline


@click.command("restarts", short_help="when a camera was restarted, and why")
@click.argument("name")
@cluster_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def restarts_command(
    name: str, kubeconfig: str | None, context: str | None, namespace: str | None, output: str
) -> None:
    """Show the restarts of a camera: sums by reason, budget and hold, and the last ten in order."""
    cluster = open_cluster(kubeconfig, context, namespace)
    now = datetime.now(UTC)
    timeline = read_timeline(cluster.camera(cluster.namespace, name), now)
    if output == "json":
        click.echo(json.dumps(timeline_report(timeline), ensure_ascii=False, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415

    from kubectl_cam.view.restarts import restarts_text  # noqa: PLC0415

    console = Console(highlight=False)
    console.print(restarts_text(timeline, now), soft_wrap=not console.is_terminal)
