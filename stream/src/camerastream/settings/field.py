"""What a setting's declaration holds, and how a text becomes its value.

Texts are converted by click, which reads the command line anyway. pydantic would do it as
well, but it keeps 10 MiB in every pod (docs/decisions/0020-a-lean-stream-process.md).
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from dataclasses import MISSING, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ABOUT = "about"


class SecretStr:
    """A text that does not show by itself: not in a log, a traceback or an assertion."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "SecretStr('**********')"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a value must keep to.

    Attributes:
        ge: It is at least this.
        gt: It is above this.
        le: It is at most this.
        min_length: A text has at least this many characters.
        pattern: A text is this regular expression from end to end.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    min_length: int = 0
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting as it was declared.

    Attributes:
        name: The field's name.
        description: What it means.
        write: What to write instead of a wrong value; completes the sentence "write ...".
        unit: The unit of the value, empty where it has none.
        default: Its default, None also where it is required.
        required: Whether it has no default.
        kind: The type of its values.
        optional: Whether it may be None.
        checks: Raise ValueError for a value that is not usable.
        limits: What a value must keep to.
    """

    name: str
    description: str
    write: str
    unit: str
    default: Any
    required: bool
    kind: type
    optional: bool
    checks: tuple[Callable[[Any], None], ...]
    limits: Limits

    @property
    def secret(self) -> bool:
        """Whether its value must not show."""
        return self.kind is SecretStr

    def convert(self, value: Any) -> Any:
        """Return the value that a text stands for; a value of the right type stays.

        Raises:
            ValueError: It is not usable.
        """
        if value is None and self.optional:
            return None
        try:
            converted = _converted(value, self.kind, self.limits)
        except click.BadParameter as error:
            raise ValueError(error.message) from None
        for check in self.checks:
            check(converted)
        return converted


def setting(default: Any, about: str, *, write: str, unit: str = "", **limits: Any) -> Any:
    """Declare a setting, as the default of a dataclass field.

    Args:
        default: Its default; `...` makes it required.
        about: What it means, for `--help` and docs/settings.md.
        write: What to write instead of a wrong value; completes the sentence "write ...".
        unit: The unit of the value, where it has one.
        limits: See `Limits`.
    """
    metadata = {_ABOUT: (about, write, unit, Limits(**limits))}
    if default is ...:
        return dataclasses.field(metadata=metadata)
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def declared(settings_class: type) -> Mapping[str, SettingField]:
    """Return the settings that a dataclass declares, by name and in order."""
    hints = typing.get_type_hints(settings_class, include_extras=True)
    found = {}
    for field in dataclasses.fields(settings_class):
        kind, optional, checks = _taken_apart(hints[field.name])
        about, write, unit, limits = field.metadata[_ABOUT]
        default = None if field.default is MISSING else field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        found[field.name] = SettingField(
            field.name,
            about,
            write,
            unit,
            default,
            field.default is MISSING and field.default_factory is MISSING,
            kind,
            optional,
            checks,
            limits,
        )
    return types.MappingProxyType(found)


def _taken_apart(hint: Any) -> tuple[type, bool, tuple[Callable[[Any], None], ...]]:
    """Return the type of a hint, whether it allows None, and the checks in it."""
    checks: tuple[Callable[[Any], None], ...] = ()
    optional = False
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
        optional = True
    if typing.get_origin(hint) is typing.Annotated:
        hint, *found = typing.get_args(hint)
        checks = tuple(found)
    return typing.get_origin(hint) or hint, optional, checks


def _converted(value: Any, kind: type, limits: Limits) -> Any:
    if kind in (int, float):
        return _number(value, kind, limits)
    if kind is bool:
        return click.BOOL.convert(value, None, None)
    if isinstance(value, kind):
        converted: Any = value
    elif not isinstance(value, str) or not issubclass(kind, str | Path | Enum | SecretStr):
        raise ValueError("another type")  # noqa: TRY004 - it is what a person wrote
    else:
        converted = kind(value)
    if kind is str:
        fits = limits.pattern is None or re.fullmatch(limits.pattern, converted)
        if not fits or len(converted) < limits.min_length:
            raise ValueError("another form")
    return converted


def _number(value: Any, kind: type, limits: Limits) -> Any:
    lowest = limits.ge if limits.gt is None else limits.gt
    allowed: Any = click.IntRange if kind is int else click.FloatRange
    number = allowed(min=lowest, max=limits.le, min_open=limits.gt is not None).convert(
        value, None, None
    )
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
