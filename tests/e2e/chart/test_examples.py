"""The examples are taken by a real API server, with the chart's CRD."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.chart.installation import CRD
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import ROOT

if TYPE_CHECKING:
    from tests.e2e.chart.installation import Installation
    from tests.unit.chart.helm import Helm

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def test_every_example_is_taken(installation: Installation, helm: Helm) -> None:
    assert EXAMPLES
    installation.install(helm, KAFKA)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    for file in EXAMPLES:
        objects = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        installation.apply(objects, "--dry-run=server", "--validate=strict")


def test_what_the_notes_suggest_is_taken(installation: Installation, helm: Helm) -> None:
    notes = installation.install(helm, KAFKA).partition("NOTES:")[2]
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    text = notes.partition("<<EOF\n")[2].partition("EOF")[0]
    installation.apply([yaml.safe_load(text)], "--dry-run=server", "--validate=strict")


def test_an_example_with_a_mistake_would_be_refused(installation: Installation, helm: Helm) -> None:
    installation.install(helm, KAFKA)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    text = (ROOT / "examples/lobby.yaml").read_text(encoding="utf-8")
    wrong = yaml.safe_load(text.replace("thresholdPixels", "thresholdPixel"))
    with pytest.raises(AssertionError, match="unknown field"):
        installation.apply([wrong], "--dry-run=server", "--validate=strict")
