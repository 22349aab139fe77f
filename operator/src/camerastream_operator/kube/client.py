"""Every call that the operator makes for cameras."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from camerastream_operator.jsonview import items_at, mapping_at, text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import EVENTS, Kind
from camerastream_operator.names import LIST_MANAGER, MANAGER, SETTINGS_ANNOTATION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from camerastream_operator.kube.calls import ApiCaller
    from camerastream_operator.kube.limiter import RateLimiter
    from camerastream_operator.kube.resources import Key, Resource

_LIST_SECONDS = 120.0
_PAGE = 200
_MERGE_PATCH = "application/merge-patch+json"
_APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Written:
    """A write that was answered, for the metrics.

    Attributes:
        verb: create, apply, patch, patch-status or delete.
        plural: Of what.
        status: HTTP status, 0 when there was no answer.
    """

    verb: str
    plural: str
    status: int


class KubeClient:
    """Calls the API server.

    Args:
        calls: Calls the API server.
        limiter: Paces writes.
        on_write: Hears of every write.
    """

    def __init__(
        self, calls: ApiCaller, limiter: RateLimiter, on_write: Callable[[Written], None]
    ) -> None:
        self._calls = calls
        self._limiter = limiter
        self._on_write = on_write

    async def list_pages(
        self, kind: Kind, namespace: str | None
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield all objects of a kind, of a namespace or the whole cluster, page by page.

        Ten thousand pods at once would be most of the memory that the operator ever takes.

        Raises:
            ApiError: The call failed; `gone` when the first pages are too old for the next one.
        """
        resource = kind.value
        selector = [("labelSelector", resource.label_selector)] if resource.label_selector else []
        async for page in self._pages(resource, namespace, selector):
            yield page

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """Return an object, None when there is none.

        Raises:
            ApiError: The call failed.
        """
        return await self._get(kind.value.path(namespace, name))

    async def apply_stateful_set(self, body: Mapping[str, Any], *, force: bool) -> dict[str, Any]:
        """Create or change a StatefulSet by server-side apply and return it.

        Args:
            body: The StatefulSet.
            force: Take back what others changed of what is ours.

        Raises:
            ApiError: The call failed; without force `conflict` when somebody else has set
                something of it otherwise.
        """
        namespace, name = text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")
        return await self._write(
            "apply",
            Kind.STATEFUL_SET.value,
            "PATCH",
            Kind.STATEFUL_SET.value.path(namespace, name),
            body,
            content_type=_APPLY_PATCH,
            query=[("fieldManager", MANAGER), ("force", "true" if force else "false")],
        )

    async def apply_camera(
        self, body: Mapping[str, Any], *, resource_version: str
    ) -> dict[str, Any]:
        """Create or change a CameraStream of a list by server-side apply and return it.

        Args:
            body: What the list says of it.
            resource_version: The version that is changed; empty where it is created.

        Raises:
            ApiError: The call failed; `refused` when the API server does not take it, `conflict`
                when there is another version by now, or a first one.
        """
        metadata = mapping_at(body, "metadata")
        query = [("fieldManager", LIST_MANAGER), ("fieldValidation", "Strict")]
        if resource_version:
            # What others changed of what the list says is taken back. Without it what
            # somebody has created meanwhile is not touched.
            body = {**body, "metadata": {**metadata, "resourceVersion": resource_version}}
            query.append(("force", "true"))
        return await self._write(
            "apply",
            Kind.CAMERA.value,
            "PATCH",
            Kind.CAMERA.value.path(text_at(metadata, "namespace"), text_at(metadata, "name")),
            body,
            content_type=_APPLY_PATCH,
            query=query,
        )

    async def delete_camera(self, key: Key, *, uid: str, resource_version: str) -> None:
        """Delete a CameraStream, if it is still the one that was looked at.

        Raises:
            ApiError: The call failed; `conflict` when it is another one by now.
        """
        await self._delete(Kind.CAMERA, key.namespace, key.name, uid, resource_version)

    async def patch_status(
        self, key: Key, patch: Mapping[str, Any], *, resource_version: str
    ) -> dict[str, Any]:
        """Change the status of a CameraStream and return the resource.

        Args:
            key: Which one.
            patch: Merge patch of the status.
            resource_version: The version that the patch was made for.

        Raises:
            ApiError: The call failed; `conflict` when the version is another one by now.
        """
        return await self._write(
            "patch-status",
            Kind.CAMERA.value,
            "PATCH",
            Kind.CAMERA.value.path(key.namespace, key.name, "status"),
            {"metadata": {"resourceVersion": resource_version}, "status": patch},
            content_type=_MERGE_PATCH,
            query=[("fieldManager", MANAGER)],
        )

    async def annotate_pod(self, namespace: str, name: str, uid: str, value: str) -> dict[str, Any]:
        """Give a pod its live settings and return it.

        Raises:
            ApiError: The call failed; `conflict` when the pod is another one by now.
        """
        return await self._write(
            "patch",
            Kind.POD.value,
            "PATCH",
            Kind.POD.value.path(namespace, name),
            {"metadata": {"uid": uid, "annotations": {SETTINGS_ANNOTATION: value}}},
            content_type=_MERGE_PATCH,
            query=[("fieldManager", MANAGER)],
        )

    async def delete_pod(
        self, namespace: str, name: str, *, uid: str, resource_version: str
    ) -> None:
        """Delete a pod gracefully, if it is still the one that was looked at.

        Raises:
            ApiError: The call failed; `conflict` when the pod is another one by now.
        """
        await self._delete(Kind.POD, namespace, name, uid, resource_version)

    async def create_event(self, body: Mapping[str, Any]) -> None:
        """Create an Event; does nothing where one of its name exists.

        Raises:
            ApiError: The call failed.
        """
        path = EVENTS.path(text_at(body, "metadata", "namespace"))
        try:
            await self._write("create", EVENTS, "POST", path, body)
        except ApiError as error:
            if not error.already_exists:
                raise

    async def event_exists(self, namespace: str, name: str) -> bool:
        """Say whether there is an Event of that name.

        Raises:
            ApiError: The call failed.
        """
        return await self._get(EVENTS.path(namespace, name)) is not None

    async def events_about(self, namespace: str, uid: str) -> list[dict[str, Any]]:
        """Return the Events about an object, whoever wrote them.

        Raises:
            ApiError: The call failed.
        """
        about = [("fieldSelector", f"regarding.uid={uid}")]
        return [item async for page in self._pages(EVENTS, namespace, about) for item in page]

    async def _pages(
        self, resource: Resource, namespace: str | None, query: Sequence[tuple[str, str]]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        following: list[tuple[str, str]] = []
        while True:
            page = await self._calls.call(
                "GET",
                resource.path(namespace),
                query=[("limit", str(_PAGE)), *query, *following],
                seconds=_LIST_SECONDS,
            )
            yield [dict(item) for item in items_at(page, "items")]
            token = text_at(page, "metadata", "continue")
            if not token:
                return
            following = [("continue", token)]

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return await self._calls.call("GET", path)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    async def _delete(
        self, kind: Kind, namespace: str, name: str, uid: str, resource_version: str
    ) -> None:
        await self._write(
            "delete",
            kind.value,
            "DELETE",
            kind.value.path(namespace, name),
            {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "preconditions": {"uid": uid, "resourceVersion": resource_version},
            },
        )

    async def _write(
        self,
        verb: str,
        resource: Resource,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        content_type: str = "application/json",
        query: Sequence[tuple[str, str]] = (),
    ) -> dict[str, Any]:
        await self._limiter.wait()
        status = int(HTTPStatus.OK)
        try:
            return await self._calls.call(
                method, path, body, content_type=content_type, query=query
            )
        except ApiError as error:
            status = error.status
            raise
        finally:
            self._on_write(Written(verb, resource.plural, status))
