"""What is shown, at fixed widths and without colour."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from kubectl_cam.timeline import read_timeline
from kubectl_cam.view.restarts import restarts_text
from kubectl_cam.view.screen import Screen
from kubectl_cam.view.table import plain_table, terminal_table
from tests.unit.kubectl_cam.cameras import NOW, TROUBLED, everything, resource, row

GOLDEN = Path(__file__).parent / "golden"


def printed(thing: object, width: int, height: int = 40) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None, highlight=False)
    console.print(thing)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def expect(name: str, text: str) -> None:
    """Compare with what was looked at before; a new file is written to be looked at."""
    path = GOLDEN / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} is new: look at it")
    assert text == path.read_text(encoding="utf-8"), f"if that is right, delete {path}"


def test_the_table_outside_of_a_terminal() -> None:
    expect("plain.txt", plain_table(everything(), with_namespace=True) + "\n")


@pytest.mark.parametrize("width", [140, 110, 80])
def test_the_table_on_a_terminal(width: int) -> None:
    table = terminal_table(everything(), with_namespace=False, width=width, title="  (shop)")
    text = printed(table, width)
    assert max(len(line) for line in text.splitlines()) <= width
    expect(f"terminal-{width}.txt", text)


def test_restarts() -> None:
    expect("restarts.txt", printed(restarts_text(read_timeline(TROUBLED, NOW), NOW), 100))


def test_restarts_of_a_calm_and_of_a_fresh_camera() -> None:
    calm = read_timeline(resource("lobby"), NOW)
    fresh = read_timeline({"metadata": {"name": "lobby", "namespace": "shop"}}, NOW)
    expect(
        "restarts-none.txt",
        printed(restarts_text(calm, NOW), 100) + printed(restarts_text(fresh, NOW), 100),
    )


@pytest.mark.parametrize("width", [160, 80])
def test_a_low_terminal_shows_trouble_and_says_how_many_there_are_besides(width: int) -> None:
    rows = [*everything(), *(row(resource(f"well-{number}")) for number in range(50))]
    height = 16
    text = printed(
        terminal_table(rows, with_namespace=False, width=width, height=height), width, height
    )
    assert len(text.splitlines()) <= height
    assert text.index("lobby") > 0
    assert text.startswith("58 cameras: ")
    assert " more\n" in text


def test_the_screen_stays_in_place_and_ends_with_the_last_state() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, height=30, color_system=None)
    with Screen(console, with_namespace=False) as screen:
        screen.show([row(resource("lobby"))], "  (first)")
        screen.show(everything(), "  (second)")
    shown = out.getvalue()
    assert "\x1b[1A" in shown, "the cursor goes up to draw again"
    assert shown.rindex("(second)") > shown.rindex("(first)")


def test_nothing_in_a_resource_steers_the_terminal() -> None:
    evil = resource("lobby", ready=("False", "\x1b[2J[bold]", "first\nsecond\x07"))
    for text in (
        plain_table([row(evil)], with_namespace=True),
        printed(terminal_table([row(evil)], with_namespace=True, width=200), 200),
    ):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[bold]" in text
        assert "first second" in text
