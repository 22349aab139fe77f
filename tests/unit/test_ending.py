"""When the program ends, why, and with which exit code."""

from __future__ import annotations

import pytest

from camerastream.ending import EndReason, Signs, decide_ending
from camerastream.settings.model import OnThreshold

EXIT, PROBE = OnThreshold.EXIT, OnThreshold.PROBE


@pytest.mark.parametrize(
    ("signs", "mode", "reason", "now", "code"),
    [
        (Signs(tripped=True), EXIT, EndReason.BUFFER, True, 1),
        (Signs(tripped=True, fatal=True), EXIT, EndReason.FATAL, True, 1),
        (Signs(tripped=True), PROBE, EndReason.BUFFER, False, 1),
        (Signs(tripped=True, asked=True), PROBE, EndReason.BUFFER, True, 1),
        (Signs(tripped=True, failing_seconds=60), PROBE, EndReason.BUFFER, True, 1),
        (Signs(asked=True), PROBE, EndReason.STOPPED, True, 0),
        (Signs(completed=True), EXIT, EndReason.COMPLETED, True, 0),
        (Signs(completed=True, tripped=True), EXIT, EndReason.BUFFER, True, 1),
        (Signs(crashed=True, asked=True), PROBE, EndReason.CRASH, True, 3),
        (Signs(stuck=True), EXIT, EndReason.STUCK, True, 3),
        (Signs(stuck=True), PROBE, EndReason.STUCK, False, 3),
    ],
)
def test_endings(signs: Signs, mode: OnThreshold, reason: EndReason, now: bool, code: int) -> None:
    ending = decide_ending(signs, mode)
    assert ending is not None
    assert (ending.reason, ending.now, ending.exit_code) == (reason, now, code)


def test_without_a_sign_it_goes_on() -> None:
    assert decide_ending(Signs(), EXIT) is None
