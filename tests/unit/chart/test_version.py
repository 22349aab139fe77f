"""Chart, images and distributions have one version."""

from __future__ import annotations

import re

import pytest
import yaml

import camerastream
import camerastream_operator
from charts.version import FILES, ROOT, found_versions, main, versions_in, with_version
from tests.unit.chart.helm import CHART, VERSION


def test_it_is_the_same_wherever_it_stands() -> None:
    found = found_versions()
    wrong = {name: versions for name, versions in found.items() if set(versions) != {VERSION}}
    assert not wrong, f"run: .venv/bin/python -m charts.version {VERSION}"
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == VERSION
    assert camerastream.__version__ == camerastream_operator.__version__ == VERSION


def test_no_other_page_or_manifest_names_a_version() -> None:
    files = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", CHART / "README.md"]
    files += [*(ROOT / "examples").glob("*.yaml"), *(ROOT / "charts/dev").glob("*.yaml")]
    for file in files:
        name = str(file.relative_to(ROOT))
        assert name in FILES or not versions_in(file.read_text(encoding="utf-8")), name


@pytest.mark.parametrize("distribution", ["stream", "operator"])
def test_a_distribution_takes_it_from_its_package(distribution: str) -> None:
    text = (ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert re.search(r"^version = \{attr = \"camerastream\w*\.__version__\"\}$", text, re.MULTILINE)


def test_the_pins_of_dependencies_are_left_alone() -> None:
    text = 'version: 1.0.0\nimage: camerastream:1.0.0\n"pydantic==1.0.0"\napache/kafka:1.0.0\n'
    made = with_version(text, "2.0.0")
    assert made == (
        'version: 2.0.0\nimage: camerastream:2.0.0\n"pydantic==1.0.0"\napache/kafka:1.0.0\n'
    )


def test_what_is_no_version_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next"]) == 2
    assert "'next' is not a version; write for example 1.2.3" in capsys.readouterr().err
