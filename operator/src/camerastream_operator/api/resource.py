"""Reads a CameraStream. Whatever it holds, reading it never fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from camerastream_operator.api.rules import broken_rules
from camerastream_operator.api.spec import CameraStreamSpec
from camerastream_operator.jsonview import count_at, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True)
class CameraStream:
    """A CameraStream resource.

    Attributes:
        name: Its name.
        namespace: Its namespace.
        uid: Its UID.
        generation: Raised by the API server with every change of the spec.
        resource_version: Its version, for a write that must not overlook another one.
        deleting: Whether it is being deleted.
        spec: What is wanted, None when it cannot be used.
        problems: Why the spec cannot be used; a sentence each, without values.
        status: The status as it was last written, unread.
    """

    name: str
    namespace: str
    uid: str
    generation: int
    resource_version: str
    deleting: bool
    spec: CameraStreamSpec | None
    problems: tuple[str, ...] = ()
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def camera_id(self) -> str:
        """What the camera is called in Kafka messages."""
        return (self.spec.camera_id if self.spec else None) or self.name


def read_camera_stream(body: Mapping[str, Any]) -> CameraStream:
    """Read a resource as the API server gave it."""
    spec, problems = read_spec(body.get("spec"))
    return CameraStream(
        name=text_at(body, "metadata", "name"),
        namespace=text_at(body, "metadata", "namespace"),
        uid=text_at(body, "metadata", "uid"),
        generation=count_at(body, "metadata", "generation"),
        resource_version=text_at(body, "metadata", "resourceVersion"),
        deleting="deletionTimestamp" in mapping_at(body, "metadata"),
        spec=spec,
        problems=problems,
        status=mapping_at(body, "status"),
    )


def read_spec(spec: object) -> tuple[CameraStreamSpec | None, tuple[str, ...]]:
    """Read a spec.

    Returns:
        The spec, None when it cannot be used, and one sentence for each problem.
    """
    try:
        read = CameraStreamSpec.model_validate({} if spec is None else spec)
    except ValidationError as error:
        return None, tuple(_sentence(item) for item in error.errors(include_input=False))
    problems = tuple(broken_rules(read))
    return (None, problems) if problems else (read, ())


def _sentence(item: ErrorDetails) -> str:
    """Say what is wrong with a field. Pydantic's own text never holds the value."""
    names = [str(part) for part in item["loc"] if isinstance(part, str)]
    path = ".".join(["spec", *names])
    if item["type"] == "missing":
        return f"{path} is missing; see kubectl explain camerastream.{path}"
    said = item["msg"].removeprefix("Input ").rstrip(".")
    return f"{path} {said[:1].lower()}{said[1:]}; see kubectl explain camerastream.{path}"
