"""From what is known of a camera to what is wanted of it. Pure: puts the decisions together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from camerastream_operator.api.spec import SpoolVolume
from camerastream_operator.budget import evaluate_budget
from camerastream_operator.desired import (
    completed_spec,
    desired_stateful_set,
    missing_defaults,
    settings_of,
)
from camerastream_operator.effective import (
    decide_effective,
    known_from_status,
    template_value,
    wanted_settings,
)
from camerastream_operator.jsonview import items_at, text_at
from camerastream_operator.ledger import count_restarts
from camerastream_operator.names import SPOOL_CLAIM, pod_name
from camerastream_operator.pod_settings import known_from_annotation
from camerastream_operator.restarts import read_record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.budget import Budget
    from camerastream_operator.defaults import StreamDefaults
    from camerastream_operator.effective import EffectiveSettings
    from camerastream_operator.kubelet_events import KubeletEvents
    from camerastream_operator.ledger import Counted
    from camerastream_operator.pods import Pod
    from camerastream_operator.restarts import RestartRecord


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known.

    Attributes:
        camera: The resource.
        stateful_set: Its StatefulSet, None when there is none.
        pod: Its pod, None when there is none.
        departed: Last states of its pods that are gone.
        existing: UIDs of all its pods, where a list proves it; else None.
        events: What the kubelet's Events say of its pods, by UID, as far as they were read.
    """

    camera: CameraStream
    stateful_set: Mapping[str, Any] | None
    pod: Pod | None
    departed: tuple[Pod, ...] = ()
    existing: Collection[str] | None = None
    events: Mapping[str, KubeletEvents] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What follows from it.

    Attributes:
        before: What was remembered about restarts.
        counted: The same with what is new.
        problems: Why the spec cannot be used.
        budget: What is left of the restart budget; None while the spec cannot be used.
        effective: The live settings; None while the spec cannot be used.
        desired: The StatefulSet; None while the spec cannot be used.
    """

    before: RestartRecord
    counted: Counted
    problems: tuple[str, ...] = ()
    budget: Budget | None = None
    effective: EffectiveSettings | None = None
    desired: dict[str, Any] | None = None


def assess(
    evidence: Evidence,
    defaults: StreamDefaults,
    *,
    fleet_hold_until: datetime | None,
    takes_hold_end: bool | None,
    now: datetime,
) -> Assessment:
    """Count restarts and decide on settings and StatefulSet.

    Args:
        evidence: What is known.
        defaults: The operator's defaults.
        fleet_hold_until: When the hold of all cameras lapses; None when there is none.
        takes_hold_end: Whether the stream says that it understands the end of a hold; None
            when it has not been asked.
        now: The time.
    """
    camera = evidence.camera
    spec = camera.spec and completed_spec(camera.spec, defaults)
    looks = [*evidence.departed, *((evidence.pod,) if evidence.pod else ())]
    before = read_record(camera.status)
    counted = count_restarts(
        before,
        [look for look in looks if look.camera_uid == camera.uid],
        now=now,
        existing=evidence.existing,
        claim=spec is not None and spec.spool.volume is SpoolVolume.CLAIM,
        events=evidence.events,
    )
    problems = camera.problems if spec is None else missing_defaults(spec)
    if spec is None or problems:
        return Assessment(before, counted, problems)
    budget = evaluate_budget(spec.restart_policy, counted.record.buffer_error_times, now)
    in_template = settings_of(evidence.stateful_set or {})
    in_pod = known_from_annotation(evidence.pod.settings if evidence.pod else None)
    if takes_hold_end is None:
        # An operator before this one has asked, and told it.
        takes_hold_end = in_pod is not None and in_pod.pushed.hold_until is not None
    wanted = wanted_settings(
        spec.buffer_monitor,
        defaults,
        budget_hold_until=budget.hold_until,
        fleet_hold_until=fleet_hold_until,
        takes_hold_end=takes_hold_end,
    )
    effective = decide_effective(
        wanted,
        known_from_status(camera.status, takes_hold_end=takes_hold_end),
        known_from_annotation(in_template),
        in_pod,
    )
    return Assessment(
        before,
        counted,
        budget=budget,
        effective=effective,
        desired=desired_stateful_set(
            camera, spec, defaults, settings=template_value(effective, in_template)
        ),
    )


def volume_sources(desired: Mapping[str, Any] | None, camera: str) -> tuple[list[str], list[str]]:
    """Return the Secrets and the claims that a pod waits for, by name."""
    secrets, claims = [], []
    for volume in items_at(desired, "spec", "template", "spec", "volumes"):
        if name := text_at(volume, "secret", "secretName"):
            secrets.append(name)
        if name := text_at(volume, "persistentVolumeClaim", "claimName"):
            claims.append(name)
    if items_at(desired, "spec", "volumeClaimTemplates"):
        claims.append(f"{SPOOL_CLAIM}-{pod_name(camera)}")
    return secrets, claims
