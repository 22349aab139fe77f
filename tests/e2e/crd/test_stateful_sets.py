"""The StatefulSets that the operator makes, on a real API server with its defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]

from camerastream_operator.desired import hash_of, is_contained
from camerastream_operator.names import MANAGER
from tests.e2e.crd.cameras import camera_stream
from tests.unit.operator_core.crd_cases import source

if TYPE_CHECKING:
    from tests.e2e.kubectl import Kubectl

GOLDEN = Path(__file__).parents[2] / "unit/operator_core/golden"
FILES = sorted(GOLDEN.glob("*.yaml"))
_UID = "11111111-2222-3333-4444-555555555555"


def owned_golden(kubectl: Kubectl, file: Path) -> dict[str, Any]:
    """Return a golden StatefulSet whose owner is there: without, it would be collected."""
    kubectl.apply(camera_stream("lobby", source()))
    owner = kubectl.get("camerastream", "lobby")
    assert owner is not None
    text = file.read_text(encoding="utf-8").replace(_UID, owner["metadata"]["uid"])
    made: dict[str, Any] = yaml.safe_load(text.replace("namespace: cams", ""))
    return made


def apply(kubectl: Kubectl, body: dict[str, Any]) -> dict[str, Any]:
    """Apply a StatefulSet as the operator does and return it."""
    given = kubectl(
        *("apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}"),
        *("--filename=-", "--output=json"),
        stdin=json.dumps(body),
    )
    found: dict[str, Any] = json.loads(given)
    return found


def live(kubectl: Kubectl) -> dict[str, Any]:
    found = kubectl.get("statefulset", "lobby")
    assert found is not None
    return found


def settle(kubectl: Kubectl) -> dict[str, Any]:
    """Wait until the controller, which writes to it too, has nothing more to write."""
    kubectl.wait(
        "its controller does not look at it",
        lambda: (
            live(kubectl)["status"].get("observedGeneration") == 1
            and live(kubectl)["status"]["replicas"] == live(kubectl)["spec"]["replicas"]
        ),
    )
    return live(kubectl)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_applying_it_again_writes_nothing(kubectl: Kubectl, file: Path) -> None:
    body = owned_golden(kubectl, file)
    apply(kubectl, body)
    before = settle(kubectl)
    assert hash_of(before) == hash_of(body)
    assert is_contained(body["spec"], before["spec"]), "the operator would apply it for ever"
    again = apply(kubectl, body)
    assert again["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert again["metadata"]["generation"] == 1


def test_what_others_changed_is_seen_and_taken_back(kubectl: Kubectl) -> None:
    body = owned_golden(kubectl, GOLDEN / "minimal.yaml")
    apply(kubectl, body)
    settle(kubectl)
    kubectl("scale", "statefulset", "lobby", "--replicas=3")
    assert not is_contained(body["spec"], live(kubectl)["spec"])
    healed = apply(kubectl, body)
    assert is_contained(body["spec"], healed["spec"])
    # What is not the operator's stays: a note of somebody else, for example.
    kubectl("annotate", "statefulset", "lobby", "example.com/note=kept")
    kept = apply(kubectl, body)
    assert kept["metadata"]["annotations"]["example.com/note"] == "kept"
