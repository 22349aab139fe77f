"""Kafka as an image, for manifests that name Kafka's own, which lies in a registry."""

from __future__ import annotations

import tarfile
from pathlib import Path

import yaml

from tests.testbed.cache import cached, fingerprint
from tests.testbed.images.archive import write_image
from tests.testbed.images.base import debian
from tests.testbed.kafka.installation import LOGGING, bare_installation

MANIFEST = Path(__file__).parents[3] / "charts/dev/kafka.yaml"
_JAVA = ("openjdk-17-jre-headless",)
_START = Path(__file__).with_name("kafka-start.sh")
_FOLDER = "opt/kafka"


def kafka_image(manifest: Path = MANIFEST) -> Path:
    """Return an archive of an image with Kafka, under the name that a manifest uses.

    It takes the same `KAFKA_...` variables as Kafka's own image, as far as they are single
    settings, and runs as any user.

    Args:
        manifest: Has one Deployment, of Kafka.

    Raises:
        Refusal: Java, Kafka's jars or Debian's packages cannot be had.
    """
    objects = yaml.safe_load_all(manifest.read_text(encoding="utf-8"))
    (broker,) = (item for item in objects if item["kind"] == "Deployment")
    reference: str = broker["spec"]["template"]["spec"]["containers"][0]["image"]
    jars = bare_installation().jars
    root = debian(
        "java-image",
        _JAVA,
        # Where Java's packages put links to pages of the manual.
        folders=("/usr/share/man/man1",),
        what="a base image with Java",
        estimate_seconds=90,
    )
    version = f"{jars.name}-{fingerprint([_START, LOGGING], root.parent.name, reference)}"

    def make(folder: Path) -> None:
        layer = folder / "kafka.tar"
        with tarfile.open(layer, "w") as tar:
            tar.add(jars, f"{_FOLDER}/libs")
            tar.add(LOGGING, f"{_FOLDER}/log4j2.xml")
            tar.add(_START, f"{_FOLDER}/start.sh")
        settings = {"Entrypoint": ["/bin/sh", f"/{_FOLDER}/start.sh"]}
        write_image([root, layer], settings, reference, folder / "image.tar")
        layer.unlink()

    folder = cached(
        "kafka-image", version, make, what="packing Kafka as an image", estimate_seconds=10
    )
    return folder / "image.tar"
