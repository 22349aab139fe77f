"""The settings that `camerastream watch` shares with `run`: the connection and the topic."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from camerastream.cli.options import describe, given_flags
from camerastream.settings.load import SettingsError, flag_name, load_settings
from camerastream.settings.model import FIELDS
from camerastream.settings.producer_names import is_secret_producer_setting
from camerastream.watch.report import EXIT_BAD_USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from camerastream.settings.model import Settings

_CONNECTION = (
    "kafka_bootstrap_servers",
    "camera_stream_topic",
    "kafka_security_protocol",
    "kafka_sasl_mechanism",
    "kafka_sasl_username",
    "kafka_sasl_password",
    "kafka_ssl_ca_location",
)
_SHORT_FLAGS = {
    "kafka_bootstrap_servers": "--bootstrap-servers",
    "camera_stream_topic": "--topic",
}
# Of the producer's settings in the environment, those that a consumer needs as well.
_SHARED_PREFIXES = (
    "broker.address.",
    "client.dns.",
    "enable.sasl.",
    "enable.ssl.",
    "https.",
    "sasl.",
    "security.",
    "socket.",
    "ssl.",
)


def watch_settings(env_file: Path, values: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """Read the settings that a watch needs: how to reach the brokers, and the topic.

    Ends the program with exit code 2 where they are not usable.

    Args:
        env_file: The `.env` file; it need not exist.
        values: The command line's values, by name.

    Returns:
        The settings, and librdkafka's settings of the connection.
    """
    given = given_flags(dict(values))
    extra: dict[str, str] = given.pop("kafka_config", {})
    for name in extra:
        if is_secret_producer_setting(name.lower()):
            raise click.UsageError(
                f"--kafka-config {name} is a secret, and a command line can be read by all; set "
                "it in the environment"
            )
    # Whatever else the environment sets is the business of `run` and not judged here.
    unused = {
        name: declared.default
        for name, declared in FIELDS.items()
        if name not in _CONNECTION and name != "kafka_config" and not declared.required
    }
    stand_ins = {"camera_id": "watch", "rtsp_camera_url": "test:"}
    try:
        settings = load_settings({**unused, **stand_ins, **given}, env_file=env_file).settings
    except SettingsError as error:
        refuse(error.problems)
    with_sasl = settings.kafka_security_protocol.upper().startswith("SASL")
    if with_sasl and settings.kafka_sasl_mechanism is None:
        refuse(["KAFKA_SASL_MECHANISM is missing; write for example SCRAM-SHA-512"])
    from camerastream.assembly import connection_values  # noqa: PLC0415

    shared = {
        name: value
        for name, value in settings.kafka_config.items()
        if name.startswith(_SHARED_PREFIXES)
    }
    return settings, {**shared, **extra, **connection_values(settings)}


def refuse(problems: list[str]) -> NoReturn:
    """Say what is wrong and end with exit code 2."""
    click.echo("camerastream cannot watch:", err=True)
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    sys.exit(EXIT_BAD_USAGE)


def connection_options() -> list[click.Parameter]:
    """Return the flags that say how to reach the brokers, and the topic."""
    options: list[click.Parameter] = []
    for name in _CONNECTION:
        if name == "kafka_sasl_password":
            continue
        flags = [_SHORT_FLAGS[name]] if name in _SHORT_FLAGS else []
        options.append(
            click.Option([*flags, flag_name(name), name], metavar="VALUE", help=describe(name))
        )
    options.append(
        click.Option(
            ["--kafka-config", "kafka_config"],
            metavar="NAME=VALUE",
            multiple=True,
            help="any consumer setting of librdkafka; repeatable",
        )
    )
    return options
