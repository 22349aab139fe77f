"""The status of a resource that could not be looked after. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.conditions import merge_conditions
from camerastream_operator.jsonview import items_at, text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.observation import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream


def fault_sentence(error: Exception) -> str:
    """Say what went wrong. Texts of unexpected exceptions may hold anything: the log has them."""
    if isinstance(error, ApiError):
        return f"the API server does not do what is needed: {error.message}; it is tried again"
    return (
        f"the operator failed on this resource ({type(error).__name__}) and tries again; its log "
        "tells more, please report it"
    )


def fault_status(camera: CameraStream, sentence: str, now: datetime) -> dict[str, Any]:
    """Return the status with a condition that tells of the failure; the rest stays."""
    verdicts = {"Ready": Verdict("False", "ReconcileFailed", sentence)}
    ready = merge_conditions(camera.status, verdicts, generation=camera.generation, now=now)
    others = [
        dict(item)
        for item in items_at(camera.status, "conditions")
        if text_at(item, "type") != "Ready"
    ]
    return {**camera.status, "conditions": [*ready, *others]}
