"""The real delivery, killed for real: `watch` says what that cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from camerastream.cli.watch import watch_command
from tests.integration.delivery.harness import TOPIC
from tests.simulators.broker import MockBroker

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[3]
LIFE = """
import pathlib, sys, time
from camerastream.settings.model import SpoolMode
from tests.integration.delivery.harness import Stream, jpeg
servers, state_dir, mode, frames, kill = sys.argv[1:]
stream = Stream(servers, pathlib.Path(state_dir), spool_mode=SpoolMode(mode))
for _ in range(int(frames)):
    stream.delivery.submit(jpeg())
    time.sleep(0.005)
if kill == "kill":
    print("ready", flush=True)
    time.sleep(60)
deadline = time.monotonic() + 30
while not stream.drained() and time.monotonic() < deadline:
    time.sleep(0.02)
stream.end(flush_seconds=1)
"""


def life(broker: MockBroker, state_dir: Path, mode: str, frames: int, *, kill: bool) -> None:
    arguments = [broker.bootstrap_servers, str(state_dir), mode, str(frames)]
    with subprocess.Popen(
        [sys.executable, "-c", LIFE, *arguments, "kill" if kill else "end"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        if kill:
            assert process.stdout.readline() == "ready\n"
            process.kill()
        assert process.wait(60) == (-9 if kill else 0)


def watch(broker: MockBroker) -> Result:
    arguments = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", TOPIC]
    return CliRunner().invoke(watch_command, [*arguments, "--until-idle", "0.5", "--for", "30"])


@pytest.mark.parametrize("mode", ["on-failure", "write-ahead"])
def test_killed_in_an_outage(tmp_path: Path, mode: str) -> None:
    with MockBroker() as broker:
        broker.create_topic(TOPIC)
        life(broker, tmp_path, mode, 20, kill=False)
        result = watch(broker)
        assert result.exit_code == 0, result.output
        assert "nothing is missing from 0 to 19" in result.stdout

        broker.push_request_errors([19] * 1000)  # nothing is stored, everything is tried again
        life(broker, tmp_path, mode, 20, kill=True)
        broker.clear_request_errors()
        life(broker, tmp_path, mode, 20, kill=False)
        result = watch(broker)
    if mode == "write-ahead":
        assert result.exit_code == 0, result.output
        assert "nothing is missing from 0 to 59" in result.stdout
    else:
        assert result.exit_code == 1, result.output
        assert "unclean end of stream" in result.stdout
        assert "nothing is missing" not in result.stdout
