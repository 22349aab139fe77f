"""What `kubectl explain` and `kubectl get` show."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.crd.cameras import camera_stream
from tests.unit.operator_core.crd_cases import kafka
from tests.unit.operator_core.resources import crd_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.kubectl import Kubectl


def objects(schema: dict[str, Any], path: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of everything that has fields, and their names."""
    while "properties" not in schema:
        inner = schema.get("items") or schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return
        schema = inner
    yield path, sorted(schema["properties"])
    for name, part in schema["properties"].items():
        yield from objects(part, f"{path}.{name}")


ROOT = crd_schema()["properties"]
OBJECTS = {
    path: names
    for top in ("spec", "status")
    for path, names in objects(ROOT[top], f"camerastream.{top}")
}


def described(explained: str) -> dict[str, str]:
    """Return the description of each field that an object's explanation lists."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in explained.partition("\nFIELDS:\n")[2].splitlines():
        if match := re.match(r"^  (\S+)\t<", line):
            name = match.group(1)
            found[name] = []
        elif line.startswith("    "):
            found[name].append(line.strip())
    return {field: " ".join(lines) for field, lines in found.items()}


@pytest.mark.parametrize("path", OBJECTS)
def test_explain_describes_it_and_each_of_its_fields(shared_kubectl: Kubectl, path: str) -> None:
    explained = shared_kubectl("explain", path)
    assert "<empty>" not in explained
    about = explained.partition("DESCRIPTION:\n")[2].partition("\nFIELDS:\n")[0].strip()
    assert about.endswith(".")
    fields = described(explained)
    assert sorted(fields) == OBJECTS[path]
    for name, sentence in fields.items():
        assert sentence.endswith("."), f"{path}.{name}: {sentence!r}"


def test_explain_describes_the_resource_by_its_short_name_too(shared_kubectl: Kubectl) -> None:
    explained = shared_kubectl("explain", "cam")
    assert "One camera whose frames go to a Kafka topic." in explained
    threshold = shared_kubectl("explain", "cam.spec.bufferMonitor.thresholdSeconds")
    assert "<integer>" in threshold
    assert "operator" in threshold.partition("DESCRIPTION:")[2]


def columns(table: str) -> dict[str, str]:
    """Return the one row of a table by its headings."""
    heading, row = table.splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", heading)]
    ends = [*starts[1:], None]
    return {
        heading[start:end].strip(): row[start:end].strip()
        for start, end in zip(starts, ends, strict=True)
    }


def test_columns(kubectl: Kubectl) -> None:
    kubectl.apply(camera_stream("lobby", kafka(topic="frames")))
    empty = columns(kubectl("get", "cam"))
    assert empty.pop("AGE")
    assert empty == {
        "NAME": "lobby",
        "READY": "",
        "RESTARTS": "",
        "LAST-REASON": "",
        "LAST-RESTART": "",
        "THRESHOLD": "",
    }
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Streaming",
        "message": "frames reach Kafka",
        "lastTransitionTime": "2026-03-01T08:00:00Z",
    }
    status = {
        "conditions": [condition],
        "restarts": {
            "total": 7,
            "bufferError": 2,
            "lastReason": "OOM",
            "lastTime": "2026-03-01T08:00:00Z",
            "budgetRemaining": 3,
        },
        "effectiveSettings": {"thresholdSeconds": 90},
        "pod": {"name": "lobby-0", "node": "node-7"},
    }
    kubectl(
        *("patch", "camerastream", "lobby", "--subresource=status", "--type=merge"),
        f"--patch={json.dumps({'status': status})}",
    )
    wide = columns(kubectl("get", "cam", "--output=wide"))
    assert wide.pop("AGE")
    assert re.fullmatch(r"\d+[dy]\S*", wide.pop("LAST-RESTART"))
    assert wide == {
        "NAME": "lobby",
        "READY": "True",
        "RESTARTS": "7",
        "LAST-REASON": "OOM",
        "THRESHOLD": "90",
        "NODE": "node-7",
        "BUFFER-ERRORS": "2",
        "BUDGET": "3",
        "TOPIC": "frames",
    }
