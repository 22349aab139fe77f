"""Odd resources, lost leaders, a lost API server: nothing stops the rest, nothing is lost."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integration.operator_io.api import CRDS, Api
from tests.integration.operator_io.conftest import CRD_FILE, install_crd
from tests.integration.operator_io.kubelet import Kubelet
from tests.integration.operator_io.waiting import quiet, until
from tests.testbed.kubernetes.failure import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog
    from tests.testbed.kubernetes.cluster import Cluster

ODD: dict[str, Any] = {
    "text": "what",
    "list": [1, 2],
    "nothing": {},
    "wrong-types": {"source": {"url": 5}, "motion": "yes", "kafka": []},
    "wrong-values": {"source": {"url": "ftp://x"}, "encoding": {"jpegQuality": 900}},
    "odd-template": {
        "source": {"url": "rtsp://10.0.0.5/s"},
        "template": {"resources": {"limits": {"memory": "much"}}, "nodeSelector": {"a": {}}},
    },
    "refused": {
        "source": {"url": "rtsp://10.0.0.5/s"},
        "template": {"tolerations": [{"operator": "Sometimes"}]},
    },
}


@pytest.fixture
def loose_crd(cluster: Cluster, api: Api) -> Iterator[None]:
    """A CRD that lets everything pass, as an older or a broken one might."""
    crd = yaml.safe_load(CRD_FILE.read_text())
    loose = copy.deepcopy(crd)
    loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    path = f"{CRDS}/{crd['metadata']['name']}?fieldManager=test&force=true"
    api.done("PATCH", path, loose, content_type="application/apply-patch+yaml")
    until(lambda: _takes_anything(api))
    yield
    for camera in api.items("camerastreams"):
        api.delete("camerastreams", camera["metadata"]["name"])
    install_crd(Api(cluster.layout, "default"))
    until(lambda: not _takes_anything(api))


def _takes_anything(api: Api) -> bool:
    body = {
        "apiVersion": "camerastream.dev/v1alpha1",
        "kind": "CameraStream",
        "metadata": {"name": "trial"},
        "spec": "anything",
    }
    return api.call("POST", api.path("camerastreams") + "?dryRun=All", body)[0] == 201


def test_odd_resources_get_a_sentence_and_never_stop_the_others(
    api: Api, loose_crd: None, operator: OperatorProcess, audit: AuditLog
) -> None:
    for name, spec in ODD.items():
        api.done(
            "POST",
            api.path("camerastreams"),
            {
                "apiVersion": "camerastream.dev/v1alpha1",
                "kind": "CameraStream",
                "metadata": {"name": name},
                "spec": spec,
                **({"status": ["odd"]} if name == "list" else {}),
            },
        )
    api.create_camera("lobby")

    until(lambda: api.get("pods", "lobby-0") is not None)
    Kubelet(api, "lobby").run()
    until(lambda: api.condition("lobby").get("status") == "True")
    for name in ODD:
        _until_refused(api, name)
        assert api.condition(name)["message"], name
    assert api.condition("refused")["reason"] == "ApplyFailed"
    assert api.condition("wrong-values")["reason"] == "InvalidSpec"
    quiet(audit.writes, 5)


def _until_refused(api: Api, name: str) -> None:
    until(
        lambda: api.condition(name).get("status") == "False",
        what=lambda: (name, api.status(name)),
    )


def test_a_killed_leader_loses_nothing(
    api: Api, make_operator: Callable[..., OperatorProcess]
) -> None:
    settings = {"leader_election": "true", "lease_seconds": "4"}
    first, second = make_operator("first", **settings), make_operator("second", **settings)
    first.start()
    second.start(wait=False)
    second.wait_for("started")
    api.create_camera("lobby")
    until(lambda: api.get("pods", "lobby-0") is not None)
    kubelet = Kubelet(api, "lobby")
    kubelet.run()
    until(lambda: api.condition("lobby").get("status") == "True")
    assert second.get("/readyz")[0] == 200
    assert second.metric("camerastream_operator_leader") == 0

    kubelet.restart("Crash")
    first.kill()
    kubelet.restart("Crash")

    second.wait_for("everything is listed")
    until(lambda: api.status("lobby").get("restarts", {}).get("total") == 2)
    assert second.metric("camerastream_operator_leader") == 1
    first.start(wait=False)
    # One that ends as asked gives the Lease back, and nobody waits for its end.
    assert second.stop() == 0
    first.wait_for("everything is listed")


def test_who_loses_the_lease_ends_to_be_started_again(
    api: Api, make_operator: Callable[..., OperatorProcess]
) -> None:
    operator = make_operator(leader_election="true", lease_seconds="3")
    operator.start()

    def take() -> bool:
        api.merge("leases", "camerastream-operator", {"spec": {"holderIdentity": "somebody"}})
        return operator.ended

    until(take)

    assert operator.wait() == 1


def test_a_lost_api_server_is_waited_for(
    cluster: Cluster, api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    api.create_camera("lobby")
    until(lambda: api.get("pods", "lobby-0") is not None)
    kubelet = Kubelet(api, "lobby")
    kubelet.run()
    until(lambda: api.condition("lobby").get("status") == "True")

    cluster.stop_component("kube-apiserver")
    _start_api_server(cluster)
    kubelet.restart("Crash")
    api.create_camera("yard")

    until(lambda: api.status("lobby").get("restarts", {}).get("total") == 1)
    until(lambda: api.get("statefulsets", "yard") is not None)
    assert not operator.ended
    assert operator.get("/livez")[0] == 200


def _start_api_server(cluster: Cluster) -> None:
    """Start it, again where a client that tries to reach it happens to hold its free port."""
    for _ in range(9):
        cluster.start_component("kube-apiserver")
        try:
            cluster.wait_until_ready()
        except ClusterError:
            continue
        return
    cluster.start_component("kube-apiserver")
    cluster.wait_until_ready()


def test_what_no_event_told_of_is_found_by_the_next_list(
    api: Api, make_operator: Callable[..., OperatorProcess]
) -> None:
    # Without its label a pod leaves the watch: to the operator it has gone, until it is listed.
    operator = make_operator(resync_seconds="5")
    operator.start()
    api.create_camera("lobby")
    until(lambda: api.get("statefulsets", "lobby") is not None)
    api.merge("statefulsets", "lobby", {"metadata": {"labels": {"camerastream.dev/camera": None}}})

    def healed() -> bool:
        found = api.get("statefulsets", "lobby") or {}
        return "camerastream.dev/camera" in found["metadata"].get("labels", {})

    until(healed)


def test_bad_settings_are_a_sentence_and_exit_code_2(
    make_operator: Callable[..., OperatorProcess],
) -> None:
    operator = make_operator(workers="many", defaults_file="nowhere.yaml", leader_election="true")
    operator.start(wait=False)

    assert operator.wait() == 2
    assert "OPERATOR_WORKERS" in operator.log.read_text()
