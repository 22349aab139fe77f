"""Half a status, or one of another version, is shown as far as it can be; nothing crashes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kubectl_cam.camera import read_camera
from kubectl_cam.live import Answer, read_live
from kubectl_cam.look import one_line
from kubectl_cam.report import status_report, timeline_report
from kubectl_cam.row import COLUMNS, make_row
from kubectl_cam.timeline import read_timeline
from kubectl_cam.view.restarts import restarts_text
from kubectl_cam.view.table import plain_table
from tests.unit.kubectl_cam.cameras import NOW, TROUBLED, figures
from tests.unit.kubectl_cam.test_shown import printed

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2026-03-01T12:00:00Z", "0001-01-01T00:00:00+14:00", "True", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a resource."""
    found = [path] if path else []
    children = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, value in children:
        found += places(value, (*path, key))
    return found


@st.composite
def spoilt(draw: st.DrawFn, data: Any) -> Any:
    """Return something with some of its places missing or replaced by anything."""
    copy = json.loads(json.dumps(data))
    for path in draw(st.lists(st.sampled_from(places(data)), max_size=6)):
        place = copy
        try:
            for key in path[:-1]:
                place = place[key]
            if draw(st.booleans()) and isinstance(place, dict):
                del place[path[-1]]
            else:
                place[path[-1]] = draw(ANYTHING)
        except (KeyError, IndexError, TypeError):
            continue
    return copy


@given(resource=spoilt(TROUBLED) | ANYTHING, told=spoilt(figures(spooled=3)) | ANYTHING)
def test_no_odd_resource_or_answer_crashes_the_table(resource: Any, told: Any) -> None:
    made = make_row(read_camera(resource), Answer(read_live(told), "why"), NOW)
    assert set(made.cells) == set(COLUMNS)
    assert all(made.cells.values()), "an empty cell would shift the columns"
    table = plain_table([made], with_namespace=True)
    assert one_line(table.replace("\n", "")) == table.replace("\n", "")
    json.dumps(status_report([made], NOW), allow_nan=False)


@given(resource=spoilt(TROUBLED) | ANYTHING)
def test_no_odd_resource_crashes_the_restarts(resource: Any) -> None:
    timeline = read_timeline(resource, NOW)
    assert printed(restarts_text(timeline, NOW), 80)
    times = [entry.at for entry in timeline.entries if entry.at is not None]
    assert times == sorted(times)
    assert all((entry.gap_seconds or 0) >= 0 for entry in timeline.entries)
    json.dumps(timeline_report(timeline), allow_nan=False)
