"""Real processes, killed in the middle: what a lease knows goes away, nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.topic import wait_until
from tests.testbed.lease import Lease, leases_folder, sweep
from tests.testbed.process import ProcessIdentity
from tests.testbed.refusal import Refusal
from tests.testbed.traces import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]
DRIVER = """
import sys, time
from pathlib import Path
from tests.testbed.lease import Lease
from tests.testbed.traces import Link
lease = Lease.take("camera")
shell = lease.popen(["sh", "-c", "sleep 600 & echo $!; wait"], log=lease.folder / "log")
while not (lease.folder / "log").read_text().strip():
    time.sleep(0.01)
if sys.argv[1] == "stand":
    lease.stand()
print(lease.folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERASTREAM_TESTBED_RUN", str(tmp_path / "leases"))


@pytest.fixture
def driver() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program that takes a lease and a process with a child; ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(mode: str = "own") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, mode],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    for folder in leases_folder().glob("*"):
        if folder.is_dir():
            Lease(folder).release()


def grandchild() -> ProcessIdentity:
    pid = int((leases_folder() / "camera" / "log").read_text())
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    return identity


def test_what_a_killed_driver_started_is_ended_by_the_next_sweep_frozen_grandchildren_too(
    driver: Callable[..., subprocess.Popen[str]],
) -> None:
    process = driver()
    left = grandchild()
    os.kill(left.pid, signal.SIGSTOP)
    assert sweep() == [], "its owner lives"
    process.kill()
    process.wait()
    assert left.alive()
    assert sweep() == ["camera"]
    assert not left.alive()
    assert not leases_folder().exists()


def test_a_standing_lease_outlives_its_driver_until_it_is_released(
    driver: Callable[..., subprocess.Popen[str]],
) -> None:
    process = driver("stand")
    process.kill()
    process.wait()
    assert sweep() == []
    lease = Lease.standing("camera")
    assert lease is not None
    left = grandchild()
    lease.release()
    assert not left.alive()
    assert Lease.standing("camera") is None


def test_two_of_one_name_are_refused_and_unique_ones_are_not() -> None:
    with Lease.take("camera"):
        with pytest.raises(Refusal, match="testbed camera down"):
            Lease.take("camera")
        with Lease.take("camera", unique=True) as other, Lease.take("camera", unique=True) as more:
            assert other.folder != more.folder


def test_only_marked_processes_are_ended(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        with Lease.take("camera") as lease:
            own = lease.popen(["sleep", "600"], log=tmp_path / "log")
            wait_until(lambda: len(lease.processes()) == 1)
        assert own.returncode == -signal.SIGKILL
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a network link: run as root")
def test_a_network_link_that_was_announced_goes_with_the_lease() -> None:
    name = f"cs-{os.getpid()}"
    lease = Lease.take("camera")
    lease.will_leave(Link(name))
    subprocess.run(["ip", "link", "add", name, "type", "veth"], check=True)
    lease.release()
    assert not Path("/sys/class/net", name).exists()
    lease.release()


def test_a_trace_whose_line_was_cut_short_by_a_kill_is_ignored() -> None:
    lease = Lease.take("camera")
    (lease.folder / "traces.jsonl").write_text('{"kind": "Link", "na')
    lease.release()
    assert not lease.folder.exists()
