"""Makes a scrape configuration of a PodMonitor, as the Prometheus Operator would. Pure.

The Prometheus Operator itself is not run here. What is kept of it is what decides on targets and
labels: discovery by the API server, the selectors, the labels that every target gets, and the
PodMonitor's own relabelings behind them. Left out: sharding, limits, TLS and credentials, which
this chart's PodMonitors do not use; a field that is not known here is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_POD = "__meta_kubernetes_pod"
_SPEC = {"selector", "namespaceSelector", "podMetricsEndpoints"}
_ENDPOINT = {"port", "path", "interval", "relabelings"}
_RELABELING = {
    "sourceLabels": "source_labels",
    "targetLabel": "target_label",
    "regex": "regex",
    "replacement": "replacement",
    "action": "action",
    "separator": "separator",
    "modulus": "modulus",
}


def scrape_configs(monitor: Mapping[str, Any], kubeconfig: Path) -> list[dict[str, Any]]:
    """Return a scrape configuration for each endpoint of a PodMonitor.

    Args:
        monitor: The object.
        kubeconfig: With which Prometheus asks the API server for pods; in a cluster it has its
            own account instead.

    Raises:
        ValueError: It has a field that is not translated here.
    """
    metadata, spec = monitor["metadata"], monitor["spec"]
    _refuse_unknown("spec", spec, _SPEC)
    _refuse_unknown("spec.selector", spec["selector"], {"matchLabels"})
    discovery: dict[str, Any] = {"role": "pod", "kubeconfig_file": str(kubeconfig)}
    names = _namespaces(metadata["namespace"], spec.get("namespaceSelector", {}))
    if names:
        discovery["namespaces"] = {"names": names}
    configs = []
    for number, endpoint in enumerate(spec["podMetricsEndpoints"]):
        _refuse_unknown("spec.podMetricsEndpoints", endpoint, _ENDPOINT)
        job = f"{metadata['namespace']}/{metadata['name']}"
        configs.append(
            {
                "job_name": f"podMonitor/{job}/{number}",
                "kubernetes_sd_configs": [discovery],
                "scrape_interval": endpoint["interval"],
                "metrics_path": endpoint.get("path", "/metrics"),
                "relabel_configs": list(_relabelings(spec["selector"], endpoint, job)),
            }
        )
    return configs


def _namespaces(own: str, selector: Mapping[str, Any]) -> list[str]:
    """Return the namespaces that are looked at; all of them when empty."""
    if selector.get("any"):
        return []
    names: list[str] = selector.get("matchNames") or [own]
    return names


def _relabelings(
    selector: Mapping[str, Any], endpoint: Mapping[str, Any], job: str
) -> Iterator[dict[str, Any]]:
    yield {
        "source_labels": [f"{_POD}_phase"],
        "regex": "(Failed|Succeeded)",
        "action": "drop",
    }
    for name, value in sorted(selector["matchLabels"].items()):
        label = re.sub(r"[^a-zA-Z0-9_]", "_", name)
        yield {
            "source_labels": [f"{_POD}_label_{label}", f"{_POD}_labelpresent_{label}"],
            "regex": f"({value});true",
            "action": "keep",
        }
    yield {
        "source_labels": [f"{_POD}_container_port_name"],
        "regex": endpoint["port"],
        "action": "keep",
    }
    for source, target in (
        ("__meta_kubernetes_namespace", "namespace"),
        (f"{_POD}_container_name", "container"),
        (f"{_POD}_name", "pod"),
    ):
        yield {"source_labels": [source], "target_label": target}
    yield {"target_label": "job", "replacement": job}
    yield {"target_label": "endpoint", "replacement": endpoint["port"]}
    for item in endpoint.get("relabelings", []):
        _refuse_unknown("relabelings", item, set(_RELABELING))
        yield {_RELABELING[name]: value for name, value in item.items()}


def _refuse_unknown(where: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        raise ValueError(f"{where} of the PodMonitor has {unknown}, which this test does not know")
