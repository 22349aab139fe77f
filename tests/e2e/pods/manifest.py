"""A camera's pod as a user without the operator would write it."""

from __future__ import annotations

from typing import Any

STATE = "/var/lib/camerastream"
_USER = 10001


def stateful_set(
    name: str,
    image: str,
    environment: dict[str, object],
    *,
    claim: bool = False,
    memory_limit: str = "300Mi",
    replicas: int = 1,
) -> dict[str, Any]:
    """Return a StatefulSet of one pod.

    Args:
        name: Its name; the pod is called `NAME-0`.
        image: Of the stream.
        environment: Settings.
        claim: Keep the state on a persistent volume; else it goes with the pod.
        memory_limit: Of the container.
        replicas: 0 for a camera at rest.
    """
    labels = {"app.kubernetes.io/name": "camerastream", "app.kubernetes.io/instance": name}
    probe = {"port": "http"}
    container = {
        "name": "stream",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": str(value)} for key, value in environment.items()],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": memory_limit},
        },
        "startupProbe": {
            "httpGet": {"path": "/livez", **probe},
            "periodSeconds": 1,
            "failureThreshold": 120,
        },
        "livenessProbe": {
            "httpGet": {"path": "/livez", **probe},
            "periodSeconds": 1,
            "failureThreshold": 2,
            "timeoutSeconds": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/readyz", **probe}, "periodSeconds": 2},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "state", "mountPath": STATE}],
    }
    pod: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    spec: dict[str, Any] = {
        "replicas": replicas,
        "serviceName": name,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if claim:
        spec["volumeClaimTemplates"] = [
            {
                "metadata": {"name": "state"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                },
            }
        ]
    else:
        pod["volumes"] = [{"name": "state", "emptyDir": {}}]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }
