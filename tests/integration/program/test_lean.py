"""The running program holds what it needs and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.stage import IMAGE_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.program.harness import Program

ROOT = Path(__file__).parents[3]
UNWANTED = {
    "pydantic",
    "pydantic_settings",
    "rich.console",  # "rich" itself is asked for, and refused
    "pygments",
    "av",
    "kopf",
    "kubernetes",
    "PIL",
    "pytest",
    "numpy.testing",
    "confluent_kafka.schema_registry",
}
_IMPORTED = re.compile(r"^import time:.*\| *(?P<module>[\w.]+)$", re.MULTILINE)
_MEASURE = """
from benchmarks.process_memory import memory_of
import json
m = memory_of()
print(json.dumps([m.rss, m.anonymous]))
"""


def test_a_running_program_has_loaded_nothing_it_does_not_use(
    run: Callable[..., Program],
) -> None:
    program = run(PYTHONPROFILEIMPORTTIME="1")
    program.wait_for_delivered(1)
    loaded = set(_IMPORTED.findall(program.text()))
    # So that an empty list is no proof.
    assert {"cv2", "numpy", "confluent_kafka", "structlog", "camerastream.program"} <= loaded
    assert not loaded & UNWANTED


def memory_after(line: str) -> float:
    """Return the anonymous memory in MiB of a process that ran one line."""
    done = subprocess.run(
        [sys.executable, "-c", line + _MEASURE],
        cwd=ROOT,
        env={**os.environ, **IMAGE_ENVIRONMENT, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout)[1])


def test_the_program_adds_little_to_the_libraries_it_stands_on() -> None:
    # Twice: the first of each may have to compile, which leaves holes in memory.
    bare = min(memory_after("import numpy, cv2, confluent_kafka") for _ in range(2))
    whole = min(
        memory_after(
            "from camerastream.logs.lean import load_structlog_without_rich as load; load()\n"
            "import camerastream.cli.app, camerastream.cli.supervise"
        )
        for _ in range(2)
    )
    # 8 MiB when this was written; with pydantic and rich 20.
    assert whole - bare < 12


def test_benchmarks_and_tests_set_what_the_image_sets() -> None:
    stream = (ROOT / "Dockerfile").read_text().partition(" AS stream\n")[2].partition("\nFROM ")[0]
    for name, value in IMAGE_ENVIRONMENT.items():
        assert re.search(rf"^\s*{name}={value}\b", stream, re.MULTILINE), name
