"""A pytest plugin that says which fixtures the chosen tests use, so that these can be prepared.

What is built during a test shows no progress: pytest keeps the output to itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_OPTION = "--needs-file"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file to write."""
    parser.addoption(_OPTION, help="write the names of the fixtures used there, as JSON")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the names of the fixtures of every chosen test."""
    target = session.config.getoption(_OPTION)
    if target:
        names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        Path(target).write_text(json.dumps(sorted(names)))
