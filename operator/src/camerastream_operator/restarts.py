"""What is remembered about restarts: counts, the last ones, and the ledger, all in the status."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from camerastream_operator.classify import RestartReason
from camerastream_operator.jsonview import (
    count_at,
    counts_at,
    items_at,
    mapping_at,
    number_at,
    text_at,
)
from camerastream_operator.times import read_time, write_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MAX_RECENT = 10
MAX_PODS = 4
MAX_CONTAINERS = 8
MAX_MESSAGE = 500

STATUS_NAMES: Mapping[RestartReason, str] = {
    RestartReason.BUFFER_ERROR: "bufferError",
    RestartReason.FATAL_ERROR: "fatalError",
    RestartReason.CRASH: "crash",
    RestartReason.OOM: "oom",
    RestartReason.PROBE: "probe",
    RestartReason.KILLED: "killed",
    RestartReason.OTHER: "other",
    RestartReason.UNKNOWN: "unknown",
}


class PodEnd(StrEnum):
    """Whether a pod's end was seen."""

    RUNNING = "Running"
    OBSERVED = "Observed"
    UNOBSERVED = "Unobserved"


@dataclass(frozen=True, slots=True)
class Restart:
    """One restart, as it is listed and announced.

    Attributes:
        id: Identifies it, the same whenever it is computed.
        time: When the container ended, or was found restarted.
        reason: Why.
        exit_code: Exit code, None when unknown.
        cause: What was wrong with Kafka, in a word.
        message: A sentence about it.
        pod_name: The pod.
        pod_uid: Its UID.
    """

    id: str
    time: datetime
    reason: RestartReason
    exit_code: int | None = None
    cause: str = ""
    message: str = ""
    pod_name: str = ""
    pod_uid: str = ""

    def event_name(self, camera: str) -> str:
        """Return the name of its Event: a second one is refused by the API server."""
        return f"{camera}.{self.id}"


@dataclass(frozen=True, slots=True)
class LedgerContainer:
    """What was counted of a container.

    Attributes:
        name: Its name.
        restart_count: The kubelet's count up to which restarts were counted.
        container_id: The newest instance that was seen.
        end_counted: Whether the restart that ends this instance was counted already.
        ends: The stream's own count of its ends, None while it has told none.
    """

    name: str
    restart_count: int = 0
    container_id: str = ""
    end_counted: bool = False
    ends: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class LedgerPod:
    """What was counted of a pod.

    Attributes:
        uid: Its UID.
        name: Its name.
        resource_version: Version of the pod that was last counted.
        end: Whether its end was seen.
        containers: Its containers by name.
    """

    uid: str
    name: str = ""
    resource_version: int | None = None
    end: PodEnd = PodEnd.RUNNING
    containers: Mapping[str, LedgerContainer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RestartRecord:
    """Everything that is remembered.

    Attributes:
        counts: Restarts of the stream's container by reason.
        sidecar: Restarts of other containers.
        recent: The last restarts, newest first.
        buffer_error_times: When buffer errors last forced restarts, newest first.
        pod_replacements: How often another pod took a pod's place.
        unobserved_replacements: Pods whose end nobody saw.
        ledger: What was counted of which pod, oldest first.
    """

    counts: Mapping[RestartReason, int] = field(default_factory=dict)
    sidecar: int = 0
    recent: tuple[Restart, ...] = ()
    buffer_error_times: tuple[datetime, ...] = ()
    pod_replacements: int = 0
    unobserved_replacements: int = 0
    ledger: tuple[LedgerPod, ...] = ()

    @property
    def total(self) -> int:
        """Restarts of the stream's container."""
        return sum(self.counts.values())

    def counting(self, more: Mapping[RestartReason, int]) -> RestartRecord:
        """Return the record with restarts counted."""
        counts = dict(self.counts)
        for reason, count in more.items():
            counts[reason] = counts.get(reason, 0) + count
        return replace(self, counts=counts)


def restart_id(*parts: str) -> str:
    """Return an identifier that is short, and valid in the name of an Event.

    Example:
        >>> restart_id("containerd://abc") == restart_id("containerd://abc")
        True
    """
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def read_record(status: Mapping[str, Any]) -> RestartRecord:
    """Read what the status remembers; what cannot be read counts as missing."""
    restarts = mapping_at(status, "restarts")
    times = restarts.get("bufferErrorTimes")
    return RestartRecord(
        counts={
            reason: count
            for reason, name in STATUS_NAMES.items()
            if (count := count_at(restarts, name))
        },
        sidecar=count_at(restarts, "sidecar"),
        recent=tuple(
            restart for item in items_at(status, "recentRestarts") if (restart := _restart(item))
        )[:MAX_RECENT],
        buffer_error_times=tuple(
            at for text in (times if isinstance(times, list) else ()) if (at := read_time(text))
        )[:MAX_RECENT],
        pod_replacements=count_at(restarts, "podReplacements"),
        unobserved_replacements=count_at(restarts, "unobservedReplacements"),
        ledger=tuple(_pod(item) for item in items_at(status, "ledger") if text_at(item, "podUID")),
    )


def record_status(record: RestartRecord) -> dict[str, Any]:
    """Return the parts of the status that `read_record` reads back."""
    last = record.recent[0] if record.recent else None
    return {
        "restarts": {
            "total": record.total,
            **{name: record.counts.get(reason, 0) for reason, name in STATUS_NAMES.items()},
            "sidecar": record.sidecar,
            "lastReason": last.reason.value if last else None,
            "lastTime": write_time(last.time) if last else None,
            "lastExitCode": last.exit_code if last else None,
            "bufferErrorTimes": [write_time(at) for at in record.buffer_error_times],
            "podReplacements": record.pod_replacements,
            "unobservedReplacements": record.unobserved_replacements,
        },
        "recentRestarts": [_restart_status(restart) for restart in record.recent],
        "ledger": [_pod_status(pod) for pod in record.ledger],
    }


def _restart(item: Mapping[str, Any]) -> Restart | None:
    at, name = read_time(item.get("time")), text_at(item, "id")
    if at is None or not name:
        return None
    word = text_at(item, "reason")
    return Restart(
        id=name,
        time=at,
        reason=RestartReason(word) if word in set(RestartReason) else RestartReason.UNKNOWN,
        exit_code=number_at(item, "exitCode"),
        cause=text_at(item, "cause"),
        message=text_at(item, "message"),
        pod_name=text_at(item, "podName"),
        pod_uid=text_at(item, "podUID"),
    )


def _restart_status(restart: Restart) -> dict[str, Any]:
    return {
        "id": restart.id,
        "time": write_time(restart.time),
        "reason": restart.reason.value,
        "exitCode": restart.exit_code,
        "cause": restart.cause or None,
        "message": restart.message or None,
        "podName": restart.pod_name or None,
        "podUID": restart.pod_uid or None,
    }


def _pod(item: Mapping[str, Any]) -> LedgerPod:
    version, end = text_at(item, "resourceVersion"), text_at(item, "end")
    containers = [_container(part) for part in items_at(item, "containers")]
    return LedgerPod(
        uid=text_at(item, "podUID"),
        name=text_at(item, "podName"),
        resource_version=int(version) if version.isdecimal() else None,
        end=PodEnd(end) if end in set(PodEnd) else PodEnd.RUNNING,
        containers={container.name: container for container in containers},
    )


def _pod_status(pod: LedgerPod) -> dict[str, Any]:
    return {
        "podUID": pod.uid,
        "podName": pod.name,
        "resourceVersion": None if pod.resource_version is None else str(pod.resource_version),
        "end": pod.end.value,
        "containers": [
            {
                "name": container.name,
                "restartCount": container.restart_count,
                "containerID": container.container_id or None,
                "endCounted": "Counted" if container.end_counted else "Pending",
                "ends": None if container.ends is None else dict(sorted(container.ends.items())),
            }
            for container in pod.containers.values()
        ],
    }


def _container(item: Mapping[str, Any]) -> LedgerContainer:
    return LedgerContainer(
        name=text_at(item, "name"),
        restart_count=count_at(item, "restartCount"),
        container_id=text_at(item, "containerID"),
        end_counted=text_at(item, "endCounted") == "Counted",
        ends=counts_at(item, "ends") if isinstance(item.get("ends"), dict) else None,
    )
