"""The one version of chart, images and distributions: `python -m charts.version [NEW]`.

Chart, operator and stream are released together, so that one number names what was tested
together. It stands in several files, each for a reader of its own; this writes all of them.
Without an argument it prints the version, or says which file has another one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = (
    "charts/camerastream/Chart.yaml",
    "charts/camerastream/files/camerastreams.yaml",
    "stream/src/camerastream/__init__.py",
    "operator/src/camerastream_operator/__init__.py",
    "operator/src/camerastream_operator/crd/camerastreams.yaml",
    "operator/manifests/operator.yaml",
    "docs/from-compose.md",
    "docs/install.md",
    "docs/operator.md",
    "docs/reading-frames.md",
)
_VERSION = r"\d+\.\d+\.\d+"
_PLACE = re.compile(
    r"(?P<before>^version: |^appVersion: |^__version__ = \"|camerastream\.dev/chart-version: "
    r"|\bcamerastream(?:-operator)?:|\btag: |\bVERSION=)"
    rf"(?P<version>{_VERSION})\b",
    re.MULTILINE,
)


def versions_in(text: str) -> list[str]:
    """Return the versions of this project that a text names.

    Example:
        >>> versions_in("docker pull registry.example/camerastream:1.2.3  # pydantic==2.0.0")
        ['1.2.3']
    """
    return [found["version"] for found in _PLACE.finditer(text)]


def with_version(text: str, version: str) -> str:
    """Return a text that names another version of this project.

    Example:
        >>> with_version("version: 1.2.3", "1.3.0")
        'version: 1.3.0'
    """
    return _PLACE.sub(lambda found: found["before"] + version, text)


def found_versions(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the versions that stand in each file."""
    return {name: versions_in((root / name).read_text(encoding="utf-8")) for name in FILES}


def main(arguments: list[str]) -> int:
    """Write a new version, or say which one there is."""
    if arguments:
        (new,) = arguments
        if re.fullmatch(_VERSION, new) is None:
            sys.stderr.write(f"{new!r} is not a version; write for example 1.2.3\n")
            return 2
        for name in FILES:
            file = ROOT / name
            file.write_text(with_version(file.read_text(encoding="utf-8"), new), encoding="utf-8")
    found = found_versions()
    all_versions = {version for versions in found.values() for version in versions}
    if len(all_versions) != 1:
        for name, versions in found.items():
            sys.stdout.write(f"{name}: {', '.join(sorted(set(versions))) or 'no version'}\n")
        return 1
    sys.stdout.write(f"{all_versions.pop()}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
