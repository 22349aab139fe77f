"""What there should be for a camera: one StatefulSet. Pure.

A StatefulSet of one replica, since it alone promises at most one reader per camera, and
makes a lost pod again while the operator is down. `OnDelete`, since the operator decides
when a pod is replaced; a change of the live settings in the template restarts nothing.

There is no headless Service: nobody asks for the pod by a DNS name (probes, Prometheus and
the operator use its address). `serviceName`, which the API still requires, names none.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from camerastream_operator.api.spec import CameraStreamSpec, RunState, SpoolSpec, SpoolVolume
from camerastream_operator.jsonview import mapping_at, text_at
from camerastream_operator.names import (
    API_VERSION,
    KIND,
    RESTARTED_ANNOTATION,
    SETTINGS_ANNOTATION,
    SPOOL_CLAIM,
    TEMPLATE_HASH_ANNOTATION,
    object_labels,
    selector_labels,
)
from camerastream_operator.pod_template import pod_template
from camerastream_operator.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.defaults import StreamDefaults


def completed_spec(spec: CameraStreamSpec, defaults: StreamDefaults) -> CameraStreamSpec:
    """Return the spec with the operator's Kafka brokers where it names none."""
    if spec.kafka.bootstrap_servers is not None or not defaults.bootstrap_servers:
        return spec
    kafka = spec.kafka.model_copy(update={"bootstrap_servers": defaults.bootstrap_servers})
    return spec.model_copy(update={"kafka": kafka})


def missing_defaults(spec: CameraStreamSpec) -> tuple[str, ...]:
    """Return what neither the spec nor the operator says; a sentence each."""
    if spec.kafka.bootstrap_servers is not None:
        return ()
    problem = (
        "spec.kafka.bootstrapServers is missing and the operator has no default; write for "
        "example kafka-0.kafka:9092"
    )
    return (problem,)


def desired_stateful_set(
    camera: CameraStream, spec: CameraStreamSpec, defaults: StreamDefaults, *, settings: str
) -> dict[str, Any]:
    """Return the StatefulSet, as it is given to server-side apply.

    Args:
        camera: The resource.
        spec: Its spec, completed (`completed_spec`).
        defaults: The operator's defaults.
        settings: The live settings that a new pod begins with (`annotation_value`).
    """
    template = pod_template(camera, spec, defaults, settings=settings)
    template["metadata"]["annotations"][TEMPLATE_HASH_ANNOTATION] = template_hash(template)
    stateful_set: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": camera.name,
            "namespace": camera.namespace,
            "labels": object_labels(camera.name, camera.uid),
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "name": camera.name,
                    "uid": camera.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "replicas": 0 if spec.state is RunState.SUSPENDED else 1,
            "serviceName": camera.name,
            # Nothing to order in one pod; with the other policy an unready one delays changes.
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "OnDelete"},
            "revisionHistoryLimit": 2,
            "selector": {"matchLabels": selector_labels(camera.name)},
            "template": template,
        },
    }
    if spec.spool.volume is SpoolVolume.CLAIM:
        stateful_set["spec"]["volumeClaimTemplates"] = [_claim(camera, spec.spool)]
    return stateful_set


def template_hash(template: Mapping[str, Any]) -> str:
    """Return what stands for a pod template without its live settings.

    Another hash asks for a new pod.
    """
    metadata = mapping_at(template, "metadata")
    annotations = {
        name: value
        for name, value in mapping_at(metadata, "annotations").items()
        if name not in (SETTINGS_ANNOTATION, TEMPLATE_HASH_ANNOTATION)
    }
    relevant = {**template, "metadata": {**metadata, "annotations": annotations}}
    text = json.dumps(relevant, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_of(stateful_set: Mapping[str, Any]) -> str:
    """Return the template hash that a StatefulSet carries."""
    return text_at(
        stateful_set, "spec", "template", "metadata", "annotations", TEMPLATE_HASH_ANNOTATION
    )


def restart_asked_at(stateful_set: Mapping[str, Any]) -> str:
    """Return what `kubectl rollout restart` has written into a StatefulSet, else nothing."""
    return text_at(
        stateful_set, "spec", "template", "metadata", "annotations", RESTARTED_ANNOTATION
    )


def settings_of(stateful_set: Mapping[str, Any]) -> str:
    """Return the live settings that a StatefulSet gives to a new pod."""
    return text_at(stateful_set, "spec", "template", "metadata", "annotations", SETTINGS_ANNOTATION)


def is_contained(wanted: object, live: object) -> bool:
    """Say whether a live object holds all that is wanted of it.

    The API server adds defaults, drops what is empty, and writes amounts in its own way
    (`1024Mi` becomes `1Gi`); none of that is a difference. An element of a list may stand
    anywhere in the live list: others may have added to it.
    """
    if isinstance(wanted, dict):
        found = live if isinstance(live, dict) else {}
        return all(is_contained(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        items = live if isinstance(live, list) else []
        return all(_holds(items, number, value) for number, value in enumerate(wanted))
    if live is None:
        return wanted in ("", None)
    if wanted == live:
        return True
    amount = quantity(wanted)
    return amount is not None and amount == quantity(live)


def _holds(items: list[Any], number: int, wanted: object) -> bool:
    """Say whether a list has an element, which mostly is where it is expected."""
    if number < len(items) and is_contained(wanted, items[number]):
        return True
    return any(is_contained(wanted, item) for item in items)


def _claim(camera: CameraStream, spool: SpoolSpec) -> dict[str, Any]:
    """Return the claim of the spool; without an owner, so that frames outlive the resource."""
    storage_class = (
        {"storageClassName": spool.storage_class_name} if spool.storage_class_name else {}
    )
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": SPOOL_CLAIM, "labels": selector_labels(camera.name)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "volumeMode": "Filesystem",
            **storage_class,
            "resources": {"requests": {"storage": f"{spool.claim_megabytes}Mi"}},
        },
    }
