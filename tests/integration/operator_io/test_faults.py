"""A troubled API server, or none within reach: no write is lost, and none is done twice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.operator_io.faults import ApiProxy, Fault
from tests.integration.operator_io.kubelet import Kubelet
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog
    from tests.testbed.kubernetes.cluster import Cluster

_WATCHES = 3
_STATUS = "camerastreams/status"
_EXIT_AGAIN = 1
_PATIENCE_SECONDS = 150
_NEVER_SECONDS = "86400"
_LAST_WORDS = "the cluster cannot be watched any more"


@pytest.fixture
def proxy(cluster: Cluster, tmp_path: Path) -> Iterator[ApiProxy]:
    """What stands before the API server."""
    with ApiProxy(cluster.layout, tmp_path) as made:
        yield made


@pytest.fixture
def make_fleet(
    api: Api, proxy: ApiProxy, make_operator: Callable[..., OperatorProcess]
) -> Callable[..., Fleet]:
    """Makes cameras that all run, and an operator that reaches the API server by the proxy."""

    def make(**settings: str) -> Fleet:
        operator = make_operator(kubeconfig=proxy.kubeconfig, **{"resync_seconds": "5", **settings})
        made = Fleet(api, operator)
        made.begin()
        return made

    return make


@pytest.fixture
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    """The same with an operator that lists everything every five seconds."""
    return make_fleet()


class Fleet:
    """Cameras, named after what becomes of each while there is trouble, and their kubelet.

    Args:
        api: The API server itself: the trouble is the operator's alone.
        operator: Looks after them.
    """

    def __init__(self, api: Api, operator: OperatorProcess) -> None:
        self.api = api
        self.operator = operator
        self.kubelets = {
            name: Kubelet(api, name)
            for name in ("steady", "restarted", "changed", "replaced", "deleted")
        }
        self.starts = 0
        self._pods: dict[str, Any] = {}

    def begin(self) -> None:
        """Have them all running."""
        self.operator.start()
        for name in self.kubelets:
            self.api.create_camera(name)
        until(lambda: self._run_new_pods() == len(self.kubelets), what=self._told)
        until(lambda: all(self._ready(name) for name in self.kubelets), what=self._told)
        quiet(self._versions, 1)
        self._pods = self._uids()

    def change_everything(self) -> None:
        """Add, restart, change, replace and delete."""
        self.api.create_camera("added")
        self.kubelets["added"] = Kubelet(self.api, "added")
        self.kubelets["restarted"].restart("KafkaBufferError")
        self.kubelets["restarted"].restart("Crash")
        self.api.merge(
            "camerastreams", "changed", {"spec": {"bufferMonitor": {"thresholdSeconds": 90}}}
        )
        self.api.delete("pods", "replaced-0")
        self.api.delete("camerastreams", "deleted")
        del self.kubelets["deleted"]

    def settle(self) -> None:
        """Wait until everything is as it has to be, starting an operator that gave up anew."""
        until(self._settled, timeout=_PATIENCE_SECONDS, what=self._told)
        quiet(self._versions, 2)
        assert self._settled(), self._told()
        assert self.operator.get("/livez")[0] == 200

    def tend_operator(self) -> None:
        """Start it again, as its kubelet does; it must have ended for that purpose."""
        if self.operator.ended:
            assert self.operator.wait() == _EXIT_AGAIN, self._told()
            self.starts += 1
            self.operator.start(wait=False)

    def _settled(self) -> bool:
        self.tend_operator()
        self._run_new_pods()
        names, uids = set(self.kubelets), self._uids()
        return (
            {item["metadata"]["name"] for item in self.api.items("statefulsets")} == names
            and set(uids) == {f"{name}-0" for name in names}
            and all(self._ready(name) for name in names)
            and all(
                self.api.status(name).get("pod", {}).get("uid") == uids[f"{name}-0"]
                for name in names
            )
            and '"thresholdSeconds":90' in self._settings("changed")
            and self.api.status("changed")["effectiveSettings"]["thresholdSeconds"] == 90
            and self._restarts("restarted")["total"] == 2
            and len(self.events("restarted")) == 2
            and self._restarts("replaced")["podReplacements"] == 1
        )

    def check(self, audit: AuditLog, proxy: ApiProxy, *, crashes_of_steady: int = 0) -> None:
        """Fail on anything that was lost or done twice."""
        restarts = self._restarts("restarted")
        assert (restarts["bufferError"], restarts["crash"], restarts["unknown"]) == (1, 1, 0)
        for name in set(self.kubelets) - {"restarted"}:
            wanted = crashes_of_steady if name == "steady" else 0
            assert self._restarts(name)["total"] == wanted, name
            assert len(self.events(name)) == wanted, name
        for name in set(self.kubelets) - {"replaced"}:
            assert self._restarts(name)["podReplacements"] == 0, name
        for name in ("steady", "restarted", "changed"):
            assert self._uids()[f"{name}-0"] == self._pods[f"{name}-0"], name

        if not self.starts:
            for reason, count in (("BufferError", 1), ("Crash", 1 + crashes_of_steady)):
                metric = f'camerastream_operator_restarts_total{{reason="{reason}"}}'
                assert self.operator.metric(metric) == count, reason

        # The version of a status is part of its write, so that it cannot be done twice: the
        # body below would be another one, but the API server would have refused it.
        done = Counter(
            f"{item.request.verb} {item.request.resource} {item.name}"
            for item in audit.requests()
            if item.is_write and item.code < 300 and item.request.resource != _STATUS
        )
        events = {key for key in done if key.startswith("create events")}
        assert sum(done[key] for key in events) == 2 + crashes_of_steady, done
        assert {key: count for key, count in done.items() if key not in events} == {
            "patch statefulsets added": 1,
            "patch statefulsets changed": 1,
            "patch pods changed-0": 1,
        }
        same = Counter(
            (item.method, item.path, item.body) for item in proxy.writes if item.status < 300
        )
        assert [key for key, count in same.items() if count > 1] == []

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the Events of a camera."""
        return [
            item
            for item in self.api.items("events")
            if (item["regarding"]["kind"], item["regarding"]["name"]) == ("CameraStream", name)
        ]

    def _run_new_pods(self) -> int:
        """Start what has not been started yet; return how many pods there are."""
        pods = self.api.items("pods")
        for pod in pods:
            name = pod["metadata"]["name"].removesuffix("-0")
            if name in self.kubelets and "containerStatuses" not in pod["status"]:
                self.kubelets[name].fresh()
                self.kubelets[name].run()
        return len(pods)

    def _ready(self, name: str) -> bool:
        return bool(self.api.condition(name).get("status") == "True")

    def _restarts(self, name: str) -> Counter[str]:
        return Counter(self.api.status(name).get("restarts", {}))

    def _settings(self, name: str) -> str:
        pod = self.api.get("pods", f"{name}-0") or {}
        annotations = pod.get("metadata", {}).get("annotations", {})
        return str(annotations.get("camerastream.dev/effective-settings"))

    def _uids(self) -> dict[str, str]:
        pods = self.api.items("pods")
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}

    def _versions(self) -> dict[str, str]:
        kinds = ("camerastreams", "statefulsets", "pods", "events")
        return {
            f"{kind} {item['metadata']['name']}": item["metadata"]["resourceVersion"]
            for kind in kinds
            for item in self.api.items(kind)
        }

    def _told(self) -> str:
        statuses = {item["metadata"]["name"]: item for item in self.api.items("camerastreams")}
        return f"{statuses}\n{self._uids()}\n{self.operator.log.read_text()[-6000:]}"


@pytest.mark.parametrize("fault", [Fault.TOO_MANY_REQUESTS, Fault.UNAVAILABLE])
def test_what_is_refused_for_a_while_is_done_later(
    fleet: Fleet, proxy: ApiProxy, audit: AuditLog, fault: Fault
) -> None:
    audit.begin()
    proxy.begin(fault)
    fleet.change_everything()
    until(lambda: proxy.met("write") >= 2)
    proxy.begin(fault, drop_watches=True)
    fleet.kubelets["steady"].restart("Crash")
    until(lambda: proxy.met("watch") > _WATCHES)
    proxy.end()

    fleet.settle()
    fleet.check(audit, proxy, crashes_of_steady=1)


@pytest.mark.parametrize("fault", [Fault.GONE_EVENT, Fault.GONE_STATUS])
def test_what_happens_while_no_watch_can_begin_is_found(
    fleet: Fleet, proxy: ApiProxy, audit: AuditLog, fault: Fault
) -> None:
    audit.begin()
    proxy.begin(fault, drop_watches=True)
    until(lambda: proxy.met("watch") >= _WATCHES)
    fleet.change_everything()
    before = proxy.met("watch")

    def met_again() -> bool:
        fleet.tend_operator()
        return proxy.met("watch") >= before + _WATCHES

    until(met_again)
    proxy.end()

    fleet.settle()
    fleet.check(audit, proxy)


def test_dropped_watches_miss_nothing(
    make_fleet: Callable[..., Fleet], proxy: ApiProxy, audit: AuditLog
) -> None:
    # Nothing is listed and compared meanwhile: it is the watches that recover.
    fleet = make_fleet(resync_seconds=_NEVER_SECONDS)
    audit.begin()
    proxy.drop_watches()
    fleet.change_everything()
    for _ in range(3):
        proxy.drop_watches()
        fleet.kubelets["steady"].restart("Crash")
        until(lambda: proxy.watches == _WATCHES)

    fleet.settle()
    until(lambda: len(fleet.events("steady")) == 3)
    fleet.check(audit, proxy, crashes_of_steady=3)
    assert fleet.starts == 0


def test_a_write_whose_answer_is_lost_is_not_done_again(
    fleet: Fleet, proxy: ApiProxy, audit: AuditLog
) -> None:
    audit.begin()
    proxy.writes.clear()
    proxy.begin(Fault.LOST_ANSWERS)
    fleet.change_everything()
    # A status that counts restarts, a new StatefulSet, the settings of a pod.
    lost = ("camerastreams/restarted/status", "statefulsets/added", "pods/changed-0")
    until(lambda: all(any(item.path.endswith(end) for item in proxy.writes) for end in lost))
    proxy.end()

    fleet.settle()
    fleet.check(audit, proxy)
    assert fleet.starts == 0


def test_a_lost_network_is_waited_for(fleet: Fleet, proxy: ApiProxy, audit: AuditLog) -> None:
    audit.begin()
    proxy.begin(Fault.NO_CALLS)
    fleet.change_everything()
    until(lambda: proxy.met("write") >= 2)
    proxy.begin(Fault.BLACK_HOLE)
    fleet.kubelets["steady"].restart("Crash")
    fleet.operator.wait_for("the API server does not answer")
    proxy.end()

    fleet.settle()
    fleet.check(audit, proxy, crashes_of_steady=1)
    assert fleet.starts == 0


def test_a_list_that_meets_silence_is_given_up(
    api: Api, proxy: ApiProxy, make_operator: Callable[..., OperatorProcess]
) -> None:
    operator = make_operator(kubeconfig=proxy.kubeconfig, resync_seconds="5")
    operator.start()

    # A list may take two minutes, longer than this waits, but not two minutes of silence.
    proxy.begin(Fault.BLACK_HOLE)
    operator.wait_for("what is there could not be listed")
    proxy.end()

    api.create_camera("lobby")
    until(lambda: api.get("statefulsets", "lobby") is not None)


def test_refused_for_too_long_it_ends_says_why_and_makes_up_for_it(
    make_fleet: Callable[..., Fleet], proxy: ApiProxy, audit: AuditLog
) -> None:
    fleet = make_fleet(watch_failure_seconds="2")
    audit.begin()
    proxy.begin(Fault.UNAVAILABLE, drop_watches=True)
    fleet.change_everything()

    assert fleet.operator.wait() == _EXIT_AGAIN
    last = [line for line in fleet.operator.lines() if _LAST_WORDS in line["message"]]
    assert [(line["level"], "as the test wants it" in line["error"]) for line in last] == [
        ("ERROR", True)
    ]
    # Started again it waits, is of no use, and says so; restarted for that it would not be
    # before the API server has been silent for three times the five seconds.
    fleet.tend_operator()
    fleet.operator.wait_for("CameraStreams cannot be listed yet")
    assert fleet.operator.get("/readyz")[0] == 503
    fleet.kubelets["steady"].restart("Crash")
    until(lambda: fleet.operator.get("/livez")[0] == 503)
    proxy.end()

    fleet.settle()
    assert fleet.starts == 1
    fleet.check(audit, proxy, crashes_of_steady=1)


def test_without_progress_it_is_not_live_and_its_successor_makes_up_for_it(
    fleet: Fleet, proxy: ApiProxy, audit: AuditLog
) -> None:
    audit.begin()
    proxy.begin(Fault.BLACK_HOLE)
    fleet.change_everything()

    # Three times the five seconds after which everything is listed again.
    until(lambda: fleet.operator.get("/livez")[0] == 503)
    assert "nothing was heard of the API server" in fleet.operator.get("/livez")[1]
    assert not fleet.operator.ended
    # What the kubelet does then.
    assert fleet.operator.stop() == 0
    proxy.end()
    fleet.operator.start()

    fleet.settle()
    fleet.check(audit, proxy)


def test_a_pod_that_went_in_a_gap_does_not_stay(fleet: Fleet, proxy: ApiProxy) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}}
    fleet.api.done(
        "POST", fleet.api.path("resourcequotas"), {**quota, "spec": {"hard": {"pods": "0"}}}
    )
    until(lambda: "hard" in (fleet.api.get("resourcequotas", "none") or {}).get("status", {}))
    before = fleet.api.status("steady")["pod"]["uid"]

    proxy.begin(Fault.GONE_EVENT, drop_watches=True)
    until(lambda: proxy.met("watch") >= _WATCHES)
    fleet.api.delete("pods", "steady-0")
    seen = proxy.met("watch")
    until(lambda: proxy.met("watch") >= seen + _WATCHES)
    proxy.end()

    until(lambda: "pod" not in fleet.api.status("steady"), timeout=_PATIENCE_SECONDS)
    assert fleet.api.condition("steady")["reason"] == "PodMissing"
    assert fleet.api.get("pods", "steady-0") is None

    fleet.api.delete("resourcequotas", "none")
    # The StatefulSet controller would come by itself, but takes its time after failures.
    fleet.api.merge("statefulsets", "steady", {"metadata": {"annotations": {"look": "again"}}})
    until(lambda: fleet.api.get("pods", "steady-0") is not None, timeout=_PATIENCE_SECONDS)
    fleet.kubelets["steady"].fresh()
    fleet.kubelets["steady"].run()
    until(lambda: fleet.api.status("steady").get("pod", {}).get("uid") not in (None, before))
    restarts = fleet.api.status("steady")["restarts"]
    assert (restarts["podReplacements"], restarts["unobservedReplacements"]) == (1, 1)
    assert restarts["total"] == 0
