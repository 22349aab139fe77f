"""What `kubectl apply` says to specs that cannot be used, and that it takes the others.

All specs go to the API server in one call (`--dry-run=server`), which keeps this quick.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.crd.cameras import camera_stream, listed
from tests.unit.operator_core.crd_cases import (
    CHANGES_REFUSED,
    REFUSED_BY_BOTH,
    REFUSED_BY_THE_API_SERVER,
    TAKEN,
    source,
)

if TYPE_CHECKING:
    from tests.e2e.kubectl import Kubectl

REFUSED = {
    f"refused-{number}": case
    for number, case in enumerate([*REFUSED_BY_BOTH, *REFUSED_BY_THE_API_SERVER])
}
ACCEPTED = {f"taken-{number}": spec for number, spec in enumerate(TAKEN)}
NAME_RULE = "write 1 to 52 lower-case letters, digits or '-'"
_REFUSAL = re.compile(r'^Error from server .*CameraStream\.camerastream\.dev "([^"]+)" is invalid')
_TAKEN = re.compile(r"^camerastream\.camerastream\.dev/(\S+) created \(server dry run\)$")


def answers(kubectl: Kubectl, *objects: dict[str, Any]) -> dict[str, str]:
    """Return what kubectl prints about each object, by its name."""
    # With kubectl's own check a missing field would keep all from being sent.
    done = kubectl.attempt(
        *("apply", "--validate=false", "--dry-run=server", "--filename=-"),
        stdin=json.dumps(listed(*objects)),
    )
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    matches = [(_REFUSAL.match(line) or _TAKEN.match(line), line) for line in lines]
    unknown = [line for match, line in matches if match is None]
    assert not unknown, unknown
    return {match.group(1): line for match, line in matches if match is not None}


@pytest.fixture(scope="session")
def answered(shared_kubectl: Kubectl) -> dict[str, str]:
    """What kubectl printed about each of the specs."""
    specs = {**{name: spec for name, (spec, _) in REFUSED.items()}, **ACCEPTED}
    found = answers(shared_kubectl, *(camera_stream(name, spec) for name, spec in specs.items()))
    assert set(found) == set(specs)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_sentence_that_says_what_to_write(
    answered: dict[str, str], name: str
) -> None:
    spec, sentence = REFUSED[name]
    said = answered[name]
    assert _REFUSAL.match(said), f"{spec} was taken: {said}"
    assert sentence in said


@pytest.mark.parametrize("name", ACCEPTED)
def test_it_is_taken(answered: dict[str, str], name: str) -> None:
    assert _TAKEN.match(answered[name]), answered[name]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"source": {}}, "spec.source.url: Required value"),
        ({**source(), "bufferMonitr": {}}, 'unknown field "spec.bufferMonitr"'),
        (source(user="admin"), 'unknown field "spec.source.user"'),
    ],
)
def test_a_usual_apply_names_what_is_missing_and_what_is_not_known(
    shared_kubectl: Kubectl, spec: Any, sentence: str
) -> None:
    done = shared_kubectl.attempt(
        "apply", "--filename=-", stdin=json.dumps(camera_stream("lobby", spec))
    )
    assert done.returncode
    assert sentence in done.stderr


def test_the_name_must_fit_a_stateful_set_and_its_pod(shared_kubectl: Kubectl) -> None:
    names = {"a": True, "a" * 52: True, "a" * 53: False, "north.gate": False, "1-a": True}
    found = answers(shared_kubectl, *(camera_stream(name, source()) for name in names))
    for name, fits in names.items():
        assert (NAME_RULE in found[name]) != fits, found[name]
        assert bool(_TAKEN.match(found[name])) == fits


def test_what_would_lose_frames_cannot_be_changed(kubectl: Kubectl) -> None:
    cases = {f"change-{number}": case for number, case in enumerate(CHANGES_REFUSED)}
    kubectl.apply(*(camera_stream(name, before) for name, (before, _, _) in cases.items()))
    done = kubectl.attempt(
        *("apply", "--dry-run=server", "--filename=-"),
        stdin=json.dumps(listed(*(camera_stream(name, c[1]) for name, c in cases.items()))),
    )
    assert "configured" not in done.stdout
    lines = done.stderr.splitlines()
    for name, (_, _, sentence) in cases.items():
        (line,) = [line for line in lines if f'"{name}" is invalid' in line]
        assert sentence in line
    # The same once more is no change.
    kubectl.apply(*(camera_stream(name, before) for name, (before, _, _) in cases.items()))


def test_defaults_are_written_so_that_kubectl_get_shows_what_is_in_force(
    kubectl: Kubectl,
) -> None:
    kubectl.apply(camera_stream("lobby", source()))
    found = kubectl.get("camerastream", "lobby")
    assert found is not None
    assert found["spec"]["state"] == "Running"
    assert found["spec"]["bufferMonitor"]["action"] == "Restart"
    # Written here, the operator's own default could never apply.
    assert "thresholdSeconds" not in found["spec"]["bufferMonitor"]


def test_a_password_in_the_url_is_not_repeated(shared_kubectl: Kubectl) -> None:
    spec = source(url="rtsp://admin:hunter2@10.0.0.5/stream1")
    done = shared_kubectl.attempt(
        *("apply", "--dry-run=server", "--filename=-"),
        stdin=json.dumps(camera_stream("lobby", spec)),
    )
    assert "must not stand in url" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
