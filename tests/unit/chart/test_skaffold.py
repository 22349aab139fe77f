"""The real skaffold understands skaffold.yaml and renders the chart with it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.testbed.cache import cache_folder
from tests.testbed.tools.catalog import CATALOG
from tests.testbed.tools.gomodule import GoProgram
from tests.unit.chart.helm import ROOT, only

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.chart.helm import Helm

IMAGES = ("camerastream", "camerastream-operator")


@pytest.fixture(scope="module")
def skaffold() -> Path:
    program = CATALOG["skaffold"]
    assert isinstance(program, GoProgram)
    path = cache_folder() / "skaffold" / program.cache_version / "skaffold"
    if not path.is_file():
        pytest.skip("skaffold is not built; build it with: .venv/bin/testbed tools path skaffold")
    return path


def run(skaffold: Path, helm: Helm, tmp_path: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [str(skaffold), *arguments, "--interactive=false"],
        cwd=ROOT,
        env={
            **{key: value for key, value in os.environ.items() if not key.startswith("KAFKA_")},
            "PATH": f"{helm.path.parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "SKAFFOLD_UPDATE_CHECK": "false",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(
    skaffold: Path, helm: Helm, tmp_path: Path, *arguments: str, **environment: str
) -> list[dict[str, Any]]:
    builds = tmp_path / "builds.json"
    built = [{"imageName": name, "tag": f"registry.example/{name}:dev"} for name in IMAGES]
    builds.write_text(json.dumps({"builds": built}), encoding="utf-8")
    said = run(
        *(skaffold, helm, tmp_path, "render", "--digest-source=local"),
        *(f"--build-artifacts={builds}", *arguments),
        **environment,
    )
    return [item for item in yaml.safe_load_all(said) if item]


@pytest.mark.parametrize(
    ("profile", "stream"),
    [((), "stream"), (("--profile=dev",), "demo")],
    ids=["plain", "dev"],
)
def test_it_builds_both_targets(
    skaffold: Path, helm: Helm, tmp_path: Path, profile: tuple[str, ...], stream: str
) -> None:
    found = yaml.safe_load(run(skaffold, helm, tmp_path, "diagnose", "--yaml-only", *profile))
    targets = {item["image"]: item["docker"]["target"] for item in found["build"]["artifacts"]}
    assert targets == {"camerastream": stream, "camerastream-operator": "operator"}
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for target in targets.values():
        assert f" AS {target}\n" in dockerfile


def test_the_images_that_it_built_reach_operator_and_streams(
    skaffold: Path, helm: Helm, tmp_path: Path
) -> None:
    objects = render(skaffold, helm, tmp_path, KAFKA_BOOTSTRAP_SERVERS="mine:9092")
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/camerastream-operator:dev"
    defaults = yaml.safe_load(
        only(objects, "ConfigMap", "camerastream-operator")["data"]["defaults.yaml"]
    )
    assert defaults["stream"]["image"] == "registry.example/camerastream:dev"
    assert defaults["stream"]["bootstrapServers"] == ["mine:9092"]


def test_without_a_kafka_it_says_so(skaffold: Path, helm: Helm, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"kafka\.bootstrapServers is missing"):
        render(skaffold, helm, tmp_path)


def test_the_profile_dev_brings_kafka_and_cameras_that_need_nothing(
    skaffold: Path, helm: Helm, tmp_path: Path
) -> None:
    objects = render(skaffold, helm, tmp_path, "--profile=dev")
    kafka = only(objects, "Service")["metadata"]
    lobby, clip = (only(objects, "CameraStream", name) for name in ("lobby", "clip"))
    assert lobby["spec"]["source"]["url"].startswith("test:")
    file = clip["spec"]["source"]["url"].removeprefix("file:///videos/")
    assert (ROOT / "examples/footage" / file).is_file()
    assert "COPY examples/footage/*.mp4 /videos/" in (ROOT / "Dockerfile").read_text("utf-8")
    defaults = yaml.safe_load(
        only(objects, "ConfigMap", "camerastream-operator")["data"]["defaults.yaml"]
    )
    address = f"{kafka['name']}.{kafka['namespace']}:9092"
    assert defaults["stream"]["bootstrapServers"] == [address]
    broker = only(objects, "Deployment", "kafka")["spec"]["template"]["spec"]["containers"][0]
    environment = {item["name"]: item["value"] for item in broker["env"]}
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{address}"
