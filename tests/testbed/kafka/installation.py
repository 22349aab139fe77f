"""Kafka itself on this machine: its jars, and what makes a start take two seconds.

The jars come from Maven Central by Maven. Two things are made of them once: an archive of the
loaded classes, which halves a broker's start, and the first checkpoint that formatting a disk
writes, which holds nothing of a node and can be copied instead of starting Java to format.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed import requirement
from tests.testbed.cache import cached, fingerprint
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

KAFKA_VERSION = "4.4.0"
_HERE = Path(__file__).parent
_POM = _HERE / "pom.xml"
LOGGING = _HERE / "log4j2.xml"
_COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_OLDEST_JAVA = 17
_NO_PERFORMANCE_FILE = "-XX:-UsePerfData"
"""What performance tools would read is a file that a killed Java leaves behind."""
_SHARED_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", _NO_PERFORMANCE_FILE)
"""A small heap needs no better collector, and a short life no better compiler."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What it takes to start a broker.

    Attributes:
        jars: Folder of the jars.
        class_archive: Archive of the loaded classes, None before there is one.
        checkpoint: Folder with what a formatted disk holds beside the node's identity, None
            before there is one.
    """

    jars: Path
    class_archive: Path | None = None
    checkpoint: Path | None = None

    def java(self, main_class: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command that runs one of Kafka's programs."""
        archive = (
            ["-Xshare:auto", f"-XX:SharedArchiveFile={self.class_archive}"]
            if self.class_archive is not None
            else []
        )
        return [
            "java",
            *_SHARED_OPTIONS,
            *archive,
            *options,
            f"-Dlog4j2.configurationFile={LOGGING}",
            "-cp",
            f"{self.jars}/*",
            main_class,
            *arguments,
        ]


def bare_installation() -> Installation:
    """Return the jars alone, fetched now where they are not there yet.

    Raises:
        Refusal: There is no Java, an old one, or no Maven to fetch them with.
    """
    java_version()
    folder = cached(
        "kafka",
        f"{KAFKA_VERSION}-{fingerprint([_POM])}",
        lambda made: fetch_jars(_POM, made, proof="kafka_*.jar"),
        what=f"fetching Apache Kafka {KAFKA_VERSION}",
        estimate_seconds=30,
    )
    return Installation(folder)


def java_version() -> str:
    """Return the version of this machine's Java, installed now where there is none.

    Raises:
        Refusal: There is none and it cannot be installed, or it is too old for Kafka.
    """
    requirement.tools({"java": "default-jre-headless"})
    done = subprocess.run(
        ["java", _NO_PERFORMANCE_FILE, "-version"], capture_output=True, text=True, check=True
    )
    return supported_java(done.stderr)


def supported_java(said: str) -> str:
    """Return the version that `java -version` printed.

    Raises:
        Refusal: It is too old for Kafka, or none is named.
    """
    found = re.search(r'version "((\d+)[^"]*)"', said)
    if found is None or int(found[2]) < _OLDEST_JAVA:
        named = f"Java {found[1]}" if found else "an unknown Java"
        raise Refusal(
            f"Kafka {KAFKA_VERSION} needs Java {_OLDEST_JAVA} or newer and `java` is {named}; "
            f"install the package openjdk-{_OLDEST_JAVA}-jre-headless (Debian's name) or newer."
        )
    return found[1]


def fetch_jars(pom: Path, folder: Path, *, proof: str) -> None:
    """Let Maven fetch what a project depends on.

    Args:
        pom: The project.
        folder: Where the jars go; removed again where that fails.
        proof: A pattern of file names, one of which must be there at the end.

    Raises:
        Refusal: There is no Maven, or it could not fetch them.
    """
    requirement.tools({"mvn": "maven"})
    done = subprocess.run(
        [
            *("mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "--file", str(pom)),
            _COPY_DEPENDENCIES,
            f"-DoutputDirectory={folder}",
        ],
        env={
            **os.environ,
            "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} {_NO_PERFORMANCE_FILE}".strip(),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not list(folder.glob(proof)):
        shutil.rmtree(folder)
        said = re.search(r"ERROR\] (.+?)(?: -> \[Help \d+\])?$", done.stdout, re.MULTILINE)
        reason = said[1] if said else "no reason given"
        raise Refusal(f"Maven could not fetch Kafka ({reason}); mend that and try again.")
