"""The cameras of a list, on a real API server: made, changed, healed, removed, left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.operator_io.cameras_file import LIST, CamerasFile
from tests.integration.operator_io.kubelet import Kubelet
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog

LABEL = "camerastream.dev/camera-list"
REFUSED = "camerastream_operator_listed_cameras_refused"


@pytest.fixture
def listed(api: Api, tmp_path: Path) -> CamerasFile:
    """The file, empty of cameras."""
    made = CamerasFile(tmp_path / "cameras.json", api.namespace)
    made.write({})
    return made


@pytest.fixture
def operator(listed: CamerasFile, make_operator: Callable[..., OperatorProcess]) -> OperatorProcess:
    """An operator that is told of the file, and not started yet."""
    return make_operator(cameras_file=str(listed.path))


def spec(api: Api, name: str) -> dict[str, Any]:
    return dict((api.get("camerastreams", name) or {}).get("spec", {}))


def refusals(api: Api, name: str) -> list[tuple[str, str]]:
    """Return reason and sentence of every Event about a camera of the list."""
    return [
        (event["reason"], event["note"])
        for event in api.items("events")
        if event["regarding"]["name"] == name and event["reason"].startswith("Listed")
    ]


def test_they_are_made_changed_and_removed_with_the_list(
    api: Api, listed: CamerasFile, operator: OperatorProcess
) -> None:
    listed.write({"lobby": {}, "yard": {"motion": {"thresholdPixels": 0}}}, labels={"site": "a"})
    operator.start()
    for name in ("lobby", "yard"):
        until(lambda name=name: api.get("pods", f"{name}-0") is not None)  # type: ignore[misc]
    found = api.get("camerastreams", "yard")
    assert found is not None
    assert found["metadata"]["labels"] == {"site": "a", LABEL: LIST}
    assert [
        item["manager"]
        for item in found["metadata"]["managedFields"]
        if "f:spec" in item["fieldsV1"]
    ] == ["camerastream-list"]

    # Changed, taken out, and one that is new.
    listed.write({"yard": {"encoding": {"jpegQuality": 60}}, "gate": {}})
    until(lambda: spec(api, "yard").get("encoding", {}).get("jpegQuality") == 60)
    assert spec(api, "yard")["motion"]["thresholdPixels"] == 500, "the default again"
    until(lambda: api.get("camerastreams", "lobby") is None)
    until(lambda: api.get("pods", "gate-0") is not None)
    assert (api.get("camerastreams", "yard") or {})["metadata"]["labels"] == {LABEL: LIST}


def test_what_hands_have_changed_comes_back_and_other_fields_stay(
    api: Api, listed: CamerasFile, operator: OperatorProcess
) -> None:
    listed.write({"lobby": {"motion": {"thresholdPixels": 0}}})
    operator.start()
    until(lambda: spec(api, "lobby") != {})

    api.merge("camerastreams", "lobby", {"spec": {"encoding": {"jpegQuality": 50}}})
    api.merge("camerastreams", "lobby", {"metadata": {"labels": {"mine": "yes"}}})
    api.merge("camerastreams", "lobby", {"spec": {"motion": {"thresholdPixels": 9}}})
    until(lambda: spec(api, "lobby")["motion"]["thresholdPixels"] == 0)
    assert spec(api, "lobby")["encoding"]["jpegQuality"] == 50
    assert (api.get("camerastreams", "lobby") or {})["metadata"]["labels"]["mine"] == "yes"

    before = (api.get("camerastreams", "lobby") or {})["metadata"]["uid"]
    api.delete("camerastreams", "lobby")
    until(
        lambda: (
            (api.get("camerastreams", "lobby") or {}).get("metadata", {}).get("uid", before)
            != before
        )
    )


def test_idling_and_a_restart_write_nothing(
    api: Api, listed: CamerasFile, operator: OperatorProcess, audit: AuditLog
) -> None:
    listed.write({"lobby": {"kafka": {"bootstrapServers": ["k:1"]}}, "yard": {"motion": {}}})
    operator.start()
    for name in ("lobby", "yard"):
        until(lambda name=name: api.get("pods", f"{name}-0") is not None)  # type: ignore[misc]
        Kubelet(api, name).run()
        until(lambda name=name: api.condition(name).get("status") == "True")  # type: ignore[misc]
    quiet(audit.writes)
    audit.begin()
    quiet(lambda: len(audit.requests()), 8)
    assert audit.writes() == []

    operator.kill()
    audit.begin()
    operator.start()
    quiet(lambda: len(audit.requests()), 5)
    assert audit.writes() == []


def test_a_camera_made_by_hand_is_never_taken_over_until_it_is_handed_over(
    api: Api, listed: CamerasFile, operator: OperatorProcess
) -> None:
    mine = {"source": {"url": "rtsp://10.0.0.5/mine"}}
    api.create_camera("lobby", mine)
    listed.write({"lobby": {}})
    operator.start()
    until(lambda: bool(refusals(api, "lobby")))
    ((reason, said),) = refusals(api, "lobby")
    assert reason == "ListedNotTakenOver"
    assert spec(api, "lobby")["source"]["url"] == mine["source"]["url"]
    until(lambda: operator.metric(REFUSED) == 1)

    # The list lets go of what it never had.
    listed.write({})
    until(lambda: operator.metric(REFUSED) == 0)
    assert spec(api, "lobby")["source"]["url"] == mine["source"]["url"]

    # As the sentence says.
    assert f"camerastream lobby --namespace {api.namespace} {LABEL}={LIST}" in said
    listed.write({"lobby": {}})
    until(lambda: operator.metric(REFUSED) == 1)
    api.merge("camerastreams", "lobby", {"metadata": {"labels": {LABEL: LIST}}})
    until(lambda: spec(api, "lobby")["source"]["url"] == "test:")
    until(lambda: operator.metric(REFUSED) == 0)

    # And back again, by taking the label off.
    api.merge("camerastreams", "lobby", {"metadata": {"labels": {LABEL: None}}})
    until(lambda: operator.metric(REFUSED) == 1)
    listed.write({})
    until(lambda: operator.metric(REFUSED) == 0)
    assert api.get("camerastreams", "lobby") is not None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"encoding": {"jpegQuality": 500}}, "spec.encoding.jpegQuality"),
        ({"encodings": {}}, "spec.encodings"),
        ({"source": {"url": "rtsp://admin:s3cret@10.0.0.5/s"}}, "credentialsSecretRef"),
    ],
    ids=["value", "field", "password"],
)
def test_what_the_api_server_refuses_is_told_once_and_the_others_are_made(
    api: Api,
    listed: CamerasFile,
    operator: OperatorProcess,
    wrong: dict[str, Any],
    said: str,
) -> None:
    listed.write({"lobby": wrong, "yard": {}})
    operator.start()
    until(lambda: api.get("camerastreams", "yard") is not None)
    until(lambda: bool(refusals(api, "lobby")))
    ((reason, sentence),) = refusals(api, "lobby")
    assert reason == "ListedRefused"
    assert f"the camera lobby of namespace {api.namespace} is not made: " in sentence
    assert said in sentence
    assert "s3cret" not in sentence + operator.log.read_text()
    assert operator.metric(REFUSED) == 1

    listed.write({"lobby": {}, "yard": {}})
    until(lambda: api.get("camerastreams", "lobby") is not None)
    until(lambda: operator.metric(REFUSED) == 0)
    listed.write({"lobby": wrong, "yard": {}})
    until(lambda: operator.metric(REFUSED) == 1)
    assert spec(api, "lobby")["source"]["url"] == "test:"


def test_a_namespace_that_is_not_watched_is_told_in_the_log(
    api: Api, tmp_path: Path, operator: OperatorProcess
) -> None:
    CamerasFile(tmp_path / "cameras.json", "default").write({"lobby": {}})
    operator.start()
    operator.wait_for("this operator does not watch that namespace")
    assert operator.metric(REFUSED) == 1


def test_nothing_is_removed_by_a_list_that_may_be_out_of_date(
    api: Api, listed: CamerasFile, make_operator: Callable[..., OperatorProcess]
) -> None:
    listed.write({"lobby": {}, "yard": {}})
    first = make_operator(cameras_file=str(listed.path))
    first.start()
    until(lambda: api.get("camerastreams", "yard") is not None)
    first.kill()

    # As a replica whose kubelet is behind: it does not know yard.
    listed.write({"lobby": {}})
    second = make_operator("second", cameras_file=str(listed.path))
    second.start()
    second.wait_for("removed later")
    listed.write({"lobby": {}, "yard": {}})
    until(lambda: second.metric("camerastream_operator_listed_cameras") == 2)
    assert api.get("camerastreams", "yard") is not None
    second.kill()

    # One that stays as it is comes true in the end.
    listed.write({"lobby": {}})
    third = make_operator("third", cameras_file=str(listed.path), cameras_removal_delay_seconds="4")
    third.start()
    until(lambda: api.get("camerastreams", "yard") is None)
    assert api.get("camerastreams", "lobby") is not None


def test_a_file_that_cannot_be_used_changes_nothing(
    api: Api, listed: CamerasFile, operator: OperatorProcess
) -> None:
    listed.write({"lobby": {}})
    operator.start()
    until(lambda: api.get("camerastreams", "lobby") is not None)
    usable = "camerastream_operator_cameras_file_usable"
    assert operator.metric(usable) == 1
    listed.write_text("{")
    until(lambda: operator.metric(usable) == 0)
    listed.path.unlink()
    operator.wait_for("cannot be read")
    assert operator.metric(usable) == 0
    assert api.get("camerastreams", "lobby") is not None
    listed.write({"lobby": {}, "yard": {}})
    until(lambda: api.get("camerastreams", "yard") is not None)
    assert operator.metric(usable) == 1


def test_one_of_two_replicas_does_it(
    api: Api,
    listed: CamerasFile,
    make_operator: Callable[..., OperatorProcess],
    audit: AuditLog,
) -> None:
    settings = {"leader_election": "true", "lease_seconds": "3", "cameras_file": str(listed.path)}
    leader = make_operator("leader", **settings)
    leader.start()
    standby = make_operator("standby", **settings)
    standby.start(wait=False)
    standby.wait_for("started")
    listed.write({"lobby": {}})
    until(lambda: api.get("pods", "lobby-0") is not None)
    applied = [line for line in audit.writes() if line.startswith("patch camerastreams lobby ")]
    assert len(applied) == 1
    leader.kill()
    standby.wait_for("everything is listed")
    listed.write({"lobby": {}, "yard": {}})
    until(lambda: api.get("pods", "yard-0") is not None)
    api.delete("camerastreams", "lobby")
    until(lambda: api.get("camerastreams", "lobby") is not None)


def test_cameras_stay_when_there_is_no_list_any_more(
    api: Api, listed: CamerasFile, make_operator: Callable[..., OperatorProcess]
) -> None:
    listed.write({"lobby": {}})
    first = make_operator(cameras_file=str(listed.path))
    first.start()
    until(lambda: api.get("camerastreams", "lobby") is not None)
    first.kill()
    second = make_operator("second")
    second.start()
    second.wait_for("write cameras: [] to have them removed")
    assert api.get("camerastreams", "lobby") is not None
