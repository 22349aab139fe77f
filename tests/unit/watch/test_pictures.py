"""Contact sheet and stored frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream.message import FrameHeader
from camerastream.watch.gallery import Gallery
from camerastream.watch.pictures import ContactSheet, DamagedPictureError, FrameFiles, safe_name

if TYPE_CHECKING:
    from pathlib import Path


def header(sequence: int = 0, camera: str = "lobby", stream: str = "s1") -> FrameHeader:
    return FrameHeader(camera, stream, sequence, 1767225600.0 + sequence, width=640, height=480)


def jpeg(grey: int, width: int = 640, height: int = 480) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), grey, np.uint8))[1].tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_sheet_spreads_over_all_that_came_and_stays_small(tmp_path: Path, suffix: str) -> None:
    sheet = ContactSheet(9)
    for sequence in range(500):
        sheet.offer(header(sequence), jpeg(sequence // 2))
        assert len(sheet._cells) <= 18
    path = tmp_path / f"sheet{suffix}"
    assert sheet.write(path) == 9
    picture = cv2.imread(str(path))
    assert picture.shape == (3 * 222 + 6, 3 * 326 + 6, 3)
    # The middles of the cells, in reading order, grow brighter evenly.
    greys = [
        int(picture[6 + row * 222 + 90, 6 + column * 326 + 160, 0])
        for row in range(3)
        for column in range(3)
    ]
    steps = np.diff(greys)
    assert greys[0] < 10
    assert greys[-1] > 215
    assert steps.min() > 15
    assert steps.max() < 45
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("width", "height"), [(8, 8), (320, 180), (100, 2000), (4096, 64)])
def test_pictures_of_any_shape_fit(tmp_path: Path, width: int, height: int) -> None:
    sheet = ContactSheet(4)
    sheet.offer(FrameHeader("Höf 1", "s", 0, 1e300, width=width), jpeg(200, width, height))
    assert sheet.write(tmp_path / "sheet.jpg") == 1


def test_an_empty_sheet_is_not_written(tmp_path: Path) -> None:
    assert ContactSheet(4).write(tmp_path / "sheet.jpg") == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [b"\xff\xd8", b"\xff\xd8" + bytes(100)])
def test_a_value_that_does_not_decode_is_damaged(value: bytes) -> None:
    with pytest.raises(DamagedPictureError):
        ContactSheet(4).offer(header(), value)


def test_frames_are_stored_by_camera_stream_and_number(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path / "frames")
    files.store(header(7), b"one")
    assert (tmp_path / "frames/lobby/s1/7.jpg").read_bytes() == b"one"
    files.store(header(7), b"one")
    assert (files.stored, files.conflicts) == (2, 0)


def test_a_different_frame_is_never_written_over_another(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path)
    files.store(header(7), b"one")
    for _ in range(2):
        files.store(header(7), b"two")
    found = sorted((tmp_path / "lobby/s1").iterdir())
    assert sorted(path.read_bytes() for path in found) == [b"one", b"two"]
    assert (tmp_path / "lobby/s1/7.jpg").read_bytes() == b"one"
    assert files.conflicts == 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_no_name_leads_out_of_the_directory(text: str) -> None:
    name = safe_name(text)
    assert name not in ("", ".", "..")
    assert not set(name) & set("/\\\0\n")
    assert not name.startswith((".", "~"))
    assert len(name.encode()) <= 200


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), min_size=2))
def test_different_names_stay_different(texts: set[str]) -> None:
    assert len({safe_name(text) for text in texts}) == len(texts)


def test_a_hostile_name_stays_inside(tmp_path: Path) -> None:
    files = FrameFiles(tmp_path / "frames")
    files.store(header(1, camera="../../etc", stream=".."), b"x")
    files.store(header(1, camera="/etc", stream="\0"), b"x")
    files.store(header(1, camera="a" * 5000), b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]
    assert len(list(tmp_path.rglob("*.jpg"))) == 3


def test_a_full_disk_is_said_once_and_counting_goes_on(tmp_path: Path) -> None:
    (tmp_path / "frames").write_text("a file, not a folder")
    gallery = Gallery(None, 4, tmp_path / "frames")
    for sequence in range(3):
        for keep in gallery.keeps:
            keep(header(sequence), b"x")
    assert gallery.report()["stored"] == 0
    assert [line for line in gallery.sentences() if line.startswith("not stored: ")]
