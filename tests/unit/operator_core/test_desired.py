"""The StatefulSet of a camera, as a whole (golden files) and what makes a new pod.

After a wanted change: UPDATE_GOLDEN=1 pytest tests/unit/operator_core/test_desired.py,
then read the difference.
"""

from __future__ import annotations

import copy
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from camerastream_operator.desired import (
    completed_spec,
    desired_stateful_set,
    hash_of,
    is_contained,
    settings_of,
    template_hash,
)

from .resources import DEFAULTS, FULL, MINIMAL, camera

if TYPE_CHECKING:
    from camerastream_operator.defaults import StreamDefaults

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = '{"generation":1,"thresholdSeconds":60,"hold":false,"simulateBufferError":false}'
CASES: dict[str, Any] = {
    "minimal": MINIMAL,
    "full": FULL,
    "suspended": {**MINIMAL, "state": "Suspended"},
    "test-picture": {"source": {"url": "test:1280x720@10"}},
}


def desired(
    spec: Any = MINIMAL, defaults: StreamDefaults = DEFAULTS, settings: str = SETTINGS
) -> dict[str, Any]:
    resource = camera(spec)
    assert resource.spec is not None, resource.problems
    return desired_stateful_set(
        resource, completed_spec(resource.spec, defaults), defaults, settings=settings
    )


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    file = GOLDEN / f"{name}.yaml"
    made = yaml.safe_dump(desired(CASES[name]), sort_keys=False, width=100)
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(made, encoding="utf-8")
    assert made == file.read_text(encoding="utf-8"), "see the head of this file"


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize(
    "change",
    [
        {"bufferMonitor": {"thresholdSeconds": 90}},
        {"bufferMonitor": {"action": "Report"}},
        {"bufferMonitor": {"simulateBufferError": "Enabled"}},
        {"restartPolicy": {"budget": {"restarts": 1}, "onExhausted": "Ignore"}},
        {"state": "Suspended"},
    ],
)
def test_what_changes_live_makes_no_new_pod(change: dict[str, Any]) -> None:
    assert hash_of(desired({**MINIMAL, **change})) == hash_of(desired())


def test_live_settings_make_no_new_pod_but_reach_the_next_one() -> None:
    other = SETTINGS.replace("60", "90")
    made = desired(settings=other)
    assert hash_of(made) == hash_of(desired())
    assert settings_of(made) == other


@pytest.mark.parametrize(
    "change",
    [
        {"source": {"url": "rtsp://10.0.0.6/stream1"}},
        {"capture": {"intervalMilliseconds": 1000}},
        {"bufferMonitor": {"settleSeconds": 6}},
        {"kafka": {"producerConfig": {"linger.ms": "50"}}},
        {"template": {"image": "camerastream:2.0"}},
        {"template": {"labels": {"site": "b"}}},
        {"template": {"env": [{"name": "TZ", "value": "UTC"}]}},
    ],
)
def test_what_does_not_change_live_makes_a_new_pod(change: dict[str, Any]) -> None:
    assert hash_of(desired({**MINIMAL, **change})) != hash_of(desired())


def test_another_default_makes_a_new_pod_only_where_it_is_used() -> None:
    newer = replace(DEFAULTS, image="camerastream:2.0")
    assert hash_of(desired(defaults=newer)) != hash_of(desired())
    assert hash_of(desired(FULL, newer)) == hash_of(desired(FULL))
    assert hash_of(desired(defaults=replace(DEFAULTS, threshold_seconds=90))) == hash_of(desired())


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    template = desired(FULL)["spec"]["template"]
    turned = yaml.safe_load(yaml.safe_dump(template, sort_keys=True))
    assert template_hash(turned) == template_hash(template) == hash_of(desired(FULL))


def test_secrets_are_only_ever_named() -> None:
    text = yaml.safe_dump(desired(FULL))
    env = {item["name"]: item for item in container(desired(FULL))["env"]}
    for name in (
        "CAMERA_USERNAME",
        "CAMERA_PASSWORD",
        "KAFKA_SASL_USERNAME",
        "KAFKA_SASL_PASSWORD",
    ):
        assert set(env[name]["valueFrom"]) == {"secretKeyRef"}
    assert "optional" not in text


def container(stateful_set: dict[str, Any]) -> dict[str, Any]:
    (only,) = stateful_set["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def test_the_operators_own_settings_win_over_template() -> None:
    spec = {
        **MINIMAL,
        "template": {
            "env": [{"name": "ON_THRESHOLD", "value": "exit"}],
            "labels": {"camerastream.dev/camera": "other"},
            "annotations": {"camerastream.dev/effective-settings": "{}"},
        },
    }
    made = desired(spec)
    env = {item["name"]: item["value"] for item in container(made)["env"]}
    assert env["ON_THRESHOLD"] == "probe"
    metadata = made["spec"]["template"]["metadata"]
    assert metadata["labels"]["camerastream.dev/camera"] == "lobby"
    assert settings_of(made) == SETTINGS


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({}, "384Mi"),
        ({"buffer.memory": "268435456"}, "512Mi"),
        ({"queue.buffering.max.kbytes": "1048576"}, "1280Mi"),
        ({"buffer.memory": "many"}, "384Mi"),
    ],
)
def test_the_memory_limit_holds_the_producers_buffer(config: dict[str, str], limit: str) -> None:
    made = desired({**MINIMAL, "kafka": {"producerConfig": config}})
    assert container(made)["resources"]["limits"] == {"memory": limit}


def test_every_mount_has_its_volume_and_every_volume_its_mount() -> None:
    for spec in (MINIMAL, FULL):
        made = desired(spec)
        volumes = [item["name"] for item in made["spec"]["template"]["spec"]["volumes"]]
        volumes += [
            item["metadata"]["name"] for item in made["spec"].get("volumeClaimTemplates", ())
        ]
        assert sorted(volumes) == sorted(m["name"] for m in container(made)["volumeMounts"])


def test_a_live_object_with_the_servers_additions_is_as_wanted() -> None:
    wanted = desired(FULL)
    live = copy.deepcopy(wanted)
    live["metadata"] |= {"resourceVersion": "5", "managedFields": [{}]}
    live["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
    container(live)["resources"]["limits"] = {"memory": "1024Mi", "cpu": "2"}
    live["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "8Gi"
    container(live)["env"].insert(0, {"name": "ADDED", "value": "by another"})
    assert is_contained(wanted, live)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda live: live["spec"].update(replicas=3),
        lambda live: container(live).update(image="other"),
        lambda live: container(live)["env"].pop(),
        lambda live: container(live)["securityContext"].clear(),
        lambda live: live["metadata"].update(ownerReferences=[]),
        lambda live: live["spec"]["template"]["metadata"].update(annotations={}),
        lambda live: container(live)["resources"].update(limits={"memory": "2Gi"}),
        lambda live: live.clear(),
    ],
)
def test_a_change_by_somebody_else_is_seen(spoil: Any) -> None:
    live = copy.deepcopy(desired(FULL))
    spoil(live)
    assert not is_contained(desired(FULL), live)
