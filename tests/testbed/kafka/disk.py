"""A disk small enough to be filled: a tmpfs where a node keeps its partitions."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.testbed.refusal import Refusal
from tests.testbed.traces import Mount

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.lease import Lease

_BALLAST = "ballast"
_BLOCK_BYTES = 1024 * 1024


class SmallDisk:
    """A tmpfs that others, so it seems, fill up. Needs root.

    Args:
        lease: Unmounts it.
        mount_point: Where it is mounted; made here.
        mebibytes: Its size.

    Raises:
        Refusal: This user, or this machine, may not mount.

    Attributes:
        folder: What of it the broker may use.
    """

    def __init__(self, lease: Lease, mount_point: Path, mebibytes: int) -> None:
        mount_point.mkdir(parents=True)
        lease.will_leave(Mount(str(mount_point)))
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(mount_point)],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            raise Refusal(
                f"A disk to be filled cannot be mounted here ({mounted.stderr.strip()}); run the "
                f"tests where root may mount a tmpfs."
            )
        self._ballast = mount_point / _BALLAST
        self.folder = mount_point / "data"

    def fill(self) -> None:
        """Use up every byte that is left."""
        try:
            # Unbuffered, so that the last block is written in part rather than not at all.
            with self._ballast.open("ab", buffering=0) as file:
                while file.write(bytes(_BLOCK_BYTES)):
                    pass
        except OSError:
            return

    def relieve(self) -> None:
        """Give back what `fill` used up."""
        self._ballast.unlink(missing_ok=True)
