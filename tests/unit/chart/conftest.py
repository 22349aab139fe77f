"""Helm, where it is built."""

from __future__ import annotations

import pytest

from tests.unit.chart.helm import HOW_TO_BUILD, Helm, built


def _helm(major: int) -> Helm:
    found = built(major)
    if found is None:
        pytest.skip(f"helm {major} is not built; build it with: {HOW_TO_BUILD[major]}")
    return found


@pytest.fixture(scope="session")
def helm() -> Helm:
    return _helm(3)


@pytest.fixture(scope="session")
def helm4() -> Helm:
    return _helm(4)
