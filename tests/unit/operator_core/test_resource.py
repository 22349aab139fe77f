"""Reading a resource: bad ones get a sentence, odd ones never break anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream_operator.api.resource import read_camera_stream, read_spec
from camerastream_operator.api.spec import SpoolMode

from .crd_cases import REFUSED_BY_BOTH, TAKEN
from .resources import FULL, MINIMAL, camera

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(("spec", "said"), REFUSED_BY_BOTH)
def test_a_bad_spec_gets_a_sentence(spec: dict[str, Any], said: str) -> None:
    read, problems = read_spec(spec)
    assert read is None
    assert len(problems) == 1
    assert said in problems[0]


@pytest.mark.parametrize("spec", [*TAKEN, FULL])
def test_a_good_spec_is_taken(spec: dict[str, Any]) -> None:
    read, problems = read_spec(spec)
    assert problems == ()
    assert read is not None


def test_all_problems_come_at_once() -> None:
    spec = {**MINIMAL, "kafka": {"topic": "/", "bootstrapServers": ["x"]}}
    assert len(read_spec(spec)[1]) == 2


@pytest.mark.parametrize("name", ["sasl_password", "SASL.PASSWORD", "acks ", "ä"])
def test_a_producer_setting_in_another_spelling_does_not_slip_through(name: str) -> None:
    read, problems = read_spec({**MINIMAL, "kafka": {"producerConfig": {name: "s3cret"}}})
    assert read is None
    assert "lower-case letters" in problems[0]
    assert "s3cret" not in problems[0]


def test_no_problem_holds_the_value_that_may_be_a_secret() -> None:
    for url in ("rtsp://admin:s3cret@cam/x", "rtsp://admin:s3/cret@cam", "admin:s3cret@cam"):
        for problem in read_spec({"source": {"url": url}})[1]:
            assert "s3" not in problem
    problems = read_spec({"source": {"url": ["s3cret"]}, "kafka": {"topic": {"s3cret": 1}}})[1]
    assert problems
    assert "s3cret" not in " ".join(problems)


def test_fields_of_a_newer_version_are_ignored() -> None:
    read, _ = read_spec({**MINIMAL, "future": 1, "spool": {"mode": "WriteAhead", "future": []}})
    assert read is not None
    assert read.spool.mode is SpoolMode.WRITE_AHEAD


def test_the_camera_is_named_after_the_resource_unless_it_says_otherwise() -> None:
    assert camera().camera_id == "lobby"
    assert camera(FULL).camera_id == "site-a.lobby"
    assert camera({"source": 5}).camera_id == "lobby"


@given(spec=json_values)
def test_any_spec_is_read_or_explained(spec: Any) -> None:
    read, problems = read_spec(spec)
    assert (read is None) == bool(problems)


@given(
    name=st.sampled_from(sorted(FULL)),
    value=json_values,
)
def test_any_value_in_any_field_is_read_or_explained(name: str, value: Any) -> None:
    read, problems = read_spec({**FULL, name: value})
    assert (read is None) == bool(problems)


@given(body=st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), json_values))
def test_any_resource_is_read(body: dict[str, Any]) -> None:
    assert isinstance(read_camera_stream(body).name, str)
