"""What the kubelet's Events say about the stream's container. Reading them never fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import text_at
from camerastream_operator.names import CONTAINER
from camerastream_operator.times import read_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_KUBELET = "kubelet"
_KILLING = "Killing"
_FIELD_PATH = f"spec.containers{{{CONTAINER}}}"
_STARTS = ("Pulled", "Created", "Started")


@dataclass(frozen=True, slots=True)
class Killing:
    """That the kubelet itself ended the stream's container; several times, when it says the same.

    Attributes:
        note: Its sentence, such as `Container camerastream failed liveness probe, will be
            restarted` (kuberuntime_manager.go).
        first_at: When it did so first.
        last_at: When it did so last.
    """

    note: str
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KubeletEvents:
    """The Events about one pod's container that there are.

    Attributes:
        killings: Those of the stream's container being ended by the kubelet.
        starts: When it told of the last start, once for each step of it.
    """

    killings: tuple[Killing, ...] = ()
    starts: tuple[datetime, ...] = ()


def read_kubelet_events(items: Iterable[Mapping[str, Any]]) -> KubeletEvents:
    """Read Events about a pod, of events.k8s.io/v1; those of others than the kubelet are left out.

    The kubelet writes them the old way: repeated ones are one Event, with a count and the
    times of the first and the last.
    """
    killings: list[Killing] = []
    starts: list[datetime] = []
    for item in items:
        first, last = _times(item)
        if last is None or not _is_about_the_stream(item):
            continue
        if text_at(item, "reason") == _KILLING:
            killings.append(Killing(text_at(item, "note"), first or last, last))
        elif text_at(item, "reason") in _STARTS:
            starts.append(last)
    return KubeletEvents(tuple(killings), tuple(starts))


def _is_about_the_stream(item: Mapping[str, Any]) -> bool:
    by = (text_at(item, "deprecatedSource", "component"), text_at(item, "reportingController"))
    return _KUBELET in by and text_at(item, "regarding", "fieldPath") == _FIELD_PATH


def _times(item: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return when it happened first and last, as told in the old way or the new one."""
    first = read_time(item.get("deprecatedFirstTimestamp")) or read_time(item.get("eventTime"))
    last = (
        read_time(text_at(item, "series", "lastObservedTime"))
        or read_time(item.get("deprecatedLastTimestamp"))
        or first
    )
    return first, last
