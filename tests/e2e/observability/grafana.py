"""A dashboard as Grafana reads it: its variables, and the queries of its panels. Pure.

Grafana itself is not run here. What is kept of it is how a query comes about: a variable's
values are those that its own query finds, a choice of several becomes a regular expression, and
"All" becomes the variable's `allValue`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::\w+)?\}|(?P<plain>\w+))")
_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), *(?P<label>\w+)\)")
_REGEX_CHARACTERS = re.compile(r"([\\^$.*+?()\[\]{}|])")


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel.

    Attributes:
        panel: The panel's title.
        reference: The query's letter.
        expression: PromQL, with the dashboard's variables in it.
        instant: Whether it is asked for one moment instead of a range.
        may_be_empty: Whether the panel says what it means when nothing is found.
    """

    panel: str
    reference: str
    expression: str
    instant: bool
    may_be_empty: bool


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every panel but the rows, those in folded rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def targets(dashboard: Mapping[str, Any]) -> Iterator[Target]:
    """Yield every query."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield Target(
                panel["title"],
                target["refId"],
                target["expr"],
                target.get("instant", False),
                "noValue" in panel["fieldConfig"]["defaults"],
            )


def all_chosen(dashboard: Mapping[str, Any]) -> dict[str, str]:
    """Return what each variable stands for while "All" is chosen."""
    return {
        variable["name"]: variable["allValue"]
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    }


def found_values(
    dashboard: Mapping[str, Any], label_values: Callable[[str, str], Sequence[str]]
) -> dict[str, list[str]]:
    """Return the values of each variable, which its query finds, in the dashboard's order.

    A query may hold the variables before it, of which "All" is chosen.

    Args:
        dashboard: The dashboard.
        label_values: Returns the values of a label (the first argument) in the series of a
            selector (the second).
    """
    everything = all_chosen(dashboard)
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = _LABEL_VALUES.fullmatch(variable["query"]["query"])
        assert query is not None, variable["query"]
        selector = interpolate(query["selector"], everything)
        found[variable["name"]] = list(label_values(query["label"], selector))
    return found


def choice(values: Sequence[str]) -> str:
    """Return what a variable with these values chosen stands for in a query.

    Example:
        >>> choice(["shop"]), choice(["a.b", "c"])
        ('shop', '(a\\\\\\\\.b|c)')
    """
    # Twice: for the regular expression, and for the string in PromQL that it stands in.
    escaped = [_REGEX_CHARACTERS.sub(r"\\\1", value).replace("\\", "\\\\") for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Return a query with its variables put in.

    Raises:
        KeyError: It names one that there is not.
    """
    return _VARIABLE.sub(lambda match: variables[match["braced"] or match["plain"]], text)


def dashboard_of(config_map: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dashboard that Grafana's sidecar finds in a ConfigMap."""
    (text,) = config_map["data"].values()
    found: dict[str, Any] = json.loads(text)
    return found
