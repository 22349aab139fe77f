"""Installing, upgrading and uninstalling with the real helm, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chart.installation import CRD, VERSION_ANNOTATION
from tests.unit.chart.cases import CASES, KAFKA
from tests.unit.chart.helm import NAMESPACE, RELEASE, HelmError

if TYPE_CHECKING:
    from tests.e2e.chart.installation import Installation
    from tests.unit.chart.helm import Helm

SHOP = {**KAFKA, "operator": {"watchNamespaces": ["shop"]}}

CAMERA = {
    "apiVersion": "camerastream.dev/v1alpha1",
    "kind": "CameraStream",
    "metadata": {"name": "lobby", "namespace": "shop"},
    "spec": {"source": {"url": "test:"}},
}


def commands_of(sentence: str) -> list[list[str]]:
    """Return the kubectl commands with which a sentence ends, without their first word."""
    line = sentence.partition("with: ")[2].splitlines()[0].partition(", and let helm")[0]
    return [command.split()[1:] for command in line.split(" && ")]


def refused(installation: Installation, helm: Helm, values: dict[str, Any], **where: str) -> str:
    """Return the sentence with which an installation is refused; nothing may have changed."""
    before = installation.state()
    with pytest.raises(HelmError) as refusal:
        installation.install(helm, values, **where)
    assert installation.state() == before
    return str(refusal.value)


def test_cameras_outlive_an_uninstall_and_a_new_install_finds_them(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, KAFKA)
    installation.kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    installation.apply([CAMERA])
    installation.uninstall(any_helm)
    assert installation.kubectl.get("deployment", "camerastream-operator") is None
    assert installation.kubectl("get", "camerastreams", "--all-namespaces", "--output=name")
    installation.install(any_helm, KAFKA)
    assert installation.kubectl("get", "camerastreams", "--all-namespaces", "--output=name")


def test_the_crd_goes_with_the_release_when_told_so(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, {**KAFKA, "crds": {"keep": False}})
    installation.uninstall(any_helm)
    assert installation.deletion_has_begun()
    installation.wait_until_crd_is_gone()


def test_an_upgrade_upgrades_the_crd(installation: Installation, any_helm: Helm) -> None:
    installation.install(any_helm, KAFKA)
    older = [{"op": "remove", "path": "/spec/versions/0/additionalPrinterColumns/0"}]
    installation.kubectl("patch", "crd", CRD, "--type=json", f"--patch={json.dumps(older)}")
    # What the release before this one had: an older schema under an older version.
    installation.kubectl("annotate", "--overwrite", "crd", CRD, f"{VERSION_ANNOTATION}=0.0.9")
    arguments = ["--force-conflicts"] if any_helm.major > 3 else ["--force"]
    installation.install(any_helm, KAFKA, *arguments)
    found = installation.kubectl.get("crd", CRD)
    assert found is not None
    columns = found["spec"]["versions"][0]["additionalPrinterColumns"]
    assert columns[0]["name"] == "Ready"
    assert found["metadata"]["annotations"][VERSION_ANNOTATION] != "0.0.9"


def test_an_upgrade_to_the_same_changes_no_pod(installation: Installation, any_helm: Helm) -> None:
    installation.install(any_helm, CASES["default"])
    before = installation.kubectl.get("deployment", "camerastream-operator")
    installation.install(any_helm, {**KAFKA, "stream": {"thresholdSeconds": 90}})
    after = installation.kubectl.get("deployment", "camerastream-operator")
    assert before is not None
    assert after is not None
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    config = installation.kubectl.get("configmap", "camerastream-operator")
    assert config is not None
    assert "thresholdSeconds: 90" in config["data"]["defaults.yaml"]


def test_a_missing_kafka_address_is_refused(installation: Installation, any_helm: Helm) -> None:
    said = refused(installation, any_helm, {})
    assert "kafka.bootstrapServers is missing: write where your Kafka is" in said


def test_without_a_crd_and_without_leave_to_install_it(
    installation: Installation, any_helm: Helm
) -> None:
    said = refused(installation, any_helm, {**KAFKA, "crds": {"enabled": False}})
    assert f"the CRD {CRD} is not in the cluster: write --set crds.enabled=true" in said


def test_an_older_crd_is_refused_where_it_cannot_be_upgraded(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, KAFKA)
    installation.uninstall(any_helm)
    installation.kubectl("annotate", "--overwrite", "crd", CRD, f"{VERSION_ANNOTATION}=0.0.9")
    said = refused(installation, any_helm, {**KAFKA, "crds": {"enabled": False}})
    assert f"the CRD {CRD} in the cluster is older than this chart (version 0.0.9" in said
    installation.kubectl("annotate", "crd", CRD, f"{VERSION_ANNOTATION}-")
    said = refused(installation, any_helm, {**KAFKA, "crds": {"enabled": False}})
    assert "older than this chart (of no known version" in said


def test_a_newer_crd_is_not_taken_back(installation: Installation, any_helm: Helm) -> None:
    installation.install(any_helm, KAFKA)
    installation.kubectl("annotate", "--overwrite", "crd", CRD, f"{VERSION_ANNOTATION}=99.0.0")
    said = refused(installation, any_helm, KAFKA)
    assert "of chart version 99.0.0, newer than this chart" in said
    assert "--set crds.enabled=false" in said
    installation.install(any_helm, {**KAFKA, "crds": {"enabled": False}})


def test_a_crd_of_somebody_else_is_refused_with_the_way_to_take_it(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, KAFKA, release="first", namespace="other")
    installation.uninstall(any_helm, "first", "other")
    said = refused(installation, any_helm, KAFKA)
    assert "belongs to the release first of namespace other" in said
    # The sentence's own command, as a person would copy it.
    for command in commands_of(said):
        installation.kubectl(*command)
    installation.install(any_helm, KAFKA)


def test_a_second_operator_for_the_whole_cluster_is_refused(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, KAFKA)
    second = {**KAFKA, "crds": {"enabled": False}}
    said = refused(installation, any_helm, second, release="second", namespace="other")
    sentence = f"the whole cluster has an operator already, of the release {RELEASE}"
    assert sentence in said
    assert "operator.watchNamespaces" in said
    installation.install(any_helm, KAFKA)


def test_one_for_the_whole_cluster_beside_one_of_a_namespace_is_refused(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, SHOP)
    second = {**KAFKA, "crds": {"enabled": False}}
    said = refused(installation, any_helm, second, release="second", namespace="other")
    assert f"the namespace shop has an operator already, of the release {RELEASE}" in said


def test_two_with_namespaces_of_their_own_live_together(
    installation: Installation, any_helm: Helm
) -> None:
    installation.install(any_helm, SHOP)
    yard = {**KAFKA, "operator": {"watchNamespaces": ["yard"]}, "crds": {"enabled": False}}
    installation.install(any_helm, yard, release="second", namespace="other")
    both = {**yard, "operator": {"watchNamespaces": ["yard", "shop"]}}
    said = refused(installation, any_helm, both, release="second", namespace="other")
    assert "the namespace shop has an operator already" in said


def test_the_operator_may_do_what_it_needs_and_no_more(
    installation: Installation, helm: Helm
) -> None:
    installation.install(helm, SHOP)
    account = f"system:serviceaccount:{NAMESPACE}:camerastream-operator"
    for verb, what in (
        ("list", "camerastreams.camerastream.dev"),
        ("patch", "camerastreams.camerastream.dev/status"),
        ("create", "statefulsets.apps"),
        ("patch", "statefulsets.apps"),
        ("delete", "pods"),
        ("patch", "pods"),
        ("create", "events.events.k8s.io"),
    ):
        assert installation.may(account, "shop", verb, what), (verb, what)
        assert not installation.may(account, "yard", verb, what), (verb, what)
    for verb, what in (
        ("get", "secrets"),
        ("get", "configmaps"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("delete", "statefulsets.apps"),
        ("patch", "camerastreams.camerastream.dev"),
        ("create", "serviceaccounts/token"),
    ):
        assert not installation.may(account, "shop", verb, what), (verb, what)
    assert installation.may(account, NAMESPACE, "create", "leases.coordination.k8s.io")
    # By name only: other Leases are none of its business.
    assert not installation.may(account, NAMESPACE, "update", "leases.coordination.k8s.io")
