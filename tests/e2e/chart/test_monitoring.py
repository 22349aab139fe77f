"""Monitoring objects need the Prometheus Operator's kinds, and are refused without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import HelmError, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.chart.installation import Installation
    from tests.unit.chart.helm import Helm

GROUP = "monitoring.coreos.com"
MONITORED = {
    **KAFKA,
    "monitoring": {"podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
}


def definition(kind: str) -> dict[str, Any]:
    """Return a CRD of the Prometheus Operator's name, which takes anything."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


@pytest.fixture
def with_prometheus(installation: Installation) -> Iterator[Installation]:
    definitions = [definition("PodMonitor"), definition("PrometheusRule")]
    installation.apply(definitions)
    names = [f"crd/{item['metadata']['name']}" for item in definitions]
    installation.kubectl("wait", "--for=condition=Established", *names, "--timeout=60s")
    yield installation
    installation.kubectl("delete", *names, "--wait=false")


def test_without_the_prometheus_operator_they_are_refused(
    installation: Installation, any_helm: Helm
) -> None:
    before = installation.state()
    with pytest.raises(HelmError) as refusal:
        installation.install(any_helm, MONITORED)
    assert installation.state() == before
    for value, kind in (("podMonitor", "PodMonitor"), ("prometheusRule", "PrometheusRule")):
        assert f"monitoring.{value}.enabled is true but the cluster knows no {kind}" in str(
            refusal.value
        )


def test_with_it_they_are_installed(with_prometheus: Installation, helm: Helm) -> None:
    with_prometheus.install(helm, MONITORED)
    found = with_prometheus.kubectl.get(f"prometheusrule.{GROUP}", "camerastream")
    assert found is not None
    wanted = only(helm.template(MONITORED), "PrometheusRule")
    assert found["spec"] == wanted["spec"]
    with_prometheus.uninstall(helm)
