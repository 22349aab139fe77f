"""What a list of cameras has made, changed, removed, and what it leaves alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.camera_list import (
    SHARED_LISTS,
    Act,
    CameraList,
    ListedCamera,
    Plan,
    RefusalReason,
    decide,
    is_in_step,
    make_plan,
    manifest,
)
from camerastream_operator.kube.resources import Key
from camerastream_operator.names import LIST_HASH_ANNOTATION, LIST_LABEL

from .resources import crd_schema

NAME = "cams.site"
KEYS = [Key(namespace, name) for namespace in ("cams", "shop") for name in ("lobby", "yard")]
SPEC = {"source": {"url": "test:"}, "motion": {"thresholdPixels": 0}}
EVERYWHERE = (None,)

LABELS = st.dictionaries(st.sampled_from(["site", "floor"]), st.sampled_from("12"))
SPECS = st.fixed_dictionaries(
    {"source": st.fixed_dictionaries({"url": st.sampled_from(["test:", "rtsp://10.0.0.5/s"])})},
    optional={
        "motion": st.none() | st.dictionaries(st.just("thresholdPixels"), st.integers(0, 2)),
        "template": st.dictionaries(
            st.sampled_from(["tolerations", "env"]),
            st.lists(st.sampled_from([{"name": "a"}, {"name": "b"}]), max_size=2, unique_by=str),
        ),
    },
)
CAMERAS = st.builds(ListedCamera, st.sampled_from(KEYS), LABELS, SPECS)
LISTS = st.lists(CAMERAS, unique_by=lambda camera: camera.key).map(
    lambda cameras: CameraList(NAME, tuple(cameras))
)
OWNERS = st.sampled_from([NAME, "cams.other", None])


class Server:
    """Keeps resources, and applies as server-side apply does for one field manager."""

    def __init__(self) -> None:
        self.live: dict[Key, dict[str, Any]] = {}
        self._owned: dict[Key, dict[str, Any]] = {}
        self._uid = 0

    def create(self, key: Key, labels: dict[str, str], spec: dict[str, Any]) -> None:
        self._uid += 1
        metadata = {"namespace": key.namespace, "name": key.name, "uid": str(self._uid)}
        self.live[key] = {"metadata": {**metadata, "labels": labels}, "spec": spec}
        self._owned.pop(key, None)

    def apply(self, body: dict[str, Any]) -> None:
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        if key not in self.live:
            self.create(key, {}, {})
        live = _without(self.live[key], self._owned.get(key, {}), body)
        self.live[key] = _merged(live, body)
        # The API server's defaults.
        self.live[key]["spec"].setdefault("state", "Running")
        self._owned[key] = copy.deepcopy(body)

    def follow(self, wanted: CameraList, plan: Plan) -> None:
        for camera in plan.writes:
            self.apply(manifest(wanted.name, camera))
        for key in plan.removals:
            del self.live[key]
            self._owned.pop(key, None)


def _without(live: Any, owned: Any, wanted: Any) -> Any:
    """Return what is left when fields are taken away that were owned and are wanted no more."""
    if not isinstance(live, dict) or not isinstance(owned, dict):
        return live
    left = {}
    for name, value in live.items():
        if name in owned and not (isinstance(wanted, dict) and name in wanted):
            if isinstance(value, dict) and (inner := _without(value, owned[name], {})):
                left[name] = inner
            continue
        next_wanted = wanted.get(name) if isinstance(wanted, dict) else None
        left[name] = _without(value, owned.get(name), next_wanted)
    return left


def _merged(live: Any, wanted: Any) -> Any:
    if isinstance(wanted, dict):
        found = live if isinstance(live, dict) else {}
        changed = {name: _merged(found.get(name), value) for name, value in wanted.items()}
        return {**found, **changed}
    return copy.deepcopy(wanted)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Server, CameraList]:
    """Return a server after some lists and some hands, and the list that comes next."""
    server = Server()
    for wanted in draw(st.lists(LISTS, max_size=2)):
        server.follow(wanted, make_plan(wanted, server.live, EVERYWHERE))
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        owner = draw(OWNERS)
        labels = draw(LABELS) | ({LIST_LABEL: owner} if owner else {})
        server.create(key, labels, draw(SPECS))
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        if key in server.live:
            server.live[key] = _merged(server.live[key], {"spec": draw(SPECS)})
    return server, draw(LISTS)


@given(histories())
def test_a_plan_that_is_followed_leaves_nothing_to_do(history: tuple[Server, CameraList]) -> None:
    server, wanted = history
    first = make_plan(wanted, server.live, EVERYWHERE)
    server.follow(wanted, first)
    again = make_plan(wanted, server.live, EVERYWHERE)
    assert (again.writes, again.removals) == ((), ())
    assert again.refusals == first.refusals
    for camera in wanted.cameras:
        if camera.key not in {refusal.key for refusal in again.refusals}:
            assert is_in_step(manifest(NAME, camera), server.live[camera.key])


@given(histories())
def test_nobody_elses_camera_is_ever_touched(history: tuple[Server, CameraList]) -> None:
    server, wanted = history
    plan = make_plan(wanted, server.live, EVERYWHERE)
    touched = {camera.key for camera in plan.writes} | set(plan.removals)
    foreign = {
        key
        for key, body in server.live.items()
        if body["metadata"]["labels"].get(LIST_LABEL) != NAME
    }
    assert not touched & foreign
    on_list = {camera.key for camera in wanted.cameras}
    assert {refusal.key for refusal in plan.refusals} == foreign & on_list
    assert set(plan.removals) == server.live.keys() - foreign - on_list


@given(histories(), st.sampled_from([("cams",), ("shop",), ("cams", "shop")]))
def test_outside_the_watched_namespaces_nothing_is_made(
    history: tuple[Server, CameraList], watched: tuple[str, ...]
) -> None:
    server, wanted = history
    live = {key: body for key, body in server.live.items() if key.namespace in watched}
    plan = make_plan(wanted, live, watched)
    assert all(camera.key.namespace in watched for camera in plan.writes)
    refused = {item.key for item in plan.refusals if item.reason is RefusalReason.NOT_WATCHED}
    assert refused == {
        camera.key for camera in wanted.cameras if camera.key.namespace not in watched
    }


@given(LISTS)
def test_another_list_of_the_same_cameras_removes_none(wanted: CameraList) -> None:
    server = Server()
    server.follow(wanted, make_plan(wanted, server.live, EVERYWHERE))
    other = make_plan(CameraList("cams.other", ()), server.live, EVERYWHERE)
    assert other == Plan()


def listed(spec: dict[str, Any] | None = None, **labels: str) -> ListedCamera:
    return ListedCamera(Key("cams", "lobby"), labels, SPEC if spec is None else spec)


def made(camera: ListedCamera) -> dict[str, Any]:
    server = Server()
    server.apply(manifest(NAME, camera))
    return server.live[camera.key]


def test_a_field_that_was_taken_out_of_the_list_is_noticed() -> None:
    live = made(listed())
    shorter = listed({"source": {"url": "test:"}})
    assert decide(NAME, listed(), live) is Act.NOTHING
    assert decide(NAME, shorter, live) is Act.CHANGE
    assert decide(NAME, listed(site="north"), live) is Act.CHANGE


@pytest.mark.parametrize(
    ("patch", "act"),
    [
        ({"spec": {"motion": {"thresholdPixels": 7}}}, Act.CHANGE),
        ({"spec": {"motion": {"blurSizePixels": 9}}}, Act.NOTHING),
        ({"spec": {"state": "Suspended"}}, Act.NOTHING),
        ({"metadata": {"labels": {"mine": "yes"}}}, Act.NOTHING),
        ({"metadata": {"labels": {"site": "south"}}}, Act.CHANGE),
        ({"metadata": {"annotations": {LIST_HASH_ANNOTATION: "x"}}}, Act.CHANGE),
        ({"metadata": {"labels": {LIST_LABEL: "cams.other"}}}, Act.REFUSE),
        ({"metadata": {"deletionTimestamp": "2026-01-05T10:00:00Z"}}, Act.NOTHING),
        ({"status": {"restarts": {"total": 1}}}, Act.NOTHING),
    ],
)
def test_what_belongs_to_the_list_is_put_right_and_the_rest_stays(
    patch: dict[str, Any], act: Act
) -> None:
    camera = listed(site="north")
    assert decide(NAME, camera, _merged(made(camera), patch)) is act


def test_lists_are_whole_unless_their_elements_have_owners() -> None:
    spec = {
        "kafka": {"bootstrapServers": ["a:1"]},
        "template": {"tolerations": [{"key": "a"}], "env": [{"name": "TZ", "value": "UTC"}]},
    }
    live = made(listed(spec))
    live["spec"]["kafka"]["bootstrapServers"].append("b:1")
    live["spec"]["template"]["env"].append({"name": "HTTPS_PROXY"})
    assert decide(NAME, listed(spec), live) is Act.NOTHING
    live["spec"]["template"]["tolerations"].append({"key": "b"})
    assert decide(NAME, listed(spec), live) is Act.CHANGE


def test_those_lists_are_the_ones_of_the_resource() -> None:
    found = set()

    def look(name: str, node: dict[str, Any]) -> None:
        if node.get("x-kubernetes-list-type") in ("set", "map"):
            found.add(name)
        for key, child in node.get("properties", {}).items():
            look(key, child)
        if "items" in node:
            look(name, {**node["items"], "x-kubernetes-list-type": ""})

    look("spec", crd_schema()["properties"]["spec"])
    assert found == SHARED_LISTS


def test_amounts_are_the_same_however_they_are_written() -> None:
    def sized(memory: str) -> dict[str, Any]:
        return {"template": {"resources": {"limits": {"memory": memory}}}}

    camera = listed(sized("1024Mi"))
    live = _merged(made(camera), {"spec": sized("1Gi")})
    assert decide(NAME, camera, live) is Act.NOTHING


def test_a_refusal_says_what_to_do() -> None:
    camera = listed()
    stranger = {"metadata": {"labels": {}, "uid": "7"}, "spec": SPEC}
    plan = make_plan(CameraList(NAME, (camera,)), {camera.key: stranger}, EVERYWHERE)
    (refusal,) = plan.refusals
    assert (refusal.reason, refusal.uid) == (RefusalReason.FOREIGN, "7")
    assert f"camerastream lobby --namespace cams {LIST_LABEL}={NAME}" in refusal.sentence
