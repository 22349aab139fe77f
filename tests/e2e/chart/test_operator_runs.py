"""The real operator, with the settings, the account and the rights that the chart gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.chart.installation import CRD
from tests.e2e.chart.operator_process import account, running_operator
from tests.e2e.chart.test_lifecycle import CAMERA
from tests.e2e.kubectl import Kubectl
from tests.unit.chart.cases import KAFKA
from tests.unit.chart.helm import VERSION, only
from tests.unit.chart.test_agrees_with_operator import environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.chart.installation import Installation
    from tests.testbed.kubernetes.cluster import Cluster
    from tests.unit.chart.helm import Helm


@pytest.mark.parametrize("watched", [[], ["shop"]], ids=["cluster-wide", "namespaced"])
def test_the_operator_can_work_with_what_the_chart_gives_it(
    installation: Installation,
    control_plane: Cluster,
    helm: Helm,
    tmp_path: Path,
    watched: list[str],
) -> None:
    values = {**KAFKA, "operator": {"watchNamespaces": watched, "replicas": 0}}
    installation.install(helm, values)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    installation.apply([CAMERA])
    objects = helm.template(values)
    defaults = tmp_path / "defaults.yaml"
    text = only(objects, "ConfigMap", "camerastream-operator")["data"]["defaults.yaml"]
    defaults.write_text(text, encoding="utf-8")
    token = installation.kubectl("create", "token", "camerastream-operator")
    log = tmp_path / "operator.log"
    settings = {**environment(objects), "OPERATOR_DEFAULTS_FILE": str(defaults)}
    kubeconfig = account(control_plane, token, tmp_path / "kubeconfig")
    shop = Kubectl(installation.environment, "shop")

    with running_operator(log, kubeconfig, settings) as process:

        def camera_is_looked_after() -> bool:
            assert process.poll() is None, log.read_text("utf-8")
            camera = shop.get("camerastream", "lobby")
            conditions = (camera or {}).get("status", {}).get("conditions", [])
            return shop.get("statefulset", "lobby") is not None and len(conditions) == 6

        shop.wait("the operator does nothing", camera_is_looked_after)
        lease = installation.kubectl.get("lease", "camerastream-operator")
        assert lease is not None
        assert lease["spec"]["holderIdentity"].startswith("operator-0")
        found = shop.get("statefulset", "lobby")
        assert found is not None
        container = found["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == f"camerastream:{VERSION}"
        servers = {item["name"]: item.get("value") for item in container["env"]}
        assert servers["KAFKA_BOOTSTRAP_SERVERS"] == "kafka-0.kafka:9092"
    said = log.read_text("utf-8").lower()
    assert "forbidden" not in said, said
    shop("delete", "camerastream", "lobby")
    installation.kubectl("delete", "lease", "camerastream-operator")
