"""The operator's clocks and dice, so that tests can hold them."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance.

    Attributes:
        now: The time of day, UTC.
        monotonic: Seconds that never go back.
        random: A number from 0 to 1.
    """

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
