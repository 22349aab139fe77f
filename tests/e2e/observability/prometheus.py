"""A real Prometheus beside the pods, and what is asked of it."""

from __future__ import annotations

import http.client
import json
import math
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tests.e2e.observability.web import call, start
from tests.testbed import tools
from tests.testbed.kafka.ports import ReservedPorts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.lease import Lease


class QueryError(Exception):
    """Prometheus refuses a query; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer.

    Attributes:
        labels: Its labels, with `__name__` where it has one.
        values: Time (Unix seconds) and value of each sample.
    """

    labels: Mapping[str, str]
    values: Sequence[tuple[float, float]]

    def has_a_number(self) -> bool:
        """Whether there is anything to be drawn."""
        return any(not math.isnan(value) for _, value in self.values)


class Prometheus:
    """Prometheus on the node, where it reaches every pod, with a configuration that may change.

    Args:
        cluster: Whose node it runs on.
        lease: It ends with it.
        name: Of its folder in the lease.
    """

    def __init__(self, cluster: Cluster, lease: Lease, name: str = "prometheus") -> None:
        self.folder = lease.folder / name
        self._cluster = cluster
        self._lease = lease
        self._rules = self.folder / "rules.yaml"
        self._configuration = self.folder / "prometheus.yml"
        self._address = ""

    def start(self, scrape_configs: Sequence[Mapping[str, Any]]) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True)
        self._write_rules([])
        self._configuration.write_text(
            yaml.safe_dump(
                {
                    "global": {"evaluation_interval": "1s"},
                    "rule_files": [str(self._rules)],
                    "scrape_configs": [dict(item) for item in scrape_configs],
                }
            )
        )
        host = self._cluster.layout.address
        (port,) = ReservedPorts(host, 1, self._cluster.on_node([])).numbers
        self._address = f"{host}:{port}"
        start(
            self._cluster,
            self._lease,
            [
                str(tools.path("prometheus")),
                f"--config.file={self._configuration}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address={self._address}",
                "--web.enable-lifecycle",
            ],
            log=self.folder / "prometheus.log",
            address=self._address,
            path="/-/ready",
        )

    def load_rules(self, groups: Sequence[Mapping[str, Any]]) -> None:
        """Evaluate these rules from now on, instead of the earlier ones."""
        self._write_rules(groups)
        status, said = call(self._address, "/-/reload", "POST")
        assert status == http.client.OK, said

    def query(self, expression: str, at: float | None = None) -> list[Series]:
        """Return the series of an instant query.

        Args:
            expression: PromQL.
            at: Unix time; now when None.

        Raises:
            QueryError: It cannot be evaluated.
        """
        parameters = {"query": expression, **({} if at is None else {"time": str(at)})}
        result: list[dict[str, Any]] = self._ask("query", parameters)["result"]
        return [_series(item["metric"], [item["value"]]) for item in result]

    def query_range(
        self, expression: str, start: float, end: float, step_seconds: float = 2
    ) -> list[Series]:
        """Return the series of a range query.

        Raises:
            QueryError: It cannot be evaluated.
        """
        parameters = {
            "query": expression,
            "start": str(start),
            "end": str(end),
            "step": str(step_seconds),
        }
        result: list[dict[str, Any]] = self._ask("query_range", parameters)["result"]
        return [_series(item["metric"], item["values"]) for item in result]

    def label_values(self, label: str, selector: str) -> list[str]:
        """Return the values that a label has in the series of a selector."""
        found: list[str] = self._ask(f"label/{label}/values", {"match[]": selector})
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule that is evaluated, with its health and its last error."""
        groups = self._ask("rules", {})["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """Return the targets that are scraped."""
        active: list[dict[str, Any]] = self._ask("targets", {"state": "active"})["activeTargets"]
        return active

    def _write_rules(self, groups: Sequence[Mapping[str, Any]]) -> None:
        self._rules.write_text(yaml.safe_dump({"groups": [dict(group) for group in groups]}))

    def _ask(self, path: str, parameters: Mapping[str, str]) -> Any:
        query = urllib.parse.urlencode(parameters)
        status, said = call(self._address, f"/api/v1/{path}?{query}")
        answer = json.loads(said) if said.startswith("{") else {"error": said}
        if status != http.client.OK or answer["status"] != "success":
            raise QueryError(f"{parameters}: {answer.get('error')}")
        return answer["data"]


def _series(labels: Mapping[str, str], values: Sequence[Sequence[Any]]) -> Series:
    return Series(labels, [(float(time), float(value)) for time, value in values])
