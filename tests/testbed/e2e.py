"""`testbed e2e`: brings up what the chosen tests need, runs them, and leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.testbed.lease import MARK, Lease, sweep
from tests.testbed.leftovers import machine_state, new_since
from tests.testbed.preparation import prepare
from tests.testbed.progress import say
from tests.testbed.refusal import Refusal

ROOT = Path(__file__).parents[2]
_NO_TESTS_COLLECTED = 5
_WORKERS = 2
_RERUNS = 1
_TIMEOUT_SECONDS = 900
"""Of a single test, with the fixtures that it is the first to need."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def e2e(pytest_arguments: tuple[str, ...]) -> None:
    """Run the end-to-end tests; PYTEST_ARGUMENTS choose some, as in: testbed e2e -k frozen."""
    before = machine_state()
    chosen = _chosen(pytest_arguments)
    prepare(_fixtures(chosen))
    lease = Lease.take("e2e")
    try:
        code = _run(lease, chosen)
    finally:
        lease.release()
        sweep()
    left = new_since(before)
    for line in left:
        say(f"left behind: {line}")
    raise SystemExit(code or (1 if left else 0))


@click.command("prepare", context_settings={"ignore_unknown_options": True})
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED)
def prepare_command(pytest_arguments: tuple[str, ...]) -> None:
    """Build and fetch what the tests need, and run none; PYTEST_ARGUMENTS choose some."""
    prepare(_fixtures(_chosen(pytest_arguments)))


def _chosen(arguments: tuple[str, ...]) -> list[str]:
    named = any((ROOT / argument.split("::")[0]).exists() for argument in arguments)
    return [*arguments, *([] if named else ["tests/e2e"])]


def _fixtures(chosen: list[str]) -> list[str]:
    """Return the fixtures of the chosen tests.

    Raises:
        Refusal: pytest finds no such tests.
    """
    with tempfile.TemporaryDirectory() as folder:
        needs = Path(folder) / "needs.json"
        done = subprocess.run(
            [
                *_pytest(*chosen, "--collect-only", "--quiet"),
                *("-p", "tests.testbed.needs", f"--needs-file={needs}"),
            ],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode == _NO_TESTS_COLLECTED:
            raise Refusal(f"No test of tests/e2e fits {' '.join(chosen)!r}.")
        if done.returncode:
            raise Refusal(f"pytest cannot collect the tests:\n{done.stdout}{done.stderr}")
        names: list[str] = json.loads(needs.read_text())
        return names


def _run(lease: Lease, chosen: list[str]) -> int:
    command = _pytest(
        *(f"--numprocesses={_WORKERS}", "--dist=loadgroup", f"--timeout={_TIMEOUT_SECONDS}"),
        # A dozen servers on two cores now and then stall each other. What had to be run again
        # is listed at the end, with its evidence gathered: it is no secret.
        *(f"--reruns={_RERUNS}", "-rR"),
        *chosen,
    )
    environment = {**os.environ, MARK: str(lease.folder)}
    # Whoever started this in the background may have had Ctrl-C ignored, which is inherited;
    # what is handled here is not ignored there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def pass_on(_number: int, _frame: object) -> None:
        process.send_signal(signal.SIGINT)

    # Ctrl-C reaches pytest by itself, from the terminal; then fixtures take down what they
    # brought up, and this process must still be there to see to the rest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, pass_on)
    return process.wait()


def _pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "--override-ini=testpaths=tests/e2e", *arguments]
