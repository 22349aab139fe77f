"""Wrong values are refused with a sentence, and every value is documented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from charts.generate import GenerateError, documented_values, readme_with_values, stale
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import CHART, NAMESPACE, HelmError

if TYPE_CHECKING:
    from tests.unit.chart.helm import Helm


def _camera(name: str, *, url: str = "test:", **more: str) -> dict[str, Any]:
    return {"name": name, **more, "spec": {"source": {"url": url}}}


REFUSED = [
    ({}, "kafka.bootstrapServers is missing: write where your Kafka is, for example"),
    ({"kafka": {"bootstrapServers": ""}}, "kafka.bootstrapServers is missing"),
    ({"kafka": {"bootstrapServers": None}}, "kafka.bootstrapServers is missing"),
    ({"kafka": {"bootstrapServers": ["kafka"]}}, '"kafka" is not host:port: write for example'),
    ({"kafka": {"bootstrapServers": "a:1,b:x"}}, '"b:x" is not host:port'),
    (
        {"kafka": {"bootstrapServers": 9092}},
        "at '/kafka/bootstrapServers': got number, want string or array",
    ),
    (
        {"kafka": {"bootstrapServer": "a:1"}},
        "at '/kafka': additional properties 'bootstrapServer' not allowed",
    ),
    ({**KAFKA, "replicas": 2}, "at '': additional properties 'replicas' not allowed"),
    (
        {**KAFKA, "operator": {"replicas": "two"}},
        "at '/operator/replicas': got string, want integer",
    ),
    ({**KAFKA, "operator": {"replicas": 3}}, "at '/operator/replicas': maximum: got 3, want 2"),
    (
        {**KAFKA, "operator": {"watchNamespaces": "shop"}},
        "at '/operator/watchNamespaces': got string, want array",
    ),
    (
        {**KAFKA, "operator": {"logLevel": "LOUD"}},
        "value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'",
    ),
    (
        {**KAFKA, "operator": {"image": {"pullPolicy": "Sometimes"}}},
        "value must be one of '', 'Always'",
    ),
    (
        {**KAFKA, "stream": {"image": {"digest": "latest"}}},
        "at '/stream/image/digest': 'latest' does not match",
    ),
    (
        {**KAFKA, "stream": {"thresholdSeconds": 4}},
        "at '/stream/thresholdSeconds': minimum: got 4, want 5",
    ),
    (
        {**KAFKA, "stream": {"resources": {"limit": {}}}},
        "at '/stream/resources': additional properties 'limit'",
    ),
    (
        {**KAFKA, "imagePullSecrets": ["registry"]},
        "at '/imagePullSecrets/0': got string, want object",
    ),
    ({**KAFKA, "crds": {"enabled": "no"}}, "at '/crds/enabled': got string, want boolean"),
    (
        {**KAFKA, "fleetGuard": {"startPercent": 20}},
        "fleetGuard.endPercent is not below fleetGuard.startPercent",
    ),
    ({**KAFKA, "serviceAccount": {"create": False}}, "serviceAccount.name is missing"),
    ({**KAFKA, "cameras": {"lobby": {}}}, "at '/cameras': got object, want null or array"),
    (
        {**KAFKA, "cameras": [{"nam": "lobby", "spec": {"source": {"url": "test:"}}}]},
        "at '/cameras/0': additional properties 'nam' not allowed",
    ),
    (
        {**KAFKA, "cameras": [{"name": "lobby", "spec": {"source": {"uri": "test:"}}}]},
        "at '/cameras/0/spec/source': additional properties 'uri' not allowed",
    ),
    (
        {**KAFKA, "cameras": [_camera("Lobby 1")]},
        '"Lobby 1" is no name of a camera: write 1 to 52 lower-case letters, digits or',
    ),
    (
        {**KAFKA, "cameras": [_camera("lobby", namespace="My Shop")]},
        'cameras: lobby: "My Shop" is no namespace: write the name of one that exists',
    ),
    (
        {**KAFKA, "cameras": [_camera("lobby"), _camera("lobby", namespace=NAMESPACE)]},
        f"cameras: lobby is there twice in the namespace {NAMESPACE}: give one of the two",
    ),
    (
        {**KAFKA, "operator": {"watchNamespaces": ["shop"]}, "cameras": [_camera("lobby")]},
        (
            f"cameras: lobby would be in the namespace {NAMESPACE}, which is not watched: write "
            f"namespace: shop with it, or add {NAMESPACE} to operator.watchNamespaces"
        ),
    ),
    (
        {**KAFKA, "cameras": [_camera("lobby", url="rtsp://admin:s3cret@10.0.0.5/s")]},
        "cameras: lobby has a user name and a password in spec.source.url",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), REFUSED, ids=[item[1][:40] for item in REFUSED])
def test_wrong_values_are_refused_with_a_sentence(
    helm: Helm, helm4: Helm, values: dict[str, Any], sentence: str
) -> None:
    for each in (helm, helm4):
        with pytest.raises(HelmError) as refusal:
            each.template(values)
        assert sentence in str(refusal.value)
        assert "s3cret" not in str(refusal.value)


def test_everything_that_is_wrong_is_said_at_once(helm: Helm) -> None:
    with pytest.raises(HelmError) as refusal:
        helm.template({"serviceAccount": {"create": False}})
    assert "kafka.bootstrapServers is missing" in str(refusal.value)
    assert "serviceAccount.name is missing" in str(refusal.value)


@pytest.mark.parametrize("version", ["1.20.2", "1.28.15"])
def test_a_kubernetes_that_is_too_old_is_refused(helm: Helm, helm4: Helm, version: str) -> None:
    for each in (helm, helm4):
        with pytest.raises(HelmError, match=r"requires kubeVersion: >=1\.29"):
            each.template(KAFKA, f"--kube-version={version}")


@pytest.mark.parametrize("version", ["1.29.0", "1.30.3-gke.100", "1.37.2"])
def test_newer_ones_are_taken(helm: Helm, version: str) -> None:
    assert helm.template(KAFKA, f"--kube-version={version}")


def test_the_chart_can_be_part_of_another_one(helm: Helm) -> None:
    assert helm.template({**KAFKA, "global": {"any": "thing"}, "enabled": True})


def test_the_generated_files_are_in_step() -> None:
    assert list(stale()) == [], "run: .venv/bin/python -m charts.generate"


def test_every_value_has_a_description_and_a_type() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    described = {value.path for value in documented_values(text)}
    assert described == set(_typed(schema)) - {("global",), ("enabled",)}


def test_the_schema_refuses_what_it_does_not_know() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    def closed(node: dict[str, Any], value: Any, path: str) -> None:
        if "items" in node:
            closed(node["items"], {}, f"{path}[]")
        # What may hold anything, as in a pod, has no properties.
        if "properties" not in node:
            return
        assert node["additionalProperties"] is False, path
        for key, child in node["properties"].items():
            closed(child, value.get(key, {}), f"{path}.{key}")

    closed(schema, defaults, "")


def test_a_value_without_a_description_is_refused() -> None:
    with pytest.raises(GenerateError, match=r"a\.b has no description"):
        documented_values("a:\n  b: 1\n")


def test_a_readme_without_a_place_for_the_values_is_refused() -> None:
    with pytest.raises(GenerateError, match="write <!-- values"):
        readme_with_values("# Chart\n", [])


def _typed(node: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all values: what has a description, not what is below it."""
    found = []
    for key, child in node.get("properties", {}).items():
        below = (*path, key)
        found += [below] if "description" in child else _typed(child, below)
    return found
