"""Gathers everything that may tell why an end-to-end test failed, into one folder.

Nothing here may hide the failure itself: what cannot be had is written down and left out. And
nothing secret is gathered: no Secret is read from the cluster, of a folder only log files are
taken (beside them lie keys and configurations with passwords), and passwords that the caller
knows are blotted out wherever they stand.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.lease import Lease, leases_folder
from tests.testbed.questions import general_questions, log_questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pytest

    from tests.testbed.questions import Question

_LOG_SUFFIXES = frozenset({".log", ".jsonl"})
_LOG_DEPTH = 2
"""Deeper lie file systems of nodes."""
_KAFKA_SEGMENT = re.compile(r"\d{20}\.log")
"""Kafka calls its data files logs; they hold the frames."""
_TAIL_BYTES = 8 * 2**20
_KUBECTL_SECONDS = 60.0
_PROBLEMS = "problems.txt"
_BLOT = "***"
_NAME_CHARACTERS = 150


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kubernetes cluster to ask.

    Attributes:
        kubectl: The program.
        kubeconfig: How it reaches the cluster.
    """

    kubectl: Path
    kubeconfig: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Cluster | None:
        """Return the cluster that KUBECONFIG and PATH tell of, None when they tell of none."""
        kubeconfig = environment.get("KUBECONFIG", "")
        kubectl = shutil.which("kubectl", path=environment.get("PATH"))
        if not kubectl or not Path(kubeconfig).is_file():
            return None
        return cls(Path(kubectl), Path(kubeconfig))


def collect(
    folder: Path,
    *,
    logs: Iterable[Path] = (),
    cluster: Cluster | None = None,
    secrets: Iterable[str] = (),
) -> Path:
    """Gather everything into a folder; what cannot be had is named in its `problems.txt`.

    Args:
        folder: Made when it is not there.
        logs: Log files, and folders with log files, as those of leases.
        cluster: Asked for events, descriptions, pods, and the logs of every container.
        secrets: Blotted out wherever they stand.

    Returns:
        The folder.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    collection = _Collection(folder, tuple(secret for secret in secrets if secret))
    for source in logs:
        collection.take(source)
    if cluster is not None:
        collection.ask(cluster)
    return folder


def failure_folder(test: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return where to gather what belongs to a failed test; a folder that does not exist.

    Args:
        test: Its name, as pytest's `nodeid`.
        environment: CAMERASTREAM_FAILURES chooses another parent than `build/failures`.
    """
    parent = Path(environment.get("CAMERASTREAM_FAILURES") or Path("build", "failures").absolute())
    # From the end: what tells two tests apart stands there.
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", test).strip("-.")[-_NAME_CHARACTERS:] or "test"
    others = (parent / f"{name}-{number}" for number in itertools.count(2))
    return next(path for path in itertools.chain([parent / name], others) if not path.exists())


def on_failure(
    item: pytest.Item,
    report: pytest.TestReport,
    *,
    logs: Iterable[Path] = (),
    secrets: Iterable[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Gather everything when a test has failed, and name the folder in its report.

    For `pytest_runtest_makereport` of a conftest: at that moment nothing that the test started
    has been taken down yet.

    Args:
        item: The test.
        report: How one of its phases went.
        logs: More than what the test wrote into its `tmp_path`, the leases of this process, and
            those that stand by themselves.
        secrets: Blotted out.
        environment: Tells of the cluster by KUBECONFIG and PATH.
    """
    if not report.failed:
        return
    own = getattr(item, "funcargs", {}).get("tmp_path")
    try:
        folder = collect(
            failure_folder(item.nodeid),
            logs=[*([own] if own else []), *_leases(), *logs],
            cluster=Cluster.from_environment(environment),
            secrets=secrets,
        )
        said = f"everything that may tell why is in {folder}"
    except OSError as error:
        said = f"nothing could be gathered: {error}"
    report.sections.append(("gathered", said))


def _leases() -> list[Path]:
    """Return the leases of this process and those that stand by themselves."""
    root, own = leases_folder(), f"-{os.getpid()}-"
    return [
        folder
        for folder in (sorted(root.iterdir()) if root.is_dir() else [])
        if own in folder.name or Lease(folder).stands()
    ]


def _log_files(folder: Path, depth: int) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir() and depth > 0:
            found += _log_files(path, depth - 1)
        elif path.suffix in _LOG_SUFFIXES and path.is_file():
            found += [path] if not _KAFKA_SEGMENT.fullmatch(path.name) else []
    return found


class _Collection:
    """A folder that is being filled."""

    def __init__(self, folder: Path, secrets: Sequence[str]) -> None:
        self._folder = folder
        # The longest first: one may be a part of another.
        self._secrets = sorted((secret.encode() for secret in secrets), key=len, reverse=True)

    def take(self, source: Path) -> None:
        """Copy a log file, or every log file of a folder."""
        try:
            if source.is_dir():
                for file in _log_files(source, _LOG_DEPTH):
                    self._copy(file, Path(source.name) / file.relative_to(source))
            else:
                self._copy(source, Path(source.name))
        except OSError as error:
            self._problem(f"{source}: {error}")

    def ask(self, cluster: Cluster) -> None:
        """Write down everything that a cluster says."""
        resources = self._kubectl(
            cluster, ("api-resources", "--verbs=get,list", "--output=name", "--cached=false")
        )
        if resources is None:
            return
        for question in general_questions(resources.decode(errors="replace")):
            self._answer(cluster, question)
        try:
            answer = self._kubectl(cluster, ("get", "pods", "-A", "--output=json"))
            pods = json.loads(answer or b"{}")
        except ValueError as error:
            self._problem(f"pods: {error}")
            return
        for question in log_questions(pods):
            self._answer(cluster, question)

    def _answer(self, cluster: Cluster, question: Question) -> None:
        said = self._kubectl(cluster, question.arguments)
        if said:
            self._write(Path(question.file), said)

    def _kubectl(self, cluster: Cluster, arguments: Sequence[str]) -> bytes | None:
        command = [str(cluster.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_KUBECTL_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self._problem(f"kubectl {arguments[0]}: {error}")
            return None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            self._problem(f"kubectl {' '.join(arguments)}: {said}")
        # A description of many kinds may fail for one of them and still say much.
        return done.stdout if done.stdout or not done.returncode else None

    def _copy(self, source: Path, target: Path) -> None:
        with source.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            left_out = max(0, size - _TAIL_BYTES)
            file.seek(left_out)
            content = file.read()
        if left_out:
            content = f"[{left_out} bytes before this are left out]\n".encode() + content
        self._write(target, content)

    def _write(self, name: Path, content: bytes) -> None:
        for secret in self._secrets:
            content = content.replace(secret, _BLOT.encode())
        target = self._folder / name
        others = (target.with_stem(f"{name.stem}-{number}") for number in itertools.count(2))
        target = next(path for path in itertools.chain([target], others) if not path.exists())
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            self._problem(f"{name}: {error}")

    def _problem(self, text: str) -> None:
        for secret in self._secrets:
            text = text.replace(secret.decode(), _BLOT)
        with (self._folder / _PROBLEMS).open("a") as file:
            file.write(text + "\n")
