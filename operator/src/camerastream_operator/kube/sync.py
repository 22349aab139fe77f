"""Compares lists with the cache: at the start, and then now and then.

What is in a list and not in the cache is taken in at once. What is in the cache and not in
a list may have gone away a moment ago, with an event on its way that brings its last
state. Only what was missing in two lists, some time apart, has gone unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from camerastream_operator.jsonview import text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import Key, Kind
from camerastream_operator.restarts import PodEnd, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.client import KubeClient

CONFIRM_AFTER_SECONDS = 15
"""Later than the end of a watch that was cut and taken up again."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That pods of a camera are gone which nobody saw going.

    Attributes:
        existing: UIDs of the pods there are.
        listed_at: When the list began that says so.
    """

    existing: frozenset[str]
    listed_at: float


@dataclass(frozen=True, slots=True)
class _Suspect:
    kind: Kind
    place: tuple[str, str]
    uid: str


class Synchronizer:
    """Keeps the cache true.

    Args:
        client: Lists.
        cache: Is compared.
        namespaces: Those that are watched; None among them is the whole cluster.
        clock: Monotonic seconds.
        on_change: Hears which CameraStreams have to be looked at.

    Attributes:
        synced_at: When a list was last compared; None before the first.
    """

    def __init__(
        self,
        client: KubeClient,
        cache: Cache,
        namespaces: Sequence[str | None],
        *,
        clock: Callable[[], float],
        on_change: Callable[[Key], None],
    ) -> None:
        self._client = client
        self._cache = cache
        self._namespaces = namespaces
        self._clock = clock
        self._on_change = on_change
        self._suspects: dict[_Suspect, float] = {}
        self._proofs: dict[Key, Proof] = {}
        self._changed: set[Key] = set()
        self.synced_at: float | None = None

    @property
    def must_confirm(self) -> bool:
        """Whether something was missing that another list should confirm soon."""
        return bool(self._suspects)

    async def compare(self) -> None:
        """List everything and compare.

        Raises:
            ApiError: A list failed; nothing counts as missing by it.
        """
        try:
            await self._compare(at_once=self.synced_at is None)
            self.synced_at = self._clock()
        finally:
            # Not before everything was listed once: pods would seem to be missing. But then
            # also after a list that failed half-way, which no event will tell again.
            if self.synced_at is not None:
                told, self._changed = sorted(self._changed), set()
                for key in told:
                    self._on_change(key)

    async def _compare(self, *, at_once: bool) -> None:
        # Pods last: the records that they are compared with must be older.
        for kind in (Kind.CAMERA, Kind.STATEFUL_SET, Kind.POD):
            began = self._clock()
            listed: dict[tuple[str, str], str] = {}
            for namespace in self._namespaces:
                listed |= await self._take_in(kind, namespace)
            self._changed |= self._look_for_missing(kind, listed, began, at_once=at_once)

    def proof(self, key: Key) -> Proof | None:
        """Return the proof for a camera, if it is newer than what is known of its record."""
        proof = self._proofs.get(key)
        if proof is None or proof.listed_at < self._cache.record_seen_at(key):
            self._proofs.pop(key, None)
            return None
        return proof

    async def _take_in(self, kind: Kind, namespace: str | None) -> dict[tuple[str, str], str]:
        """List a kind into the cache; return the UIDs by namespace and name."""
        listed: dict[tuple[str, str], str] = {}
        while True:
            try:
                async for page in self._client.list_pages(kind, namespace):
                    for body in page:
                        place = (
                            text_at(body, "metadata", "namespace"),
                            text_at(body, "metadata", "name"),
                        )
                        listed[place] = text_at(body, "metadata", "uid")
                        if key := self._cache.upsert(kind, body):
                            self._changed.add(key)
            except ApiError as error:
                if not error.gone:
                    raise
                # The first pages are too old for the last ones: begin again.
                listed.clear()
            else:
                return listed

    def _look_for_missing(
        self, kind: Kind, listed: dict[tuple[str, str], str], began: float, *, at_once: bool
    ) -> set[Key]:
        """Return the CameraStreams that have lost something."""
        suspects = {
            _Suspect(kind, place, uid)
            for place, uid in self._cache.uids(kind).items()
            if listed.get(place) != uid
        }
        if kind is Kind.POD:
            suspects |= self._in_ledgers(set(listed.values()))
        before = {item: at for item, at in self._suspects.items() if item.kind is kind}
        for item in before.keys() - suspects:
            del self._suspects[item]
        changed: set[Key] = set()
        for item in suspects:
            since = before.get(item, began)
            if not at_once and began - since < CONFIRM_AFTER_SECONDS:
                self._suspects[item] = since
                continue
            self._suspects.pop(item, None)
            changed |= self._note_gone(item, listed, began)
        return changed

    def _in_ledgers(self, listed: set[str]) -> set[_Suspect]:
        """Return pods whose accounts are open but which no list holds any more."""
        found = set()
        for key in self._cache.cameras():
            body = self._cache.camera(key) or {}
            departed = {pod.uid for pod in self._cache.departed(key)}
            for entry in read_record(body.get("status") or {}).ledger:
                if entry.end is PodEnd.RUNNING and entry.uid not in listed | departed:
                    found.add(_Suspect(Kind.POD, (key.namespace, key.name), entry.uid))
        return found

    def _note_gone(
        self, item: _Suspect, listed: dict[tuple[str, str], str], began: float
    ) -> set[Key]:
        key = self._cache.remove_unseen(item.kind, item.place, item.uid)
        if item.kind is Kind.POD:
            key = key or Key(*item.place)
            self._proofs[key] = Proof(frozenset(listed.values()), began)
        return set() if key is None else {key}
