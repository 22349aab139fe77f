"""The operator, installed once for all tests of cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.cameras.deployment import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.site.site import Site


@pytest.fixture(scope="package")
def operator(site: Site, operator_image: str, stream_image: str) -> Iterator[Operator]:
    """The operator at work, until the last of these tests: the chart brings another one."""
    made = Operator(site.environment(), operator_image, stream_image)
    made.install()
    yield made
    made.uninstall()
