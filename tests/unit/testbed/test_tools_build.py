"""A program really built by Go, from a module that lies in a folder."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.testbed.lease import leases_folder
from tests.testbed.refusal import Refusal
from tests.testbed.tools.gomodule import GoProgram

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None, reason="Go is not installed; install Go 1.21 or newer"
)

MODULE = "example.com/hello"
SOURCE = """package main

import (
	_ "embed"
	"fmt"
)

//go:embed VERSION
var version string
var greeting = "hello"

func main() { fmt.Print(greeting, " ", version) }
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoProgram:
    """A module whose VERSION is not in it, as some projects release theirs."""
    versions = tmp_path / "proxy" / MODULE / "@v"
    versions.mkdir(parents=True)
    go_mod = f"module {MODULE}\n\ngo 1.21\n"
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(go_mod)
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        archive.writestr(f"{MODULE}@v1.0.0/go.mod", go_mod)
        archive.writestr(f"{MODULE}@v1.0.0/cmd/hello/main.go", SOURCE)
    for name, value in {
        "GOPROXY": (tmp_path / "proxy").as_uri(),
        "GONOSUMDB": MODULE,
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
        "CAMERASTREAM_TESTBED_CACHE": str(tmp_path / "cache"),
        "CAMERASTREAM_TESTBED_RUN": str(tmp_path / "run"),
    }.items():
        monkeypatch.setenv(name, value)
    said = subprocess.run(
        ["go", "mod", "download", "-json", f"{MODULE}@v1.0.0"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    return GoProgram(
        name="hello",
        module=MODULE,
        version="v1.0.0",
        checksum=json.loads(said)["Sum"],
        package="cmd/hello",
        build_seconds=1,
        values={"main.greeting": "welcome"},
        generated={"cmd/hello/VERSION": "1.0"},
    )


def test_it_is_built_once_and_nothing_is_left_of_the_building(program: GoProgram) -> None:
    path = program.path()
    said = subprocess.run([str(path)], check=True, capture_output=True, text=True).stdout
    assert said == "welcome 1.0"
    built_at = path.stat().st_mtime_ns
    assert program.path() == path
    assert path.stat().st_mtime_ns == built_at
    assert list(leases_folder().glob("build-*")) == []
    assert [entry.name for entry in path.parent.iterdir()] == ["hello"]


def test_a_build_that_fails_says_where_everything_stands(program: GoProgram) -> None:
    broken = dataclasses.replace(program, generated={})
    with pytest.raises(Refusal, match=r"Building hello failed .*VERSION: no matching files") as why:
        broken.path()
    kept = Path(os.environ["CAMERASTREAM_TESTBED_CACHE"]) / "hello-failed.log"
    assert str(kept) in str(why.value)
    assert "no matching files" in kept.read_text()
    assert program.path().exists(), "and is tried again the next time"


def test_a_module_that_is_not_the_one_that_was_meant_is_not_built(program: GoProgram) -> None:
    with pytest.raises(Refusal, match="is not what this repository was written for"):
        dataclasses.replace(program, checksum="h1:other=").path()
    with pytest.raises(Refusal, match=r"cannot fetch example\.com/hello v1\.0\.1"):
        dataclasses.replace(program, version="v1.0.1").path()
