"""The kinds of objects that the operator looks at, and where the API server has them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from camerastream_operator.jsonview import text_at
from camerastream_operator.names import CAMERA_LABEL, GROUP, PLURAL, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping


class Key(NamedTuple):
    """Names a CameraStream.

    Attributes:
        namespace: Its namespace.
        name: Its name.
    """

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Resource:
    """Where a kind is.

    Attributes:
        root: Path of its API group and version.
        plural: Its plural.
        label_selector: Which ones the operator looks at; empty for all.
    """

    root: str
    plural: str
    label_selector: str = ""

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, or of all objects of a namespace or the cluster.

        Example:
            >>> Resource("/api/v1", "pods").path("cams", "lobby-0")
            '/api/v1/namespaces/cams/pods/lobby-0'
        """
        parts = [self.root, *(("namespaces", namespace) if namespace else ()), self.plural]
        return "/".join([*parts, *(part for part in (name, subresource) if part)])


class Kind(Enum):
    """The kinds that the operator watches."""

    CAMERA = Resource(f"/apis/{GROUP}/{VERSION}", PLURAL)
    STATEFUL_SET = Resource("/apis/apps/v1", "statefulsets", CAMERA_LABEL)
    POD = Resource("/api/v1", "pods", CAMERA_LABEL)


EVENTS = Resource("/apis/events.k8s.io/v1", "events")
LEASES = Resource("/apis/coordination.k8s.io/v1", "leases")


def key_of(kind: Kind, body: Mapping[str, Any]) -> Key | None:
    """Return which CameraStream an object belongs to; None when to none."""
    namespace, name = text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")
    if kind is Kind.POD:
        name = text_at(body, "metadata", "labels", CAMERA_LABEL)
    return Key(namespace, name) if namespace and name else None
