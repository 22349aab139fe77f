"""Every command of the pages for users is run by a test, or says why not."""

from __future__ import annotations

import re

import pytest

from tests.e2e.docs.pages import NOT_RUN, ROOT, STORY, commands

ALL = [command for page in STORY for command in commands(page)]
LANGUAGES = {"console", "yaml", "python"}


@pytest.mark.parametrize("page", STORY)
def test_a_block_says_what_it_is(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = re.findall(r"^```(.*)$", text, re.MULTILINE)
    assert set(fences[::2]) <= LANGUAGES, "another one would not be found, and not be run"
    assert set(fences[1::2]) <= {""}


def test_no_exception_is_left_over() -> None:
    unused = [start for start in NOT_RUN if not any(item.text.startswith(start) for item in ALL)]
    assert unused == []


def test_most_of_it_is_run() -> None:
    run = [command for command in ALL if command.not_run_because is None]
    assert len(run) > 25, run
    programs = {command.text.split()[0].rpartition("/")[2] for command in run}
    assert programs == {"helm", "kubectl", "camerastream", "camerastream-operator"}
