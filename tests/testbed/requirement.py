"""Looks before anything starts whether the machine has what is needed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.progress import step
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_GIB = 1024**3
_GO = (1, 21)


def root() -> None:
    """Refuse without root: namespaces, mounts and cgroups need it."""
    if os.geteuid() != 0:
        raise Refusal("The testbed's cluster needs root; run the command with sudo.")


def linux_on_a_built_for_architecture() -> None:
    """Refuse where the node's components were never built and tried."""
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in {"x86_64", "aarch64"}:
        raise Refusal(
            f"The testbed's cluster runs on Linux on x86_64 or aarch64, this is {system} on "
            f"{machine}; set KUBECONFIG and KAFKA_BOOTSTRAP_SERVERS to use another cluster."
        )


def free_disk(folder: Path, gibibytes: float) -> None:
    """Refuse when the disk that will hold `folder` has less room."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free / _GIB
    if free < gibibytes:
        raise Refusal(
            f"{there} has {free:.1f} GiB free and {gibibytes:g} GiB are needed; make room there or "
            f"set CAMERASTREAM_TESTBED_CACHE to a folder on a larger disk."
        )


def available_memory(gibibytes: float) -> None:
    """Refuse when less memory is available."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    available = int(found[1]) * 1024 / _GIB if found else gibibytes
    if available < gibibytes:
        raise Refusal(
            f"{available:.1f} GiB of memory are available and {gibibytes:g} GiB are needed; end "
            f"other programs first."
        )


def free_port(host: str, port: int, purpose: str) -> None:
    """Refuse when somebody listens on that port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise Refusal(
                f"Port {port} on {host}, for {purpose}, is in use; end what listens there "
                f"(`ss -ltnp 'sport = :{port}'` names it) or choose another port."
            ) from None


def tools(packages: Mapping[str, str]) -> None:
    """Install the Debian packages of the tools that are missing; refuse where that cannot be.

    Args:
        packages: Name of the tool's binary to the name of its package.
    """
    missing = {tool: package for tool, package in packages.items() if not _which(tool)}
    if not missing:
        return
    wanted = sorted(set(missing.values()))
    if os.geteuid() != 0 or not _which("apt-get"):
        raise Refusal(
            f"{_listed(sorted(missing))} missing; install the packages {_listed(wanted)} "
            f"(these are Debian's names) and try again."
        )
    with step(f"installing {_listed(wanted)}", 10 + 8 * len(wanted)):
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *wanted)
    still = sorted(tool for tool in missing if not _which(tool))
    if still:
        raise Refusal(f"{_listed(still)} missing also with {_listed(wanted)} installed.")


def go() -> None:
    """Refuse without a Go that can fetch the toolchain that a module asks for.

    Raises:
        Refusal: With what to do.
    """
    path = _which("go")
    said = ""
    if path is not None:
        said = subprocess.run([path, "version"], check=False, capture_output=True, text=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < _GO:
        has = f"this machine has {found[0]}" if found else "this machine has none"
        wanted = ".".join(str(part) for part in _GO)
        raise Refusal(
            f"Go {wanted} or newer is needed to build the cluster's programs and {has}; install a "
            f"newer one, or set KUBECONFIG to use a cluster that is there."
        )


def _which(tool: str) -> str | None:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/lib/cni")


def _apt_get(*arguments: str) -> None:
    done = subprocess.run(
        ["apt-get", "--quiet=2", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(f"apt-get {arguments[0]} failed ({reason}); mend that and try again.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
