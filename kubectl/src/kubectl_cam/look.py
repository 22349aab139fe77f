"""A tolerant look into JSON that others wrote, perhaps half, perhaps of another version. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

_LONGEST_TEXT = 2000


class Look:
    """A place in JSON; what is missing or of a wrong type reads as nothing.

    Args:
        data: Anything.

    Example:
        >>> Look({"a": {"b": [{"c": 1}, 5]}}).at("a").each("b")[0].count("c")
        1
        >>> Look("no object").at("a").text("b")
        ''
    """

    __slots__ = ("_data",)

    def __init__(self, data: object) -> None:
        self._data = data

    def __bool__(self) -> bool:
        return isinstance(self._data, dict) and bool(self._data)

    def at(self, *path: str) -> Look:
        """Return the place at a path."""
        place: Any = self._data
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        return Look(place)

    def text(self, name: str) -> str:
        """Return a text as one line that cannot steer a terminal; empty when there is none."""
        found = self._field(name)
        return one_line(found[:_LONGEST_TEXT]) if isinstance(found, str) else ""

    def number(self, name: str) -> float | None:
        """Return a finite number."""
        found = self._field(name)
        if not isinstance(found, int | float) or isinstance(found, bool):
            return None
        try:
            value = float(found)
        except OverflowError:
            return None
        return value if math.isfinite(value) else None

    def count(self, name: str) -> int | None:
        """Return a whole number that is not negative."""
        found = self.number(name)
        return int(found) if found is not None and found >= 0 else None

    def flag(self, name: str) -> bool | None:
        """Return a truth value."""
        found = self._field(name)
        return found if isinstance(found, bool) else None

    def time(self, name: str) -> datetime | None:
        """Return a time, in UTC."""
        try:
            at = datetime.fromisoformat(self.text(name))
            return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None

    def each(self, name: str) -> list[Look]:
        """Return the objects of a list; what is no object is left out."""
        found = self._field(name)
        items = found if isinstance(found, list) else []
        return [Look(item) for item in items if isinstance(item, dict)]

    def counts(self) -> dict[str, int]:
        """Return the whole numbers of this object by their names."""
        names = self._data if isinstance(self._data, dict) else {}
        found = {one_line(str(name)): self.count(name) for name in names}
        return {name: count for name, count in found.items() if count is not None}

    def _field(self, name: str) -> object:
        return self._data.get(name) if isinstance(self._data, dict) else None


def one_line(text: str) -> str:
    r"""Return a text without line ends and without what could steer a terminal.

    Example:
        >>> one_line("lobby\n\x1b[2J")
        'lobby �[2J'
    """
    return "".join(
        letter if letter.isprintable() else " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )
