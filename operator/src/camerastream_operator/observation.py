"""What was seen of one camera, all in one place: what conditions are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from camerastream_operator.budget import Budget
    from camerastream_operator.effective import EffectiveSettings
    from camerastream_operator.pods import Pod
    from camerastream_operator.stream_status import StreamStatus


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition without its history.

    Attributes:
        status: True, False or Unknown.
        reason: One word for programs.
        message: A sentence for people. Nothing in it changes by itself: an idle camera is
            never written.
    """

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen.

    Attributes:
        now: The time.
        problems: Why the spec cannot be used.
        suspended: No pod is wanted.
        apply_error: What the API server said against the StatefulSet, empty when nothing.
        rolling_out: The pod is to be replaced, or its replacement is awaited.
        pod: The newest pod, None when there is none.
        secrets: Secrets that the pod needs as volumes, by name.
        claims: Claims that the pod needs, by name.
        stream: What the stream said; None when it was not asked or gave no answer.
        effective: The live settings; None while the spec cannot be used.
        budget: What is left of the restart budget.
    """

    now: datetime
    problems: tuple[str, ...] = ()
    suspended: bool = False
    apply_error: str = ""
    rolling_out: bool = False
    pod: Pod | None = None
    secrets: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    stream: StreamStatus | None = None
    effective: EffectiveSettings | None = None
    budget: Budget | None = None
