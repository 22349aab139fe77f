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
    from collections.abc import Sequence
    from pathlib import Path

_SUITE = "bookworm"
_PACKAGES = ("python3-minimal", "python3-venv", "python3-pip", "ca-certificates")
_UNNEEDED = ("doc", "man", "locale", "info")
PIP_CONFIGURATION = "/etc/pip.conf"
"""Where the machine says how pip reaches its packages; lent to a build, never copied."""


def root_file_system() -> Path:
    """Return an archive of a small Debian with Python, made now where it is not there yet.

    Raises:
        Refusal: Debian's packages cannot be reached.
    """
    return debian("base-image", _PACKAGES, what="a base image", estimate_seconds=40)


def debian(
    name: str,
    packages: Sequence[str],
    *,
    folders: Sequence[str] = (),
    what: str,
    estimate_seconds: float,
) -> Path:
    """Return an archive of a small Debian with some packages, made now where there is none yet.

    Args:
        name: Its folder in the cache.
        packages: What it holds beside the least.
        folders: What packages expect to be there although nothing is kept in it.
        what: For the person who waits, as in "a base image".
        estimate_seconds: How long that usually takes.

    Raises:
        Refusal: Debian's packages cannot be reached.
    """
    options = (
        "--variant=minbase",
        f"--include={','.join(packages)}",
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in _UNNEEDED),
        *(f'--essential-hook=mkdir -p "$1"{folder}' for folder in folders),
    )
    folder = cached(
        name,
        f"{_SUITE}-{fingerprint([], *options)}",
        lambda draft: _make(draft, options),
        what=f"making {what} from Debian's packages",
        estimate_seconds=estimate_seconds,
    )
    return folder / "root.tar"


def _make(folder: Path, options: Sequence[str]) -> None:
    requirement.tools({"mmdebstrap": "mmdebstrap"})
    archive = folder / "root.tar"
    done = subprocess.run(
        ["mmdebstrap", *options, _SUITE, str(archive)],
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
