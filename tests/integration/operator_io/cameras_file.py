"""Writes the file that lists cameras, as the chart and the kubelet do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LIST = "cams.site"


class CamerasFile:
    """The file.

    Args:
        path: Where it is.
        namespace: Of its cameras.
    """

    def __init__(self, path: Path, namespace: str) -> None:
        self.path = path
        self._namespace = namespace

    def write(
        self,
        cameras: Mapping[str, Mapping[str, Any]],
        *,
        name: str = LIST,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Write a list; it is replaced as a whole, as a mounted ConfigMap is.

        Args:
            cameras: What their specs hold beside the source, by name.
            name: Of the list.
            labels: Of every camera.
        """
        entries = [
            {
                "name": camera,
                "namespace": self._namespace,
                "labels": dict(labels or {}),
                "spec": {"source": {"url": "test:"}, **spec},
            }
            for camera, spec in cameras.items()
        ]
        self.write_text(json.dumps({"name": name, "cameras": entries}))

    def write_text(self, text: str) -> None:
        """Write whatever it is."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(text)
        draft.rename(self.path)
