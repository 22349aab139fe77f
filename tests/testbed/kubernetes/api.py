"""Asks the API server a few questions without starting a client program for each."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.testbed.kubernetes.layout import Layout


class ApiServer:
    """The administrator's view of one API server.

    Args:
        layout: The cluster's places.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body; status 0 when nobody answers."""
        layout = self._layout
        context = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
        connection = http.client.HTTPSConnection(
            layout.address, layout.api_port, context=context, timeout=5
        )
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def object(self, path: str) -> dict[str, Any] | None:
        """Return the object at this path, None while there is none or nobody answers."""
        status, body = self.get(path)
        if status != http.client.OK:
            return None
        found: dict[str, Any] = json.loads(body)
        return found

    def ready(self) -> bool:
        """Whether the API server can be used."""
        return self.get("/readyz")[0] == http.client.OK
