"""The pages for users name only fields, values, reasons and alerts that there are."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from camerastream_operator.classify import RestartReason
from camerastream_operator.effective import Hold
from charts.generate import documented_values
from tests.unit.chart.helm import CHART, ROOT

PAGES = [
    *(
        ROOT / f"docs/{name}.md"
        for name in (
            *("install", "cameras", "kafka", "thresholds", "why-restarted", "upgrade"),
            *("uninstall", "reading-frames", "from-compose", "observability"),
        )
    ),
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
    CHART / "README.md",
    CHART / "templates/NOTES.txt",
]
CRD = yaml.safe_load((CHART / "files/camerastreams.yaml").read_text(encoding="utf-8"))
SCHEMA = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def ids(page: Any) -> str:
    return str(page.name)


def lookup(path: str) -> bool:
    """Say whether the resource has a field."""
    node: dict[str, Any] = SCHEMA
    for key in path.split("."):
        node = node.get("items", node)
        if key not in node.get("properties", {}):
            # Below a map, any key is one.
            return "additionalProperties" in node
        node = node["properties"][key]
    return True


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_it_names_fields_that_there_are(page: Any) -> None:
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"(?<![.\w])(?:spec|status)\.[A-Za-z]+(?:\.[A-Za-z]+)*", text):
        assert lookup(path), path


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_it_names_values_that_there_are(page: Any) -> None:
    known = {".".join(value.path) for value in documented_values(_values())}
    groups = {name.rpartition(".")[0] for name in known}
    text = page.read_text(encoding="utf-8")
    tops = "|".join(key for key, value in VALUES.items() if isinstance(value, dict))
    for name in re.findall(
        rf"(?<![.\w/-])(?:{tops})\.[a-z][A-Za-z]+(?:\.[A-Za-z]+)*(?=[\s`=])", text
    ):
        in_resource = lookup(f"spec.{name}")
        assert name in known | groups or in_resource, name


def test_every_reason_of_a_restart_is_explained() -> None:
    page = (ROOT / "docs/why-restarted.md").read_text(encoding="utf-8")
    for reason in RestartReason:
        assert f"| `{reason.value}` |" in page


def test_every_hold_is_explained() -> None:
    page = (ROOT / "docs/thresholds.md").read_text(encoding="utf-8")
    for hold in set(Hold) - {Hold.NONE}:
        assert f"| `{hold.value}` |" in page


def test_every_condition_is_explained() -> None:
    page = (ROOT / "docs/cameras.md").read_text(encoding="utf-8")
    told = SCHEMA["properties"]["status"]["properties"]["conditions"]["description"]
    for word in re.findall(r"\b[A-Z][A-Za-z]+\b", told):
        assert f"| `{word}` |" in page


def test_every_example_is_listed() -> None:
    page = (ROOT / "docs/cameras.md").read_text(encoding="utf-8")
    for example in (ROOT / "examples").glob("*.yaml"):
        assert f"(../examples/{example.name})" in page


def _values() -> str:
    return (CHART / "values.yaml").read_text(encoding="utf-8")
