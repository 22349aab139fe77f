"""Flags made from the one definition of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from camerastream.settings.load import environment_name, flag_name, is_secret_field
from camerastream.settings.model import FIELDS

SECTIONS = {
    "camera_id": "Camera",
    "interval_seconds": "Motion and picture",
    "kafka_bootstrap_servers": "Kafka",
    "state_dir": "Surviving a restart",
    "http_host": "Seeing what happens",
    "kafka_config": "Any other producer setting",
}
"""The headings, by the first field below each."""


def describe(field_name: str) -> str:
    """Return a setting's meaning with unit, default and environment name."""
    declared = FIELDS[field_name]
    parts = [declared.description]
    if declared.unit:
        parts.append(f"(in {declared.unit})")
    parts.append(f"[{environment_name(field_name)}; {default_text(field_name)}]")
    return " ".join(parts)


def default_text(field_name: str) -> str:
    """Return a setting's default as a person would write it."""
    default = FIELDS[field_name].default
    if FIELDS[field_name].required:
        return "required"
    if default is None or default == {}:
        return "no default"
    if isinstance(default, bool):
        return f"default: {str(default).lower()}"
    if isinstance(default, float):
        return f"default: {default:g}"
    return f"default: {default}"


def env_file_option() -> click.Option:
    """Return the option that names the `.env` file."""
    return click.Option(
        ["--env-file"],
        default=".env",
        show_default=True,
        type=click.Path(dir_okay=False, path_type=Path),
        help="file with settings, NAME=VALUE in each line; need not exist",
    )


def settings_options() -> list[click.Parameter]:
    """Return one flag for each setting that is no secret."""
    options: list[click.Parameter] = []
    for name in FIELDS:
        if is_secret_field(name):
            continue
        if name == "kafka_config":
            options.append(
                click.Option(
                    [flag_name(name), name],
                    metavar="NAME=VALUE",
                    multiple=True,
                    help="any producer setting of librdkafka, or its Java name; repeatable, for "
                    "example linger.ms=50 [KAFKA_CONFIG_<NAME>; no default]",
                )
            )
            continue
        options.append(
            click.Option([flag_name(name), name], metavar="VALUE", help=describe(name), type=str)
        )
    return options


def given_flags(values: dict[str, Any]) -> dict[str, Any]:
    """Return the flags that were given, by field name.

    Raises:
        click.UsageError: A producer setting is not written NAME=VALUE.
    """
    given = {k: v for k, v in values.items() if v is not None and k in FIELDS}
    pairs = given.pop("kafka_config", ())
    config = {}
    for pair in pairs:
        name, separator, value = str(pair).partition("=")
        if not separator or not name:
            raise click.UsageError(
                f"--kafka-config {pair!r} is not usable; write NAME=VALUE, for example linger.ms=50"
            )
        config[name] = value
    if config:
        given["kafka_config"] = config
    return given


class SectionedCommand(click.Command):
    """A command whose help groups the settings as their definition does."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under their headings."""
        heading = "Options"
        rows: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            if parameter.name in SECTIONS:
                _write(formatter, heading, rows)
                heading, rows = SECTIONS[parameter.name], []
            record = parameter.get_help_record(ctx)
            if record is not None:
                rows.append(record)
        _write(formatter, heading, rows)


def _write(formatter: click.HelpFormatter, heading: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(heading):
            formatter.write_dl(rows)
