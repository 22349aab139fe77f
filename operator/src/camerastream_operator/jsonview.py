"""Tolerant looks into JSON that others wrote: a wrong type is as good as missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def mapping_at(data: object, *path: str) -> Mapping[str, Any]:
    """Return the object at a path, empty when there is none.

    Example:
        >>> mapping_at({"a": {"b": {"c": 1}}}, "a", "b")
        {'c': 1}
        >>> mapping_at({"a": 5}, "a", "b")
        {}
    """
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def items_at(data: object, *path: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list at a path; what is no object is left out."""
    found = mapping_at(data, *path[:-1]).get(path[-1])
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def text_at(data: object, *path: str) -> str:
    """Return the text at a path, empty when there is none."""
    found = mapping_at(data, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def count_at(data: object, *path: str) -> int:
    """Return the whole number at a path, 0 when there is none or it is negative."""
    found = number_at(data, *path)
    return max(0, found) if found is not None else 0


def number_at(data: object, *path: str) -> int | None:
    """Return the whole number at a path, None when there is none."""
    found = mapping_at(data, *path[:-1]).get(path[-1])
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def counts_at(data: object, *path: str) -> dict[str, int]:
    """Return the object of whole numbers at a path; what is no number is left out."""
    found = mapping_at(data, *path)
    return {
        str(name): value
        for name, value in found.items()
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0
    }
