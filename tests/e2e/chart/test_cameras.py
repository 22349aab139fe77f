"""The cameras of the values: real helm, API server and operator, with the chart's rights."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from camerastream_operator.camera_list import manifest
from camerastream_operator.runtime.cameras_file import parse_cameras
from tests.e2e.chart.installation import CRD
from tests.e2e.chart.operator_process import account, running_operator
from tests.e2e.chart.test_check import check
from tests.e2e.kubectl import Kubectl
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import NAMESPACE, ROOT, HelmError, only
from tests.unit.chart.test_agrees_with_operator import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.chart.installation import Installation
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.unit.chart.helm import Helm

CONFIG_MAP = "camerastream-operator-cameras"
EXAMPLE = ROOT / "examples/helm/cameras.yaml"
LABEL = "camerastream.dev/camera-list"


def camera(name: str, namespace: str = "", **spec: Any) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"name": name, **where, "spec": {"source": {"url": "test:"}, **spec}}


class Deployment:
    """An installation whose pods' work is done by processes: there is no node."""

    def __init__(
        self, installation: Installation, cluster: Cluster, helm: Helm, folder: Path
    ) -> None:
        self.installation = installation
        self._cluster = cluster
        self._helm = helm
        self._folder = folder

    def install(self, cameras: Any, *watched: str) -> list[dict[str, Any]]:
        """Install or upgrade; the file gets what the kubelet would mount."""
        values = {
            **KAFKA,
            "cameras": cameras,
            "operator": {"watchNamespaces": list(watched), "replicas": 0},
        }
        self.installation.install(self._helm, values)
        self.installation.kubectl(
            "wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s"
        )
        objects = self._helm.template(values)
        self._write("defaults.yaml", only(objects, "ConfigMap", "camerastream-operator"))
        if cameras is not None:
            self._write("cameras.json", only(objects, "ConfigMap", CONFIG_MAP))
        hooks = [
            item for item in objects if "helm.sh/hook" in item["metadata"].get("annotations", {})
        ]
        self.installation.apply([item for item in hooks if item["kind"] != "Pod"])
        return objects

    @contextlib.contextmanager
    def operator(self, objects: list[dict[str, Any]]) -> Iterator[Path]:
        """Run the operator with its settings and its account; gives its log."""
        token = self.installation.kubectl("create", "token", "camerastream-operator")
        log = self._folder / "operator.log"
        settings = {
            **environment(objects),
            "OPERATOR_DEFAULTS_FILE": str(self._folder / "defaults.yaml"),
            "OPERATOR_CAMERAS_FILE": str(self._folder / "cameras.json"),
            "OPERATOR_LEADER_ELECTION": "false",
        }
        kubeconfig = account(self._cluster, token, self._folder / "kubeconfig")
        with running_operator(log, kubeconfig, settings):
            yield log

    def check(self) -> tuple[int, str]:
        """Run what `helm test` runs for the cameras."""
        server = urlsplit(self._cluster.layout.server)
        token = self.installation.kubectl("create", "token", "camerastream-test")
        (self._folder / "token").write_text(token, encoding="ascii")
        (self._folder / "ca.crt").write_bytes((self._cluster.layout.pki / "ca.crt").read_bytes())
        where = {
            "KUBERNETES_SERVICE_HOST": server.hostname or "",
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }
        return check(
            f"--service-account={self._folder}",
            *("cameras", str(self._folder / "cameras.json")),
            environment=where,
        )

    def wait_until_it_passes(self) -> None:
        """Wait until all cameras are as listed."""
        self.installation.kubectl.wait("not as listed", lambda: self.check()[0] == 0)

    def _write(self, name: str, config_map: Mapping[str, Any]) -> None:
        draft = self._folder / "draft"
        draft.write_text(config_map["data"][name], encoding="utf-8")
        draft.rename(self._folder / name)


@pytest.fixture
def deployed(
    installation: Installation, control_plane: Cluster, helm: Helm, tmp_path: Path
) -> Deployment:
    return Deployment(installation, control_plane, helm, tmp_path)


def names(deployed: Deployment) -> set[str]:
    """Return all CameraStreams as namespace/name."""
    found = deployed.installation.kubectl(
        *("get", "camerastreams", "--all-namespaces"),
        "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}",
    )
    return set(found.split())


@pytest.mark.parametrize("watched", [(), (NAMESPACE, "shop")], ids=["cluster-wide", "namespaced"])
def test_the_first_install_makes_cameras_and_an_upgrade_changes_them(
    deployed: Deployment, watched: tuple[str, ...]
) -> None:
    objects = deployed.install([camera("lobby"), camera("yard", "shop")], *watched)
    with deployed.operator(objects) as log:
        deployed.wait_until_it_passes()
        assert names(deployed) == {f"{NAMESPACE}/lobby", "shop/yard"}
        deployed.install([camera("yard", "shop", encoding={"jpegQuality": 60})], *watched)
        deployed.wait_until_it_passes()
        deployed.installation.kubectl.wait("not removed", lambda: names(deployed) == {"shop/yard"})
        found = Kubectl(deployed.installation.environment, "shop").get("camerastream", "yard")
        assert found is not None
        assert found["spec"]["encoding"]["jpegQuality"] == 60
        assert found["metadata"]["labels"][LABEL] == f"{NAMESPACE}.camerastream"
        deployed.install([], *watched)
        deployed.installation.kubectl.wait("not removed", lambda: names(deployed) == set())
        assert deployed.check() == (0, "ok: cameras: 0 are as the values list them\n")
    assert "forbidden" not in log.read_text("utf-8").lower()


def test_the_test_says_which_camera_was_refused_and_why(deployed: Deployment) -> None:
    mine = {
        "apiVersion": "camerastream.dev/v1alpha1",
        "kind": "CameraStream",
        "metadata": {"name": "mine", "namespace": "shop"},
        "spec": {"source": {"url": "test:"}},
    }
    # Helm's schema lets it pass: the rule is in CEL.
    wrong = camera("lobby", motion={"blurSizePixels": 20})
    cameras = [wrong, camera("mine", "shop"), camera("nowhere", "missing"), camera("yard")]
    objects = deployed.install([cameras[0], *cameras[3:]])
    deployed.installation.apply([mine])
    # The test's role cannot be made in a namespace that does not exist; the list may name it.
    deployed._write("cameras.json", only_list(cameras, deployed))
    with deployed.operator(objects) as log:
        deployed.installation.kubectl.wait(
            "not told", lambda: log.read_text("utf-8").count("a listed camera is refused") == 3
        )
        assert names(deployed) == {f"{NAMESPACE}/yard", "shop/mine"}
        assert 'namespaces \\"missing\\" not found' in log.read_text("utf-8")
    deployed._write("cameras.json", only_list(cameras[:1] + cameras[3:], deployed))
    code, said = deployed.check()
    assert code == 1
    assert said.startswith(f"FAILED: cameras: lobby of namespace {NAMESPACE} is not there: ")
    assert "spec.motion.blurSizePixels" in said
    assert "blurSizePixels must be odd; write for example 21" in said
    assert "yard" not in said


def only_list(cameras: list[dict[str, Any]], deployed: Deployment) -> dict[str, Any]:
    """Return the ConfigMap of a list."""
    values = {**KAFKA, "cameras": cameras}
    return only(deployed._helm.template(values), "ConfigMap", CONFIG_MAP)


def test_cameras_outlive_their_list_and_an_uninstall(deployed: Deployment, helm: Helm) -> None:
    objects = deployed.install([camera("lobby")])
    with deployed.operator(objects):
        deployed.wait_until_it_passes()
    deployed.install(None)
    assert names(deployed) == {f"{NAMESPACE}/lobby"}
    deployed.installation.uninstall(helm)
    assert names(deployed) == {f"{NAMESPACE}/lobby"}
    # Installed again under the same name they are the list's again.
    objects = deployed.install([camera("lobby", encoding={"jpegQuality": 60})])
    with deployed.operator(objects):
        deployed.wait_until_it_passes()


def test_a_namespace_that_is_not_watched_changes_nothing(
    installation: Installation, any_helm: Helm
) -> None:
    before = installation.state()
    values = {**KAFKA, "operator": {"watchNamespaces": ["shop"]}, "cameras": [camera("lobby")]}
    with pytest.raises(HelmError, match="which is not watched: write namespace: shop with it"):
        installation.install(any_helm, values)
    assert installation.state() == before


def test_the_example_is_taken(installation: Installation, any_helm: Helm) -> None:
    values = {**KAFKA, **yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))}
    installation.install(any_helm, values)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    found = installation.kubectl.get("configmap", CONFIG_MAP)
    assert found is not None
    listed = parse_cameras(found["data"]["cameras.json"], "cameras.json")
    resources = [manifest(listed.name, item) for item in listed.cameras]
    assert len(resources) == 2
    installation.apply(resources, "--dry-run=server", "--validate=strict")
