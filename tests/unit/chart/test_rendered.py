"""What the chart makes, compared with files that a reviewer can read.

After a wanted change: `UPDATE_GOLDEN=1 .venv/bin/pytest tests/unit/chart/test_rendered.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import CHART, NAMESPACE, RELEASE, VERSION, only

if TYPE_CHECKING:
    from tests.unit.chart.helm import Helm

GOLDEN = Path(__file__).parent / "golden"
CLUSTER_WIDE = {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


def snapshot(objects: list[dict[str, Any]]) -> str:
    """Return the objects as a file, without what has a test of its own.

    A new version would change every line that names it, and hide what else has changed.
    """
    kept = []
    for item in objects:
        if item["kind"] == "CustomResourceDefinition":
            continue
        data = {name: _shown(text) for name, text in item.get("data", {}).items()}
        kept.append({**item, "data": data} if data else item)
    kept.sort(key=lambda item: (item["kind"], item["metadata"]["name"]))
    return yaml.dump_all(kept, Dumper=_Dumper, width=100).replace(VERSION, "VERSION")


def _shown(text: str) -> Any:
    lines = text.splitlines()
    return text if len(lines) < 40 else f"({lines[0]})"


@pytest.mark.parametrize("name", CASES)
def test_manifests_are_as_they_were(helm: Helm, name: str) -> None:
    file = GOLDEN / f"{name}.yaml"
    made = snapshot(helm.template(CASES[name]))
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_helm_4_makes_the_same(helm: Helm, helm4: Helm, name: str) -> None:
    assert snapshot(helm4.template(CASES[name])) == snapshot(helm.template(CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_lint_finds_nothing(helm: Helm, helm4: Helm, name: str) -> None:
    for each in (helm, helm4):
        said = each.run(
            "lint", "--strict", str(CHART), "--values=-", stdin=yaml.safe_dump(CASES[name])
        )
        assert "[ERROR]" not in said
        assert "[WARNING]" not in said


@pytest.mark.parametrize("name", CASES)
def test_every_object_says_where_it_belongs(helm: Helm, name: str) -> None:
    values = CASES[name]
    for item in helm.template(values):
        metadata = item["metadata"]
        assert metadata["labels"]["app.kubernetes.io/instance"] == RELEASE
        assert metadata["labels"]["helm.sh/chart"].startswith("camerastream-")
        for key, value in values.get("commonLabels", {}).items():
            assert metadata["labels"][key] == value
        assert ("namespace" in metadata) is (item["kind"] not in CLUSTER_WIDE), metadata["name"]


def test_names_follow_the_release_and_fit(helm: Helm) -> None:
    long = "an-extraordinarily-long-name-of-a-release-for-cameras"
    for item in helm.template(KAFKA, release=long):
        name = item["metadata"]["name"]
        assert len(name) <= (63 if item["kind"] != "CustomResourceDefinition" else 253)
    deployment = only(helm.template(KAFKA, release="site"), "Deployment")
    assert deployment["metadata"]["name"] == "site-camerastream-operator"


def pod_specs(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    deployments = [item["spec"]["template"] for item in objects if item["kind"] == "Deployment"]
    pods = [item for item in objects if item["kind"] == "Pod"]
    return [item["spec"] for item in [*deployments, *pods]]


@pytest.mark.parametrize("name", CASES)
def test_only_pods_that_ask_the_api_server_hold_a_token(helm: Helm, name: str) -> None:
    objects = helm.template(CASES[name])
    for item in objects:
        if item["kind"] == "ServiceAccount":
            assert item["automountServiceAccountToken"] is False
    for spec in pod_specs(objects):
        asks_kafka_only = "kafka" in spec["containers"][0].get("args", [])
        assert spec["automountServiceAccountToken"] is not asks_kafka_only


def test_two_operators_are_spread_over_nodes(helm: Helm) -> None:
    values = {**KAFKA, "operator": {"replicas": 2}}
    spec = only(helm.template(values), "Deployment")["spec"]["template"]["spec"]
    constraint = spec["topologySpreadConstraints"][0]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
    assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"


@pytest.mark.parametrize(
    ("image", "registry", "reference"),
    [
        ({"tag": "9"}, "", "camerastream-operator:9"),
        (
            {"tag": "9", "digest": "sha256:" + "0" * 64},
            "",
            "camerastream-operator@sha256:" + "0" * 64,
        ),
        (
            {"repository": "cams/op"},
            "registry.example:5000",
            "registry.example:5000/cams/op:" + VERSION,
        ),
    ],
)
def test_an_image_is_named_by_registry_repository_and_tag_or_digest(
    helm: Helm, image: dict[str, str], registry: str, reference: str
) -> None:
    values = {**KAFKA, "imageRegistry": registry, "operator": {"image": image}}
    spec = only(helm.template(values), "Deployment")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == reference


def test_a_namespaced_install_has_rights_in_its_namespaces_only(helm: Helm) -> None:
    objects = helm.template(CASES["namespaced"])
    assert not [item for item in objects if item["kind"].startswith("Cluster")]
    roles = {
        item["metadata"]["namespace"]
        for item in objects
        if item["kind"] == "Role" and item["metadata"]["name"] == "camerastream-operator"
    }
    assert roles == {"shop", "yard"}


def test_notes_name_what_there_is(helm4: Helm) -> None:
    said = helm4.run(
        *("install", "site", str(CHART), f"--namespace={NAMESPACE}", "--dry-run=client"),
        *("--set", "kafka.bootstrapServers=a:1", "--set", "operator.watchNamespaces={shop,yard}"),
    )
    notes = said.partition("NOTES:")[2]
    assert f"helm test site --namespace {NAMESPACE}" in notes
    assert "kubectl apply --namespace shop" in notes
    assert f"kubectl logs deployment/site-camerastream-operator --namespace {NAMESPACE}" in notes
    assert "sends to a:1" in notes
