"""Tables made from real resources, whose status the real operator has written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kubectl_cam.cluster.client import Cluster as Client
from kubectl_cam.cluster.connection import Wanted, connect
from kubectl_cam.look import Look
from tests.integration.operator_io.kubelet import Kubelet
from tests.integration.operator_io.waiting import until

if TYPE_CHECKING:
    from tests.integration.kubectl_cam.plugin import Plugin
    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.kubernetes.cluster import Cluster

SUSPENDED = {"source": {"url": "rtsp://10.0.0.5/stream1"}, "state": "Suspended"}


def cells(out: str, name: str) -> dict[str, str]:
    """Return a line of the plain table by its headings."""
    heading, *lines = out.splitlines()
    line = next(each for each in lines if each.startswith(f"{name} "))
    starts = [heading.index(word) for word in heading.split()]
    ends = [*starts[1:], None]
    return {
        heading[start:end].strip(): line[start:end].strip()
        for start, end in zip(starts, ends, strict=True)
    }


def test_what_the_operator_writes_is_shown(
    operator: OperatorProcess, api: Api, plugin: Plugin
) -> None:
    api.create_camera("lobby")
    api.create_camera("store", SUSPENDED)
    until(lambda: api.get("pods", "lobby-0") is not None)
    kubelet = Kubelet(api, "lobby")
    kubelet.run()
    until(lambda: api.condition("lobby").get("status") == "True")
    kubelet.restart("Crash")
    kubelet.restart("KafkaBufferError")
    until(lambda: api.status("lobby").get("restarts", {}).get("total") == 2)
    until(lambda: api.condition("store", "Suspended").get("status") == "True")

    done = plugin("status")
    assert (done.code, done.err) == (0, "")
    lobby, store = cells(done.out, "lobby"), cells(done.out, "store")
    assert lobby["READY"] == "True"
    assert lobby["RESTARTS"] == "2"
    assert lobby["LAST"].startswith("BufferError ")
    assert lobby["THRESHOLD"] == "60s default"
    assert lobby["QUEUE"] == "-", "there is no stream behind this pod"
    assert "no live figures of lobby: " in done.out
    assert store["STATE"] == "Suspended"
    assert done.out.index("lobby") < done.out.index("store")

    found = json.loads(plugin("status", "lobby", "-o", "json").out)
    assert [camera["name"] for camera in found["cameras"]] == ["lobby"]
    assert found["cameras"][0]["restarts"]["lastReason"] == "BufferError"

    told = plugin("restarts", "lobby")
    assert told.code == 0
    assert "2 restarts since " in told.out
    assert "bufferError 1   crash 1" in told.out
    assert told.out.index("   Crash") < told.out.index("BufferError, exit code 1")
    restarts = json.loads(plugin("restarts", "lobby", "-o", "json").out)
    assert [each["reason"] for each in restarts["restarts"]] == ["Crash", "BufferError"]
    assert restarts["budget"]["remaining"] == 4


def test_a_camera_that_no_operator_has_seen(api: Api, plugin: Plugin) -> None:
    api.create_camera("lobby")
    done = plugin("status")
    assert cells(done.out, "lobby")["TROUBLE"].startswith("no operator has looked at it")
    assert "no live figures of lobby: there is no pod" in done.out
    assert "restarts are not counted yet" in plugin("restarts", "lobby").out


def test_labels_namespaces_and_nothing(api: Api, plugin: Plugin) -> None:
    empty = plugin("status")
    assert (empty.code, empty.out) == (0, "")
    assert empty.err == f"No CameraStream in namespace {api.namespace}.\n"
    assert json.loads(plugin("status", "-o", "json").out)["cameras"] == []
    for name in ("lobby", "yard"):
        api.create_camera(name)
    api.merge("camerastreams", "yard", {"metadata": {"labels": {"site": "b"}}})
    chosen = plugin("status", "-l", "site=b").out
    assert "yard" in chosen
    assert "lobby" not in chosen
    everywhere = plugin("status", "-A").out
    assert f"{api.namespace}  lobby" in everywhere


def test_pages_are_put_together(cluster: Cluster, api: Api) -> None:
    names = [f"camera-{number}" for number in range(5)]
    for name in names:
        api.create_camera(name, SUSPENDED)
    client = Client(connect(Wanted(kubeconfig=str(cluster.kubeconfig))), page=2)
    listed = [Look(item).at("metadata").text("name") for item in client.cameras(api.namespace)]
    assert listed == names


def test_watching_stays_in_place_until_it_is_ended(api: Api, plugin: Plugin) -> None:
    api.create_camera("lobby", SUSPENDED)
    with plugin.on_a_terminal("status", "--watch") as screen:
        screen.wait_for("1 camera: 1 suspended")
        api.create_camera("yard", SUSPENDED)
        screen.wait_for("2 cameras: 2 suspended")
        screen.interrupt()
        assert screen.code() == 0
        assert "\x1b[?25h" in screen.shown, "the cursor is there again"


def test_completion(api: Api, plugin: Plugin) -> None:
    for name in ("lobby", "loft", "yard"):
        api.create_camera(name)
    there = ("-n", api.namespace)
    assert plugin.complete("") == ["frame", "restarts", "status", ":4"]
    assert plugin.complete("re") == ["restarts", ":4"]
    assert plugin.complete("status", *there, "lo") == ["lobby", "loft", ":4"]
    assert plugin.complete("status", *there, "lobby", "lo") == ["loft", ":4"]
    assert plugin.complete("status", f"--namespace={api.namespace}", "y") == ["yard", ":4"]
    assert plugin.complete("status", "--o") == ["--output", ":4"]
    assert plugin.complete("status", "-o", "") == ["json", "table", ":4"]
    assert plugin.complete("frame", "lobby", "-o", "") == [":0"], "a file"
    assert api.namespace in plugin.complete("status", "-n", "test-")
