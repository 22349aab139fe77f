"""`camerastream run`: the program itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from camerastream.cli.options import (
    SectionedCommand,
    env_file_option,
    given_flags,
    settings_options,
)
from camerastream.ending import EXIT_BAD_SETTINGS
from camerastream.logs.lean import load_structlog_without_rich
from camerastream.logs.native_stderr import prepare_native_environment
from camerastream.settings.load import SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

_EPILOG = (
    "Secrets are read from the environment or the .env file only: CAMERA_PASSWORD, "
    "KAFKA_SASL_PASSWORD. A flag outranks the environment, which outranks the .env file. "
    "Exit codes: 0 ended as asked, 1 buffer threshold crossed or fatal producer error, "
    "2 bad settings, 3 anything unexpected."
)


def _run(env_file: Path, **values: Any) -> None:
    prepare_native_environment()
    load_structlog_without_rich()
    from camerastream.assembly import check_settings  # noqa: PLC0415 - after these two

    try:
        loaded = load_settings(given_flags(values), env_file=env_file, checks=check_settings)
    except SettingsError as error:
        _refuse(error.problems)
    # OpenCV and librdkafka take half a second of CPU to load: not for bad settings.
    from camerastream.cli.supervise import supervise  # noqa: PLC0415

    _leave(supervise(loaded))


run_command = SectionedCommand(
    "run",
    callback=_run,
    params=[
        env_file_option(),
        *settings_options(),
    ],
    help="Stream one camera to Kafka until SIGTERM.",
    epilog=_EPILOG,
    context_settings={"max_content_width": 110},
)


def _refuse(problems: list[str]) -> NoReturn:
    click.echo("camerastream cannot start:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    sys.exit(EXIT_BAD_SETTINGS)


def _leave(code: int) -> NoReturn:
    """End without tearing down threads that may be inside native code."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
