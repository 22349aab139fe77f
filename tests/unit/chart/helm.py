"""Renders the chart with the real helm, in both of its major versions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.testbed.cache import cache_folder
from tests.testbed.kubernetes import binaries
from tests.testbed.tools.catalog import CATALOG
from tests.testbed.tools.gomodule import GoProgram

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts/camerastream"
RELEASE, NAMESPACE = "camerastream", "camera-system"
VERSION: str = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["version"]
HOW_TO_BUILD = {
    3: ".venv/bin/testbed tools path helm",
    4: ".venv/bin/testbed cluster up --control-plane-only",
}


class HelmError(Exception):
    """Helm refuses; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Helm:
    """A built helm.

    Attributes:
        path: Of the program.
        major: Its major version.
    """

    path: Path
    major: int

    def template(
        self,
        values: Mapping[str, Any],
        *arguments: str,
        release: str = RELEASE,
        namespace: str = NAMESPACE,
    ) -> list[dict[str, Any]]:
        """Return the objects that the chart makes of values.

        Raises:
            HelmError: It makes none.
        """
        said = self.run(
            *("template", release, str(CHART), f"--namespace={namespace}", "--values=-"),
            *arguments,
            stdin=yaml.safe_dump(dict(values)),
        )
        found = list(yaml.safe_load_all(said))
        return [item for item in found if item]

    def run(
        self, *arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None
    ) -> str:
        """Run it and return what it printed.

        Raises:
            HelmError: It failed.
        """
        done = subprocess.run(
            [str(self.path), *arguments],
            input=stdin,
            env=None if environment is None else dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        if done.returncode:
            raise HelmError(done.stderr)
        return done.stdout


def built(major: int) -> Helm | None:
    """Return a helm that is built already; the unit tests build nothing."""
    if major == 3:
        program = CATALOG["helm"]
        assert isinstance(program, GoProgram)
        folder = cache_folder() / "helm" / program.cache_version
    else:
        folder = cache_folder() / "kubernetes" / binaries._built_from()
    path = folder / "helm"
    return Helm(path, major) if path.is_file() else None


def only(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """Return the one object of a kind, and of a name where there are several."""
    found = [
        item for item in objects if item["kind"] == kind and name in ("", item["metadata"]["name"])
    ]
    assert len(found) == 1, [(item["kind"], item["metadata"]["name"]) for item in found]
    return found[0]
