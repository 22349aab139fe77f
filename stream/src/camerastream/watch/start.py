"""Where reading begins: the beginning, the end, or a time. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading begins.

    Attributes:
        at_end: Only what arrives from now on.
        since_seconds: Only what the topic took from this time on, Unix seconds.
        text: What was asked for, for people. With neither of the above, everything.
    """

    at_end: bool = False
    since_seconds: float | None = None
    text: str = "beginning"


def parse_start(text: str, *, now_seconds: float) -> Start:
    """Read `beginning`, `end`, an age such as `10m`, or a time such as `2026-02-03T04:05Z`.

    Args:
        text: What was written; a time without an offset is UTC.
        now_seconds: The present, Unix seconds, that an age is counted from.

    Raises:
        ValueError: It is none of these.
    """
    if text == "beginning":
        return Start(text=text)
    if text == "end":
        return Start(at_end=True, text=text)
    age = _AGE.fullmatch(text)
    if age:
        since = now_seconds - float(age[1]) * _UNIT_SECONDS[age[2]]
        return Start(since_seconds=max(0.0, since), text=f"{text} ago")
    try:
        time = datetime.fromisoformat(text)
        since = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        since = -1
    if since < 0:
        raise ValueError(
            f"{text!r} is no place to begin; write beginning, end, an age such as 30s, 10m, 2h "
            "or 1d, or a time such as 2026-02-03T04:05:06Z"
        )
    return Start(since_seconds=since, text=text)
