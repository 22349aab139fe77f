"""Chart and operator mean the same: settings, defaults, ports, rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from camerastream_operator.names import (
    COMPONENT_LABEL,
    GROUP,
    HTTP_PORT,
    NAME_LABEL,
    PLURAL,
    object_labels,
)
from camerastream_operator.runtime.defaults_file import parse_defaults
from camerastream_operator.runtime.settings import PREFIX, Settings, load_settings
from tests.unit.chart.cases import CASES
from tests.unit.chart.helm import NAMESPACE, ROOT, only

if TYPE_CHECKING:
    from tests.unit.chart.helm import Helm


def environment(objects: list[dict[str, Any]]) -> dict[str, str]:
    """Return the operator's environment, with what the downward API would fill in."""
    pod = only(objects, "Deployment")["spec"]["template"]
    filled = {"metadata.name": "operator-0", "metadata.namespace": NAMESPACE}
    return {
        item["name"]: item["value"]
        if "value" in item
        else filled[item["valueFrom"]["fieldRef"]["fieldPath"]]
        for item in pod["spec"]["containers"][0]["env"]
    }


@pytest.mark.parametrize("name", CASES)
def test_the_operator_takes_the_charts_settings(
    helm: Helm, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given = environment(helm.template(CASES[name]))
    known = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
    assert set(given) <= known
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    values = CASES[name].get("operator", {})
    assert list(settings.watch_namespaces) == values.get("watchNamespaces", [])
    assert settings.lease_in == NAMESPACE
    assert settings.log_level == values.get("logLevel", "INFO")
    assert settings.max_rolling_pods == values.get("maxRollingPods", 5)


@pytest.mark.parametrize("name", CASES)
def test_the_operator_takes_the_charts_defaults(helm: Helm, name: str) -> None:
    objects = helm.template(CASES[name])
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    volume = next(item for item in pod["volumes"] if "configMap" in item)
    config_map = only(objects, "ConfigMap", volume["configMap"]["name"])
    mount = next(
        item for item in pod["containers"][0]["volumeMounts"] if item["name"] == volume["name"]
    )
    file = environment(objects)[f"{PREFIX}DEFAULTS_FILE"]
    assert "subPath" not in mount, "a subPath never changes"
    text = config_map["data"][file.removeprefix(mount["mountPath"] + "/")]
    defaults = parse_defaults(text, "defaults.yaml")
    stream = CASES[name].get("stream", {})
    assert defaults.stream.threshold_seconds == stream.get("thresholdSeconds", 60)
    assert defaults.stream.resources == stream.get("resources", {})
    assert defaults.stream.bootstrap_servers[0] == "kafka-0.kafka:9092"
    assert defaults.fleet.min_cameras == CASES[name].get("fleetGuard", {}).get("minCameras", 3)


def test_images_and_pull_secrets_reach_the_streams(helm: Helm) -> None:
    objects = helm.template(CASES["everything"])
    text = only(objects, "ConfigMap", "camerastream-operator")["data"]["defaults.yaml"]
    stream = parse_defaults(text, "defaults.yaml").stream
    assert stream.image == "registry.example/mirror/camerastream:1.2.3"
    assert stream.image_pull_policy == "Always"
    assert stream.image_pull_secrets == ("registry",)
    assert stream.bootstrap_servers == ("kafka-0.kafka:9092", "kafka-1.kafka:9092")


def test_probes_and_metrics_are_where_the_operator_serves_them(helm: Helm) -> None:
    container = only(helm.template(CASES["default"]), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert [port["containerPort"] for port in container["ports"]] == [
        Settings.model_fields["http_port"].default
    ]
    paths = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "startupProbe")}
    assert paths == {"/livez"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_policies_mean_the_pods_that_the_operator_makes(helm: Helm) -> None:
    policies = [
        item for item in helm.template(CASES["namespaced"]) if item["kind"] == "NetworkPolicy"
    ]
    streams = [item for item in policies if item["metadata"]["name"].endswith("-streams")]
    assert {item["metadata"]["namespace"] for item in streams} == {"shop", "yard"}
    labels = object_labels("lobby", "uid")
    for item in streams:
        selected = item["spec"]["podSelector"]["matchLabels"]
        assert selected.items() <= labels.items()
        assert set(selected) == {NAME_LABEL, COMPONENT_LABEL}
        assert item["spec"]["ingress"][0]["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert HTTP_PORT == 8080


def test_people_may_do_with_cameras_what_they_may_do_elsewhere(helm: Helm) -> None:
    objects = helm.template(CASES["default"])
    view = only(objects, "ClusterRole", "camerastream-view")
    edit = only(objects, "ClusterRole", "camerastream-edit")
    assert view["rules"] == [
        {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": ["get", "list", "watch"]}
    ]
    assert "rbac.authorization.k8s.io/aggregate-to-view" in view["metadata"]["labels"]
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]


def rules_of(objects: list[dict[str, Any]], kind: str, name: str) -> Any:
    return only(objects, kind, name)["rules"]


def test_its_rights_are_those_of_the_operators_own_manifests(helm: Helm) -> None:
    text = (ROOT / "operator/manifests/rbac.yaml").read_text(encoding="utf-8")
    manifests = list(yaml.safe_load_all(text))
    wanted = rules_of(manifests, "ClusterRole", "camerastream-operator")
    leader = rules_of(manifests, "Role", "camerastream-operator-leader")
    cluster_wide, namespaced = (helm.template(CASES[name]) for name in ("default", "namespaced"))
    assert rules_of(cluster_wide, "ClusterRole", "camerastream-operator") == wanted
    assert rules_of(cluster_wide, "Role", "camerastream-operator-leader") == leader
    for item in namespaced:
        if item["kind"] == "Role" and item["metadata"]["name"] == "camerastream-operator":
            assert item["rules"] == wanted
