"""Which programs there are, and that each is exactly the one that was meant."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.testbed import tools
from tests.testbed.refusal import Refusal
from tests.testbed.tools.catalog import CATALOG
from tests.testbed.tools.commands import tools as tools_command
from tests.testbed.tools.gomodule import GoProgram

PROGRAM = GoProgram(
    name="hello",
    module="example.com/hello",
    version="v1.2.3",
    checksum="h1:right=",
    package="cmd/hello",
    build_seconds=1,
    tags=("small", "fast"),
    values={"example.com/hello/version.Version": "1.2.3"},
    generated={"VERSION": "1.2.3"},
)


def test_it_is_built_from_exactly_what_its_authors_fixed() -> None:
    command = PROGRAM.build_command(Path("/cache/hello"))
    assert command[:2] == ["go", "build"]
    assert command[-3:] == ["-o", "/cache/hello", "./cmd/hello"]
    assert {"-mod=readonly", "-trimpath", "-tags=small,fast"} <= set(command)
    assert "-ldflags=-s -w -X=example.com/hello/version.Version=1.2.3" in command


@pytest.mark.parametrize(
    "change",
    [
        {"version": "v1.2.4"},
        {"checksum": "h1:other="},
        {"package": "cmd/other"},
        {"tags": ("small",)},
        {"values": {}},
        {"generated": {"VERSION": "1.2.4"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_goes_into_it_changes_asks_for_a_new_build(change: dict[str, Any]) -> None:
    assert dataclasses.replace(PROGRAM, **change).cache_version != PROGRAM.cache_version


def test_a_module_with_the_right_checksum_is_taken() -> None:
    said = json.dumps({"Dir": "/modules/hello@v1.2.3", "Sum": "h1:right="})
    assert PROGRAM.verified(said) == Path("/modules/hello@v1.2.3")


@pytest.mark.parametrize(
    ("said", "errors", "sentence"),
    [
        ('{"Dir": "/modules/hello", "Sum": "h1:wrong="}', "", "h1:wrong= and not h1:right="),
        ('{"Dir": "/modules/hello"}', "", "has the checksum None"),
        ('{"Error": "unknown revision v1.2.3"}', "", "cannot fetch .*unknown revision v1.2.3"),
        ("", "go: something\ngo: no such host\n", "cannot fetch .*no such host"),
        ("", "", "cannot fetch .*no reason given"),
    ],
)
def test_any_other_module_is_refused(said: str, errors: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        PROGRAM.verified(said, errors)


def test_every_go_program_of_the_catalogue_is_fixed_by_version_and_checksum() -> None:
    for name, program in CATALOG.items():
        assert program.name == name
        if isinstance(program, GoProgram):
            assert program.version.startswith("v")
            assert program.checksum.startswith("h1:")


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(Refusal, match=r"no tool helmet; choose one of .*helm, .*promtool"):
        tools.path("helmet")


def test_the_list_says_what_is_there_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERASTREAM_TESTBED_CACHE", str(tmp_path))
    helm = CATALOG["helm"]
    assert isinstance(helm, GoProgram)
    (tmp_path / "helm" / helm.cache_version).mkdir(parents=True)
    said = CliRunner().invoke(tools_command, ["list"]).output
    lines = {line.split()[0]: line for line in said.splitlines()}
    assert set(lines) == set(CATALOG)
    assert lines["helm"].endswith(f"{helm.version}, built")
    assert "not built: about" in lines["promtool"]
