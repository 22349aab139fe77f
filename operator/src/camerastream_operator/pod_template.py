"""The pod of a camera. Pure: spec and defaults in, a pod template out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.api.mapping import (
    CONFIG_DIR,
    SECRET_FILES,
    SECRET_VALUES,
    SETTINGS_FILE,
    STATE_DIR,
    environment_values,
    field_at,
)
from camerastream_operator.api.spec import SpoolVolume
from camerastream_operator.names import (
    CONTAINER,
    HTTP_PORT,
    SETTINGS_ANNOTATION,
    SPOOL_CLAIM,
    object_labels,
)

if TYPE_CHECKING:
    from camerastream_operator.api.mapping import SecretFile
    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.api.spec import CameraStreamSpec
    from camerastream_operator.defaults import StreamDefaults

USER_ID = 10001
"""The image's user; a number, so that Kubernetes can prove that it is not root."""

FILES_DIR = "/videos"
MEBIBYTE = 1024 * 1024

_BESIDE_BUFFER_MEBIBYTES = 256
_DEFAULT_BUFFER_BYTES = 128 * MEBIBYTE
_LIVENESS_GRACE_SECONDS = 10
_GRACE_SECONDS = 30


def pod_template(
    camera: CameraStream, spec: CameraStreamSpec, defaults: StreamDefaults, *, settings: str
) -> dict[str, Any]:
    """Return the pod template.

    Args:
        camera: The resource.
        spec: Its spec, completed with the operator's defaults.
        defaults: The operator's defaults.
        settings: The live settings that a new pod begins with.
    """
    template = spec.template
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(camera, spec, defaults)],
        "volumes": _volumes(spec),
    }
    pull_secrets = (
        [dict(item) for item in template.image_pull_secrets]
        if template.image_pull_secrets is not None
        else [{"name": name} for name in defaults.image_pull_secrets]
    )
    optional = {
        "imagePullSecrets": pull_secrets,
        "nodeSelector": dict(template.node_selector),
        "tolerations": [dict(item) for item in template.tolerations],
        "affinity": dict(template.affinity),
        "priorityClassName": template.priority_class_name,
    }
    pod |= {name: value for name, value in optional.items() if value}
    return {
        "metadata": {
            "labels": {**template.labels, **object_labels(camera.name, camera.uid)},
            "annotations": {**template.annotations, SETTINGS_ANNOTATION: settings},
        },
        "spec": pod,
    }


def _container(
    camera: CameraStream, spec: CameraStreamSpec, defaults: StreamDefaults
) -> dict[str, Any]:
    policy = spec.template.image_pull_policy or defaults.image_pull_policy
    return {
        "name": CONTAINER,
        "image": spec.template.image or defaults.image,
        **({"imagePullPolicy": policy} if policy else {}),
        "env": _environment(camera, spec),
        "ports": [{"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"}],
        "resources": _resources(spec, defaults),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": "/dev/termination-log",
        # The tail of the log would stand where the reason is expected.
        "terminationMessagePolicy": "File",
        # Loading the libraries takes seconds on a busy node: liveness waits for the start.
        "startupProbe": _probe("/livez", period=2, failures=60),
        "livenessProbe": {
            **_probe("/livez", period=5, failures=2),
            "terminationGracePeriodSeconds": _LIVENESS_GRACE_SECONDS,
        },
        "readinessProbe": _probe("/readyz", period=5, failures=2),
        "volumeMounts": _mounts(spec),
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _environment(camera: CameraStream, spec: CameraStreamSpec) -> list[dict[str, Any]]:
    given: dict[str, dict[str, Any]] = {
        str(item["name"]): {key: value for key, value in item.items() if key != "name"}
        for item in spec.template.env
        if "name" in item
    }
    own: dict[str, dict[str, Any]] = {
        name: {"value": value}
        for name, value in environment_values(spec, camera_id=camera.camera_id)
    }
    for row in SECRET_VALUES:
        if (reference := field_at(spec, row.path)) is not None:
            key = getattr(reference, row.key)
            own[row.environment] = {
                "valueFrom": {"secretKeyRef": {"name": reference.name, "key": key}}
            }
    for file in SECRET_FILES:
        if field_at(spec, file.path) is not None:
            own[file.environment] = {"value": f"{file.folder}/{file.file}"}
    return [{"name": name, **value} for name, value in sorted({**given, **own}.items())]


def _resources(spec: CameraStreamSpec, defaults: StreamDefaults) -> dict[str, Any]:
    """Return the resources: given, the operator's, or sized after the producer's buffer.

    A buffer that was doubled must not end in an OOM kill when it fills.
    """
    given = spec.template.resources
    if given is not None:
        return {name: dict(amounts) for name, amounts in given.items()}
    if defaults.resources:
        return {name: dict(amounts) for name, amounts in defaults.resources.items()}
    limit = _BESIDE_BUFFER_MEBIBYTES + -(-_buffer_bytes(spec) // MEBIBYTE)
    return {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": f"{limit}Mi"}}


def _buffer_bytes(spec: CameraStreamSpec) -> int:
    config = spec.kafka.producer_config
    for name, unit in (("buffer.memory", 1), ("queue.buffering.max.kbytes", 1024)):
        if (value := config.get(name, "").strip()).isdecimal():
            return int(value) * unit
    return _DEFAULT_BUFFER_BYTES


def _files(spec: CameraStreamSpec) -> dict[str, list[SecretFile]]:
    """Return the files of Secrets by volume."""
    volumes: dict[str, list[SecretFile]] = {}
    for row in SECRET_FILES:
        if field_at(spec, row.path) is not None:
            volumes.setdefault(row.volume, []).append(row)
    return volumes


def _volumes(spec: CameraStreamSpec) -> list[dict[str, Any]]:
    annotation = f"metadata.annotations['{SETTINGS_ANNOTATION}']"
    volumes: list[dict[str, Any]] = [
        {
            "name": "live",
            "downwardAPI": {
                "items": [
                    {
                        "path": SETTINGS_FILE.rpartition("/")[2],
                        "fieldRef": {"apiVersion": "v1", "fieldPath": annotation},
                    }
                ]
            },
        },
        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
    ]
    if spec.spool.volume is SpoolVolume.EMPTY_DIR:
        # No size limit: beyond one the pod is evicted, and the stream keeps to its own.
        volumes.append({"name": SPOOL_CLAIM, "emptyDir": {}})
    for name, rows in _files(spec).items():
        reference = field_at(spec, rows[0].path)
        items = [{"key": getattr(reference, row.key), "path": row.file} for row in rows]
        secret = {"secretName": reference.name, "items": items, "defaultMode": 0o440}
        volumes.append({"name": name, "secret": secret})
    if spec.source.files_claim_name is not None:
        claim = {"claimName": spec.source.files_claim_name, "readOnly": True}
        volumes.append({"name": "videos", "persistentVolumeClaim": claim})
    return volumes


def _mounts(spec: CameraStreamSpec) -> list[dict[str, Any]]:
    mounts: list[dict[str, Any]] = [
        {"name": SPOOL_CLAIM, "mountPath": STATE_DIR},
        {"name": "live", "mountPath": SETTINGS_FILE.rpartition("/")[0], "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the root file system is read-only
    ]
    mounts += [
        {"name": name, "mountPath": f"{CONFIG_DIR}/{name}", "readOnly": True}
        for name in _files(spec)
    ]
    if spec.source.files_claim_name is not None:
        mounts.append({"name": "videos", "mountPath": FILES_DIR, "readOnly": True})
    return mounts
