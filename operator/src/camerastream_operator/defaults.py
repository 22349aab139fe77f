"""What the operator gives every camera whose spec leaves it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StreamDefaults:
    """Operator-wide defaults (Helm values).

    Attributes:
        image: Image of the stream.
        threshold_seconds: Continuous buffer errors for this long force a restart.
        image_pull_policy: When the image is pulled; Kubernetes' own rule when empty.
        image_pull_secrets: Names of Secrets to pull it with.
        bootstrap_servers: Kafka brokers as host:port; none means that every spec needs its own.
        resources: CPU and memory as in a pod; sized after the producer's buffer when empty.
    """

    image: str
    threshold_seconds: int = 60
    image_pull_policy: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    bootstrap_servers: tuple[str, ...] = ()
    resources: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
