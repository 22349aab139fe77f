"""`kubectl cam frame`: what does a camera see now?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubectl_cam.camera import read_camera
from kubectl_cam.cli.options import (
    cluster_options,
    open_cluster,
    selection_options,
    timeout_option,
)
from kubectl_cam.pictures.files import STANDARD_OUTPUT, store
from kubectl_cam.words import count_text

if TYPE_CHECKING:
    from kubectl_cam.cluster.client import Cluster
    from kubectl_cam.gather import Selection

_SHEET = Path("cameras.jpg")
_KINDS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


@click.command("frame", short_help="the picture of a camera, or of all")
@click.argument("name", required=False)
@cluster_options
@click.option("--all", "sheet", is_flag=True, help="a contact sheet of all cameras")
@selection_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="NAME.jpg, with --all cameras.jpg, unless given; - is the standard output",
)
@click.option("--show", is_flag=True, help="show it in the terminal, in 24-bit colours")
@timeout_option
def frame_command(
    *,
    name: str | None,
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    sheet: bool,
    selector: str | None,
    all_namespaces: bool,
    output: Path | None,
    show: bool,
    timeout_seconds: float,
) -> None:
    """Get the last picture that a camera has sent, as JPEG.

    The stream serves it when spec.diagnostics.frameEndpoint is Enabled.
    """
    _refuse_bad_usage(name, output, sheet=sheet, chosen=bool(selector or all_namespaces), show=show)
    if show or sheet:
        from kubectl_cam.pictures.decoding import need_pillow  # noqa: PLC0415 - an extra

        need_pillow()
    cluster = open_cluster(kubeconfig, context, namespace)
    if name is not None:
        _one(cluster, name, output, show=show, timeout_seconds=timeout_seconds)
        return
    from kubectl_cam.gather import Selection  # noqa: PLC0415 - slow to load

    selection = Selection(None if all_namespaces else cluster.namespace, selector=selector)
    _all(cluster, selection, output or _SHEET, timeout_seconds)


def _refuse_bad_usage(
    name: str | None, output: Path | None, *, sheet: bool, chosen: bool, show: bool
) -> None:
    if (name is None) is not sheet:
        raise click.UsageError("write the NAME of a camera, or --all for a sheet of all")
    if chosen and not sheet:
        raise click.UsageError("-l and -A go with --all")
    if sheet and show:
        raise click.UsageError("--show shows one camera; a sheet is stored")
    standard_output = str(output) == STANDARD_OUTPUT
    named = sheet and output is not None and not standard_output
    if named and output is not None and output.suffix.lower() not in _KINDS:
        raise click.UsageError(f"--output {output}: write a name that ends in .jpg or .png")
    terminal = sys.stdout.isatty()
    if show and not terminal:
        raise click.UsageError("--show needs a terminal; --output stores the picture")
    if standard_output and (terminal or show):
        raise click.UsageError("a terminal shows no JPEG; write --show, or --output FILE")


def _one(
    cluster: Cluster, name: str, output: Path | None, *, show: bool, timeout_seconds: float
) -> None:
    from kubectl_cam.pictures.fetch import fetch_picture  # noqa: PLC0415 - slow to load

    camera = read_camera(cluster.camera(cluster.namespace, name))
    jpeg = fetch_picture(cluster, camera, timeout_seconds)
    if show:
        _show(jpeg)
    if output is not None or not show:
        _store(output or Path(f"{name}.jpg"), jpeg)


def _show(jpeg: bytes) -> None:
    from rich.console import Console  # noqa: PLC0415

    from kubectl_cam.pictures.decoding import decode  # noqa: PLC0415
    from kubectl_cam.pictures.halfblocks import half_blocks  # noqa: PLC0415

    console = Console(highlight=False)
    # A character is two pixels high; two lines are left for the prompt.
    picture = decode(jpeg, console.width, 2 * max(1, console.height - 2))
    if picture is None:
        raise click.ClickException("the picture cannot be decoded; --output stores it as it is")
    console.print(half_blocks(picture), end="")


def _all(cluster: Cluster, selection: Selection, output: Path, timeout_seconds: float) -> None:
    from kubectl_cam.pictures.collect import collect  # noqa: PLC0415 - slow to load
    from kubectl_cam.pictures.sheet import contact_sheet  # noqa: PLC0415 - an extra

    collected = collect(cluster, selection, timeout_seconds)
    _store(output, contact_sheet(collected.tiles, _KINDS.get(output.suffix.lower(), "JPEG")))
    for sentence in collected.sentences:
        click.echo(sentence, err=True)


def _store(output: Path, data: bytes) -> None:
    store(output, data)
    if str(output) != STANDARD_OUTPUT:
        click.echo(f"{output}: {count_text(len(data), 'byte')}")
