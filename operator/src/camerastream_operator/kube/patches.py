"""Merge patches (RFC 7386): what to send so that one object becomes another. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch from one object to another; empty when they are equal.

    Lists are replaced as a whole, as the RFC wants it.

    Args:
        before: The object as it is.
        after: The object as it is to be; holds no nulls.

    Example:
        >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}})
        {'b': {'d': 4}, 'a': None}
    """
    patch: dict[str, Any] = {}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if inner := merge_patch(old, value):
                patch[name] = inner
        elif name not in before or old != value:
            patch[name] = value
    patch.update({name: None for name in before if name not in after})
    return patch
