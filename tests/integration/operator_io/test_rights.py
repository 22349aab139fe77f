"""With the shipped roles nothing is denied, and no right is left unused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.integration.operator_io.cameras_file import CamerasFile
from tests.integration.operator_io.kubelet import run_camera
from tests.integration.operator_io.operator import AGENTS
from tests.integration.operator_io.waiting import quiet, until
from tests.testbed.audit import AuditLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.kubernetes.cluster import Cluster

RBAC = Path(__file__).parents[3] / "operator/manifests/rbac.yaml"
NAME = "camerastream-operator"
UNSEEN = {
    # Asked for by an admission plugin that this API server does not run.
    ("camerastream.dev", "camerastreams/finalizers", "update"),
    # After a conflict only.
    ("camerastream.dev", "camerastreams", "get"),
    ("apps", "statefulsets", "get"),
}
"""Rights that are needed all the same."""


def test_the_shipped_roles_are_enough_and_not_too_much(
    cluster: Cluster, api: Api, make_operator: Callable[..., OperatorProcess], tmp_path: Path
) -> None:
    roles = _install_roles(api)
    kubeconfig = _kubeconfig(cluster, api, tmp_path)
    audit = AuditLog(cluster.layout.audit_log, agents=AGENTS)
    settings = {"leader_election": "true", "lease_seconds": "3"}
    operator = make_operator(kubeconfig=kubeconfig, **settings)
    operator.start()

    kubelet = run_camera(api, "lobby")
    kubelet.restart("Crash")
    until(lambda: api.status("lobby").get("restarts", {}).get("total") == 1)
    kubelet.kill(by_probe=False)
    until(lambda: api.status("lobby")["restarts"]["total"] == 2)
    assert api.status("lobby")["restarts"]["killed"] == 1
    operator.write_defaults(threshold=70)
    until(lambda: api.status("lobby")["effectiveSettings"]["thresholdSeconds"] == 70)
    before = api.get("pods", "lobby-0")
    assert before is not None
    operator.write_defaults(image="camerastream:2.0")
    until(
        lambda: (
            (api.get("pods", "lobby-0") or before)["metadata"]["uid"] != before["metadata"]["uid"]
        )
    )
    quiet(audit.writes)
    # The next one looks whether the Event of the last restart is there.
    operator.stop()
    operator.start()
    quiet(audit.writes)

    user = f"system:serviceaccount:{api.namespace}:{NAME}"
    requests = [entry for entry in audit.requests() if entry.request.user == user]
    assert [entry for entry in requests if entry.code in (401, 403)] == []
    used = {(entry.group, entry.request.resource, entry.request.verb) for entry in requests}
    granted = {
        (group, resource, verb)
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    # Server-side apply of what is not there is audited as patch, and needs create as well.
    assert granted - used - UNSEEN == {("apps", "statefulsets", "create")}


def test_without_the_right_to_list_events_kills_are_counted_all_the_same(
    cluster: Cluster, api: Api, make_operator: Callable[..., OperatorProcess], tmp_path: Path
) -> None:
    _install_roles(api, without="list")
    operator = make_operator(kubeconfig=_kubeconfig(cluster, api, tmp_path))
    operator.start()
    kubelet = run_camera(api, "lobby")
    kubelet.kill(by_probe=True)
    until(lambda: api.status("lobby")["restarts"].get("total") == 1)
    assert api.status("lobby")["restarts"]["unknown"] == 1
    operator.wait_for("allow the operator to list events of events.k8s.io")


def test_those_for_listed_cameras_are_enough_and_not_too_much(
    cluster: Cluster,
    api: Api,
    make_operator: Callable[..., OperatorProcess],
    audit: AuditLog,
    tmp_path: Path,
) -> None:
    _install_roles(api)
    role = yaml.safe_load(RBAC.with_name("rbac-cameras.yaml").read_text())
    api.done("POST", _rbac(api, "roles"), {**role, "kind": "Role"})
    _bind(api, role["metadata"]["name"])
    listed = CamerasFile(tmp_path / "cameras.json", api.namespace)
    listed.write({"lobby": {}})
    operator = make_operator(
        kubeconfig=_kubeconfig(cluster, api, tmp_path), cameras_file=str(listed.path)
    )
    operator.start()
    until(lambda: api.get("pods", "lobby-0") is not None)
    listed.write({"lobby": {"state": "Suspended"}})
    until(lambda: api.get("pods", "lobby-0") is None)
    listed.write({"lobby": {"encoding": {"jpegQuality": 500}}})
    until(lambda: operator.metric("camerastream_operator_listed_cameras_refused") == 1)
    listed.write({})
    until(lambda: api.get("camerastreams", "lobby") is None)

    written = [line.split() for line in audit.writes()]
    assert [line for line in written if line[-1] in ("401", "403")] == []
    assert "forbidden" not in operator.log.read_text()
    used = {verb for verb, resource, *_ in written if resource == "camerastreams"}
    # Server-side apply of what is not there is audited as patch, and needs create as well.
    assert set(role["rules"][0]["verbs"]) - used == {"create"}


def _install_roles(api: Api, *, without: str = "") -> list[dict[str, Any]]:
    """Install what is shipped, for one namespace; Events perhaps without one of the verbs."""
    roles = []
    for body in yaml.safe_load_all(RBAC.read_text()):
        kind = body["kind"]
        if kind == "ServiceAccount":
            api.done("POST", api.path("serviceaccounts"), body)
            continue
        if kind == "ClusterRole":
            body["kind"] = "Role"
        if kind == "RoleBinding":
            _bind(api, body["metadata"]["name"])
            continue
        for rule in body.get("rules", []):
            if rule["resources"] == ["events"]:
                rule["verbs"] = [verb for verb in rule["verbs"] if verb != without]
        roles.append(body)
        api.done("POST", _rbac(api, "roles"), body)
    _bind(api, NAME)
    return roles


def _bind(api: Api, role: str) -> None:
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": api.namespace}
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        "subjects": [account],
    }
    api.done("POST", _rbac(api, "rolebindings"), body)


def _rbac(api: Api, kind: str) -> str:
    return f"/apis/rbac.authorization.k8s.io/v1/namespaces/{api.namespace}/{kind}"


def _kubeconfig(cluster: Cluster, api: Api, folder: Path) -> Path:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = api.done("POST", api.path("serviceaccounts", NAME, "token"), request)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": cluster.layout.server,
                    "certificate-authority": str(cluster.layout.pki / "ca.crt"),
                },
            }
        ],
        "users": [{"name": "u", "user": {"token": answer["status"]["token"]}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
