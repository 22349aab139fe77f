"""The live settings in force for a camera: operator's default, spec, holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from camerastream_operator.api.spec import Action, Switch
from camerastream_operator.jsonview import mapping_at, number_at, text_at
from camerastream_operator.pod_settings import (
    UNNUMBERED,
    Known,
    Pushed,
    known_from_annotation,
    settings_text,
)
from camerastream_operator.times import read_time, write_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from camerastream_operator.api.spec import BufferMonitorSpec
    from camerastream_operator.defaults import StreamDefaults


class ThresholdSource(StrEnum):
    """Where the threshold comes from."""

    DEFAULT = "Default"
    SPEC = "Spec"


class Hold(StrEnum):
    """Why crossing the threshold forces no restart; NONE when it does."""

    NONE = "None"
    REPORT_ONLY = "ReportOnly"
    BUDGET_EXHAUSTED = "BudgetExhausted"
    FLEET_OUTAGE = "FleetOutage"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Live settings before they have a generation.

    Attributes:
        threshold_seconds: Continuous buffer errors for this long force a restart.
        source: Where that comes from.
        hold: Why it forces none at present.
        hold_until: When the hold ends by itself at the latest; None when it has no end.
        simulate_buffer_error: Inject buffer errors.
        takes_hold_end: Whether the stream understands the end of a hold. A version that does
            not refuses the whole annotation for it, the threshold included.
    """

    threshold_seconds: int
    source: ThresholdSource
    hold: Hold = Hold.NONE
    hold_until: datetime | None = None
    simulate_buffer_error: bool = False
    takes_hold_end: bool = False

    @property
    def pushed(self) -> Pushed:
        """What the pod is told."""
        until = self.hold_until if self.takes_hold_end else None
        return Pushed(
            self.threshold_seconds,
            self.hold is not Hold.NONE,
            self.simulate_buffer_error,
            # As it is read back.
            until and until.replace(microsecond=0),
        )

    @property
    def keeps_end_back(self) -> bool:
        """Whether the hold has an end that the pod is not told."""
        return self.hold_until is not None and not self.takes_hold_end


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """Live settings with their generation.

    Attributes:
        generation: Raised by one with every change of what the pod is told.
        wanted: The settings.
    """

    generation: int
    wanted: Wanted


def wanted_settings(
    monitor: BufferMonitorSpec,
    defaults: StreamDefaults,
    *,
    budget_hold_until: datetime | None,
    fleet_hold_until: datetime | None,
    takes_hold_end: bool = True,
) -> Wanted:
    """Put default, spec and holds together.

    Args:
        monitor: The spec.
        defaults: The operator's defaults.
        budget_hold_until: When the restart budget has room again, if it holds the camera.
        fleet_hold_until: When the fleet guard's hold lapses, if it holds the fleet.
        takes_hold_end: Whether the stream understands the end of a hold.
    """
    hold, until = Hold.NONE, None
    if monitor.action is Action.REPORT:
        hold = Hold.REPORT_ONLY
    elif fleet_hold_until is not None:
        hold, until = Hold.FLEET_OUTAGE, fleet_hold_until
    elif budget_hold_until is not None:
        hold, until = Hold.BUDGET_EXHAUSTED, budget_hold_until
    given = monitor.threshold_seconds
    return Wanted(
        threshold_seconds=defaults.threshold_seconds if given is None else given,
        source=ThresholdSource.DEFAULT if given is None else ThresholdSource.SPEC,
        hold=hold,
        hold_until=until,
        simulate_buffer_error=monitor.simulate_buffer_error is Switch.ENABLED,
        takes_hold_end=takes_hold_end,
    )


def decide_effective(wanted: Wanted, *known: Known | None) -> EffectiveSettings:
    """Give settings their generation.

    A write may have been lost after another one was done, so the newest generation known
    anywhere (status, StatefulSet, pod) counts. What has that generation and says the same
    keeps it; everything else is raised above it: a generation never names two settings.

    Args:
        wanted: The settings.
        known: What status, StatefulSet and pod hold; None where nothing is.
    """
    found = [item for item in known if item is not None]
    newest = max((item.generation for item in found), default=UNNUMBERED)
    at_newest = {item.pushed for item in found if item.generation == newest}
    same = at_newest == {wanted.pushed} and newest > UNNUMBERED
    return EffectiveSettings(newest if same else newest + 1, wanted)


def annotation_value(effective: EffectiveSettings) -> str:
    """Return what the pod's annotation holds.

    Example:
        >>> annotation_value(EffectiveSettings(3, Wanted(60, ThresholdSource.SPEC)))
        '{"generation":3,"thresholdSeconds":60,"hold":false,"simulateBufferError":false}'
    """
    return settings_text(effective.generation, effective.wanted.pushed)


def template_value(effective: EffectiveSettings, present: str) -> str:
    """Return what the annotation in the StatefulSet's template holds, for the next pod.

    A hold that ends stands in running pods only: a pod that is made while no operator runs
    must not be held for ever, nor begin with an end that its image may not understand. It
    is told of the hold when it is seen. That also saves a write for every hold and renewal.

    Args:
        effective: The settings.
        present: What the template says now; kept where it differs by the hold only.
    """
    if effective.wanted.hold_until is None:
        return annotation_value(effective)
    begins = replace(effective.wanted.pushed, hold=False, hold_until=None)
    known = known_from_annotation(present)
    if known is not None and known.pushed == begins:
        return present
    return settings_text(UNNUMBERED, begins)


def known_from_status(status: Mapping[str, Any], *, takes_hold_end: bool = True) -> Known | None:
    """Read `status.effectiveSettings`; None when there is none.

    Args:
        status: The status.
        takes_hold_end: Whether the stream understands the end of a hold. The status tells of
            it in any case, and does not say whether the pod was told.
    """
    data = mapping_at(status, "effectiveSettings")
    generation = number_at(data, "generation")
    threshold = number_at(data, "thresholdSeconds")
    if generation is None or threshold is None:
        return None
    return Known(
        generation,
        Pushed(
            threshold,
            text_at(data, "hold") not in ("", Hold.NONE),
            text_at(data, "simulateBufferError") == Switch.ENABLED,
            read_time(data.get("holdUntil")) if takes_hold_end else None,
        ),
    )


def hold_from_status(status: Mapping[str, Any]) -> tuple[Hold, datetime | None]:
    """Read which hold the status tells of, and until when."""
    data = mapping_at(status, "effectiveSettings")
    try:
        hold = Hold(text_at(data, "hold"))
    except ValueError:
        hold = Hold.NONE
    return hold, read_time(data.get("holdUntil"))


def effective_status(
    effective: EffectiveSettings, *, applied_generation: int | None
) -> dict[str, Any]:
    """Return `status.effectiveSettings`.

    Args:
        effective: The settings.
        applied_generation: What the stream says to have applied, None when it was not asked.
    """
    wanted = effective.wanted
    return {
        "generation": effective.generation,
        "appliedGeneration": applied_generation,
        "thresholdSeconds": wanted.threshold_seconds,
        "source": wanted.source.value,
        "hold": wanted.hold.value,
        "holdUntil": write_time(wanted.hold_until) if wanted.hold_until else None,
        "simulateBufferError": (
            Switch.ENABLED if wanted.simulate_buffer_error else Switch.DISABLED
        ).value,
    }
