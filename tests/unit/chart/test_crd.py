"""The CRD comes with the chart and is the operator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from charts.generate import CRD_SOURCE
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import CHART, VERSION, only

if TYPE_CHECKING:
    from tests.unit.chart.helm import Helm

KEEP = "helm.sh/resource-policy"


def test_the_chart_holds_the_operators_crd() -> None:
    copy = (CHART / "files/camerastreams.yaml").read_bytes()
    assert copy == CRD_SOURCE.read_bytes(), "run: .venv/bin/python -m charts.generate"


def test_rendering_changes_nothing_in_it(helm: Helm, helm4: Helm) -> None:
    source = yaml.safe_load(CRD_SOURCE.read_text(encoding="utf-8"))
    for each in (helm, helm4):
        made = only(each.template(KAFKA), "CustomResourceDefinition")
        assert made["spec"] == source["spec"]
        assert made["metadata"]["name"] == source["metadata"]["name"]
        assert made["apiVersion"] == source["apiVersion"]


@pytest.mark.parametrize("keep", [True, False])
def test_it_outlives_the_release_unless_told_otherwise(helm: Helm, keep: bool) -> None:
    made = only(helm.template({**KAFKA, "crds": {"keep": keep}}), "CustomResourceDefinition")
    assert made["metadata"]["annotations"].get(KEEP) == ("keep" if keep else None)


def test_it_says_which_chart_it_is_of(helm: Helm) -> None:
    made = only(helm.template(KAFKA), "CustomResourceDefinition")
    assert made["metadata"]["annotations"]["camerastream.dev/chart-version"] == VERSION


def test_it_can_be_left_to_somebody_else(helm: Helm) -> None:
    kinds = {item["kind"] for item in helm.template({**KAFKA, "crds": {"enabled": False}})}
    assert "CustomResourceDefinition" not in kinds
