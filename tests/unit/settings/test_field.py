"""How a text becomes a setting's value."""
# ruff: noqa: RUF009 - `setting` declares a field

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pytest

from camerastream.settings.field import SecretStr, declared, setting

if TYPE_CHECKING:
    from camerastream.settings.field import SettingField


class Mode(StrEnum):
    ON = "on"
    OFF = "off"


def _short(value: Path) -> None:
    if len(value.parts) > 2:
        raise ValueError("long")


@dataclass(frozen=True, kw_only=True)
class Declared:
    number: int = setting(..., "a number", write="a number", ge=1, le=9)
    share: float = setting(0.5, "a share", write="a share", gt=0, le=1, unit="parts")
    switch: bool = setting(False, "a switch", write="true or false")
    name: str = setting("x", "a name", write="a name", pattern=r"[a-z]+", min_length=1)
    mode: Mode = setting(Mode.ON, "a mode", write="on or off")
    path: Annotated[Path, _short] | None = setting(None, "a path", write="a path")
    secret: SecretStr | None = setting(None, "a secret", write="a secret")
    table: dict[str, str] = setting({}, "a table", write="a table")


FIELDS = declared(Declared)


def field(name: str) -> SettingField:
    return FIELDS[name]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("number", "9", 9),
        ("number", " 1 ", 1),
        ("number", 5, 5),
        ("share", "1e-3", 0.001),
        ("share", "1", 1.0),
        ("switch", "TRUE", True),
        ("switch", "off", False),
        ("switch", "1", True),
        ("switch", True, True),
        ("name", "abc", "abc"),
        ("mode", "off", Mode.OFF),
        ("mode", Mode.OFF, Mode.OFF),
        ("path", "a/b", Path("a/b")),
        ("path", None, None),
        ("table", {"a": "b"}, {"a": "b"}),
    ],
)
def test_a_text_becomes_a_value_and_a_value_stays(name: str, text: object, value: object) -> None:
    assert field(name).convert(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("number", "0"),
        ("number", "10"),
        ("number", "1.5"),
        ("number", "many"),
        ("number", ""),
        ("number", None),
        ("share", "0"),
        ("share", "1.01"),
        ("share", "nan"),
        ("share", "inf"),
        ("switch", "maybe"),
        ("name", "ABC"),
        ("name", "abc\n"),
        ("name", ""),
        ("mode", "ON"),
        ("path", "a/b/c"),
        ("table", "a=b"),
    ],
)
def test_what_is_not_usable_is_refused(name: str, text: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        field(name).convert(text)


def test_a_secret_does_not_show() -> None:
    secret = field("secret").convert("hunter22")
    shown = f"{secret} {secret!r} {Declared(number=1, secret=secret)}"
    assert "hunter22" not in shown
    assert secret.get_secret_value() == "hunter22"
    assert [name for name, each in FIELDS.items() if each.secret] == ["secret"]


def test_only_what_has_no_default_is_required_and_tables_are_not_shared() -> None:
    assert [name for name, each in FIELDS.items() if each.required] == ["number"]
    first, second = Declared(number=1), Declared(number=1)
    assert first.table is not second.table
