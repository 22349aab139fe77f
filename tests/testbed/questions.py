"""What to ask a cluster when a test has failed; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_DESCRIBED = re.compile(r"secrets|events|events\.events\.k8s\.io|componentstatuses")
"""Resources that are secret, have a file of their own, or are deprecated."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask kubectl.

    Attributes:
        file: Name of the file for the answer.
        arguments: Of kubectl.
    """

    file: str
    arguments: tuple[str, ...]


def general_questions(resources: str) -> list[Question]:
    """Return what to ask of any cluster.

    Args:
        resources: What `kubectl api-resources --verbs=get,list --output=name` printed.
    """
    kinds = [name for name in resources.split() if not _NOT_DESCRIBED.fullmatch(name)]
    questions = [
        Question("events.txt", ("get", "events", "-A", "--sort-by=.lastTimestamp")),
        Question("pods.yaml", ("get", "pods", "-A", "--output=yaml")),
    ]
    if kinds:
        questions.append(Question("describe.txt", ("describe", ",".join(kinds), "-A")))
    return questions


def log_questions(pods: Mapping[str, Any]) -> list[Question]:
    """Return how to ask for the logs of every container, and of the one that ran before it.

    Args:
        pods: What `kubectl get pods -A --output=json` printed.
    """
    questions = []
    for pod in pods.get("items", []):
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        status = pod.get("status", {})
        for state in (
            *status.get("initContainerStatuses", []),
            *status.get("containerStatuses", []),
            *status.get("ephemeralContainerStatuses", []),
        ):
            container = state["name"]
            file = f"pods/{namespace}/{name}/{container}"
            which = ("logs", "--namespace", namespace, name, "--container", container)
            if "waiting" not in state.get("state", {}) or state.get("restartCount"):
                questions.append(Question(f"{file}.log", which))
            if state.get("restartCount"):
                questions.append(Question(f"{file}.previous.log", (*which, "--previous")))
    return questions
