"""The `kubectl-cam` command, which kubectl finds as `kubectl cam`."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from kubectl_cam import __version__
from kubectl_cam.cli.frame import frame_command
from kubectl_cam.cli.restarts import restarts_command
from kubectl_cam.cli.status import status_command
from kubectl_cam.problems import Exit, Problem

_EPILOG = (
    "Exit codes: 0 done; 2 bad usage; 3 no usable kubeconfig; 4 the API server cannot be reached; "
    "5 not logged in; 6 no right; 7 the cluster knows no CameraStream; 8 no such camera; 9 its pod "
    "does not run or answer; 10 no picture; 11 a file cannot be written; 12 Pillow is missing; "
    "13 the API server fails; 1 anything unexpected."
)


class _Cam(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            # As kubectl says its own.
            click.echo(f"error: {problem.sentence}", err=True)
            ctx.exit(int(problem.exit))


@click.group(cls=_Cam, epilog=_EPILOG, context_settings={"max_content_width": 110})
@click.version_option(__version__)
def cam() -> None:
    """Cameras at a glance: their state, their pictures, their restarts."""


cam.add_command(status_command)
cam.add_command(frame_command)
cam.add_command(restarts_command)


def main() -> None:
    """Run the command; whatever happens, there is a sentence and no traceback."""
    # What libraries log may quote a kubeconfig; what matters is said in our own words.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        cam(prog_name="kubectl cam")
    except Exception as error:  # noqa: BLE001 - the last resort
        # Its text may hold anything, also a credential.
        click.echo(f"error: unexpected: {type(error).__name__}{_place(error)}", err=True)
        sys.exit(Exit.UNEXPECTED)


def _place(error: BaseException) -> str:
    """Return where it happened, for a report."""
    found = error.__traceback__
    while found is not None and found.tb_next is not None:
        found = found.tb_next
    if found is None:
        return ""
    code = found.tb_frame.f_code
    return f" in {found.tb_frame.f_globals.get('__name__')}.{code.co_name}, line {found.tb_lineno}"
