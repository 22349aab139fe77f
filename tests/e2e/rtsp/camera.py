"""The cameras of these tests, as settings of the stream program, and what must never be said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.program.harness import Program

USERNAME = "cam"
PASSWORD = "p@ss#1&x"
"""Every character of it means something else in an address, a shell or a header."""
WRONG_PASSWORD = "wr0ng@#&"
FOREIGN = ("CAMERA_USERNAME", "CAMERA_PASSWORD", "CAMERA_CA_LOCATION", "CAPTURE_TRANSPORT")


def foreign_camera() -> dict[str, str] | None:
    """Return the settings of the camera that the environment names, None when it names none."""
    url = os.environ.get("RTSP_CAMERA_URL")
    if not url:
        return None
    return {
        "RTSP_CAMERA_URL": url,
        # An empty setting counts as none: the testbed's own user is of no use there.
        **{name: os.environ.get(name, "") for name in FOREIGN},
    }


def assert_nothing_secret_is_said(program: Program, *passwords: str) -> None:
    """Look for passwords in all that the program wrote and in its command line.

    A program that still runs is asked for `/status` and `/metrics` too.
    """
    forms = {
        form.encode()
        for password in passwords
        for form in (password, quote(password), quote(password, safe=""), quote_plus(password))
    }
    said: dict[str, bytes] = {
        str(file): file.read_bytes() for file in _files(program.folder) if file.is_file()
    }
    if program.process.poll() is None:
        said["/status"] = program.get("/status")[1].encode()
        said["/metrics"] = program.get("/metrics")[1].encode()
    said["the command line"] = b"\0".join(str(part).encode() for part in program.process.args)  # type: ignore[union-attr]
    for place, text in said.items():
        for form in forms:
            assert form not in text, f"a password stands in {place}"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))
