"""However the end-to-end tests end, nothing of the testbed is left on the machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.topic import wait_until
from tests.testbed.leftovers import machine_state, new_since

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
EXAMPLE = "tests/e2e/testbed/example.py"

pytestmark = [
    pytest.mark.xdist_group("site"),
    pytest.mark.skipif(os.geteuid() != 0, reason="starts a node of its own: run as root"),
    pytest.mark.skipif("KUBECONFIG" in os.environ, reason="about the testbed's own node"),
]


class Driver:
    """`testbed` in a process group of its own, as a terminal gives it one."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.up = folder / "up"
        self._log = folder / "driver.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.testbed", *arguments],
                cwd=ROOT,
                env={
                    **os.environ,
                    # Apart from the run that this test belongs to.
                    "CAMERASTREAM_TESTBED_RUN": str(folder / "leases"),
                    "CAMERASTREAM_FAILURES": str(folder / "failures"),
                    "EXAMPLE_IS_UP": str(self.up),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> int:
        return self.process.wait(300)

    def wait_until_up(self) -> None:
        wait_until(lambda: self.up.exists() or self.process.poll() is not None, 300, self.output)
        assert self.up.exists(), self.output()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: names of sockets are limited, and the leases lie in it."""
    with tempfile.TemporaryDirectory(prefix="ct-") as made:
        yield Path(made)


@pytest.fixture
def before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> frozenset[str]:
    monkeypatch.setenv("CAMERASTREAM_TESTBED_RUN", str(folder / "leases"))
    return machine_state()


def test_a_failed_test_leaves_its_evidence_in_a_folder_and_nothing_else(
    folder: Path, before: frozenset[str]
) -> None:
    driver = Driver(folder, "e2e", f"{EXAMPLE}::test_fails", "-n", "0")
    assert driver.wait() == 1, driver.output()
    found = re.search(r"everything that may tell why is in (\S+)", driver.output())
    assert found, driver.output()
    gathered = {path.name for path in Path(found[1]).rglob("*") if path.is_file()}
    assert {"events.txt", "describe.txt", "pods.yaml", "kubelet.log"} <= gathered
    assert "evidence" in (Path(found[1]) / "describe.txt").read_text()
    assert new_since(before) == []


def test_control_c_leaves_nothing(folder: Path, before: frozenset[str]) -> None:
    driver = Driver(folder, "e2e", f"{EXAMPLE}::test_waits")
    driver.wait_until_up()
    os.killpg(driver.process.pid, signal.SIGINT)
    assert driver.wait() != 0
    assert "left behind" not in driver.output()
    assert new_since(before) == []


def test_what_a_killed_driver_leaves_is_gone_after_the_next_start(
    folder: Path, before: frozenset[str]
) -> None:
    driver = Driver(folder, "e2e", f"{EXAMPLE}::test_waits")
    driver.wait_until_up()
    driver.process.kill()
    driver.wait()
    assert new_since(before), "the node and the frozen broker live on"
    following = Driver(folder, "tools", "list")
    assert following.wait() == 0
    assert "removed what" in following.output()
    assert new_since(before) == []


def test_a_second_cluster_by_hand_is_refused_in_a_sentence_and_the_first_one_stays(
    folder: Path, before: frozenset[str]
) -> None:
    assert Driver(folder, "cluster", "up").wait() == 0
    again = Driver(folder, "cluster", "up")
    assert again.wait() == 2
    assert "testbed cluster down" in again.output()
    assert Driver(folder, "cluster", "status").wait() == 0
    assert Driver(folder, "cluster", "down").wait() == 0
    assert new_since(before) == []
