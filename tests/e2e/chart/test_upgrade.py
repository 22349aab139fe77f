"""From the chart before this one, and from a CRD that no Helm release has installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from charts.generate import CRD_SOURCE
from tests.e2e.chart.conftest import helm_of
from tests.e2e.chart.installation import (
    CRD,
    PREVIOUS_CHART,
    PREVIOUS_VERSION,
    VERSION_ANNOTATION,
)
from tests.e2e.chart.test_lifecycle import CAMERA, commands_of, refused
from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import VERSION

if TYPE_CHECKING:
    from tests.e2e.chart.installation import Installation
    from tests.unit.chart.helm import Helm

PATHS = [(3, 3), (4, 4), (3, 4)]
MANAGED_BY_HAND = {**KAFKA, "crds": {"enabled": False}}


def apply_crd(installation: Installation, version: str | None) -> None:
    """Apply the CRD as the operator's page says, of another version or of none."""
    crd = yaml.safe_load(CRD_SOURCE.read_text(encoding="utf-8"))
    crd["metadata"]["annotations"] = {VERSION_ANNOTATION: version} if version else {}
    if version != VERSION:
        del crd["spec"]["versions"][0]["additionalPrinterColumns"][0]
    text = yaml.safe_dump(crd)
    installation.kubectl("apply", "--server-side", "--filename=-", stdin=text)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")


@pytest.mark.parametrize(("before", "after"), PATHS, ids=["helm3", "helm4", "helm3-to-4"])
@pytest.mark.parametrize("name", ["default", "everything"])
def test_the_chart_before_this_one_is_upgraded_and_brought_back(
    installation: Installation, before: int, after: int, name: str
) -> None:
    old, new = helm_of(before), helm_of(after)
    values = CASES[name]
    installation.install(old, values, chart=PREVIOUS_CHART)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    assert installation.crd_version() == PREVIOUS_VERSION
    installation.apply([CAMERA])
    installation.install(new, {}, "--reset-then-reuse-values")
    assert installation.crd_version() == VERSION
    found = installation.kubectl.get("crd", CRD)
    source = yaml.safe_load(CRD_SOURCE.read_text(encoding="utf-8"))
    assert found is not None
    served = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    wanted = source["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert served["properties"].keys() == wanted["properties"].keys()
    installation.rollback(new, 1)
    assert installation.crd_version() == PREVIOUS_VERSION
    installation.install(new, values)
    assert installation.crd_version() == VERSION
    assert installation.kubectl("get", "camerastreams", "--all-namespaces", "--output=name")


def test_a_downgrade_by_upgrade_is_refused_since_fields_would_be_lost(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, KAFKA)
    before = installation.state()
    with pytest.raises(Exception, match=f"newer than this chart \\({PREVIOUS_VERSION}\\)"):
        installation.install(any_helm, KAFKA, chart=PREVIOUS_CHART)
    assert installation.state() == before


@pytest.mark.parametrize("version", [None, PREVIOUS_VERSION], ids=["unmarked", "marked"])
def test_an_older_crd_that_was_applied_by_hand_is_refused_with_the_way_out(
    installation: Installation, any_helm: Helm, version: str | None
) -> None:
    apply_crd(installation, version)
    installation.apply([CAMERA])
    said = refused(installation, any_helm, KAFKA)
    age = f"version {version}" if version else "of no known version"
    assert f"older than this chart ({age}, wanted {VERSION}) and belongs to no Helm release" in said
    assert said.count(CRD) == 3, "one sentence, with its two commands"
    for command in commands_of(said):
        installation.kubectl(*command)
    installation.install(any_helm, KAFKA, *(["--force-conflicts"] if any_helm.major > 3 else []))
    assert ("--force-conflicts" in said) is (any_helm.major > 3)
    assert installation.crd_version() == VERSION
    found = installation.kubectl.get("crd", CRD)
    assert found is not None
    columns = found["spec"]["versions"][0]["additionalPrinterColumns"]
    assert columns[0]["name"] == "Ready"
    assert installation.kubectl("get", "camerastreams", "--all-namespaces", "--output=name")


def test_a_crd_that_is_applied_by_hand_is_used_where_it_is_new_enough(
    installation: Installation, any_helm: Helm
) -> None:
    apply_crd(installation, PREVIOUS_VERSION)
    said = refused(installation, any_helm, MANAGED_BY_HAND)
    assert f"older than this chart (version {PREVIOUS_VERSION}, wanted {VERSION})" in said
    assert "kubectl apply --server-side --force-conflicts -f files/camerastreams.yaml" in said
    apply_crd(installation, VERSION)
    installation.install(any_helm, MANAGED_BY_HAND)
    said = refused(installation, any_helm, KAFKA)
    assert "is in the cluster already and belongs to no Helm release" in said
    installation.uninstall(any_helm)
    assert not installation.deletion_has_begun(), "it is not this release's"
