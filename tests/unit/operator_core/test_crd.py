"""The CRD describes everything, says the same as the Python model, and keeps CEL cheap.

What its CEL rules refuse is tried on a real API server (the table is crd_cases.py).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from camerastream_operator.api.mapping import ELSEWHERE, FIXED, SECRET_FILES, SECRET_VALUES, VALUES
from camerastream_operator.api.rules import FORBIDDEN_PRODUCER_KEYS, producer_key_advice
from camerastream_operator.api.spec import CameraStreamSpec
from camerastream_operator.classify import RestartReason
from camerastream_operator.effective import Hold
from camerastream_operator.restarts import MAX_CONTAINERS, MAX_PODS, MAX_RECENT, PodEnd

from .resources import CRD_FILE, crd_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = crd_schema()
SPEC = SCHEMA["properties"]["spec"]
STATUS = SCHEMA["properties"]["status"]


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        if path or name != "metadata":
            yield from fields(part, f"{path}.{name}" if path else name)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from fields(schema[name], f"{path}[]")


ALL = [*fields(SPEC, "spec"), *fields(STATUS, "status")]


@pytest.mark.parametrize(("path", "schema"), ALL, ids=[path for path, _ in ALL])
def test_every_field_has_a_description_that_is_a_sentence(
    path: str, schema: dict[str, Any]
) -> None:
    about = schema.get("description", "")
    assert about[:1].isupper() or about.startswith(("file", "rtsp")), path
    assert about.endswith("."), path


@pytest.mark.parametrize(("path", "schema"), ALL, ids=[path for path, _ in ALL])
def test_it_keeps_to_the_conventions_of_the_api(path: str, schema: dict[str, Any]) -> None:
    kind = schema.get("type")
    assert kind != "boolean", "a boolean cannot get a third value"
    assert kind != "number", "no floating point in an API"
    if kind == "integer":
        assert schema["format"] in ("int32", "int64")
    for word in schema.get("enum", ()):
        assert yaml.safe_load(word) == word or path.endswith("conditions[].status"), (
            f"{path}: YAML reads {word} as something else"
        )


@pytest.mark.parametrize(
    ("path", "schema"),
    [item for item in ALL if item[0].startswith("spec")],
    ids=[path for path, _ in ALL if path.startswith("spec")],
)
def test_everything_in_spec_is_bounded(path: str, schema: dict[str, Any]) -> None:
    if schema.get("type") == "array":
        assert "maxItems" in schema
    if "additionalProperties" in schema:
        assert "maxProperties" in schema
    if schema.get("type") == "string" and "enum" not in schema:
        assert "maxLength" in schema


def rules(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        rule for _, part in fields(schema, "x") for rule in part.get("x-kubernetes-validations", ())
    ]


def test_every_rule_says_what_to_write() -> None:
    found = rules(SPEC) + SCHEMA["x-kubernetes-validations"]
    assert len(found) > 30
    for rule in found:
        assert re.search(r"\b(write|leave|delete)\b", rule["message"]), rule["message"]
        assert "\n" not in rule["message"]


def test_columns() -> None:
    crd = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
    version = crd["spec"]["versions"][0]
    columns = {column["name"]: column for column in version["additionalPrinterColumns"]}
    first = [name for name, column in columns.items() if not column.get("priority")]
    assert first == ["Ready", "Restarts", "Last-Reason", "Last-Restart", "Threshold", "Age"]
    assert [name for name in columns if name not in first] == [
        "Node",
        "Buffer-Errors",
        "Budget",
        "Topic",
    ]
    known = {path.replace("[]", "") for path, _ in ALL}
    for name, column in columns.items():
        path = column["jsonPath"].removeprefix(".").partition("[")[0]
        assert path in known or name == "Age"
    assert crd["spec"]["names"]["shortNames"] == ["cam"]
    assert version["subresources"] == {"status": {}}


def model_of(annotation: Any) -> type[BaseModel] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def pairs(model: type[BaseModel], schema: dict[str, Any], path: str) -> Iterator[Any]:
    for info in model.model_fields.values():
        assert info.alias is not None
        here = f"{path}.{info.alias}"
        assert info.alias in schema["properties"], f"{here} is not in the CRD"
        part = schema["properties"][info.alias]
        yield here, info, part, info.alias in schema.get("required", ())
        inner = model_of(info.annotation)
        if inner is not None:
            yield from pairs(inner, part, here)
    assert set(schema["properties"]) == {item.alias for item in model.model_fields.values()}, path


PAIRS = list(pairs(CameraStreamSpec, SPEC, "spec"))


@pytest.mark.parametrize(("path", "info", "schema", "required"), PAIRS, ids=[p[0] for p in PAIRS])
def test_the_model_has_the_defaults_and_limits_of_the_crd(
    path: str, info: Any, schema: dict[str, Any], required: bool
) -> None:
    assert info.is_required() == required
    default = info.default
    if isinstance(default, StrEnum):
        default = default.value
    if isinstance(default, BaseModel):
        given = schema["default"]
        assert type(default).model_validate(given) == default
    elif not required and default not in (None, {}, ()):
        assert schema["default"] == default
    else:
        assert "default" not in schema
    for limit, name in (("ge", "minimum"), ("le", "maximum")):
        values = [getattr(item, limit) for item in info.metadata if hasattr(item, limit)]
        assert values == ([schema[name]] if name in schema else [])
    annotation = info.annotation
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        assert [item.value for item in annotation] == schema["enum"]


def test_the_environment_that_template_env_may_not_set_is_the_streams() -> None:
    (rule,) = SPEC["properties"]["template"]["properties"]["env"]["x-kubernetes-validations"]
    listed = set(re.findall(r"'([A-Z_]+)'", rule["rule"]))
    own = {row.environment for row in (*VALUES, *SECRET_VALUES, *SECRET_FILES)}
    for name in own | set(FIXED) | set(ELSEWHERE):
        assert name in listed or name.startswith(("KAFKA_", "CAMERA_", "CAPTURE_")), name


def test_forbidden_producer_settings_are_the_same_in_crd_and_python() -> None:
    config = SPEC["properties"]["kafka"]["properties"]["producerConfig"]
    text = " ".join(rule["rule"] for rule in config["x-kubernetes-validations"])
    quoted = set(re.findall(r"'([a-z.]+)'", text)) - {"acks", "request.required.acks"}
    for key in FORBIDDEN_PRODUCER_KEYS:
        assert key in quoted
    for key in quoted:
        assert producer_key_advice(key) is not None, key


def test_the_status_schema_has_the_words_and_caps_of_the_code() -> None:
    part = STATUS["properties"]
    assert part["effectiveSettings"]["properties"]["hold"]["enum"] == [item.value for item in Hold]
    recent = part["recentRestarts"]
    assert recent["items"]["properties"]["reason"]["enum"] == [item.value for item in RestartReason]
    assert recent["maxItems"] == MAX_RECENT
    assert part["restarts"]["properties"]["bufferErrorTimes"]["maxItems"] == MAX_RECENT
    assert part["ledger"]["maxItems"] == MAX_PODS
    pod = part["ledger"]["items"]["properties"]
    assert pod["containers"]["maxItems"] == MAX_CONTAINERS
    assert pod["end"]["enum"] == [item.value for item in PodEnd]
    # Budget and list go together: the last restarts must be enough to judge the budget by.
    budget = SPEC["properties"]["restartPolicy"]["properties"]["budget"]["properties"]
    assert budget["restarts"]["maximum"] == MAX_RECENT
