"""docs/kubectl-cam.md says what the plugin does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from kubectl_cam.cli.app import cam
from kubectl_cam.cluster.connection import CONNECTIONS
from kubectl_cam.problems import Exit
from kubectl_cam.row import COLUMNS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/kubectl-cam.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]
CALLS = sorted(
    {
        call.split("#")[0].split(" > ")[0].strip()
        for page in PAGES
        for call in re.findall(r"(?m)^kubectl cam (.+)$", page.read_text(encoding="utf-8"))
    }
)


def test_every_exit_code_is_listed_once() -> None:
    listed = [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", PAGE)]
    assert listed == [0, 1, 2, *sorted(Exit)[1:]]
    told = cam.epilog or ""
    assert {int(code) for code in re.findall(r"\b\d+\b", told)} == set(listed)


def test_every_column_is_described() -> None:
    described = {
        name for cell in re.findall(r"(?m)^\| (`[A-Z].*?) \|", PAGE) for name in cell.split("`")
    }
    assert set(COLUMNS) - {"NAMESPACE", "NAME"} <= described
    assert f"{CONNECTIONS} at most" in PAGE


@pytest.mark.parametrize("call", CALLS)
def test_every_call_in_the_documents_can_be_parsed(call: str) -> None:
    name, *words = shlex.split(call)
    context = cam.commands[name].make_context(name, words, resilient_parsing=False)
    assert isinstance(context, click.Context)


def test_the_role_lets_nobody_change_anything() -> None:
    role = yaml.safe_load((ROOT / "kubectl/manifests/viewer.yaml").read_text())
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}
