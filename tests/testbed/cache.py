"""What is built or fetched once, kept by version outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.progress import step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def cache_folder() -> Path:
    """Return where built things are kept."""
    given = os.environ.get("CAMERASTREAM_TESTBED_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "camerastream-testbed"


def fingerprint(files: Iterable[Path], *texts: str) -> str:
    """Return a short name for exactly these contents: what a thing was built from."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:12]


def cached(
    name: str, version: str, build: Callable[[Path], None], *, what: str, estimate_seconds: float
) -> Path:
    """Return the folder `name/version` of the cache, built now where it is not there yet.

    Two that want the same wait for each other. What is half built when the power goes is
    never taken for whole: the folder gets its name at the end. Older versions are removed.

    Args:
        name: What it is, as a folder name.
        version: What tells it from older ones.
        build: Fills the folder that it is given.
        what: For the person who waits, as in "building Kubernetes".
        estimate_seconds: How long that usually takes.
    """
    parent = cache_folder() / name
    folder = parent / version
    if folder.is_dir():
        return folder
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        for leftover in parent.glob(".draft-*"):
            shutil.rmtree(leftover)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
        draft.chmod(0o755)
        with step(what, estimate_seconds):
            build(draft)
        older = [entry for entry in parent.iterdir() if entry.is_dir() and entry != draft]
        draft.rename(folder)
        for entry in older:
            shutil.rmtree(entry, ignore_errors=True)
    return folder
