"""The `camerastream-operator` command."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from camerastream_operator import __version__
from camerastream_operator.runtime.exit_codes import EXIT_BAD_SETTINGS
from camerastream_operator.runtime.settings import SettingsError, load_settings


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Keeps every camera's stream alive and says why it was ever restarted."""


@main.command()
def run() -> None:
    """Look after CameraStreams until SIGTERM.

    Settings are environment variables that begin with OPERATOR_. Exit codes: 0 ended as asked,
    1 to be started again (another replica took over, or the API server cannot be watched), 2 bad
    settings, 3 anything unexpected.
    """
    # kopf and the client library take half a second of CPU to load: not for --help.
    from camerastream_operator.runtime.defaults_file import DefaultsFile  # noqa: PLC0415
    from camerastream_operator.runtime.process import run_process  # noqa: PLC0415

    try:
        settings = load_settings()
        defaults = DefaultsFile(settings.defaults_file)
    except SettingsError as error:
        _refuse(error.problems)
    _leave(run_process(settings, defaults))


def _refuse(problems: list[str]) -> NoReturn:
    click.echo("camerastream-operator cannot start:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    sys.exit(EXIT_BAD_SETTINGS)


def _leave(code: int) -> NoReturn:
    """End at once: after the Lease was lost nothing may be written any more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
