"""Reads an image's archive, as `docker save` writes it: its settings, its layers, its files."""

from __future__ import annotations

import json
import posixpath
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Attributes:
        size_bytes: Of its files.
        compressed_bytes: What a node pulls, roughly: registries hold it packed like this.
    """

    size_bytes: int
    compressed_bytes: int


@dataclass(frozen=True, slots=True)
class ImageContents:
    """What is in an image.

    Attributes:
        settings: Its configuration: `User`, `Env`, `Labels` and others.
        layers: Its layers, the base's first.
        files: The size of each file that a container sees, by path without the first slash.
    """

    settings: dict[str, Any]
    layers: tuple[Layer, ...]
    files: dict[str, int] = field(repr=False)


def read_image(archive: Path) -> ImageContents:
    """Read an archive.

    Args:
        archive: One that holds one image.
    """
    with tarfile.open(archive) as outer:
        (manifest,) = json.load(_member(outer, "manifest.json"))
        settings = json.load(_member(outer, manifest["Config"]))["config"]
        layers: list[Layer] = []
        files: dict[str, int] = {}
        for name in manifest["Layers"]:
            compressed = _compressed_bytes(_member(outer, name))
            with tarfile.open(fileobj=_member(outer, name)) as layer:
                layers.append(Layer(_put_over(files, layer), compressed))
    return ImageContents(settings, tuple(layers), files)


def _member(outer: tarfile.TarFile, name: str) -> IO[bytes]:
    member = outer.getmember(name)
    if member.issym():
        member = outer.getmember(posixpath.normpath(f"{posixpath.dirname(name)}/{member.linkname}"))
    found = outer.extractfile(member)
    assert found is not None
    return found


def _put_over(files: dict[str, int], layer: tarfile.TarFile) -> int:
    """Put a layer's files over those of the layers below; return their size."""
    total = 0
    for entry in layer:
        path = posixpath.normpath(entry.name)
        folder, name = posixpath.split(path)
        if name == _OPAQUE:
            _remove(files, f"{folder}/")
        elif name.startswith(_WHITEOUT):
            gone = posixpath.join(folder, name.removeprefix(_WHITEOUT))
            files.pop(gone, None)
            _remove(files, f"{gone}/")
        elif entry.isfile() or entry.islnk() or entry.issym():
            files[path] = entry.size
            total += entry.size
    return total


def _remove(files: dict[str, int], below: str) -> None:
    for path in [path for path in files if path.startswith(below)]:
        del files[path]


def _compressed_bytes(data: IO[bytes]) -> int:
    packer = zlib.compressobj(level=6, wbits=31)
    total = 0
    while chunk := data.read(_CHUNK_BYTES):
        total += len(packer.compress(chunk))
    return total + len(packer.flush())
