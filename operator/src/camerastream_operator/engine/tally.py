"""How many restarts are new: for the metric and the log, each one once. Pure.

Not the write that counts a restart is what is looked at, but the status that comes of it,
whoever wrote it: the answer of a write may be lost, and the write done all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.classify import RestartReason
    from camerastream_operator.kube.resources import Key


class RestartTally:
    """Compares each status with the ones before.

    What the first status of a resource has counted is of the past: another operator, or this
    one before it was started again, has told of it.
    """

    def __init__(self) -> None:
        self._known: dict[Key, tuple[str, dict[RestartReason, int]]] = {}

    def new(
        self, key: Key, uid: str, counts: Mapping[RestartReason, int]
    ) -> dict[RestartReason, int]:
        """Return how many restarts are new by reason; none of them is new a second time.

        Args:
            key: Which resource.
            uid: Its UID: another resource of its name begins anew.
            counts: Its restarts by reason, as one of its statuses has them. An older status
                than the last one brings nothing.
        """
        whose, known = self._known.get(key, ("", {}))
        if whose != uid:
            self._known[key] = uid, dict(counts)
            return {}
        new = {
            reason: count - known.get(reason, 0)
            for reason, count in counts.items()
            if count > known.get(reason, 0)
        }
        known.update({reason: counts[reason] for reason in new})
        return new

    def forget(self, key: Key) -> None:
        """Forget a resource that is no more."""
        self._known.pop(key, None)
