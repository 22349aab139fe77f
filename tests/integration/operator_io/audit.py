"""Reads the API server's audit log: who asked for what. A client cannot be wrong about itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered."""

    agent: str
    user: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    status: int

    @property
    def is_write(self) -> bool:
        return self.verb in _WRITES


class Audit:
    """The audit log from now on.

    Args:
        path: The log.
        namespace: Whose requests are looked at; empty for all.
    """

    def __init__(self, path: Path, namespace: str = "") -> None:
        self._path = path
        self._namespace = namespace
        self._start = path.stat().st_size if path.exists() else 0

    def begin(self) -> None:
        """Count from now on."""
        self._start = self._path.stat().st_size

    def requests(self) -> list[Request]:
        """Return the operator's requests, kopf's among them."""
        return [
            request
            for request in self._all()
            if request.agent.startswith(("camerastream-operator/", "kopf/"))
            and (not self._namespace or request.namespace in ("", self._namespace))
        ]

    def writes(self) -> list[str]:
        """Return the operator's writes, without those of the Lease."""
        return [
            f"{request.verb} {request.resource} {request.name} {request.status}"
            for request in self.requests()
            if request.is_write and request.resource != "leases"
        ]

    def _all(self) -> Iterator[Request]:
        with self._path.open() as file:
            file.seek(self._start)
            for line in file:
                try:
                    entry = json.loads(line)
                except ValueError:  # the last line may be half written
                    continue
                about = entry.get("objectRef", {})
                resource = "/".join(
                    part for part in (about.get("resource"), about.get("subresource")) if part
                )
                yield Request(
                    entry.get("userAgent", ""),
                    entry["user"]["username"],
                    entry["verb"],
                    about.get("apiGroup", ""),
                    resource,
                    about.get("namespace", ""),
                    about.get("name", ""),
                    entry.get("responseStatus", {}).get("code", 0),
                )
