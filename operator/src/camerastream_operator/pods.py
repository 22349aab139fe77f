"""A pod as far as the operator looks at it. Reading one never fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import count_at, items_at, mapping_at, text_at
from camerastream_operator.names import (
    CAMERA_UID_LABEL,
    CONTAINER,
    RESTARTED_ANNOTATION,
    SETTINGS_ANNOTATION,
    TEMPLATE_HASH_ANNOTATION,
)
from camerastream_operator.termination import read_termination
from camerastream_operator.times import read_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from camerastream_operator.termination import TerminationMessage


@dataclass(frozen=True, slots=True)
class Terminated:
    """How a container ended.

    Attributes:
        container_id: The instance that ended, empty when the kubelet does not know.
        reason: The kubelet's word: Error, OOMKilled, Completed, StartError ...
        exit_code: Exit code.
        signal: Number of the signal, 0 for none.
        started_at: When it had been started.
        finished_at: When.
        message: What the stream said, None when it said nothing.
        text: The message as it is.
    """

    container_id: str
    reason: str
    exit_code: int
    signal: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: TerminationMessage | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """The state of a container.

    Attributes:
        name: Its name.
        restart_count: The kubelet's count.
        container_id: The instance that the status is about, empty before the first.
        running: Whether it runs.
        started_at: When this instance was started; None while it waits for that.
        waiting_reason: Why it waits: ContainerCreating, ImagePullBackOff ...; else empty.
        waiting_message: The kubelet's sentence about that.
        terminated: How this instance ended, if it has.
        last_terminated: How the instance before it ended.
    """

    name: str
    restart_count: int
    container_id: str = ""
    running: bool = False
    started_at: datetime | None = None
    waiting_reason: str = ""
    waiting_message: str = ""
    terminated: Terminated | None = None
    last_terminated: Terminated | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A look at a pod.

    Attributes:
        name: Its name.
        uid: Its UID.
        resource_version: Its version; a later look at the same pod has a higher one.
        gone: It is the last state of a pod that is no more (a DELETED event).
        delete_by: When a deletion that was asked for should be over.
        phase: Pending, Running, Succeeded, Failed or Unknown.
        phase_reason: Why, for example Evicted or NodeLost.
        phase_message: A sentence about it.
        node: Its node, empty when it has none.
        ip: Its address, empty when it has none.
        start_time: When the node took it.
        camera_uid: UID of the resource that it was made for.
        settings: Its live settings, as the annotation holds them.
        template_hash: What it was made from.
        restarted_at: What `kubectl rollout restart` had written into the template by then.
        conditions: By type: status, reason and message.
        ready_changed_at: When it became ready or unready.
        containers: Its containers, without init containers.
        init_containers: Its init containers.
    """

    name: str
    uid: str
    resource_version: int | None
    gone: bool = False
    delete_by: datetime | None = None
    phase: str = "Pending"
    phase_reason: str = ""
    phase_message: str = ""
    node: str = ""
    ip: str = ""
    start_time: datetime | None = None
    camera_uid: str = ""
    settings: str | None = None
    template_hash: str = ""
    restarted_at: str = ""
    conditions: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    ready_changed_at: datetime | None = None
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()

    @property
    def stream(self) -> Container | None:
        """The stream's container, None before the kubelet has told of it."""
        return next((item for item in self.containers if item.name == CONTAINER), None)

    @property
    def ready(self) -> bool:
        """Whether the pod is ready."""
        return self.conditions.get("Ready", ("", "", ""))[0] == "True"

    @property
    def ended(self) -> bool:
        """Whether no container of it will be restarted any more."""
        if self.gone or self.phase in ("Succeeded", "Failed"):
            return True
        return (
            self.delete_by is not None
            and bool(self.containers)
            and all(item.terminated is not None for item in self.containers)
        )


def read_pod(body: Mapping[str, Any], *, gone: bool = False) -> Pod:
    """Read a pod as the API server gave it.

    Args:
        body: The pod.
        gone: It comes from a DELETED event: its last state.
    """
    metadata, status = mapping_at(body, "metadata"), mapping_at(body, "status")
    annotations = mapping_at(metadata, "annotations")
    settings = annotations.get(SETTINGS_ANNOTATION)
    version = text_at(metadata, "resourceVersion")
    return Pod(
        name=text_at(metadata, "name"),
        uid=text_at(metadata, "uid"),
        resource_version=int(version) if version.isdecimal() else None,
        gone=gone,
        delete_by=read_time(metadata.get("deletionTimestamp")),
        phase=text_at(status, "phase") or "Pending",
        phase_reason=text_at(status, "reason"),
        phase_message=text_at(status, "message"),
        node=text_at(body, "spec", "nodeName"),
        ip=text_at(status, "podIP"),
        start_time=read_time(status.get("startTime")),
        camera_uid=text_at(metadata, "labels", CAMERA_UID_LABEL),
        settings=settings if isinstance(settings, str) else None,
        template_hash=text_at(annotations, TEMPLATE_HASH_ANNOTATION),
        restarted_at=text_at(annotations, RESTARTED_ANNOTATION),
        conditions={
            text_at(item, "type"): (
                text_at(item, "status"),
                text_at(item, "reason"),
                text_at(item, "message"),
            )
            for item in items_at(status, "conditions")
        },
        ready_changed_at=next(
            (
                read_time(item.get("lastTransitionTime"))
                for item in items_at(status, "conditions")
                if text_at(item, "type") == "Ready"
            ),
            None,
        ),
        containers=tuple(_container(item) for item in items_at(status, "containerStatuses")),
        init_containers=tuple(
            _container(item) for item in items_at(status, "initContainerStatuses")
        ),
    )


def _container(status: Mapping[str, Any]) -> Container:
    return Container(
        name=text_at(status, "name"),
        restart_count=count_at(status, "restartCount"),
        container_id=text_at(status, "containerID"),
        running="running" in mapping_at(status, "state"),
        started_at=read_time(
            text_at(status, "state", "running", "startedAt")
            or text_at(status, "state", "terminated", "startedAt")
        ),
        waiting_reason=text_at(status, "state", "waiting", "reason"),
        waiting_message=text_at(status, "state", "waiting", "message"),
        terminated=_terminated(mapping_at(status, "state", "terminated")),
        last_terminated=_terminated(mapping_at(status, "lastState", "terminated")),
    )


def _terminated(state: Mapping[str, Any]) -> Terminated | None:
    if not state:
        return None
    exit_code = state.get("exitCode")
    return Terminated(
        container_id=text_at(state, "containerID"),
        reason=text_at(state, "reason"),
        exit_code=exit_code if isinstance(exit_code, int) else 0,
        signal=count_at(state, "signal"),
        started_at=read_time(state.get("startedAt")),
        finished_at=read_time(state.get("finishedAt")),
        message=read_termination(state.get("message")),
        text=text_at(state, "message"),
    )
