"""What can go wrong, each with a sentence that says what to do and an exit code of its own."""

from __future__ import annotations

from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Exit(IntEnum):
    """Exit codes; 2 is bad usage, as everywhere."""

    UNEXPECTED = 1
    NO_CLUSTER = 3
    UNREACHABLE = 4
    NOT_LOGGED_IN = 5
    FORBIDDEN = 6
    NO_RESOURCE_TYPE = 7
    NO_CAMERA = 8
    NO_POD = 9
    NO_PICTURE = 10
    NOT_STORED = 11
    NOT_INSTALLED = 12
    API_FAILED = 13


class Problem(Exception):  # noqa: N818 - most are no fault of the program
    """Something is in the way.

    Attributes:
        exit: The exit code.
        sentence: What it is and what to do; never with a credential.
    """

    def __init__(self, exit_code: Exit, sentence: str) -> None:
        self.exit = exit_code
        self.sentence = sentence
        super().__init__(sentence)


def no_camera(namespace: str, missing: Iterable[str], known: Iterable[str] | None) -> Problem:
    """Say that there are no such cameras, and which names are near.

    Args:
        namespace: Where they were looked for.
        missing: Their names.
        known: The names of those that are there, None when they are not known.

    Example:
        >>> print(no_camera("shop", ["loby"], ["lobby", "yard"]).sentence)
        no CameraStream "loby" in namespace shop; there is lobby
    """
    quoted = ", ".join(f'"{name}"' for name in missing)
    said = f"no CameraStream {quoted} in namespace {namespace}"
    if known is None:
        return Problem(Exit.NO_CAMERA, said)
    known = sorted(known)
    near = {match for name in missing for match in get_close_matches(name, known, 3)}
    shown = sorted(near) or known[:5]
    more = len(known) - len(shown) if not near else 0
    there = ", ".join(shown) + (f" and {more} more" if more else "")
    hint = f"there is {there}" if shown else "there is none; --namespace names another one"
    return Problem(Exit.NO_CAMERA, f"{said}; {hint}")
