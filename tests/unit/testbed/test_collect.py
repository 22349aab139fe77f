"""What is gathered when an end-to-end test fails, and what never is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testbed.collect import Cluster, collect, failure_folder
from tests.testbed.questions import general_questions, log_questions

ROOT = Path(__file__).parents[3]
RESOURCES = """configmaps
events
pods
secrets
events.events.k8s.io
statefulsets.apps
camerastreams.camerastream.dev
"""
PASSWORD = "p@ss#1&x"


def pod(name: str, *containers: dict[str, Any], init: dict[str, Any] | None = None) -> Any:
    status: dict[str, Any] = {"containerStatuses": list(containers)}
    if init is not None:
        status["initContainerStatuses"] = [init]
    return {"metadata": {"namespace": "cameras", "name": name}, "status": status}


def container(name: str, state: str = "running", restarts: int = 0) -> dict[str, Any]:
    return {"name": name, "state": {state: {}}, "restartCount": restarts}


# --- what is asked


def test_everything_is_described_but_secrets() -> None:
    questions = {question.file: question.arguments for question in general_questions(RESOURCES)}
    assert questions["describe.txt"] == (
        "describe",
        "configmaps,pods,statefulsets.apps,camerastreams.camerastream.dev",
        "-A",
    )
    assert questions["events.txt"] == ("get", "events", "-A", "--sort-by=.lastTimestamp")
    assert questions["pods.yaml"] == ("get", "pods", "-A", "--output=yaml")


@given(st.lists(st.sampled_from([*RESOURCES.split(), "nodes", "leases.coordination.k8s.io"])))
def test_no_question_is_ever_about_secrets(names: list[str]) -> None:
    for question in general_questions("\n".join(names)):
        kinds = {kind for argument in question.arguments for kind in argument.split(",")}
        assert "secrets" not in kinds


def test_the_container_that_ran_before_is_asked_for_where_there_was_one() -> None:
    pods = {"items": [pod("lobby-0", container("stream", restarts=2), container("sidecar"))]}
    questions = {question.file: question.arguments for question in log_questions(pods)}
    assert set(questions) == {
        "pods/cameras/lobby-0/stream.log",
        "pods/cameras/lobby-0/stream.previous.log",
        "pods/cameras/lobby-0/sidecar.log",
    }
    assert questions["pods/cameras/lobby-0/stream.previous.log"] == (
        *("logs", "--namespace", "cameras", "lobby-0", "--container", "stream", "--previous"),
    )


def test_a_container_that_waits_has_a_log_only_when_it_ran_before() -> None:
    pods = {
        "items": [
            pod("new-0", container("stream", "waiting"), init=container("prepare", "terminated")),
            pod("crashed-0", container("stream", "waiting", restarts=3)),
            {"metadata": {"namespace": "cameras", "name": "unscheduled-0"}, "status": {}},
        ]
    }
    assert [question.file for question in log_questions(pods)] == [
        "pods/cameras/new-0/prepare.log",
        "pods/cameras/crashed-0/stream.log",
        "pods/cameras/crashed-0/stream.previous.log",
    ]


# --- what is taken from folders


def test_of_a_folder_only_logs_are_taken(tmp_path: Path) -> None:
    lease = tmp_path / "kafka-1-0"
    for name in (
        "broker.log",
        "node-1/kafka.log",
        "log-0.jsonl",
        "rtsp/key.pem",
        "rtsp/mediamtx.json",
        "node-1/00000000000000000000.log",
        "var/lib/containers/of/a/node.log",
    ):
        (lease / name).parent.mkdir(parents=True, exist_ok=True)
        (lease / name).write_text("x")
    (lease / "link.log").symlink_to(lease / "rtsp" / "key.pem")
    os.mkfifo(lease / "pipe.log")
    folder = collect(tmp_path / "gathered", logs=[lease])
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.*")) == [
        "kafka-1-0/broker.log",
        "kafka-1-0/log-0.jsonl",
        "kafka-1-0/node-1/kafka.log",
    ]


def test_passwords_are_blotted_out_wherever_they_stand(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(f"user cam, password {PASSWORD}, p@ss alone\n")
    folder = collect(tmp_path / "gathered", logs=[log], secrets=["p@ss", PASSWORD, ""])
    assert (folder / "server.log").read_text() == "user cam, password ***, *** alone\n"


def test_of_a_huge_log_the_end_is_taken(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with log.open("wb") as file:
        file.truncate(20 * 2**20)
        file.seek(0, os.SEEK_END)
        file.write(b"the last line\n")
    taken = (collect(tmp_path / "gathered", logs=[log]) / "server.log").read_bytes()
    assert taken.endswith(b"the last line\n")
    assert len(taken) < 9 * 2**20
    assert taken.startswith(b"[12582926 bytes before this are left out]\n")


def test_two_logs_of_one_name_are_both_there(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "server.log").write_text(name)
    folder = collect(
        tmp_path / "gathered", logs=[tmp_path / "a" / "server.log", tmp_path / "b" / "server.log"]
    )
    assert (folder / "server.log").read_text() == "a"
    assert (folder / "server-2.log").read_text() == "b"


def test_what_is_not_there_is_named_and_hinders_nothing(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("here")
    folder = collect(tmp_path / "gathered", logs=[tmp_path / "gone.log", log])
    assert (folder / "server.log").read_text() == "here"
    assert "gone.log" in (folder / "problems.txt").read_text()


# --- what a cluster says

KUBECTL = f"""#!{sys.executable}
import json, sys
arguments = sys.argv[1:]
assert arguments.pop(0).startswith("--kubeconfig="), sys.argv
command = " ".join(arguments)
if arguments[0] == "api-resources":
    print("pods\\nsecrets\\nbroken.example.com")
elif arguments[0] == "describe":
    print("Name: lobby-0, password {PASSWORD}")
    sys.exit("the server has no broken {PASSWORD}")
elif command.endswith("--output=json"):
    state = {{"name": "stream", "state": {{"running": {{}}}}, "restartCount": 1}}
    print(json.dumps({{"items": [{{"metadata": {{"namespace": "n", "name": "p"}},
                                "status": {{"containerStatuses": [state]}}}}]}}))
else:
    print("said:", command)
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """A stand-in for kubectl: what the real one says to these questions is tested on a cluster."""
    kubectl, kubeconfig = tmp_path / "kubectl", tmp_path / "kubeconfig"
    kubectl.write_text(KUBECTL)
    kubectl.chmod(0o755)
    kubeconfig.touch()
    return Cluster(kubectl, kubeconfig)


def test_everything_that_a_cluster_says_is_written_down(tmp_path: Path, cluster: Cluster) -> None:
    folder = collect(tmp_path / "gathered", cluster=cluster, secrets=[PASSWORD])
    said = {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*.*")
        if file.suffix
    }
    assert said["events.txt"] == "said: get events -A --sort-by=.lastTimestamp\n"
    assert said["pods/n/p/stream.log"] == "said: logs --namespace n p --container stream\n"
    assert said["pods/n/p/stream.previous.log"].endswith("--container stream --previous\n")
    assert said["describe.txt"] == "Name: lobby-0, password ***\n", "of what failed, what it said"
    assert "the server has no broken ***" in said["problems.txt"]
    assert PASSWORD not in "".join(said.values())


def test_a_cluster_that_does_not_answer_hinders_nothing(tmp_path: Path, cluster: Cluster) -> None:
    cluster.kubectl.write_text("#!/bin/sh\necho 'connection refused' >&2\nexit 1\n")
    folder = collect(tmp_path / "gathered", cluster=cluster)
    assert "connection refused" in (folder / "problems.txt").read_text()


def test_there_is_a_cluster_only_with_kubectl_and_a_kubeconfig(
    tmp_path: Path, cluster: Cluster
) -> None:
    both = {"PATH": str(tmp_path), "KUBECONFIG": str(cluster.kubeconfig)}
    assert Cluster.from_environment(both) == cluster
    for missing in both:
        assert Cluster.from_environment({**both, missing: str(tmp_path / "nothing")}) is None
    assert Cluster.from_environment({"PATH": str(tmp_path)}) is None


# --- the folder, and the report


def test_each_failure_has_a_folder_of_its_own(tmp_path: Path) -> None:
    environment = {"CAMERASTREAM_FAILURES": str(tmp_path)}
    test = "tests/e2e/rtsp/test_cameras.py::test_a_camera[tls and scram]"
    first = failure_folder(test, environment)
    assert first == tmp_path / "tests-e2e-rtsp-test_cameras.py-test_a_camera-tls-and-scram"
    first.mkdir()
    assert failure_folder(test, environment) == first.with_name(f"{first.name}-2")


@given(st.text(max_size=400))
def test_any_test_has_a_folder_of_a_sensible_name(test: str) -> None:
    folder = failure_folder(test, {"CAMERASTREAM_FAILURES": "/failures"})
    assert folder.parent == Path("/failures")
    assert folder.name not in {"", ".", ".."}
    assert len(folder.name.encode()) <= 255


CONFTEST = """
import pytest
from tests.testbed import collect

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    collect.on_failure(item, report, secrets=["p@ss#1&x"])
    return report
"""
FAILING = """
import pytest
from tests.testbed.lease import Lease

@pytest.fixture
def broker():
    with Lease.take("broker", unique=True) as lease:
        (lease.folder / "broker.log").write_text("mine")
        yield

def test_good(tmp_path):
    (tmp_path / "log.jsonl").write_text("good")

def test_bad(tmp_path, broker):
    (tmp_path / "log.jsonl").write_text("bad, p@ss#1&x")
    assert False
"""


def test_the_report_of_a_failed_test_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(FAILING)
    for lease, owner in (("standing", "null"), ("somebody-1-0", '{"pid": 1, "started_ticks": 0}')):
        (tmp_path / "run" / lease).mkdir(parents=True)
        (tmp_path / "run" / lease / "owner.json").write_text(owner)
        (tmp_path / "run" / lease / "some.log").write_text(lease)
    failures = tmp_path / "failures"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={
            "PATH": "",
            "PYTHONPATH": str(ROOT),
            "CAMERASTREAM_FAILURES": str(failures),
            "CAMERASTREAM_TESTBED_RUN": str(tmp_path / "run"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    (gathered,) = failures.iterdir()
    assert gathered.name == "test_some.py-test_bad"
    assert f"everything that may tell why is in {gathered}" in done.stdout
    (log,) = gathered.rglob("log.jsonl")
    assert log.read_text() == "bad, ***"
    logs = {file.read_text() for file in gathered.rglob("*.log")}
    assert logs == {"mine", "standing"}, "and not what belongs to another run"
