"""`kubectl cam status`: how is every camera?"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from kubectl_cam.cli.options import (
    cluster_options,
    open_cluster,
    selection_options,
    timeout_option,
)
from kubectl_cam.problems import Problem
from kubectl_cam.report import status_report

if TYPE_CHECKING:
    from datetime import datetime

    from kubectl_cam.gather import Gatherer, Selection
    from kubectl_cam.row import Row

_ROUND_SECONDS = 2.0
_SHORT_PATIENCE_SECONDS = 1.5
"""While watching: who has not answered by then is shown a round later."""
_MOST_TIMEOUTS = 3
"""Otherwise the table waits for so many timeouts at most: more pods than are asked at a time."""


@click.command("status", short_help="how every camera is, trouble first")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@cluster_options
@selection_options
@click.option("-w", "--watch", is_flag=True, help="stay, until Ctrl-C (on a terminal)")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@timeout_option
def status_command(
    *,
    names: tuple[str, ...],
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    selector: str | None,
    all_namespaces: bool,
    watch: bool,
    output: str,
    timeout_seconds: float,
) -> None:
    """Show how every camera is, trouble first.

    QUEUE is the use of the producer's buffer, SPOOL the frames on disk, UNACKED the age of the
    oldest frame that Kafka has not acknowledged, FRAME that of the last picture. They come from
    the pods; READY to THRESHOLD come from the resources.
    """
    from kubectl_cam.gather import Gatherer, Selection  # noqa: PLC0415 - slow to load

    if names and (selector or all_namespaces):
        raise click.UsageError("names go with one namespace: write neither -l nor -A beside them")
    cluster = open_cluster(kubeconfig, context, namespace)
    where = None if all_namespaces else cluster.namespace
    selection = Selection(where, names, selector)
    if watch and (output == "json" or _terminal()):
        _watch(Gatherer(cluster, timeout_seconds, _SHORT_PATIENCE_SECONDS), selection, output)
        return
    patience_seconds = _MOST_TIMEOUTS * timeout_seconds
    rows, now = Gatherer(cluster, timeout_seconds, patience_seconds).rows(selection)
    if output == "json":
        _print_json(status_report(rows, now), indent=2)
    elif rows:
        _print_table(rows, with_namespace=all_namespaces)
    else:
        place = f"namespace {where}" if where else "any namespace"
        click.echo(f"No CameraStream in {place}.", err=True)


def _terminal() -> bool:
    return sys.stdout.isatty()


def _print_json(found: dict[str, Any], indent: int | None) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=indent))


def _print_table(rows: list[Row], *, with_namespace: bool) -> None:
    from kubectl_cam.view.table import plain_table, terminal_table  # noqa: PLC0415

    if not _terminal():
        click.echo(plain_table(rows, with_namespace=with_namespace))
        return
    from rich.console import Console  # noqa: PLC0415

    console = Console(highlight=False)
    console.print(terminal_table(rows, with_namespace=with_namespace, width=console.width))


def _watch(gatherer: Gatherer, selection: Selection, output: str) -> None:
    # A watch that is ended by SIGTERM gives the terminal its cursor back, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if output == "json":
            _watch_as_json(gatherer, selection)
        else:
            _watch_on_screen(gatherer, selection)
    except KeyboardInterrupt:
        return


def _watch_as_json(gatherer: Gatherer, selection: Selection) -> None:
    while True:
        began = time.monotonic()
        _print_json(status_report(*gatherer.rows(selection)), indent=None)
        _pause(began)


def _watch_on_screen(gatherer: Gatherer, selection: Selection) -> None:
    from rich.console import Console  # noqa: PLC0415

    from kubectl_cam.view.screen import Screen  # noqa: PLC0415

    rows, now = gatherer.rows(selection)
    with Screen(Console(highlight=False), with_namespace=selection.namespace is None) as screen:
        trouble = ""
        while True:
            screen.show(rows, _title(selection, now, trouble))
            began = time.monotonic()
            _pause(began)
            try:
                rows, now = gatherer.rows(selection)
                trouble = ""
            except Problem as problem:
                # The last rows stay, with their time: the API server may come back.
                trouble = f"; {problem.sentence}"


def _title(selection: Selection, now: datetime, trouble: str) -> str:
    place = selection.namespace or "all namespaces"
    return f"  ({place}, {now:%H:%M:%S}Z){trouble}"


def _pause(began: float) -> None:
    time.sleep(max(0.0, began + _ROUND_SECONDS - time.monotonic()))
