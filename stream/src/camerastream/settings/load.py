"""Reads the settings: flag before environment before `.env`, and every problem at once."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from camerastream.settings.field import SecretStr
from camerastream.settings.model import FIELDS, Settings
from camerastream.settings.producer_names import (
    PREFIX,
    is_secret_producer_setting,
    producer_environment_name,
    producer_setting_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from camerastream.settings.field import SettingField

_LOOKS_LIKE_OURS = ("KAFKA_", "CAMERA_", "RTSP_", "SPOOL_", "HTTP_")


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: One sentence each, with what to write instead.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that hold, and what is worth a warning.

    Attributes:
        settings: The settings.
        warnings: Sentences for the log.
    """

    settings: Settings
    warnings: list[str] = field(default_factory=list)


def load_settings(
    flags: Mapping[str, Any],
    *,
    env_file: Path | None,
    checks: Callable[[Settings], list[str]] = lambda _settings: [],
) -> Loaded:
    """Read the settings.

    Args:
        flags: Values given as flags, by field name; only those that were given.
        env_file: The `.env` file; it need not exist.
        checks: Finds problems between settings; runs also when single values are wrong,
            with these replaced, so that all problems come at once.

    Raises:
        SettingsError: With every problem, not just the first.
    """
    from_file = _read_env_file(env_file)
    config = {
        **_kafka_config(from_file),
        **_kafka_config(os.environ),
        **_lowered(flags.get("kafka_config", {})),
    }
    given = {**_by_field(from_file), **_by_field(os.environ), **flags, "kafka_config": config}
    warnings = unknown_names(from_file)
    values: dict[str, Any] = {}
    problems = []
    for name, declared in FIELDS.items():
        try:
            values[name] = _value(declared, given)
        except (LookupError, ValueError, OSError) as error:
            problems.append(_sentence(declared, given, error))
            values[name] = _substitute(declared)
    settings = Settings(**values)
    problems += checks(settings)
    if problems:
        raise SettingsError(problems)
    return Loaded(settings, warnings)


def environment_name(field_name: str) -> str:
    """Return a field's environment name."""
    return field_name.upper()


def flag_name(field_name: str) -> str:
    """Return a field's flag."""
    return "--" + field_name.replace("_", "-")


def is_secret_field(field_name: str) -> bool:
    """Say whether a field is a secret, which has no flag: a command line can be read by all."""
    return FIELDS[field_name].secret


def secrets_of(settings: Settings) -> list[str]:
    """Return every value that must not show."""
    found = [
        value.get_secret_value()
        for name in FIELDS
        if isinstance(value := getattr(settings, name), SecretStr)
    ]
    found += [
        value for name, value in settings.kafka_config.items() if is_secret_producer_setting(name)
    ]
    return [secret for secret in found if secret]


def unknown_names(names: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each name of a `.env` file that looks like ours but is not."""
    known = {environment_name(name) for name in FIELDS}
    sentences = []
    for name in names:
        upper = name.upper()
        if upper in known or upper.startswith(PREFIX):
            continue
        close = difflib.get_close_matches(upper, known, n=1, cutoff=0.85)
        if close:
            sentences.append(f"{name} in the .env file is not a setting; write {close[0]}")
        elif "." in name or upper.startswith(_LOOKS_LIKE_OURS):
            wanted = producer_environment_name(upper.removeprefix("KAFKA_"))
            sentences.append(
                f"{name} in the .env file is not a setting and is ignored; "
                f"a producer setting is written {wanted}"
            )
    return sentences


def _by_field(names: Mapping[str, str | None]) -> dict[str, str]:
    """Return what names of any case say, by field; an empty value says nothing."""
    return {
        name.lower(): value for name, value in names.items() if value and name.lower() in FIELDS
    }


def _value(declared: SettingField, given: Mapping[str, Any]) -> Any:
    if declared.name in given:
        return declared.convert(given[declared.name])
    if declared.required:
        raise LookupError
    return declared.default


def _substitute(declared: SettingField) -> Any:
    """Return a value that is right in itself, to go on checking with."""
    stand_ins = {"camera_id": "unknown", "rtsp_camera_url": "test:"}
    return stand_ins.get(declared.name, declared.default)


def _read_env_file(env_file: Path | None) -> dict[str, str | None]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        return dict(dotenv_values(env_file, encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{env_file} cannot be read ({error}); write it as UTF-8"]) from None


def _kafka_config(names: Mapping[str, str | None]) -> dict[str, str]:
    return {
        producer_setting_name(name): value
        for name, value in names.items()
        if name.upper().startswith(PREFIX) and value
    }


def _lowered(given: Mapping[str, str]) -> dict[str, str]:
    return {producer_setting_name(name): value for name, value in given.items()}


def _sentence(declared: SettingField, given: Mapping[str, Any], error: Exception) -> str:
    name = environment_name(declared.name)
    if isinstance(error, LookupError):
        return f"{name} is missing; write {declared.write}"
    shown = "" if declared.secret else f"={given[declared.name]!r}"
    why = "; there is no such file" if isinstance(error, FileNotFoundError) else ""
    return f"{name}{shown} is not usable{why}; write {declared.write}"
