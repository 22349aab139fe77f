"""Spools are closed with the test that opened them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from camerastream.delivery.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _close_spools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test leaves open: Python 3.13 warns of it at any later moment."""
    opened: list[Spool] = []
    original = Spool._prepare

    @functools.wraps(original)
    def prepare(spool: Spool) -> None:
        opened.append(spool)
        original(spool)

    monkeypatch.setattr(Spool, "_prepare", prepare)
    yield
    for spool in opened:
        spool.close()
