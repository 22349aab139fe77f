"""Pictures: fetched or refused with a sentence, laid out, shown in a terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from rich.console import Console

from kubectl_cam.camera import read_camera
from kubectl_cam.cluster.answers import Reply
from kubectl_cam.pictures.decoding import decode
from kubectl_cam.pictures.fetch import fetch_picture, is_jpeg
from kubectl_cam.pictures.files import store
from kubectl_cam.pictures.halfblocks import half_blocks
from kubectl_cam.pictures.sheet import Tile, contact_sheet
from kubectl_cam.problems import Exit, Problem
from tests.unit.kubectl_cam.cameras import resource

if TYPE_CHECKING:
    from pathlib import Path


def jpeg(width: int = 64, height: int = 36, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG")
    return out.getvalue()


class Stream:
    """Answers as a pod does."""

    def __init__(self, reply: Reply | str) -> None:
        self._reply = reply

    def ask_stream(self, *_: object) -> Reply | str:
        return self._reply


def fetch(reply: Reply | str, *, enabled: bool = True, **fields: Any) -> bytes:
    spec = {"diagnostics": {"frameEndpoint": "Enabled" if enabled else "Disabled"}}
    camera = read_camera(resource("lobby", **{"spec": spec, **fields}))
    return fetch_picture(Stream(reply), camera, 1.0)


def test_a_picture_comes_as_the_camera_made_it() -> None:
    made = jpeg() + b"\0\0"
    assert fetch(Reply(200, made)) == made


@pytest.mark.parametrize(
    ("reply", "fields", "code", "words"),
    [
        (Reply(404, b""), {"enabled": False}, Exit.NO_PICTURE, '"frameEndpoint":"Enabled"'),
        (Reply(404, b"no frame has been sent yet\n"), {}, Exit.NO_PICTURE, "nothing has moved"),
        (
            Reply(404, b"no frame has been sent yet\n"),
            {"ready": ("False", "CameraDown", "the camera refuses")},
            Exit.NO_PICTURE,
            "no picture yet (the camera refuses)",
        ),
        (Reply(404, b"try /livez, /readyz"), {}, Exit.NO_PICTURE, "its pod is replaced"),
        (Reply(200, b"<html>"), {}, Exit.NO_PICTURE, "no JPEG"),
        (Reply(200, jpeg()[:-20]), {}, Exit.NO_PICTURE, "no JPEG"),
        ("there is no pod", {}, Exit.NO_POD, "there is no pod"),
        ("there is no pod", {"spec": {"state": "Suspended"}}, Exit.NO_POD, "write Running"),
    ],
)
def test_why_there_is_no_picture(
    reply: Reply | str, fields: dict[str, Any], code: Exit, words: str
) -> None:
    with pytest.raises(Problem) as caught:
        fetch(reply, **fields)
    assert caught.value.exit is code
    assert words in caught.value.sentence
    assert caught.value.sentence.startswith(("lobby ", "no picture of lobby: "))


def test_every_camera_has_its_place_on_the_sheet() -> None:
    tiles = [
        Tile("red", jpeg(1280, 720)),
        Tile("a name that is much too long for the space below a picture", jpeg(40, 90)),
        Tile("damaged", b"\xff\xd8 not a picture \xff\xd9"),
        Tile("down", None, "the camera refuses the connection; " * 20),
    ]
    sheet = Image.open(io.BytesIO(contact_sheet(tiles, "JPEG")))
    assert sheet.format == "JPEG"
    assert sheet.size == (2 * 326 + 6, 2 * 212 + 6)
    red, green, blue = sheet.convert("RGB").getpixel((160, 90))  # type: ignore[misc]
    assert red > 150 > green + blue
    png = Image.open(io.BytesIO(contact_sheet(tiles[:1], "PNG")))
    assert (png.format, png.size) == ("PNG", (332, 218))


def test_a_picture_in_the_terminal_has_two_pixels_a_character() -> None:
    picture = decode(jpeg(64, 36), 32, 18)
    assert picture is not None
    assert picture.size == (32, 18)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, color_system="truecolor", width=32)
    console.print(half_blocks(picture), end="")
    lines = out.getvalue().splitlines()
    assert len(lines) == 9
    assert lines[0].count("\N{UPPER HALF BLOCK}") == 32
    assert "38;2;" in lines[0]
    assert "48;2;" in lines[0]


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff\xd9", jpeg()[:200], b"GIF89a"])
def test_what_cannot_be_decoded_is_no_picture(data: bytes) -> None:
    assert decode(data, 32, 18) is None


def test_is_jpeg_wants_both_ends() -> None:
    assert is_jpeg(jpeg())
    assert not is_jpeg(jpeg()[:-2])
    assert not is_jpeg(b"")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "lobby.jpg"
    store(path, b"one")
    store(path, b"two")
    assert path.read_bytes() == b"two"
    with pytest.raises(Problem) as caught:
        store(tmp_path / "none" / "lobby.jpg", b"three")
    assert caught.value.exit is Exit.NOT_STORED
    assert [file.name for file in tmp_path.iterdir()] == ["lobby.jpg"]
