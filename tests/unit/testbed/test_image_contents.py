"""An image is read as a container sees it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from tests.testbed.images.archive import write_image
from tests.testbed.images.contents import read_image

if TYPE_CHECKING:
    from pathlib import Path


def layer(file: Path, **sizes: int) -> Path:
    with tarfile.open(file, "w") as tar:
        for name, size in sizes.items():
            entry = tarfile.TarInfo(f"./{name.replace('__', '/')}")
            entry.size = size
            tar.addfile(entry, io.BytesIO(b"a" * size))
    return file


def test_what_a_later_layer_takes_away_is_gone(tmp_path: Path) -> None:
    lower = layer(tmp_path / "1", opt__kept=1000, opt__gone=10, opt__old__a=5, opt__new__b=6)
    upper = layer(tmp_path / "2", **{"opt__.wh.gone": 0, "opt__.wh.old": 0, "opt__added": 7})
    opaque = layer(tmp_path / "3", **{"opt__new__.wh..wh..opq": 0, "opt__added": 8})
    archive = tmp_path / "image.tar"
    write_image([lower, upper, opaque], {"User": "10001"}, "localhost/a:1", archive)
    image = read_image(archive)
    assert image.files == {"opt/kept": 1000, "opt/added": 8}
    assert image.settings == {"User": "10001"}
    assert [found.size_bytes for found in image.layers] == [1021, 7, 8]
    assert 0 < image.layers[0].compressed_bytes < image.layers[0].size_bytes
