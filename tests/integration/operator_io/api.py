"""Writes and reads objects as a user, or as a kubelet, would."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.testbed.kubernetes.layout import Layout

CAMERAS = "/apis/camerastream.dev/v1alpha1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NOT_FOUND = 404


class Api:
    """The administrator's view of the API server, in one namespace.

    Args:
        layout: The cluster's places.
        namespace: For everything that has one.
    """

    def __init__(self, layout: Layout, namespace: str) -> None:
        self._layout = layout
        self.namespace = namespace

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        """Call and return status and answer."""
        layout = self._layout
        context = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
        connection = http.client.HTTPSConnection(
            layout.address, layout.api_port, context=context, timeout=20
        )
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": content_type})
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said.startswith(b"{") else {}
        finally:
            connection.close()

    def done(self, method: str, path: str, body: Any = None, **kind: str) -> dict[str, Any]:
        """Call; anything but success fails the test."""
        status, answer = self.call(method, path, body, **kind)
        assert status < 300, f"{method} {path}: {status} {answer.get('message')}"
        return answer

    def path(self, kind: str, name: str = "", subresource: str = "") -> str:
        """Return the path of objects in the namespace."""
        root = {
            "camerastreams": CAMERAS,
            "statefulsets": "/apis/apps/v1",
            "events": "/apis/events.k8s.io/v1",
            "leases": "/apis/coordination.k8s.io/v1",
        }.get(kind, "/api/v1")
        parts = [root, "namespaces", self.namespace, kind, name, subresource]
        return "/".join(part for part in parts if part)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object, None when there is none."""
        status, answer = self.call("GET", self.path(kind, name))
        return None if status == NOT_FOUND else answer

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return all objects of a kind."""
        return list(self.done("GET", self.path(kind))["items"])

    def create_camera(self, name: str, spec: dict[str, Any] | None = None) -> dict[str, Any]:
        """Create a CameraStream."""
        body = {
            "apiVersion": "camerastream.dev/v1alpha1",
            "kind": "CameraStream",
            "metadata": {"name": name},
            "spec": {"source": {"url": "rtsp://10.0.0.5/stream1"}} if spec is None else spec,
        }
        return self.done("POST", self.path("camerastreams"), body)

    def merge(self, kind: str, name: str, patch: Any, subresource: str = "") -> dict[str, Any]:
        """Change an object by a merge patch."""
        path = self.path(kind, name, subresource)
        return self.done("PATCH", path, patch, content_type="application/merge-patch+json")

    def delete(self, kind: str, name: str) -> None:
        """Delete an object, without a kubelet that would have to agree."""
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        self.done("DELETE", self.path(kind, name), options)

    def status(self, name: str) -> dict[str, Any]:
        """Return the status of a CameraStream; empty while there is none."""
        found = self.get("camerastreams", name) or {}
        return dict(found.get("status", {}))

    def condition(self, name: str, kind: str = "Ready") -> dict[str, Any]:
        """Return a condition of a CameraStream; empty while there is none."""
        conditions = self.status(name).get("conditions", [])
        return next((item for item in conditions if item["type"] == kind), {})
