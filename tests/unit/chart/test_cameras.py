"""The cameras of the values: what the operator is given for them, and what it may do."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.camera_list import entry_hash
from camerastream_operator.kube.resources import Key
from camerastream_operator.names import LIST_HASH_ANNOTATION, LIST_LABEL
from camerastream_operator.runtime.cameras_file import parse_cameras
from camerastream_operator.runtime.settings import PREFIX
from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import CHART, NAMESPACE, RELEASE, ROOT, only
from tests.unit.chart.test_agrees_with_operator import environment, rules_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from camerastream_operator.camera_list import CameraList
    from tests.unit.chart.helm import Helm

CONFIG_MAP = "camerastream-operator-cameras"
EXAMPLES = sorted((ROOT / "examples/helm").glob("*.yaml"))
CAMERA = {"name": "lobby", "spec": {"source": {"url": "test:"}}}


def check_script() -> ModuleType:
    """Return what `helm test` runs."""
    spec = importlib.util.spec_from_file_location("check", CHART / "files/check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed(objects: list[dict[str, Any]], name: str = CONFIG_MAP) -> CameraList:
    """Return the list as the operator reads it."""
    return parse_cameras(only(objects, "ConfigMap", name)["data"]["cameras.json"], "cameras.json")


def test_the_operator_reads_the_list_where_it_is_told(helm: Helm) -> None:
    objects = helm.template(CASES["cameras"])
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    mount = next(item for item in pod["containers"][0]["volumeMounts"] if item["name"] == "cameras")
    volume = next(item for item in pod["volumes"] if item["name"] == "cameras")
    assert volume["configMap"]["name"] == CONFIG_MAP
    assert "subPath" not in mount, "a subPath never changes"
    assert environment(objects)[f"{PREFIX}CAMERAS_FILE"] == f"{mount['mountPath']}/cameras.json"
    found = listed(objects)
    lobby, yard = found.cameras
    assert found.name == f"{NAMESPACE}.{RELEASE}"
    assert lobby.key == Key(NAMESPACE, "lobby"), "the release's own namespace"
    assert (yard.key, yard.labels) == (Key("shop", "yard"), {"site": "north"})
    assert yard.spec == CASES["cameras"]["cameras"][1]["spec"]
    assert yard.spec["capture"]["intervalMilliseconds"] == 10_000_000, "no exponent"


def test_a_change_of_the_list_restarts_no_operator(helm: Helm) -> None:
    one = helm.template({**KAFKA, "cameras": [CAMERA]})
    none = helm.template({**KAFKA, "cameras": []})
    assert only(one, "Deployment") == only(none, "Deployment")
    assert listed(none).cameras == ()


@pytest.mark.parametrize("values", [{}, {"cameras": None}], ids=["left out", "null"])
def test_without_cameras_the_operator_may_make_none(helm: Helm, values: dict[str, Any]) -> None:
    objects = helm.template({**KAFKA, **values})
    assert f"{PREFIX}CAMERAS_FILE" not in environment(objects)
    assert not [item for item in objects if item["metadata"]["name"] == CONFIG_MAP]
    verbs = {
        verb
        for rule in rules_of(objects, "ClusterRole", "camerastream-operator")
        if rule["resources"] == ["camerastreams"]
        for verb in rule["verbs"]
    }
    assert verbs == {"get", "list", "watch"}


@pytest.mark.parametrize("cameras", [[], [CAMERA]], ids=["empty", "one"])
def test_its_rights_are_those_of_the_operators_own_manifests(
    helm: Helm, cameras: list[dict[str, Any]]
) -> None:
    text = (ROOT / "operator/manifests/rbac-cameras.yaml").read_text(encoding="utf-8")
    wanted = yaml.safe_load(text)["rules"]
    without = rules_of(helm.template(KAFKA), "ClusterRole", "camerastream-operator")
    given = helm.template({**KAFKA, "cameras": cameras})
    # To remove what an earlier list made takes the rights as well.
    assert rules_of(given, "ClusterRole", "camerastream-operator") == without + wanted


def test_the_test_may_look_where_the_cameras_are_only(helm: Helm) -> None:
    objects = helm.template(CASES["cameras"])
    roles = [
        item
        for item in objects
        if item["kind"] == "Role" and item["metadata"]["name"] == "camerastream-test-cameras"
    ]
    assert {item["metadata"]["namespace"] for item in roles} == {NAMESPACE, "shop"}
    for item in roles:
        assert "helm.sh/hook" in item["metadata"]["annotations"]
        assert {verb for rule in item["rules"] for verb in rule["verbs"]} == {"get", "list"}


@pytest.mark.parametrize(
    "release", ["a" * 53, "cameras-" + "x" * 45], ids=["letters", "with a dash"]
)
def test_a_long_name_of_a_list_is_a_label_and_nobody_elses(helm: Helm, release: str) -> None:
    values = {**KAFKA, "cameras": []}
    names = set()
    for namespace in ("first-" + "n" * 56, "first-" + "n" * 55 + "m"):
        objects = helm.template(values, release=release, namespace=namespace)
        config = next(item for item in objects if "cameras.json" in item.get("data", {}))
        # The operator takes nothing that is no label's value.
        names.add(listed(objects, config["metadata"]["name"]).name)
    assert len(names) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(labels=st.dictionaries(st.text(), st.text()), spec=st.dictionaries(st.text(), JSON))
def test_the_test_knows_an_entry_by_what_the_operator_writes(
    labels: dict[str, str], spec: dict[str, Any]
) -> None:
    check = check_script()
    assert check.entry_hash({"labels": labels, "spec": spec}) == entry_hash(labels, spec)
    assert (check.LIST_LABEL, check.LIST_HASH_ANNOTATION) == (LIST_LABEL, LIST_HASH_ANNOTATION)


def test_the_file_is_read_as_the_json_that_it_is(helm: Helm) -> None:
    spec = {"source": {"url": "test:"}, "template": {"labels": {"a": '"<é\u2028🎥&>\\'}}}
    objects = helm.template({**KAFKA, "cameras": [{"name": "lobby", "spec": spec}]})
    text = only(objects, "ConfigMap", CONFIG_MAP)["data"]["cameras.json"]
    assert listed(objects).cameras[0].spec == json.loads(text)["cameras"][0]["spec"] == spec


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: str(file.name))
def test_the_examples_are_taken(helm: Helm, helm4: Helm, file: Path) -> None:
    for each in (helm, helm4):
        objects = each.template({**KAFKA, **yaml.safe_load(file.read_text(encoding="utf-8"))})
        assert listed(objects).cameras


def test_notes_say_where_the_cameras_are_seen(helm4: Helm) -> None:
    said = helm4.run(
        *("install", "site", str(CHART), f"--namespace={NAMESPACE}", "--dry-run=client"),
        "--values=-",
        stdin=yaml.safe_dump(CASES["cameras"]),
    )
    notes = said.partition("NOTES:")[2]
    assert "makes the 2 cameras of the values" in notes
    assert f"--selector {LIST_LABEL}={NAMESPACE}.site" in notes
    assert f"kubectl describe camerastream lobby --namespace {NAMESPACE}" in notes
    assert "kubectl apply" not in notes
