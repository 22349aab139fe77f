"""What the pages for users say to type, and what of it is not typed by a test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
STORY = (
    "README.md",
    "docs/install.md",
    "docs/cameras.md",
    "docs/kafka.md",
    "docs/from-compose.md",
    "docs/thresholds.md",
    "docs/why-restarted.md",
    "docs/reading-frames.md",
    "docs/upgrade.md",
    "docs/uninstall.md",
)
"""The pages in an order in which one can follow them."""
NOT_RUN = {
    "make demo": "`.ci/run` does",
    "make test": "`.ci/run` does",
    "cp .env.example": "for Compose, which needs Docker",
    "docker ": "needs Docker",
    "helm install camerastream charts/camerastream -n camerastream --create-namespace "
    "--set kafka.bootstrapServers=kafka-0.kafka:9092 -f ": "in place of the plain one, which is "
    "run; tests/e2e/install does",
    ".venv/bin/camerastream run": "tests/integration/program does, with a camera that there is",
    "kind ": "needs Docker and kind",
    "skaffold run": "needs Docker; tests/e2e/skaffold deploys the same with images of the testbed",
    "kubectl get camerastreams -n camerastream": "follows `skaffold run`",
}
"""Beginnings of commands, and why."""

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page.

    Attributes:
        page: The page.
        text: As it stands, on one line.
    """

    page: str
    text: str

    @property
    def not_run_because(self) -> str | None:
        """Why it is not run; None when it is."""
        fitting = (why for start, why in NOT_RUN.items() if self.text.startswith(start))
        return next(fitting, None)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page.

    Args:
        page: Its path in the repository.
        language: What stands behind the fence.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    return [found["text"] for found in _FENCE.finditer(text) if found["language"] == language]


def commands(page: str) -> list[Command]:
    """Return the commands of a page, in order."""
    joined = [re.sub(r"\\\n\s*", "", block) for block in blocks(page, "console")]
    lines = [line for block in joined for line in block.splitlines()]
    return [Command(page, line.strip()) for line in lines if line.strip()]
