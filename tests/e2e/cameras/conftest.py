"""The operator, installed once for all tests of cameras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.cameras.deployment import Operator
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.site.site import Site


@pytest.fixture(scope="session")
def operator_image(site: Site) -> str:
    """The name by which pods get the image of the operator."""
    try:
        return site.image("operator")
    except Refusal as refusal:
        pytest.skip(str(refusal))


@pytest.fixture(scope="session")
def operator(site: Site, operator_image: str, stream_image: str) -> Iterator[Operator]:
    """The operator at work."""
    made = Operator(site.environment(), operator_image, stream_image)
    made.install()
    yield made
    made.uninstall()
