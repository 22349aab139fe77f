"""When is a status worth a write? Pure.

While a pod starts, its status changes several times within seconds. Every step is a write
for each of a thousand cameras and news to nobody. So a step on the way is written only if
it lasts; what has come to an end, went wrong, or was counted is written at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import items_at, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_PATIENCE_SECONDS = 2.0
PATIENCE_SECONDS = 10.0

_ON_THE_WAY = frozenset({"PodMissing", "Starting", "NotReady", "Terminating"})
_COUNTED = ("restarts", "recentRestarts", "effectiveSettings", "observedGeneration")


def patience_seconds(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """Return for how long a changed status may wait for its successor.

    Args:
        before: The status as it was last written.
        after: The status as it is.
    """
    reason, status = _ready(after)
    if status == "True" or reason not in _ON_THE_WAY:
        return 0.0
    if not before:
        # A pod is a matter of a moment; without one there is still something to say.
        return 0.0 if mapping_at(after, "pod") else FIRST_PATIENCE_SECONDS
    if any(before.get(name) != after.get(name) for name in _COUNTED):
        return 0.0
    if _ready(before)[0] not in _ON_THE_WAY:
        # It was well, or something was wrong, and that is over: both are news.
        return 0.0
    return PATIENCE_SECONDS


def _ready(status: Mapping[str, Any]) -> tuple[str, str]:
    for item in items_at(status, "conditions"):
        if text_at(item, "type") == "Ready":
            return text_at(item, "reason"), text_at(item, "status")
    return "", ""
