"""Alerts as Prometheus evaluates them, and what has become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.e2e.observability.prometheus import Prometheus

_SHORT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Period:
    """Some time that Prometheus has watched.

    Attributes:
        start: Unix time.
        end: Unix time.
    """

    start: float
    end: float


def hurried(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules with every `for` cut short: a test cannot wait for minutes."""
    return [
        {
            **group,
            "rules": [
                {**rule, "for": f"{_SHORT_SECONDS}s"} if "for" in rule else rule
                for rule in group["rules"]
            ],
        }
        for group in groups
    ]


def states(prometheus: Prometheus, state: str, period: Period) -> dict[str, set[str]]:
    """Return which alerts were in a state at any moment, with the cameras that they named.

    Args:
        prometheus: Where they were evaluated.
        state: `pending` or `firing`.
        period: When.
    """
    found: dict[str, set[str]] = {}
    selector = f'ALERTS{{alertstate="{state}"}}'
    for series in prometheus.query_range(selector, period.start, period.end, 1):
        camera = series.labels.get("camera", "")
        found.setdefault(series.labels["alertname"], set()).add(camera)
    return found
