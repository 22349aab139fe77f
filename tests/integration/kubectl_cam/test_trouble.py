"""Every way of not getting there: one sentence, an exit code of its own, never a credential."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kubectl_cam.problems import Exit
from tests.integration.kubectl_cam.plugin import Plugin
from tests.integration.operator_io.waiting import until
from tests.testbed.kubernetes.binaries import binaries
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.lease import Lease
from tests.testbed.pki import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.operator_io.api import Api

VIEWER = Path(__file__).parents[3] / "kubectl/manifests/viewer.yaml"
SECRET = "do-not-show-this-token"


def kubeconfig(folder: Path, server: str, user: dict[str, Any], *, ca: Path | None = None) -> Path:
    cluster = {"server": server, **({"certificate-authority": str(ca)} if ca else {})}
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": cluster}],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "work", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "work",
            }
        )
    )
    return path


def ca_of(cluster: Cluster) -> Path:
    return cluster.layout.pki / "ca.crt"


@pytest.fixture
def guard(cluster: Cluster, api: Api, tmp_path: Path) -> Plugin:
    """The plugin of somebody who has no rights yet."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = api.done("POST", api.path("serviceaccounts", "default", "token"), request)
    user = {"token": token["status"]["token"]}
    path = kubeconfig(tmp_path, cluster.layout.server, user, ca=ca_of(cluster))
    return Plugin(path, api.namespace)


def test_a_camera_that_does_not_exist(api: Api, plugin: Plugin) -> None:
    done = plugin("status", "lobby")
    assert done.code == Exit.NO_CAMERA
    assert done.sentence.endswith("there is none; --namespace names another one")
    for name in ("lobby", "yard"):
        api.create_camera(name)
    done = plugin("restarts", "loby")
    assert done.code == Exit.NO_CAMERA
    assert done.sentence == f'no CameraStream "loby" in namespace {api.namespace}; there is lobby'
    assert plugin("status", "lobby", "yrad").sentence.endswith("; there is yard")


def test_rights_are_asked_for_by_their_rule_and_the_shipped_role_is_enough(
    api: Api, guard: Plugin
) -> None:
    api.create_camera("lobby")
    user = f"system:serviceaccount:{api.namespace}:default"
    done = guard("status")
    assert done.code == Exit.FORBIDDEN
    assert done.sentence == (
        f"{user} may not list camerastreams in namespace {api.namespace}; the rule to ask for is "
        '{apiGroups: ["camerastream.dev"], resources: [camerastreams], verbs: [list]}'
    )
    assert "verbs: [get]" in guard("restarts", "lobby").sentence
    assert "in all namespaces" in guard("status", "-A").sentence

    role = yaml.safe_load(VIEWER.read_text())
    cameras, pods = role["rules"]
    _grant(api, "cameras", [cameras])
    until(lambda: guard("status").code == 0)
    # Without the pods' rule there is the table all the same.
    assert "may not get pods/proxy" in guard("status").out
    _grant(api, "pods", [pods])
    until(lambda: "may not" not in guard("status").out)
    assert "no live figures of lobby: there is no pod" in guard("status").out


def _grant(api: Api, name: str, rules: list[dict[str, Any]]) -> None:
    group = "rbac.authorization.k8s.io"
    head = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
    path = f"/apis/{group}/v1/namespaces/{api.namespace}"
    api.done("POST", f"{path}/roles", {**head, "kind": "Role", "rules": rules})
    api.done(
        "POST",
        f"{path}/rolebindings",
        {
            **head,
            "kind": "RoleBinding",
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": api.namespace}],
        },
    )


def test_a_login_that_is_not_accepted(cluster: Cluster, tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, cluster.layout.server, {"token": SECRET}, ca=ca_of(cluster))
    done = Plugin(path, "default")("status")
    assert done.code == Exit.NOT_LOGGED_IN
    assert "does not accept your login" in done.sentence
    assert SECRET not in done.err


def test_a_login_command_that_fails(cluster: Cluster, tmp_path: Path) -> None:
    login = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", f"echo {SECRET} >&2; exit 1"],
        "interactiveMode": "Never",
    }
    path = kubeconfig(tmp_path, cluster.layout.server, {"exec": login}, ca=ca_of(cluster))
    done = Plugin(path, "default")("status")
    assert done.code == Exit.NOT_LOGGED_IN
    assert "login command" in done.sentence
    assert SECRET not in done.err


def test_a_cluster_without_the_crd(cluster: Cluster) -> None:
    with Lease.take("kubectl-cam", unique=True) as lease:
        # Beside the shared one, which has it.
        bare = Cluster.start(lease, binaries(), with_node=False)
        plugin = Plugin(bare.kubeconfig, "default")
        for words in (("status",), ("status", "lobby"), ("frame", "lobby"), ("restarts", "lobby")):
            done = plugin(*words)
            assert done.code == Exit.NO_RESOURCE_TYPE
            assert "knows no CameraStream (camerastream.dev/v1alpha1); install" in done.sentence


def test_a_pod_that_does_not_run(api: Api, plugin: Plugin, tmp_path: Path) -> None:
    spec = {
        "source": {"url": "rtsp://10.0.0.5/stream1"},
        "diagnostics": {"frameEndpoint": "Enabled"},
    }
    api.create_camera("lobby", spec)
    done = plugin("frame", "lobby", folder=tmp_path)
    assert done.code == Exit.NO_POD
    assert done.sentence == "no picture of lobby: there is no pod"
    container = {"name": "camerastream", "image": "camerastream"}
    pod = {"metadata": {"name": "lobby-0"}, "spec": {"containers": [container]}}
    api.done("POST", api.path("pods"), {"apiVersion": "v1", "kind": "Pod", **pod})
    done = plugin("frame", "lobby", folder=tmp_path)
    assert done.code == Exit.NO_POD
    assert done.sentence.startswith("no picture of lobby: the pod ")
    assert list(tmp_path.glob("*.jpg")) == []
    api.delete("pods", "lobby-0")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("--kubeconfig", "missing.yaml"), {}, "there is no kubeconfig missing.yaml"),
        ((), {"KUBECONFIG": "missing.yaml"}, "missing.yaml does not exist; set KUBECONFIG"),
        ((), {}, "~/.kube/config does not exist"),
        ((), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "this pod has no service account"),
    ],
)
def test_no_kubeconfig(
    arguments: tuple[str, ...], environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    plugin = Plugin(None, "default", {"HOME": str(tmp_path), **environment})
    done = plugin("status", *arguments, folder=tmp_path)
    assert done.code == Exit.NO_CLUSTER
    assert words in done.sentence


CONTEXTS = "current-context: x\ncontexts: [{name: x, context: {user: u, cluster: c}}]\n"
TOKEN = f"{{token: {SECRET}}}"
LOGIN = f"{CONTEXTS}users: [{{name: u, user: {TOKEN}}}]\n"
ADDRESS = f"{{server: 'https://u:{SECRET}@127.0.0.1:1', certificate-authority: /none}}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no: [yaml",
        "just a text",
        "[1, 2]",
        f"users: [{{user: {TOKEN}}}]",
        f"users: [{{name: u, user: {TOKEN}}}]\ncurrent-context: x\ncontexts: 5",
        f"{LOGIN}clusters: [{TOKEN}]",
        f"{LOGIN}clusters: [{{name: c, cluster: {ADDRESS}}}]",
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_not_quoted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    done = Plugin(path, "default")("status")
    assert done.code == Exit.NO_CLUSTER
    assert f"the kubeconfig {path} cannot be used" in done.sentence
    assert SECRET not in done.err


def test_a_context_that_does_not_exist(plugin: Plugin) -> None:
    done = plugin("status", "--context", "testbet")
    assert done.code == Exit.NO_CLUSTER
    assert '"testbet"' in done.sentence
    assert done.sentence.endswith("there is testbed")


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def without_tls() -> Iterator[int]:
    """The port of a server that speaks HTTP without TLS."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_an_api_server_that_cannot_be_reached(
    cluster: Cluster, without_tls: int, tmp_path: Path
) -> None:
    other = tmp_path / "other.crt"
    other.write_bytes(CertificateAuthority("other").certificate)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    for server, authority, words in (
        (f"https://u:{SECRET}@127.0.0.1:{closed}", None, "connection refused"),
        ("https://no-such-host.invalid", None, "its name is unknown"),
        (cluster.layout.server, other, "not signed by the kubeconfig's authority"),
        (f"https://127.0.0.1:{without_tls}", None, "TLS"),
    ):
        path = kubeconfig(tmp_path, server, {"token": SECRET}, ca=authority)
        done = Plugin(path, "default")("status")
        assert done.code == Exit.UNREACHABLE, done.err
        assert "cannot be reached: " in done.sentence
        assert words in done.sentence
        assert SECRET not in done.err


def test_bad_usage_says_what_to_write(plugin: Plugin) -> None:
    for words, said in (
        (("status", "lobby", "-A"), "write neither -l nor -A"),
        (("frame",), "write the NAME of a camera, or --all"),
        (("frame", "lobby", "--all"), "write the NAME of a camera, or --all"),
        (("frame", "lobby", "-A"), "go with --all"),
        (("frame", "--all", "-o", "sheet.gif"), "ends in .jpg or .png"),
        (("frame", "lobby", "--show"), "needs a terminal"),
    ):
        done = plugin(*words)
        assert done.code == 2
        assert said in done.err
