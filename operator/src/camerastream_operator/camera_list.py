"""What has to be written so that the cameras of a list are as it says. Pure.

A list comes from Helm values. A CameraStream that is made from it carries the list's name as
a label, and only what carries it is ever changed or removed: a camera of the same name that
somebody made by hand is not taken over. Taking the label off takes a camera out of the
list's hands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from camerastream_operator.desired import is_contained
from camerastream_operator.jsonview import mapping_at, text_at
from camerastream_operator.names import (
    API_VERSION,
    KIND,
    LIST_HASH_ANNOTATION,
    LIST_LABEL,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from camerastream_operator.kube.resources import Key

SHARED_LISTS = frozenset({"bootstrapServers", "env"})
"""Lists whose elements have owners of their own (`x-kubernetes-list-type` in the CRD): what
others add to them stays."""


@dataclass(frozen=True, slots=True)
class ListedCamera:
    """A camera as a list has it.

    Attributes:
        key: Its namespace and name.
        labels: Its labels.
        spec: The spec of the CameraStream.
    """

    key: Key
    labels: Mapping[str, str]
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CameraList:
    """A list of cameras.

    Attributes:
        name: Tells it from other lists; a label's value.
        cameras: Each of another key.
    """

    name: str
    cameras: tuple[ListedCamera, ...]


class Act(StrEnum):
    """What has to be done with one camera."""

    NOTHING = "Nothing"
    CREATE = "Create"
    CHANGE = "Change"
    REMOVE = "Remove"
    REFUSE = "Refuse"


class RefusalReason(StrEnum):
    """Why a camera is not as the list says; the reason of its Event."""

    NOT_WATCHED = "ListedNotWatched"
    FOREIGN = "ListedNotTakenOver"
    REFUSED = "ListedRefused"
    NOT_KEPT = "ListedNotKept"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A camera that is not as the list says, and cannot be made so.

    Attributes:
        key: Which one.
        uid: Of the resource of that name, empty when there is none.
        reason: Why.
        sentence: The same for people, with what to do.
    """

    key: Key
    uid: str
    reason: RefusalReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done.

    Attributes:
        writes: Cameras to be made or changed.
        removals: Cameras that were made from the list and are no longer on it.
        refusals: Cameras that cannot be made as the list says.
    """

    writes: tuple[ListedCamera, ...] = ()
    removals: tuple[Key, ...] = ()
    refusals: tuple[Refusal, ...] = ()


def make_plan(
    wanted: CameraList,
    live: Mapping[Key, Mapping[str, Any]],
    watched: Collection[str | None],
) -> Plan:
    """Compare a list with what there is.

    Args:
        wanted: The list.
        live: All CameraStreams that are on the list or carry its name; others do no harm.
        watched: The namespaces that are watched; None among them is the whole cluster.
    """
    writes: list[ListedCamera] = []
    refusals: list[Refusal] = []
    for camera in wanted.cameras:
        body = live.get(camera.key)
        if None not in watched and camera.key.namespace not in watched:
            refusals.append(_not_watched(camera.key))
        elif (act := decide(wanted.name, camera, body)) is Act.REFUSE:
            refusals.append(_foreign(wanted.name, camera.key, body or {}))
        elif act is not Act.NOTHING:
            writes.append(camera)
    listed = {camera.key for camera in wanted.cameras}
    removals = sorted(
        key
        for key, body in live.items()
        if key not in listed and decide(wanted.name, None, body) is Act.REMOVE
    )
    return Plan(tuple(writes), tuple(removals), tuple(refusals))


def decide(name: str, camera: ListedCamera | None, live: Mapping[str, Any] | None) -> Act:
    """Say what has to be done with one camera.

    Args:
        name: Name of the list.
        camera: As the list has it, None when it is not on it.
        live: The CameraStream of that name, None when there is none.
    """
    if live is None:
        return Act.NOTHING if camera is None else Act.CREATE
    ours = text_at(live, "metadata", "labels", LIST_LABEL) == name
    if "deletionTimestamp" in mapping_at(live, "metadata"):
        return Act.NOTHING
    if camera is None:
        return Act.REMOVE if ours else Act.NOTHING
    if not ours:
        return Act.REFUSE
    return Act.NOTHING if is_in_step(manifest(name, camera), live) else Act.CHANGE


def manifest(name: str, camera: ListedCamera) -> dict[str, Any]:
    """Return a camera's resource, as it is given to server-side apply."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": camera.key.name,
            "namespace": camera.key.namespace,
            "labels": {**camera.labels, LIST_LABEL: name},
            "annotations": {LIST_HASH_ANNOTATION: entry_hash(camera.labels, camera.spec)},
        },
        "spec": _without_nulls(camera.spec),
    }


def entry_hash(labels: Mapping[str, str], spec: Mapping[str, Any]) -> str:
    """Return what stands for a camera's entry; `helm test` computes the same."""
    text = json.dumps({"labels": labels, "spec": spec}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_in_step(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Say whether a resource is as the list has it.

    What was taken out of the list does not show in what is there; the hash does.
    """
    return all(_holds(wanted[part], live.get(part)) for part in ("metadata", "spec"))


def is_of_a_list(live: Mapping[str, Any]) -> bool:
    """Say whether a resource was made from a list, whichever."""
    return bool(text_at(live, "metadata", "labels", LIST_LABEL))


def not_kept(key: Key, uid: str) -> Refusal:
    """Return that a camera is otherwise than it was just written."""
    return Refusal(
        key,
        uid,
        RefusalReason.NOT_KEPT,
        f"{_name(key)} was written as the list has it, but the API server keeps it otherwise; an "
        "admission policy or another controller changes it: exempt it there, or correct the list",
    )


def refused(key: Key, uid: str, said: str) -> Refusal:
    """Return that the API server refuses a camera.

    Args:
        key: Which one.
        uid: Of the resource of that name, empty when there is none.
        said: The API server's sentence.
    """
    state = "stays as it is" if uid else "is not made"
    sentence = f"{_name(key)} {state}: {said}"
    return Refusal(key, uid, RefusalReason.REFUSED, sentence)


def _not_watched(key: Key) -> Refusal:
    return Refusal(
        key,
        "",
        RefusalReason.NOT_WATCHED,
        f"{_name(key)} is not made: this operator does not watch that namespace; write another "
        "one, or add it to the namespaces that are watched",
    )


def _foreign(name: str, key: Key, live: Mapping[str, Any]) -> Refusal:
    other = text_at(live, "metadata", "labels", LIST_LABEL)
    owner = f"belongs to the list {other}" if other else "was not made from this list"
    return Refusal(
        key,
        text_at(live, "metadata", "uid"),
        RefusalReason.FOREIGN,
        f"{_name(key)} is there already and {owner}, so it is left alone; rename or remove one of "
        f"the two, or let the list have it: kubectl label --overwrite camerastream {key.name} "
        f"--namespace {key.namespace} {LIST_LABEL}={name}",
    )


def _name(key: Key) -> str:
    return f"the camera {key.name} of namespace {key.namespace}"


def _holds(wanted: object, live: object, field: str = "") -> bool:
    """Say whether a live value is as it is wanted; fields of others do not count."""
    if isinstance(wanted, Mapping):
        found = live if isinstance(live, Mapping) else {}
        return all(_holds(value, found.get(name), name) for name, value in wanted.items())
    if isinstance(wanted, list) and field not in SHARED_LISTS:
        items = live if isinstance(live, list) else []
        return len(items) == len(wanted) and all(map(_holds, wanted, items))
    return is_contained(wanted, live)


def _without_nulls(value: Any) -> Any:
    """Return a value without what stands there empty: the API server drops it too."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
