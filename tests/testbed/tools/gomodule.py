"""Builds a program from its Go module, exactly as its authors released it.

The module is taken through Go's own client, compared with the checksum that stands in this
repository, and built in a copy: as the main module there, with its own `go.mod` and `go.sum`,
so that every dependency is fixed and verified and its `replace` lines count. A build in the
module cache could do neither, nor could the files be added that some projects generate.
"""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.cache import cache_folder, cached, fingerprint
from tests.testbed.lease import Lease
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG_LINES = 3


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program and the module that it is built from.

    Attributes:
        name: Of the program.
        module: Its module.
        version: The module's version, with its `v`.
        checksum: The module's checksum, as `go.sum` writes it.
        package: Its folder in the module.
        build_seconds: How long the first build usually takes on two cores.
        tags: Build tags.
        values: Go variables that the linker sets, by their full name.
        generated: Files that are not in the module, path to content.
    """

    name: str
    module: str
    version: str
    checksum: str
    package: str
    build_seconds: float
    tags: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    generated: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache_version(self) -> str:
        """What tells one build of it from another: the version and all that went into it."""
        ingredients = [self.checksum, *self.build_command(Path())]
        ingredients += [f"{name}={content}" for name, content in self.generated.items()]
        return f"{self.version}-{fingerprint((), *ingredients)}"

    def build_command(self, output: Path) -> list[str]:
        """Return the command that builds it, to be run in the module's folder.

        Args:
            output: The file that it writes.
        """
        linker = ["-s", "-w", *(f"-X={name}={value}" for name, value in self.values.items())]
        # Without -buildvcs=false a repository around the cache would be asked for its state.
        return [
            *("go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false"),
            *([f"-tags={','.join(self.tags)}"] if self.tags else []),
            f"-ldflags={' '.join(linker)}",
            *("-o", str(output), f"./{self.package}"),
        ]

    def path(self) -> Path:
        """Return the built program, built now where it is not there yet.

        Raises:
            Refusal: It cannot be had; the text says why.
        """
        folder = cached(
            self.name,
            self.cache_version,
            self._build,
            what=f"building {self.name} {self.version}",
            estimate_seconds=self.build_seconds,
        )
        return folder / self.name

    def _build(self, folder: Path) -> None:
        if shutil.which("go") is None:
            raise Refusal(
                f"{self.name} is built with Go, which is missing; install Go 1.21 or newer, which "
                f"fetches the version that it needs by itself, and try again."
            )
        with Lease.take(f"build-{self.name}", unique=True) as lease:
            source = lease.folder / "source"
            _copy_writable(self._download(lease), source)
            for name, content in self.generated.items():
                (source / name).write_text(content)
            log = lease.folder / "build.log"
            process = lease.popen(
                self.build_command(folder / self.name),
                log=log,
                cwd=source,
                # A workspace file in a folder above would join other modules to this one.
                env={"CGO_ENABLED": "0", "GOWORK": "off"},
            )
            if process.wait():
                kept = cache_folder() / f"{self.name}-failed.log"
                shutil.copyfile(log, kept)
                raise Refusal(
                    f"Building {self.name} failed ({_last_line(log)}); {kept} holds everything "
                    f"that the compiler said."
                )

    def _download(self, lease: Lease) -> Path:
        """Return the module's folder in Go's own cache."""
        done = subprocess.run(
            ["go", "mod", "download", "-json", f"{self.module}@{self.version}"],
            # Away from any go.mod, which would have a say in it.
            cwd=lease.folder,
            env={**lease.environment, "GOWORK": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return self.verified(done.stdout, done.stderr)

    def verified(self, said: str, errors: str = "") -> Path:
        """Return the folder of the downloaded module, when it is the one that was meant.

        Args:
            said: What `go mod download -json` printed.
            errors: What it printed to standard error.

        Raises:
            Refusal: It could not be downloaded, or it is another one.
        """
        try:
            answer: dict[str, str] = json.loads(said)
        except ValueError:
            answer = {"Error": (errors.strip().splitlines() or ["no reason given"])[-1]}
        if "Error" in answer or "Dir" not in answer:
            raise Refusal(
                f"Go cannot fetch {self.module} {self.version} "
                f"({answer.get('Error', 'no reason given')}); check the network and GOPROXY."
            )
        if answer.get("Sum") != self.checksum:
            raise Refusal(
                f"{self.module} {self.version} has the checksum {answer.get('Sum')} and not "
                f"{self.checksum}: it is not what this repository was written for; check GOPROXY."
            )
        return Path(answer["Dir"])


def _copy_writable(source: Path, target: Path) -> None:
    """Copy a tree of Go's cache, where everything is read-only."""
    shutil.copytree(source, target)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-_LOG_LINES:]) or "no reason given"
