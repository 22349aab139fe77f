"""Reads the settings: flag before environment before `.env`, and every problem at once."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from camerastream.settings.model import Settings
from camerastream.settings.producer_names import (
    PREFIX,
    is_secret_producer_setting,
    producer_environment_name,
    producer_setting_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pydantic_settings import PydanticBaseSettingsSource

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
    given = dict(flags)
    given["kafka_config"] = {
        **_kafka_config(from_file),
        **_kafka_config(os.environ),
        **_lowered(given.get("kafka_config", {})),
    }
    warnings = unknown_names(from_file)

    class Sourced(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del env_settings, dotenv_settings, file_secret_settings
            return (
                init_settings,
                EnvSettingsSource(settings_cls),
                DotEnvSettingsSource(settings_cls, env_file=env_file),
            )

    try:
        settings: Settings = Sourced(**given)
    except ValidationError as error:
        problems = [_sentence(item) for item in error.errors()]
        wrong = {str(item["loc"][0]) for item in error.errors()}
        substitutes = {name: _substitute(name) for name in wrong}
        problems += checks(Sourced(**{**given, **substitutes}))
        raise SettingsError(problems) from None
    problems = checks(settings)
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
    return "SecretStr" in str(Settings.model_fields[field_name].annotation)


def secrets_of(settings: Settings) -> list[str]:
    """Return every value that must not show."""
    found = [
        value.get_secret_value()
        for name in Settings.model_fields
        if isinstance(value := getattr(settings, name), SecretStr)
    ]
    found += [
        value for name, value in settings.kafka_config.items() if is_secret_producer_setting(name)
    ]
    return [secret for secret in found if secret]


def unknown_names(names: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each name of a `.env` file that looks like ours but is not."""
    known = {environment_name(name) for name in Settings.model_fields}
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


def _substitute(field_name: str) -> Any:
    """Return a value that is right in itself, to go on checking with."""
    stand_ins = {"camera_id": "unknown", "rtsp_camera_url": "test:"}
    return stand_ins.get(field_name, Settings.model_fields[field_name].default)


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


def _sentence(item: Any) -> str:
    field_name = str(item["loc"][0]) if item["loc"] else "settings"
    name = environment_name(field_name)
    info = Settings.model_fields.get(field_name)
    extra = info.json_schema_extra if info is not None else None
    write = extra.get("write") if isinstance(extra, dict) else None
    if item["type"] == "missing":
        return f"{name} is missing; write {write}"
    shown = "" if is_secret_field(field_name) else f"={item['input']!r}"
    why = "; there is no such file" if "no such file" in str(item["msg"]) else ""
    return f"{name}{shown} is not usable{why}; write {write}"
