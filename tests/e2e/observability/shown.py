"""What a panel would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.observability.grafana import interpolate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.observability.alerts import Period
    from tests.e2e.observability.grafana import Target
    from tests.e2e.observability.prometheus import Prometheus, Series


def shown(
    target: Target, variables: Mapping[str, str], prometheus: Prometheus, period: Period
) -> list[Series]:
    """Return what a panel would show of a period."""
    expression = interpolate(target.expression, variables)
    if target.instant:
        return prometheus.query(expression, period.end)
    return prometheus.query_range(expression, period.start, period.end, 5)
