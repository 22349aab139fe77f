"""Who asked the API server for what, counted from its audit log.

A client cannot be wrong about itself here, nor a test about what it looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from io import SEEK_END
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Questions that are asked by creating something that nobody stores.
_QUESTIONS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})
_LEASES = "leases"


class Request(NamedTuple):
    """What requests are counted by.

    Attributes:
        user: Who asked.
        verb: get, list, watch, create, update, patch, delete or deletecollection.
        resource: Plural, and the subresource: `pods` or `pods/status`.
    """

    user: str
    verb: str
    resource: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request.

    Attributes:
        request: Who asked for what.
        group: API group of the resource, empty for the core one.
        namespace: Of the resource, empty where it has none or all were asked for.
        name: Of the resource, empty where many were asked for.
        code: HTTP status of the answer.
        agent: What the client calls itself.
        dry_run: Nothing was to be stored.
        answered_at: When it was answered, seconds since the epoch; 0 where that is not told.
    """

    request: Request
    group: str
    namespace: str
    name: str
    code: int
    agent: str
    dry_run: bool
    answered_at: float

    @property
    def is_write(self) -> bool:
        """Whether something was to be stored; a refused write is one too."""
        return self.request.verb in _WRITES and not self.dry_run and self.group not in _QUESTIONS

    @property
    def is_lease(self) -> bool:
        """Whether it is about a Lease, which is renewed for ever."""
        return self.request.resource == _LEASES


class AuditLog:
    """An audit log from a moment on.

    Args:
        path: The log.
        agents: How the clients that are looked at call themselves, to begin with; none for all.
        namespace: Whose requests are looked at, beside those about all; empty for every one.
    """

    def __init__(self, path: Path, *, agents: tuple[str, ...] = (), namespace: str = "") -> None:
        self._path = path
        self._agents = agents
        self._namespace = namespace
        self.begin()

    def begin(self) -> None:
        """Look at what comes from now on."""
        self._start = self._path.stat().st_size if self._path.exists() else 0

    def requests(self) -> list[Entry]:
        """Return what was answered since."""
        with self._path.open("rb") as file:
            # The API server begins a new file some time; then the rest is elsewhere.
            assert file.seek(0, SEEK_END) >= self._start, "the audit log was rotated"
            file.seek(self._start)
            text = file.read().decode(errors="replace")
        return [
            entry
            for entry in read_entries(text.splitlines())
            if (not self._agents or entry.agent.startswith(self._agents))
            and (not self._namespace or entry.namespace in ("", self._namespace))
        ]

    def writes(self) -> list[str]:
        """Return what was written since, without Leases: verb, resource, name and status."""
        return [
            f"{entry.request.verb} {entry.request.resource} {entry.name} {entry.code}"
            for entry in self.requests()
            if entry.is_write and not entry.is_lease
        ]


def read_entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Read an audit log (JSON lines of `audit.k8s.io/v1`), at whatever level it was written.

    Requests for no resource (`/readyz`, `/openapi`), and stages before the answer, are left
    out; so is a last line that is still being written.
    """
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("stage") == "ResponseComplete" and "objectRef" in event:
            yield _entry(event)


def counts(entries: Iterable[Entry]) -> Counter[Request]:
    """Return how often each was asked."""
    return Counter(entry.request for entry in entries)


def writes(entries: Iterable[Entry], user: str | None = None) -> Counter[Request]:
    """Return how often something was written, renewals of Leases left out.

    Args:
        entries: What was answered.
        user: Whose writes; None for everybody's.
    """
    return counts(
        entry
        for entry in entries
        if entry.is_write and not entry.is_lease and user in (None, entry.request.user)
    )


def refusals(entries: Iterable[Entry], user: str) -> Counter[tuple[str, str, int]]:
    """Return how often a user's writes were answered with an error: verb, resource, status."""
    return Counter(
        (entry.request.verb, entry.request.resource, entry.code)
        for entry in entries
        if entry.is_write and entry.code >= 400 and entry.request.user == user
    )


def _entry(event: dict[str, Any]) -> Entry:
    about = event["objectRef"]
    resource = about.get("resource", "")
    if about.get("subresource"):
        resource = f"{resource}/{about['subresource']}"
    # With impersonation the right to act is the other one's, and so is the act.
    user = event.get("impersonatedUser") or event.get("user") or {}
    return Entry(
        Request(user.get("username", ""), event.get("verb", ""), resource),
        group=about.get("apiGroup", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=(event.get("responseStatus") or {}).get("code", 0),
        agent=event.get("userAgent", ""),
        dry_run="dryRun=" in event.get("requestURI", "").partition("?")[2],
        answered_at=_seconds(event.get("stageTimestamp", "")),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
