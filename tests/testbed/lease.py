"""Leases: what a part of the testbed leaves on the machine, and how all of it goes away again.

A lease is a folder with the name of its owner. Every process started under it carries the
folder's name in its environment; whatever else would outlive its processes (a network link, a
cgroup, a changed sysctl) is written down *before* it is made. So whoever comes after a driver
that was killed at any instant can clean up: the lease knows everything, the driver nothing
that the lease does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from tests.testbed.process import ProcessIdentity, kill_marked, marked
from tests.testbed.refusal import Refusal
from tests.testbed.traces import Trace, remove, trace_from_json, trace_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "CAMERASTREAM_TESTBED_LEASE"
_OWNER = "owner.json"
_TRACES = "traces.jsonl"
_DRAFT = ".draft-"
_DRAFT_SECONDS = 60
_NOBODY: Literal["nobody"] = "nobody"
_count = itertools.count()


def leases_folder() -> Path:
    """Return the folder of all leases of this machine."""
    return Path(
        os.environ.get("CAMERASTREAM_TESTBED_RUN")
        or Path(tempfile.gettempdir()) / f"camerastream-testbed-{os.getuid()}"
    )


class Lease:
    """One part of the testbed: its folder, its processes, its traces.

    Used as a context manager it is released at the end.

    Attributes:
        folder: Belongs to the lease alone and goes with it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @classmethod
    def take(cls, name: str, *, unique: bool = False) -> Lease:
        """Make a lease that belongs to this process.

        Args:
            name: Its name, or with `unique` the beginning of one.
            unique: Others like it may exist at the same time.

        Raises:
            Refusal: There is one of this name already.
        """
        folder = leases_folder() / (f"{name}-{os.getpid()}-{next(_count)}" if unique else name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made beside and renamed: a lease without its owner's name would belong to nobody.
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder.parent))
        (draft / _OWNER).write_text(json.dumps(asdict(ProcessIdentity.own())))
        draft.chmod(0o755)
        try:
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft)
            raise Refusal(f"There is a {name} already; end it with: testbed {name} down") from None
        return cls(folder)

    @classmethod
    def standing(cls, name: str) -> Lease | None:
        """Return the lease of that name that stands by itself, None when there is none."""
        lease = cls(leases_folder() / name)
        return lease if lease.stands() else None

    def stand(self) -> None:
        """Let it outlive this process, until somebody releases it: it is complete."""
        (self.folder / _OWNER).write_text(json.dumps(None))

    def stands(self) -> bool:
        """Whether it belongs to nobody and stays until it is released."""
        return self._owner() == _NOBODY

    @property
    def environment(self) -> dict[str, str]:
        """The environment for everything that is started under this lease."""
        return {**os.environ, MARK: str(self.folder)}

    def popen(self, command: list[str], *, log: Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a process of this lease in a session of its own, so that Ctrl-C spares it.

        Args:
            command: What to run.
            log: Where its output goes, behind what is there.
            options: More for `subprocess.Popen`.
        """
        environment = {**self.environment, **options.pop("env", {})}
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **options,
            )
        self._children.append(child)
        return child

    def will_leave(self, *traces: Trace) -> None:
        """Write down what is about to be made and would outlive every process."""
        with (self.folder / _TRACES).open("a") as file:
            for trace in traces:
                file.write(json.dumps(trace_to_json(trace)) + "\n")

    def owner_is_gone(self) -> bool:
        """Whether it belonged to a process that has ended."""
        owner = self._owner()
        return isinstance(owner, ProcessIdentity) and not owner.alive()

    def processes(self) -> list[ProcessIdentity]:
        """Return the processes that were started under it and still run."""
        return marked(MARK, str(self.folder))

    def release(self) -> None:
        """End its processes, remove its traces and its folder; may be repeated at any point."""
        kill_marked(MARK, str(self.folder))
        for child in self._children:
            child.wait()
        for trace in reversed(list(self.traces())):
            remove(trace)
        # The kernel takes a moment to let go of the mounts of a namespace that has ended.
        deadline = time.monotonic() + 10
        while self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=time.monotonic() < deadline)
        remove_if_empty(self.folder.parent)

    def _owner(self) -> ProcessIdentity | Literal["nobody"] | None:
        """Return the owner; None where it cannot be read, as while the folder is removed."""
        try:
            owner = json.loads((self.folder / _OWNER).read_text())
        except (OSError, ValueError):
            return None
        return _NOBODY if owner is None else ProcessIdentity(**owner)

    def traces(self) -> Iterator[Trace]:
        """Return what was announced, in that order."""
        with contextlib.suppress(FileNotFoundError):
            for line in (self.folder / _TRACES).read_text().splitlines():
                # A line cut short by a kill announces something that was not made.
                with contextlib.suppress(ValueError):
                    yield trace_from_json(json.loads(line))


def sweep() -> list[str]:
    """Release every lease whose owner has ended without doing so; return their names.

    Killing the processes of one may leave others without an owner, so it goes round until
    nothing is left to do.
    """
    swept: list[str] = []
    root = leases_folder()
    if not root.exists():
        return swept
    with (root / ".sweeping").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        while orphans := [lease for lease in _leases(root) if lease.owner_is_gone()]:
            for lease in orphans:
                lease.release()
                swept.append(lease.folder.name)
        for draft in root.glob(f"{_DRAFT}*"):
            if time.time() - draft.stat().st_mtime > _DRAFT_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
    remove_if_empty(root)
    return swept


def _leases(root: Path) -> list[Lease]:
    # The last one that is released takes the folder of all with it.
    return [Lease(folder) for folder in sorted(root.iterdir())] if root.exists() else []


def remove_if_empty(root: Path) -> None:
    """Remove the folder of all leases when none is left."""
    if root.exists() and not [entry for entry in root.iterdir() if entry.is_dir()]:
        shutil.rmtree(root, ignore_errors=True)
