"""The testbed's decisions: what is kept, what is chosen, what is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testbed import requirement
from tests.testbed.cache import cached, fingerprint
from tests.testbed.kubernetes import components, configuration, volumes
from tests.testbed.kubernetes.binaries import version
from tests.testbed.kubernetes.layout import NETWORKS, Layout
from tests.testbed.refusal import Refusal
from tests.testbed.site.choice import SiteKind, choose
from tests.testbed.traces import (
    Cgroup,
    Link,
    Mount,
    Sysctl,
    Trace,
    trace_from_json,
    trace_to_json,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMERASTREAM_TESTBED_CACHE", str(tmp_path))
    return tmp_path


def test_a_thing_is_built_once_per_version_and_older_ones_are_removed(cache: Path) -> None:
    built: list[str] = []

    def get(number: str) -> Path:
        def build(folder: Path) -> None:
            built.append(number)
            (folder / "binary").write_text(number)

        return cached("tool", number, build, what="building", estimate_seconds=1)

    assert (get("1") / "binary").read_text() == "1"
    assert get("1") == cache / "tool" / "1"
    get("2")
    assert built == ["1", "2"]
    assert [path.name for path in (cache / "tool").glob("[0-9]*")] == ["2"]


def test_what_is_half_built_is_never_taken_for_whole(cache: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "binary").write_text("half")
        raise Refusal("no compiler")

    with pytest.raises(Refusal):
        cached("tool", "1", fail, what="building", estimate_seconds=1)
    whole = cached(
        "tool", "1", lambda folder: folder.joinpath("x").touch(), what="b", estimate_seconds=1
    )
    assert [path.name for path in whole.iterdir()] == ["x"]
    assert list((cache / "tool").glob(".draft-*")) == []


def test_a_fingerprint_changes_with_name_content_and_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    first = fingerprint([tmp_path / "a"])
    assert first == fingerprint([tmp_path / "a"])
    different = {
        first,
        fingerprint([tmp_path / "b"]),
        fingerprint([tmp_path / "a"], "x"),
        fingerprint([]),
    }
    (tmp_path / "a").write_text("2")
    assert len({*different, fingerprint([tmp_path / "a"])}) == 5


@pytest.mark.parametrize(
    "trace",
    [Link("cs0"), Cgroup("cs"), Mount("/x y"), Sysctl("kernel.panic", "0")],
    ids=lambda trace: type(trace).__name__,
)
def test_a_trace_survives_its_file(trace: Trace) -> None:
    assert trace_from_json(json.loads(json.dumps(trace_to_json(trace)))) == trace


@pytest.mark.parametrize(
    "broken", [{}, {"kind": "House"}, {"kind": "Link"}, {"kind": "Link", "x": 1}]
)
def test_what_is_no_trace_is_told_apart(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a trace"):
        trace_from_json(broken)


@pytest.mark.parametrize(
    ("environment", "standing", "kind_is_here", "expected"),
    [
        ({"KUBECONFIG": "x"}, True, True, SiteKind.FOREIGN),
        ({}, True, True, SiteKind.STANDING),
        ({}, False, True, SiteKind.KIND),
        ({}, False, False, SiteKind.OWN),
        ({"KUBECONFIG": ""}, False, False, SiteKind.OWN),
    ],
)
def test_the_nearest_cluster_is_used(
    environment: dict[str, str], standing: bool, kind_is_here: bool, expected: SiteKind
) -> None:
    choice = choose(environment, standing=standing, docker_and_kind=kind_is_here)
    assert choice.kind is expected
    assert choice.reason


def test_a_port_in_use_is_refused_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Refusal, match=rf"Port {port} on 127.0.0.1, for RTSP, is in use; end"):
            requirement.free_port("127.0.0.1", port, "RTSP")
    requirement.free_port("127.0.0.1", port, "RTSP")


def test_too_little_disk_or_memory_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"GiB free and 1e\+09 GiB are needed; make room"):
        requirement.free_disk(tmp_path / "not" / "there" / "yet", 1e9)
    with pytest.raises(Refusal, match=r"GiB of memory are available and 1e\+09 GiB are needed"):
        requirement.available_memory(1e9)
    requirement.free_disk(tmp_path, 0)
    requirement.available_memory(0)


def test_without_root_and_on_another_architecture_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refusal, match="run the command with sudo"):
        requirement.root()
    with pytest.raises(Refusal, match="no-such-tool missing; install the packages no-package"):
        requirement.tools({"no-such-tool": "no-package"})
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Refusal, match="this is Linux on riscv64; set KUBECONFIG"):
        requirement.linux_on_a_built_for_architecture()


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        (["cluster", "shell"], "start one with: testbed cluster up"),
        (["e2e", "-k", "no_such_test_anywhere"], "No test of tests/e2e fits"),
    ],
)
def test_the_command_refuses_in_one_sentence_with_exit_code_2(
    tmp_path: Path, command: list[str], advice: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.testbed", *command],
        cwd=ROOT,
        env={**os.environ, "CAMERASTREAM_TESTBED_RUN": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert advice in done.stderr
    assert "Traceback" not in done.stderr


def node_layout(network: int | None = 3) -> Layout:
    return Layout(Path("/run/lease"), 6443, 2379, 2380, network)


def test_clusters_beside_each_other_share_no_address_and_no_name() -> None:
    layouts = [node_layout(number) for number in range(NETWORKS)]
    for names in (
        [layout.address for layout in layouts],
        [layout.pod_cidr for layout in layouts],
        [layout.service_cidr for layout in layouts],
        [layout.link for layout in layouts],
        [layout.cgroup for layout in layouts],
    ):
        assert len(set(names)) == NETWORKS
    assert all(len(layout.link) <= 15 for layout in layouts), "the kernel's limit"


def test_a_control_plane_alone_stays_on_loopback() -> None:
    command = components.kube_apiserver(node_layout(None))
    assert "--bind-address=127.0.0.1" in command
    assert "--endpoint-reconciler-type=none" in command
    assert "--endpoint-reconciler-type=none" not in components.kube_apiserver(node_layout())


def test_every_component_is_told_files_of_its_own_cluster() -> None:
    layout = node_layout()
    for make in (
        components.etcd,
        components.kube_apiserver,
        components.kube_controller_manager,
        components.kube_scheduler,
        components.containerd,
        components.kubelet,
        components.kube_proxy,
        components.coredns,
    ):
        command = make(layout)
        assert command[0] in {make.__name__.replace("_", "-"), make.__name__}
        assert any(str(layout.folder) in word for word in command)


def test_the_kubelet_waits_as_briefly_between_restarts_as_it_is_told() -> None:
    written = json.loads(configuration.kubelet(node_layout(), 7))
    assert written["crashLoopBackOff"] == {"maxContainerRestartPeriod": "7s"}
    assert written["clusterDNS"] == [node_layout().address]


def test_every_volume_has_a_folder_of_its_own() -> None:
    listed = volumes.objects(Path("/scratch"))["items"]
    paths = [item["spec"]["local"]["path"] for item in listed if item["kind"] != "StorageClass"]
    assert paths == [str(folder) for folder in volumes.folders(Path("/scratch"))]
    assert len(set(paths)) == volumes.COUNT


def test_the_version_is_the_one_that_go_builds() -> None:
    assert version().startswith("v1.")
