"""What the operator remembers of the cluster: fed by events, healed by lists.

An event may never come: watches are cut, and kopf tells nobody of an object that went away
meanwhile. So lists are compared with it (`sync.py`). What an event and a list say may
arrive in either order; the version of an object says which one is newer, and a UID that is
gone never comes back.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import count_at, items_at, mapping_at, text_at
from camerastream_operator.kube.resources import Key, Kind, key_of
from camerastream_operator.names import pod_name
from camerastream_operator.pods import read_pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from camerastream_operator.pods import Pod

_REMEMBERED_DEAD = 20_000
_DEPARTED = 4
_UNREAD_METADATA = ("managedFields",)
_UNREAD_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class _Entry:
    """An object, packed: a thousand cameras take 15 MB so, and 100 MB unpacked."""

    uid: str
    version: str
    packed: bytes
    conditions: tuple[tuple[str, str, str], ...]

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.packed)
        return body


class Cache:
    """CameraStreams, and the StatefulSet and the pod of each.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._objects: dict[Kind, dict[tuple[str, str], _Entry]] = {kind: {} for kind in Kind}
        self._dead: OrderedDict[str, None] = OrderedDict()
        self._departed: dict[Key, tuple[Pod, ...]] = {}
        self._record_seen: dict[Key, float] = {}

    def upsert(self, kind: Kind, body: Mapping[str, Any]) -> Key | None:
        """Take in an object; return whose it is, None when it is nothing new."""
        key, uid = key_of(kind, body), text_at(body, "metadata", "uid")
        if key is None or uid in self._dead:
            return None
        place = _place(body)
        known = self._objects[kind].get(place)
        version = text_at(body, "metadata", "resourceVersion")
        if known is not None and not _newer(version, known.version):
            return None
        if known is not None and known.uid != uid:
            # Another object of the same name: the one before is gone, however it went.
            self._bury(kind, key, known.body(), gone=False)
        packed = json.dumps(_trimmed(kind, body), separators=(",", ":")).encode()
        self._objects[kind][place] = _Entry(uid, version, packed, _conditions(kind, body))
        if kind is Kind.CAMERA:
            self._record_seen[key] = self._clock()
        # Nothing that is read here is new.
        return None if known is not None and known.packed == packed else key

    def remove(self, kind: Kind, body: Mapping[str, Any]) -> Key | None:
        """Take note that an object is gone; return whose it was.

        Args:
            kind: Its kind.
            body: Its last state.
        """
        key, uid = key_of(kind, body), text_at(body, "metadata", "uid")
        if key is None or uid in self._dead:
            return None
        known = self._objects[kind].get(_place(body))
        if known is not None and known.uid == uid:
            del self._objects[kind][_place(body)]
        self._bury(kind, key, body, gone=True)
        return key

    def remove_unseen(self, kind: Kind, place: tuple[str, str], uid: str) -> Key | None:
        """Take note that an object went away without an event; return whose it was."""
        known = self._objects[kind].get(place)
        if known is None or known.uid != uid:
            return None
        del self._objects[kind][place]
        body = known.body()
        if key := key_of(kind, body):
            self._bury(kind, key, body, gone=False)
        return key

    def camera(self, key: Key) -> dict[str, Any] | None:
        """Return a CameraStream, None when there is none."""
        return self._body(Kind.CAMERA, key)

    def stateful_set(self, key: Key) -> dict[str, Any] | None:
        """Return the StatefulSet of that name, None when there is none."""
        return self._body(Kind.STATEFUL_SET, key)

    def pod(self, key: Key) -> dict[str, Any] | None:
        """Return the pod of a camera, None when there is none."""
        return self._body(Kind.POD, (key.namespace, pod_name(key.name)))

    def departed(self, key: Key) -> tuple[Pod, ...]:
        """Return the last states of pods that are gone and may not have been counted."""
        return self._departed.get(key, ())

    def forget_departed(self, key: Key, counted: tuple[Pod, ...]) -> None:
        """Forget pods that are counted for good."""
        left = tuple(pod for pod in self.departed(key) if pod not in counted)
        if left:
            self._departed[key] = left
        else:
            self._departed.pop(key, None)

    def record_seen_at(self, key: Key) -> float:
        """Return when a CameraStream's present version was learnt."""
        return self._record_seen.get(key, self._clock())

    def cameras(self) -> list[Key]:
        """Return all CameraStreams."""
        return [Key(*place) for place in self._objects[Kind.CAMERA]]

    def uids(self, kind: Kind) -> dict[tuple[str, str], str]:
        """Return all objects of a kind: namespace and name to UID."""
        return {place: entry.uid for place, entry in self._objects[kind].items()}

    def statuses(self) -> Iterator[Mapping[str, Any]]:
        """Yield the status of every CameraStream."""
        for entry in self._objects[Kind.CAMERA].values():
            yield mapping_at(entry.body(), "status")

    def conditions(self) -> Iterator[tuple[tuple[str, str, str], ...]]:
        """Yield type, status and reason of every condition of every CameraStream."""
        for entry in self._objects[Kind.CAMERA].values():
            yield entry.conditions

    def _body(self, kind: Kind, place: tuple[str, str]) -> dict[str, Any] | None:
        entry = self._objects[kind].get(place)
        return entry.body() if entry is not None else None

    def _bury(self, kind: Kind, key: Key, body: Mapping[str, Any], *, gone: bool) -> None:
        self._dead[text_at(body, "metadata", "uid")] = None
        while len(self._dead) > _REMEMBERED_DEAD:
            self._dead.popitem(last=False)
        if kind is Kind.POD and text_at(body, "metadata", "name") == pod_name(key.name):
            looks = (*self.departed(key), read_pod(body, gone=gone))
            self._departed[key] = looks[-_DEPARTED:]
        if kind is Kind.CAMERA:
            self._departed.pop(key, None)
            self._record_seen.pop(key, None)


def _place(body: Mapping[str, Any]) -> tuple[str, str]:
    return text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")


def _newer(version: str, known: str) -> bool:
    """Say whether a version is newer; versions count up over all objects of a kind."""
    if version.isdecimal() and known.isdecimal():
        return int(version) > int(known)
    return version != known


def _conditions(kind: Kind, body: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    if kind is not Kind.CAMERA:
        return ()
    return tuple(
        (
            intern(text_at(item, "type")),
            intern(text_at(item, "status")),
            intern(text_at(item, "reason")),
        )
        for item in items_at(body, "status", "conditions")
    )


def _trimmed(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what nobody here reads and what makes up most of its size."""
    metadata = dict(mapping_at(body, "metadata"))
    for name in _UNREAD_METADATA:
        metadata.pop(name, None)
    annotations = dict(mapping_at(metadata, "annotations"))
    if annotations.pop(_UNREAD_ANNOTATION, None) is not None:
        metadata["annotations"] = annotations
    trimmed = {**body, "metadata": metadata}
    if kind is Kind.POD:
        trimmed["spec"] = {"nodeName": text_at(body, "spec", "nodeName")}
    if kind is Kind.STATEFUL_SET:
        # How many pods there are and are ready, the pods tell themselves; that its controller has
        # seen a new one is no news either (`may_be_replaced`).
        seen = max(1, count_at(body, "status", "observedGeneration"))
        trimmed["status"] = {"observedGeneration": seen}
        metadata.pop("resourceVersion", None)
    return trimmed
