"""Names that others read: the resource's, the children's, labels and annotations."""

from __future__ import annotations

GROUP = "camerastream.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "CameraStream"
PLURAL = "camerastreams"

MANAGER = "camerastream-operator"
"""Field manager of server-side apply, and reporting controller of Events."""

SETTINGS_ANNOTATION = f"{GROUP}/effective-settings"
"""Live settings as JSON; on the pod, where the stream reads it through a file."""

TEMPLATE_HASH_ANNOTATION = f"{GROUP}/pod-template-hash"
"""On the pod: what it was made from. Another value in the StatefulSet asks for a new pod."""

RESTARTED_ANNOTATION = "kubectl.kubernetes.io/restartedAt"
"""What `kubectl rollout restart` writes into a template. With OnDelete nobody but the operator
acts on it."""

CAMERA_LABEL = f"{GROUP}/camera"
CAMERA_UID_LABEL = f"{GROUP}/camera-uid"
"""Tells the pods of a resource from those of a deleted one of the same name."""

LIST_LABEL = f"{GROUP}/camera-list"
"""On a CameraStream: the list (of Helm values) that it was made from, and goes with."""

LIST_HASH_ANNOTATION = f"{GROUP}/camera-list-hash"
"""On a CameraStream made from a list: what stood there, so that what was taken out shows."""

LIST_MANAGER = "camerastream-list"
"""Field manager of what comes from a list: other fields are whoever's they were."""

NAME_LABEL = "app.kubernetes.io/name"
COMPONENT_LABEL = "app.kubernetes.io/component"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"

CONTAINER = "camerastream"
HTTP_PORT = 8080
SPOOL_CLAIM = "spool"


def selector_labels(camera: str) -> dict[str, str]:
    """Return the labels that a camera's StatefulSet selects its pod by; never to be changed."""
    return {NAME_LABEL: "camerastream", CAMERA_LABEL: camera}


def object_labels(camera: str, uid: str) -> dict[str, str]:
    """Return the labels of everything that is made for a camera."""
    return {
        **selector_labels(camera),
        CAMERA_UID_LABEL: uid,
        COMPONENT_LABEL: "stream",
        MANAGED_BY_LABEL: MANAGER,
    }


def pod_name(camera: str) -> str:
    """Return the name of a camera's pod."""
    return f"{camera}-0"
