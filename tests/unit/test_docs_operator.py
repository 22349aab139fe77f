"""docs/operator.md says what the operator does: everything it names, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml
from pydantic_core import PydanticUndefined

from camerastream_operator import conditions, diagnosis
from camerastream_operator.classify import _BY_KUBELET, BY_STREAM, RestartReason
from camerastream_operator.effective import Hold
from camerastream_operator.engine import fault
from camerastream_operator.engine.clock import Clock
from camerastream_operator.engine.recorder import restart_event
from camerastream_operator.observation import Observation
from camerastream_operator.restarts import STATUS_NAMES, Restart
from camerastream_operator.runtime import defaults_file
from camerastream_operator.runtime.defaults_file import DefaultsFile
from camerastream_operator.runtime.exit_codes import (
    EXIT_AGAIN,
    EXIT_BAD_SETTINGS,
    EXIT_UNEXPECTED,
)
from camerastream_operator.runtime.metrics import API_ERROR, UNEXPECTED_ERROR, Metrics
from camerastream_operator.runtime.operator import Operator
from camerastream_operator.runtime.settings import PREFIX, Settings
from tests.unit.operator_core.resources import CRD_FILE, MINIMAL, NOW, camera, crd_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic.fields import FieldInfo

    from camerastream_operator.kube.calls import ApiCaller
    from camerastream_operator.runtime.mounted_file import Part

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/operator.md").read_text(encoding="utf-8")
VERDICT_FUNCTIONS = {
    "ready": "Ready",
    "fault_status": "Ready",
    "buffer_healthy": "BufferHealthy",
    "restart_budget": "RestartBudgetAvailable",
    "progressing": "Progressing",
    "_progress_of_pod": "Progressing",
    "suspended": "Suspended",
}
"""Which condition a function decides on; those of `diagnosis` are about Available."""


def section(title: str) -> str:
    """Return the part of the page below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of all tables of a section, without headings."""
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


class Verdicts(ast.NodeVisitor):
    """Finds what `Verdict(status, reason, ...)` is called with, and where."""

    def __init__(self, default: str | None = None) -> None:
        self.found: set[tuple[str, str, str]] = set()
        self.foreign: set[str] = set()
        self._default = default
        self._function = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function = node.name
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "Verdict":
            status = ast.literal_eval(node.args[0])
            for reason in self._reasons(node.args[1]):
                self.found.add((self._condition(), status, reason))
        elif name == "apply_failed":
            made = diagnosis.apply_failed(Observation(NOW))
            self.found.add((self._condition(), made.status, made.reason))
        self.generic_visit(node)

    def _condition(self) -> str:
        return VERDICT_FUNCTIONS.get(self._function) or cast("str", self._default)

    def _reasons(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._reasons(value)
        elif isinstance(node, ast.JoinedStr):
            kinds = re.search(r"<kind>([^)]+)\)", diagnosis._NO_KEY.pattern)
            assert kinds is not None
            assert ast.unparse(node) == "f'{kind}KeyMissing'"
            for kind in kinds[1].split("|"):
                yield f"{kind}KeyMissing"
        else:
            self.foreign.add(ast.unparse(node))


def said_by(*modules: Any) -> Verdicts:
    """Return what the sources of modules say."""
    verdicts = Verdicts(default="Available" if modules == (diagnosis,) else None)
    for module in modules:
        verdicts.visit(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
    return verdicts


def test_every_reason_of_every_condition_is_explained_and_no_other() -> None:
    pod, rest = said_by(diagnosis), said_by(conditions, fault)
    told = {
        (condition, status, reason)
        for first, status, reasons, *_ in rows("Conditions")
        for condition in quoted(first)
        for reason in quoted(reasons)
    }
    assert told == pod.found | rest.found
    # Words of Kubernetes, which the page says there are.
    assert pod.foreign == {"reason", "pod.phase_reason"}
    assert rest.foreign == set()
    assert {condition for condition, _, _ in told} == set(
        conditions.verdicts(Observation(NOW, suspended=True))
    )


@pytest.mark.parametrize("reason", RestartReason)
def test_every_reason_of_a_restart_is_explained_with_its_count_and_its_event(
    reason: RestartReason,
) -> None:
    event = restart_event(camera(MINIMAL), Restart("id", NOW, reason), "operator", NOW)
    told = [[quoted(cell)[0] for cell in row[:3]] for row in rows("Restarts")]
    assert [reason.value, STATUS_NAMES[reason], event["reason"]] in told
    assert len(told) == len(RestartReason)


def test_every_word_that_a_reason_is_told_by_stands_in_its_row() -> None:
    told = {quoted(row[0])[0]: quoted(row[3]) for row in rows("Restarts")}
    for word, reason in {**BY_STREAM, **_BY_KUBELET}.items():
        assert word in told[reason.value]
    words = {word for listed in told.values() for word in listed}
    assert words == {*BY_STREAM, *_BY_KUBELET}


def test_every_hold_is_explained_and_no_other() -> None:
    told = [quoted(row[0])[0] for row in rows("Budget, fleet guard, holds")]
    assert sorted(told) == sorted(hold.value for hold in Hold)


def default_text(info: FieldInfo) -> str:
    """Return a default as the page writes it."""
    if info.default is PydanticUndefined:
        return "required"
    value = getattr(info.default, "value", info.default)
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in ("", (), {}) else ""


def documented(prefix: str) -> dict[str, str]:
    """Return the documented defaults of the settings whose names begin so."""
    return {
        quoted(name)[0]: default
        for name, default, _ in rows("Settings")
        if quoted(name)[0].startswith(prefix)
    }


def test_every_setting_is_in_the_table_with_its_default_and_no_other() -> None:
    assert documented(PREFIX) == {
        f"{PREFIX}{name}".upper(): default_text(info)
        for name, info in Settings.model_fields.items()
    }


@pytest.mark.parametrize(
    ("part", "model"),
    [("stream.", defaults_file._Stream), ("fleet.", defaults_file._Fleet)],
)
def test_every_key_of_the_defaults_file_is_in_the_table_with_its_default(
    part: str, model: type[Part]
) -> None:
    assert documented(part) == {
        f"{part}{info.alias}": default_text(info) for info in model.model_fields.values()
    }


def test_the_tables_of_settings_hold_nothing_else() -> None:
    parts = tuple(f"{name}." for name in defaults_file._File.model_fields)
    assert parts == ("stream.", "fleet.")
    for name, _, _ in rows("Settings"):
        assert quoted(name)[0].startswith((PREFIX, *parts)), name


def test_every_metric_is_in_the_table_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text("stream: {image: camerastream}")
    metrics = Metrics()
    settings = Settings(defaults_file=file, leader_election=False)
    # It is made, which registers its metrics, and never run: nothing is called.
    nobody = cast("ApiCaller", None)
    Operator(settings, DefaultsFile(file), nobody, metrics, clock=Clock(), instance="operator")
    served = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in metrics.registry.collect()
    }
    told = {
        "camerastream_operator_" + re.sub(r"\{.*\}", "", name)
        for row in rows("Metrics")
        for name in quoted(row[0])
    }
    assert told == served


def test_labels_of_metrics_are_those_that_there_are() -> None:
    metrics = Metrics()
    for counter in (metrics.restarts, metrics.reconcile_errors, metrics.api_writes):
        name = counter._name.removeprefix("camerastream_operator_")
        assert f"`{name}_total{{{','.join(counter._labelnames)}}}`" in section("Metrics")


def test_restarts_and_errors_that_have_not_happened_yet_are_served_as_zero() -> None:
    # Prometheus' increase() sees no first time of a counter that begins with it.
    registry, served = Metrics().registry, "camerastream_operator_"
    for reason in RestartReason:
        assert registry.get_sample_value(f"{served}restarts_total", {"reason": reason}) == 0
    for kind in (API_ERROR, UNEXPECTED_ERROR):
        assert registry.get_sample_value(f"{served}reconcile_errors_total", {"kind": kind}) == 0


def test_every_exit_code_is_explained() -> None:
    told = re.findall(r"(\d) [a-z]", section("Health").split("Exit codes:")[1])
    assert [int(code) for code in told] == [0, EXIT_AGAIN, EXIT_BAD_SETTINGS, EXIT_UNEXPECTED]


def test_every_column_is_explained_and_no_other() -> None:
    crd = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
    columns = crd["spec"]["versions"][0]["additionalPrinterColumns"]
    names = {column["name"].upper() for column in columns}
    assert {name for row in rows("Install") for name in quoted(row[0])} == names


def test_it_names_fields_that_there_are() -> None:
    paths = set(re.findall(r"(?<![.\w/])((?:spec|status)(?:\.[a-z][A-Za-z]+)+)", PAGE))
    assert paths
    for path in paths:
        assert has_field(crd_schema(), path.split(".")), path


def test_files_in_commands_are_there() -> None:
    files = set(re.findall(r"(?:operator|examples)/[\w/.-]+\.yaml", PAGE))
    assert len(files) >= 5
    for file in files:
        assert (ROOT / file).is_file(), file


def has_field(schema: dict[str, Any], path: Iterable[str]) -> bool:
    node = schema
    for name in path:
        node = node.get("items", node)
        if name not in node.get("properties", {}):
            return "additionalProperties" in node
        node = node["properties"][name]
    return True
