"""Which cluster the tests use. Pure: what is there in, a choice out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SiteKind(StrEnum):
    """Where the tests run."""

    FOREIGN = "foreign"
    STANDING = "standing"
    KIND = "kind"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """A choice and why it was made."""

    kind: SiteKind
    reason: str


def choose(environment: Mapping[str, str], *, standing: bool, docker_and_kind: bool) -> SiteChoice:
    """Choose the cluster.

    Args:
        environment: KUBECONFIG names a cluster to use as it is.
        standing: `testbed cluster up` was called.
        docker_and_kind: A Docker engine answers and kind is installed.

    Example:
        >>> choose({"KUBECONFIG": "k3d.yaml"}, standing=True, docker_and_kind=True).kind.value
        'foreign'
    """
    given = environment.get("KUBECONFIG")
    if given:
        return SiteChoice(SiteKind.FOREIGN, f"KUBECONFIG is set to {given}")
    if standing:
        return SiteChoice(SiteKind.STANDING, "`testbed cluster up` has started one")
    if docker_and_kind:
        return SiteChoice(SiteKind.KIND, "Docker and kind are here")
    return SiteChoice(SiteKind.OWN, "there is no other")
