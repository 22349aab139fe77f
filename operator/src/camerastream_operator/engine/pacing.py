"""When is a status worth a write? Pure.

While a pod starts, its status changes several times within seconds. Every step is a write
for each of a thousand cameras and news to nobody. So a step on the way is written only if
it lasts; what has come to an end, went wrong, or was counted is written at once: the pod
shows only its last end, so that what is not yet written may be lost with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import count_at, items_at, mapping_at, text_at
from camerastream_operator.status import differs

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 10.0
FIRST_PATIENCE_SECONDS = 3.0
"""A camera that was just made and shows nothing looks as if nobody had seen it. Where many are
made at once, their pods take longer, and every such write would make them take longer still."""
_CROWD = 70
CONFIRMATION_SECONDS = 2.0
"""A stream reads its annotation within a second or two; both fit into one write then."""

_ON_THE_WAY = frozenset({"PodMissing", "Starting", "NotReady", "Terminating"})
_COUNTED = ("restarts", "recentRestarts", "observedGeneration")
_COUNTS = ("total", "sidecar", "podReplacements")


def patience_seconds(
    before: Mapping[str, Any], after: Mapping[str, Any], *, waiting: int = 0
) -> float:
    """Return for how long a changed status may wait for its successor.

    Args:
        before: The status as it was last written; empty before the first.
        after: The status as it is.
        waiting: How many other cameras' statuses wait.
    """
    reason, status = _ready(after)
    if before and _awaits_confirmation_only(before, after):
        return CONFIRMATION_SECONDS
    if status == "True" or reason not in _ON_THE_WAY or _has_news(before, after):
        return 0.0
    if before:
        return PATIENCE_SECONDS
    crowd = min(1.0, waiting / _CROWD)
    return FIRST_PATIENCE_SECONDS + crowd * (PATIENCE_SECONDS - FIRST_PATIENCE_SECONDS)


def _has_news(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether a status on the way tells of more than the next step."""
    if not before:
        return any(count_at(after, "restarts", name) for name in _COUNTS)
    if any(before.get(name) != after.get(name) for name in _COUNTED):
        return True
    if _settings(before) != _settings(after):
        return True
    # It was well, or something was wrong, and that is over: both are news.
    return _ready(before)[0] not in _ON_THE_WAY


def _awaits_confirmation_only(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether nothing is new but live settings that the stream is about to confirm."""
    settings = mapping_at(after, "effectiveSettings")
    if settings.get("appliedGeneration") == settings.get("generation"):
        return False
    return not differs({**before, "effectiveSettings": settings}, after)


def _settings(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the live settings without what the stream says to have applied."""
    settings = dict(mapping_at(status, "effectiveSettings"))
    settings.pop("appliedGeneration", None)
    return settings


def _ready(status: Mapping[str, Any]) -> tuple[str, str]:
    for item in items_at(status, "conditions"):
        if text_at(item, "type") == "Ready":
            return text_at(item, "reason"), text_at(item, "status")
    return "", ""
