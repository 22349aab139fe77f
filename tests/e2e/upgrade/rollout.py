"""Follows every state of the streams' pods, and says afterwards how they were replaced."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from tests.e2e.kubectl import Kubectl


@dataclass
class Rollout:
    """What was seen.

    Attributes:
        most_away: So many pods at most were on their way out, or not yet ready for the first
            time, at once.
        ends: How each container ended, by the UID of its pod.
    """

    most_away: int = 0
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)


def assess(events: Iterable[dict[str, Any]]) -> Rollout:
    """Look at the events of a watch that began when every pod was ready."""
    seen = Rollout()
    ready_once: set[str] = set()
    away: set[str] = set()
    for event in events:
        pod = event["object"]
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        conditions = pod.get("status", {}).get("conditions", [])
        if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
            ready_once.add(uid)
        leaving = event["type"] == "DELETED" or "deletionTimestamp" in pod["metadata"]
        (away.discard if uid in ready_once and not leaving else away.add)(name)
        seen.most_away = max(seen.most_away, len(away))
        for container in pod.get("status", {}).get("containerStatuses", []):
            if "terminated" in container["state"]:
                seen.ends[uid] = container["state"]["terminated"]
    return seen


class PodWatch:
    """Watches the pods of a namespace for a block.

    Args:
        kubectl: In the namespace.
        file: Takes what is seen.
    """

    def __init__(self, kubectl: Kubectl, file: Path) -> None:
        self._kubectl = kubectl
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._file.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *("kubectl", f"--namespace={self._kubectl.namespace}", "get", "pods"),
                    *("--watch", "--output-watch-events", "--output=json"),
                ],
                env=self._kubectl.environment,
                stdout=output,
            )
        self._kubectl.wait("the watch sees nothing", lambda: self._file.stat().st_size > 0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)

    def rollout(self) -> Rollout:
        """Return what was seen."""
        return assess(self._events())

    def _events(self) -> Iterator[dict[str, Any]]:
        decoder, text = json.JSONDecoder(), self._file.read_text(encoding="utf-8").strip()
        position = 0
        while position < len(text):
            try:
                event, end = decoder.raw_decode(text, position)
            except ValueError:  # the last one may be half written
                return
            yield event
            position = end + len(text[end:]) - len(text[end:].lstrip())
