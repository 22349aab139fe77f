"""The documents say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camerastream.cli.reference import settings_reference
from camerastream.delivery import losses
from camerastream.delivery.causes import Cause as KafkaCause
from camerastream.logs import messages
from camerastream.settings.load import environment_name
from camerastream.settings.model import FIELDS

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "examples", "charts")
PAGES = [*ROOT.glob("*.md"), *(page for name in FOLDERS for page in ROOT.glob(f"{name}/**/*.md"))]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_settings_page_is_made_from_the_one_definition() -> None:
    assert read("docs/settings.md") == settings_reference(), "run: make docs"


def test_the_log_page_holds_the_exact_texts() -> None:
    page = read("docs/logs.md")
    for text in (
        messages.detected("<error>"),
        messages.THRESHOLD_CROSSED,
        messages.THRESHOLD_HELD,
        messages.HOLD_LAPSED,
        messages.fatal("<error>"),
        "🟡 Kafka buffer error ongoing for ",
        "✅ Kafka buffer errors resolved after ",
    ):
        assert text in page
    for cause in KafkaCause:
        assert f"`{cause.value}`" in page


@pytest.mark.parametrize("page", ["docs/health.md", "docs/runbooks/CameraStreamFramesLost.md"])
def test_every_reason_of_a_loss_is_explained(page: str) -> None:
    assert [reason for reason in losses.REASONS if f"`{reason}`" not in read(page)] == []


def test_the_env_example_holds_only_settings_that_exist() -> None:
    known = {environment_name(name) for name in FIELDS}
    for name in re.findall(r"^#?([A-Z][A-Z0-9_]+)=", read(".env.example"), re.MULTILINE):
        assert name in known or name.startswith("KAFKA_CONFIG_"), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
