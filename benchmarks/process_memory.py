"""What a process keeps in memory, by the kernel's own count."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process keeps in memory, in MiB.

    Attributes:
        rss: Everything: what `kubectl top` and a limit go by, but for file pages that
            nobody wrote to and that can be dropped.
        anonymous: Its own: what each further process adds.
        file: Pages of libraries, which processes of one image share.
        pss: Everything, shared pages divided by how many processes share them.
    """

    rss: float
    anonymous: float
    file: float
    pss: float


def memory_of(pid: int | str = "self") -> Memory:
    """Return what a process keeps in memory.

    Raises:
        OSError: There is no such process.
    """
    status = _kibibytes(Path(f"/proc/{pid}/status"))
    rollup = _kibibytes(Path(f"/proc/{pid}/smaps_rollup"))
    return Memory(
        status["VmRSS"] / _KIB_PER_MIB,
        status["RssAnon"] / _KIB_PER_MIB,
        (status["RssFile"] + status["RssShmem"]) / _KIB_PER_MIB,
        rollup["Pss"] / _KIB_PER_MIB,
    )


def _kibibytes(path: Path) -> dict[str, int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        name: int(value.split()[0])
        for name, _, value in (line.partition(":") for line in lines)
        if value.endswith(" kB")
    }
