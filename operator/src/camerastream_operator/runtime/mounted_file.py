"""A file that is a mounted ConfigMap: read as a whole, checked, and said what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

_MAX_BYTES = 1_048_576


class Part(BaseModel):
    """A part of such a file; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


M = TypeVar("M", bound=Part)


def read_file(path: Path, setting: str) -> str:
    """Return what a file holds.

    Args:
        path: The file; in a pod a symbolic link that is replaced as a whole.
        setting: The environment variable that names it, for the sentence.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise SettingsError(
            [f"{path} cannot be read ({said}); {setting} must name a file"]
        ) from None


def parse_file(model: type[M], text: str, name: str) -> M:
    """Read what a file says, in YAML or JSON.

    Args:
        model: What it may say.
        text: Its contents.
        name: What it is called in sentences.

    Raises:
        SettingsError: It cannot be used.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise SettingsError([f"{name} is neither YAML nor JSON{where}"]) from None
    try:
        return model.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise SettingsError(
            [_sentence(name, item) for item in error.errors(include_input=False)]
        ) from None


def _sentence(name: str, item: ErrorDetails) -> str:
    path = ".".join(str(part) for part in item["loc"]) or "the file"
    if item["type"] == "missing":
        return f"{path} is missing in {name}"
    if item["type"] == "extra_forbidden":
        return f"{path} in {name} is unknown; correct or remove it"
    said = item["msg"].removeprefix("Input ").rstrip(".")
    return f"{path} in {name} {said[:1].lower()}{said[1:]}"
