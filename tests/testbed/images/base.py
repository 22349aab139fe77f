"""A base image where no image registry can be reached: Debian's own packages, nothing else."""

from __future__ import annotations

import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

from tests.testbed import requirement
from tests.testbed.cache import cached, fingerprint
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import Path

_SUITE = "bookworm"
_PACKAGES = ("python3-minimal", "python3-venv", "python3-pip", "ca-certificates")
_UNNEEDED = ("doc", "man", "locale", "info")
_OPTIONS = (
    "--variant=minbase",
    f"--include={','.join(_PACKAGES)}",
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=APT::Install-Recommends "false"',
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNNEEDED),
)
PIP_CONFIGURATION = "/etc/pip.conf"
"""Where the machine says how pip reaches its packages; lent to a build, never copied."""


def root_file_system() -> Path:
    """Return an archive of a small Debian with Python, made now where it is not there yet.

    Raises:
        Refusal: Debian's packages cannot be reached.
    """
    folder = cached(
        "base-image",
        f"{_SUITE}-{fingerprint([], *_OPTIONS)}",
        _make,
        what="making a base image from Debian's packages",
        estimate_seconds=40,
    )
    return folder / "root.tar"


def _make(folder: Path) -> None:
    requirement.tools({"mmdebstrap": "mmdebstrap"})
    archive = folder / "root.tar"
    done = subprocess.run(
        ["mmdebstrap", *_OPTIONS, _SUITE, str(archive)],
        env={**os.environ, "TMPDIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(
            f"A base image cannot be made from Debian's packages ({last}); give one that your "
            f"registry has by BASE_IMAGE=python:3.11-slim-bookworm."
        )
    # A place to mount that file at: made by the build itself, it would stay in a layer.
    with tarfile.open(archive, "a") as tar:
        tar.addfile(tarfile.TarInfo(f".{PIP_CONFIGURATION}"))
