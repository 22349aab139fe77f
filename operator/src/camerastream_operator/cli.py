"""The `camerastream-operator` command."""

from __future__ import annotations

import os
import sys
from typing import NoReturn, TextIO

import click
import yaml
from dotenv import dotenv_values

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


@main.command()
@click.option(
    "--env-file",
    required=True,
    type=click.File(encoding="utf-8"),
    help="as Compose uses it; - reads it",
)
def manifest(env_file: TextIO) -> None:
    """Print the CameraStream of a camera's .env file, and the Secrets that it needs.

    What was left out, and what is still to be done, stands in comments above. The Secrets hold the
    passwords. Exit code 2: the file cannot be used.
    """
    from camerastream_operator.api.from_environment import migrate  # noqa: PLC0415

    made = migrate(dotenv_values(stream=env_file))
    if made.problems:
        _refuse(made.problems, f"{env_file.name} cannot be used:")
    for note in made.notes:
        click.echo(f"# {note}")
    click.echo(yaml.safe_dump_all(made.objects, sort_keys=False), nl=False)


def _refuse(problems: list[str], heading: str = "camerastream-operator cannot start:") -> NoReturn:
    click.echo(heading, err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    sys.exit(EXIT_BAD_SETTINGS)


def _leave(code: int) -> NoReturn:
    """End at once: after the Lease was lost nothing may be written any more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
