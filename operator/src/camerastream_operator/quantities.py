"""Amounts of CPU and memory as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<suffix>m|[kMGTPE]|[KMGTPE]i)?")
_FACTORS = {"": Decimal(1), "m": Decimal("0.001")}
_FACTORS |= {suffix: Decimal(1000) ** (n + 1) for n, suffix in enumerate("kMGTPE")}
_FACTORS |= {f"{suffix}i": Decimal(1024) ** (n + 1) for n, suffix in enumerate("KMGTPE")}


def quantity(value: object) -> Decimal | None:
    """Return an amount as a number; None for what is none.

    Example:
        >>> quantity("500m") == quantity(0.5), quantity("1024Mi") == quantity("1Gi")
        (True, True)
        >>> quantity("much") is None
        True
    """
    match = _QUANTITY.fullmatch(str(value))
    return Decimal(match["number"]) * _FACTORS[match["suffix"] or ""] if match else None
