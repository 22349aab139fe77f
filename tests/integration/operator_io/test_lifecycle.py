"""A camera's life, on a real API server: what is written, how often, and what is healed."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.integration.operator_io.kubelet import Kubelet, run_camera
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog
    from tests.testbed.kubernetes.cluster import Cluster


def test_from_nothing_to_a_full_status_takes_three_writes_and_idling_none(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    run_camera(api, "lobby")

    assert len(audit.writes()) <= 3, audit.writes()
    quiet(audit.writes)
    audit.begin()
    quiet(lambda: len(audit.writes()), 10)
    assert audit.writes() == []


def test_a_pod_that_is_slow_to_start_shows_and_takes_three_writes_at_most(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    api.create_camera("lobby")
    until(lambda: api.get("pods", "lobby-0") is not None)
    kubelet = Kubelet(api, "lobby")
    kubelet.run(ready=False)

    until(lambda: api.condition("lobby").get("status") == "False")
    assert api.status("lobby")["pod"]["name"] == "lobby-0"
    assert len(audit.writes()) == 2, audit.writes()
    kubelet.set_ready(True)
    until(lambda: api.condition("lobby").get("status") == "True")
    quiet(audit.writes)
    assert len(audit.writes()) == 3, audit.writes()


def test_a_restarted_operator_writes_nothing(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    for name in ("one", "two", "three"):
        api.create_camera(name)
        until(lambda name=name: api.get("pods", f"{name}-0") is not None)  # type: ignore[misc]
        kubelet = Kubelet(api, name)
        kubelet.run()
        kubelet.restart("Crash")
    for name in ("one", "two", "three"):
        until(lambda name=name: api.status(name).get("restarts", {}).get("total") == 1)  # type: ignore[misc]
    quiet(audit.writes)
    operator.kill()

    audit.begin()
    operator.start()
    quiet(lambda: len(audit.requests()), 5)

    assert audit.writes() == []
    assert operator.stop() == 0


def test_a_deleted_and_an_edited_stateful_set_are_repaired(
    api: Api, operator: OperatorProcess
) -> None:
    api.create_camera("lobby")
    until(lambda: api.get("statefulsets", "lobby") is not None)
    before = api.get("statefulsets", "lobby")
    assert before is not None

    api.delete("statefulsets", "lobby")
    until(
        lambda: (
            (api.get("statefulsets", "lobby") or before)["metadata"]["uid"]
            != before["metadata"]["uid"]
        )
    )

    api.merge("statefulsets", "lobby", {"spec": {"replicas": 3}})
    until(lambda: (api.get("statefulsets", "lobby") or {})["spec"]["replicas"] == 1)


def test_a_suspended_camera_has_no_pod(api: Api, operator: OperatorProcess) -> None:
    api.create_camera("lobby")
    until(lambda: api.get("pods", "lobby-0") is not None)

    api.merge("camerastreams", "lobby", {"spec": {"state": "Suspended"}})

    until(lambda: api.get("pods", "lobby-0") is None)
    until(lambda: api.condition("lobby", "Suspended").get("status") == "True")
    until(lambda: api.condition("lobby", "Progressing").get("reason") == "Suspended")
    api.merge("camerastreams", "lobby", {"spec": {"state": "Running"}})
    until(lambda: api.get("pods", "lobby-0") is not None)


def test_what_belongs_to_a_camera_goes_with_it_even_without_an_operator(
    api: Api, operator: OperatorProcess
) -> None:
    api.create_camera("lobby")
    until(lambda: api.get("pods", "lobby-0") is not None)
    operator.kill()

    api.delete("camerastreams", "lobby")

    until(lambda: api.get("statefulsets", "lobby") is None)
    until(lambda: api.get("pods", "lobby-0") is None)


def test_a_threshold_reaches_the_pod_and_a_changed_default_all_pods_without_a_restart(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    for name in ("own", "default"):
        run_camera(api, name)
    pods = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in api.items("pods")}

    api.merge("camerastreams", "own", {"spec": {"bufferMonitor": {"thresholdSeconds": 90}}})
    until(lambda: '"thresholdSeconds":90' in _settings(api, "own-0"))
    operator.write_defaults(threshold=45)
    until(lambda: '"thresholdSeconds":45' in _settings(api, "default-0"))

    assert '"thresholdSeconds":90' in _settings(api, "own-0")
    until(lambda: api.status("default")["effectiveSettings"]["thresholdSeconds"] == 45)
    assert {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in api.items("pods")} == pods


def test_a_new_image_replaces_a_few_pods_at_a_time(
    api: Api, make_operator: Callable[..., OperatorProcess]
) -> None:
    operator = make_operator(max_rolling_pods="1")
    operator.start()
    names = ("one", "two", "three")
    for name in names:
        run_camera(api, name)

    operator.write_defaults(image="camerastream:2.0")

    until(lambda: len(_replaced(api)) > 0)
    # As when it is upgraded together with the image: the next one must know what is under way.
    operator.kill()
    operator.start()
    for _ in names:
        until(lambda: len(_replaced(api)) > 0)
        quiet(lambda: sorted(_replaced(api)), 4)
        # One alone is away: the next one waits for it.
        (name,) = _replaced(api)
        Kubelet(api, name).run()
    until(lambda: all(_image(api, name) == "camerastream:2.0" for name in names))


def test_kubectl_rollout_restart_makes_new_pods_a_few_at_a_time_and_counts_no_restart(
    api: Api, make_operator: Callable[..., OperatorProcess], cluster: Cluster, audit: AuditLog
) -> None:
    """After a password was rotated: the operator sees no Secret, and so cannot know."""
    operator = make_operator(max_rolling_pods="1")
    operator.start()
    names = ("one", "two")
    for name in names:
        run_camera(api, name)
    before = {name: _uid(api, name) for name in names}

    restart = [cluster.command("kubectl"), "--namespace", api.namespace, "rollout", "restart"]
    what = ["statefulset", "--selector", "app.kubernetes.io/name=camerastream"]
    done = subprocess.run(
        [*restart, *what], env=cluster.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    for _ in names:
        until(lambda: len(_replaced(api)) > 0)
        quiet(lambda: sorted(_replaced(api)), 4)
        (name,) = _replaced(api)
        Kubelet(api, name).run()
    for name in names:
        until(lambda name=name: api.condition(name).get("status") == "True")  # type: ignore[misc]
        assert _uid(api, name) != before[name]
        restarts = api.status(name)["restarts"]
        assert (restarts["total"], restarts["podReplacements"]) == (0, 1)
        until(lambda name=name: api.condition(name, "Progressing").get("status") == "False")  # type: ignore[misc]
    # Neither taken back nor acted upon again, by this operator or the next.
    quiet(audit.writes)
    after = {name: _uid(api, name) for name in names}
    audit.begin()
    operator.kill()
    operator.start()
    quiet(audit.writes)
    assert {name: _uid(api, name) for name in names} == after
    assert [write for write in audit.writes() if "camerastreams/status" not in write] == []


def test_kubectl_delete_pod_makes_a_new_one_and_counts_no_restart(
    api: Api, operator: OperatorProcess
) -> None:
    run_camera(api, "lobby")
    before = _uid(api, "lobby")

    api.delete("pods", "lobby-0")

    until(lambda: _uid(api, "lobby") not in ("", before))
    Kubelet(api, "lobby").run()
    until(lambda: api.status("lobby")["restarts"].get("podReplacements") == 1)
    assert api.status("lobby")["restarts"]["total"] == 0


def test_a_missing_secret_is_a_condition_with_a_sentence(
    api: Api, operator: OperatorProcess
) -> None:
    source = {"url": "rtsp://10.0.0.5/s", "credentialsSecretRef": {"name": "lobby-login"}}
    api.create_camera("lobby", {"source": source})
    until(lambda: api.get("pods", "lobby-0") is not None)

    Kubelet(api, "lobby").wait("CreateContainerConfigError", 'secret "lobby-login" not found')

    until(lambda: api.condition("lobby").get("reason") == "SecretMissing")
    assert "Secret lobby-login does not exist" in api.condition("lobby")["message"]


def test_a_stranger_s_stateful_set_is_left_alone(api: Api, operator: OperatorProcess) -> None:
    labels = {"app": "stranger"}
    pod = {"containers": [{"name": "c", "image": "i"}]}
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "lobby"},
        "spec": {
            "serviceName": "s",
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    api.done("POST", api.path("statefulsets"), body)

    api.create_camera("lobby")

    until(lambda: api.condition("lobby").get("reason") == "ApplyFailed")
    assert "belongs to something else" in api.condition("lobby")["message"]
    found = api.get("statefulsets", "lobby")
    assert found is not None
    assert found["spec"]["selector"]["matchLabels"] == labels


def _uid(api: Api, name: str) -> str:
    return str(((api.get("pods", f"{name}-0") or {}).get("metadata") or {}).get("uid", ""))


def _settings(api: Api, pod: str) -> str:
    found = api.get("pods", pod) or {}
    annotations = found.get("metadata", {}).get("annotations", {})
    return str(annotations.get("camerastream.dev/effective-settings"))


def _image(api: Api, name: str) -> str:
    found = api.get("pods", f"{name}-0")
    return str(found["spec"]["containers"][0]["image"]) if found else ""


def _replaced(api: Api) -> list[str]:
    """Return the cameras whose pod is away or not ready."""
    return [
        pod["metadata"]["labels"]["camerastream.dev/camera"]
        for pod in api.items("pods")
        if not any(
            item["type"] == "Ready" and item["status"] == "True"
            for item in pod["status"].get("conditions", [])
        )
    ]
