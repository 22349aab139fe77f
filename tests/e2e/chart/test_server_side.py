"""A real API server takes what the chart makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.unit.chart.cases import CASES as ALL_CASES
from tests.unit.chart.helm import NAMESPACE, only

if TYPE_CHECKING:
    from tests.e2e.chart.installation import Installation
    from tests.unit.chart.helm import Helm

# Monitoring needs kinds of others: test_monitoring.py.
CASES = {name: values for name, values in ALL_CASES.items() if "monitoring" not in values}


@pytest.mark.parametrize("name", CASES)
def test_every_variant_is_taken(installation: Installation, any_helm: Helm, name: str) -> None:
    objects = any_helm.template(CASES[name])
    # Admission asks for the accounts of pods, which a dry run does not make.
    installation.apply([item for item in objects if item["kind"] == "ServiceAccount"])
    said = installation.apply(objects, "--dry-run=server", "--validate=strict")
    assert len(said) == len(objects)


@pytest.mark.parametrize("name", CASES)
def test_pods_fit_the_restricted_profile(installation: Installation, helm: Helm, name: str) -> None:
    objects = helm.template(CASES[name])
    template = only(objects, "Deployment")["spec"]["template"]
    account = template["spec"]["serviceAccountName"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "operator", "namespace": NAMESPACE, **template["metadata"]},
        "spec": template["spec"],
    }
    installation.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {
                    "name": account,
                    "labels": {"app.kubernetes.io/part-of": "camerastream"},
                },
            }
        ]
    )
    installation.apply([pod], "--dry-run=server")


def test_a_pod_that_does_not_fit_would_be_refused(installation: Installation) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "a", "image": "b"}]},
    }
    done = installation.kubectl.attempt(
        "create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod)
    )
    assert "violates PodSecurity" in done.stderr
