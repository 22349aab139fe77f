"""The first process of the node's namespaces: makes their mounts, then waits for orphans.

Run as a file, as process 1: when it ends, the kernel ends every process of the node, unmounts
everything and removes its network. Needs the standard library alone.

    init.py SCRATCH RESOLV_CONF READY
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

_SCRATCH_SIZE = "12g"
"""At most: memory is taken as images and containers need it, about 1.5 GiB for the e2e tests."""


def main() -> None:
    """Make the mounts, say so by a file, and reap."""
    scratch, resolv_conf, ready = (Path(argument) for argument in sys.argv[1:4])
    # Nothing mounted in here is seen outside; containers, one level down, see what the
    # kubelet mounts for them later.
    _mount("--make-rprivate", "/")
    _mount("--make-rshared", "/")
    resolver = Path("/etc/resolv.conf").resolve()
    _mount("-t", "tmpfs", "tmpfs", "/run")
    for folder in ("/run/lock", "/run/netns"):
        Path(folder).mkdir()
    scratch.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={_SCRATCH_SIZE},mode=755", "tmpfs", str(scratch))
    _lay_over("/var", scratch)
    # On many machines the file is a link into /run, which has just become empty.
    resolver.parent.mkdir(parents=True, exist_ok=True)
    resolver.touch()
    _mount("--bind", str(resolv_conf), str(resolver))
    ready.touch()
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.2)


def _lay_over(folder: str, scratch: Path) -> None:
    """Let the node write below a folder of the host without the host noticing."""
    upper, work = scratch / "upper", scratch / "work"
    for made in (upper, work):
        made.mkdir()
    layers = f"lowerdir={folder},upperdir={upper},workdir={work}"
    _mount("-t", "overlay", "overlay", "-o", layers, folder)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
