"""Builds the targets of the project's Dockerfile, unchanged."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed import requirement
from tests.testbed.cache import cache_folder
from tests.testbed.images.base import PIP_CONFIGURATION, root_file_system
from tests.testbed.progress import step
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from tests.testbed.lease import Lease

ROOT = Path(__file__).parents[3]
_BASE = "localhost/testbed-base"
_CERTIFICATES = "/etc/ssl/certs"
_QUOTED_LINES = 12
_ARCHIVE_SECONDS = 3600


def reference(target: str) -> str:
    """Return the name of the image of a target."""
    return f"localhost/camerastream-{target}:testbed"


def build(target: str, lease: Lease) -> Path:
    """Build a target and return it as an archive that containerd and Docker can load.

    Layers are kept: after a change of the code alone it takes seconds.

    Args:
        target: Of the Dockerfile.
        lease: Pays for the builder.

    Raises:
        Refusal: The build failed.
    """
    requirement.tools({"buildah": "buildah"})
    base = os.environ.get("BASE_IMAGE") or _base_image(lease)
    mounts = [f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro"]
    if base == _BASE and Path(PIP_CONFIGURATION).exists():
        mounts.append(f"--volume={PIP_CONFIGURATION}:{PIP_CONFIGURATION}:ro")
    with step(f"building the image {reference(target)}", 60):
        said = _buildah(
            lease,
            *("build", "--quiet", "--layers", "--isolation=chroot", "--network=host", *mounts),
            *(f"--build-arg=BASE_IMAGE={base}", f"--target={target}"),
            *(f"--tag={reference(target)}", f"--file={ROOT / 'Dockerfile'}", str(ROOT)),
        )
        # By its ID: another checkout that builds now gives its own image the same name.
        return _archive(target, said.split()[-1], lease)


def _archive(target: str, image_id: str, lease: Lease) -> Path:
    folder = cache_folder() / "archives"
    archive = folder / f"{target}-{image_id[:24]}.tar"
    if archive.exists():
        archive.touch()
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    for older in folder.glob(f"{target}-*"):
        # A younger one may be about to be loaded, for another checkout.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - older.stat().st_mtime > _ARCHIVE_SECONDS:
                older.unlink()
    draft = folder / f"{archive.name}.{os.getpid()}.draft"
    _buildah(lease, "push", "--quiet", image_id, f"docker-archive:{draft}:{reference(target)}")
    draft.rename(archive)
    return archive


def _base_image(lease: Lease) -> str:
    archive = root_file_system()
    # The archive's folder is named after its contents: the tag tells whether it is in store.
    tagged = f"{_BASE}:{archive.parent.name}"
    images = json.loads(_buildah(lease, "images", "--json"))
    if not any(tagged in (image.get("names") or []) for image in images):
        recipe = lease.folder / "base.Dockerfile"
        recipe.write_text(f'FROM scratch\nADD {archive.name} /\nCMD ["python3"]\n')
        _buildah(
            lease,
            *("build", "--quiet", "--isolation=chroot", f"--tag={tagged}", f"--tag={_BASE}"),
            *(f"--file={recipe}", str(archive.parent)),
        )
    return _BASE


def _buildah(lease: Lease, *arguments: str) -> str:
    """Run buildah in a mount namespace of its own: what it leaves mounted goes with it."""
    store = cache_folder() / "images"
    store.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *("unshare", "--mount", "--fork", "--kill-child=SIGKILL", "buildah"),
            *(f"--root={store / 'store'}", f"--runroot={lease.folder / 'buildah'}", *arguments),
        ],
        env=lease.environment,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
        raise Refusal(f"buildah {arguments[0]} failed:\n" + "\n".join(lines[-_QUOTED_LINES:]))
    return done.stdout


def docker_available() -> bool:
    """Whether a Docker engine answers, which can then build and kind can load."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0
