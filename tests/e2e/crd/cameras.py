"""CameraStreams as a user writes them."""

from __future__ import annotations

from typing import Any


def camera_stream(name: str, spec: Any) -> dict[str, Any]:
    """Return a manifest."""
    return {
        "apiVersion": "camerastream.dev/v1alpha1",
        "kind": "CameraStream",
        "metadata": {"name": name},
        "spec": spec,
    }


def listed(*objects: dict[str, Any]) -> dict[str, Any]:
    """Return one manifest for several."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}
