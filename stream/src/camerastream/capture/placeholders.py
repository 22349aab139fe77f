"""`{username}` and `{password}` in an address, for cameras that take a login nowhere else.

Some cameras want it in the path or the query (`/user=admin&password=...&channel=1`). There a
placeholder stands for it, so that the address itself can be read by everybody.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_WORD_IN_BRACES = re.compile(r"\{(?P<name>[A-Za-z_]+)\}")
"""Letters only: some recorders have a GUID in braces in their paths."""


def has_placeholder(text: str) -> bool:
    """Say whether something is to be filled in."""
    return _WORD_IN_BRACES.search(text) is not None


def fill_in(text: str, username: str | None, password: str | None) -> str:
    """Return a path and query with the login, percent-encoded, in place of the placeholders.

    Args:
        text: What follows the host of an address.
        username: Any text; None or empty when there is none.
        password: Any text, which may be empty; None when there is none.

    Raises:
        ValueError: There is nothing to fill in, or a placeholder is not known; the sentence
            says what to write.
    """
    values = {"username": username or None, "password": password}

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in values:
            raise ValueError(f"{match[0]} is not known; write {{username}} or {{password}}")
        if (found := values[name]) is None:
            raise ValueError(f"{match[0]} stands for nothing; write CAMERA_{name.upper()}")
        return quote(found, safe="")

    return _WORD_IN_BRACES.sub(value, text)
