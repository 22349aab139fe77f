"""Packs files as an image, without any tool."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def single_binary_image(binary: Path, reference: str, archive: Path) -> None:
    """Write an image that holds nothing but one binary, which it runs.

    Args:
        binary: A static one: there is no library beside it.
        reference: The image's name and tag.
        archive: Where to write it, in the form of `docker save`.
    """
    layer = archive.with_suffix(".layer")
    try:
        layer.write_bytes(_tar({binary.name: (binary.read_bytes(), 0o755)}))
        write_image([layer], {"Entrypoint": [f"/{binary.name}"]}, reference, archive)
    finally:
        layer.unlink()


def write_image(
    layers: Sequence[Path], settings: Mapping[str, object], reference: str, archive: Path
) -> None:
    """Write an image made of layers.

    Args:
        layers: Archives of files, the lowest first.
        settings: Its configuration, as `Entrypoint`.
        reference: The image's name and tag.
        archive: Where to write it, in the form of `docker save`.
    """
    digests = [_digest(layer) for layer in layers]
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{digest}.tar" for digest in digests]
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": names}]
    with tarfile.open(archive, "w") as tar:
        for name, data in ((config_name, config), ("manifest.json", json.dumps(manifest).encode())):
            _add(tar, name, data, 0o644)
        for name, layer in zip(names, layers, strict=True):
            tar.add(layer, name)


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, (data, mode) in files.items():
            _add(tar, name, data, mode)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))
