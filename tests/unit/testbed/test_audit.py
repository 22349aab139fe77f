"""Requests counted from an audit log, as the API server writes it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testbed.audit import AuditLog, Request, counts, read_entries, refusals, writes

if TYPE_CHECKING:
    from pathlib import Path

OPERATOR = "system:serviceaccount:cameras:camerastream-operator"
# As Kubernetes 1.37 wrote it.
LINE = (
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata",'
    '"auditID":"48916892-74ac-45a6-92cd-0bfdcaed183a","stage":"ResponseComplete","requestURI":'
    '"/apis/networking.k8s.io/v1/servicecidrs/kubernetes/status?fieldManager='
    'kubernetes-service-cidr-controller\\u0026force=true","verb":"patch","user":{"username":'
    '"system:apiserver","uid":"6a3bea19","groups":["system:authenticated","system:masters"]},'
    '"sourceIPs":["127.0.0.1"],"userAgent":"kube-apiserver/v1.37.2 (linux/amd64) '
    'kubernetes/0000000","objectRef":{"resource":"servicecidrs","name":"kubernetes","apiGroup":'
    '"networking.k8s.io","apiVersion":"v1","subresource":"status"},"responseStatus":'
    '{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-25T00:51:35.589465Z",'
    '"stageTimestamp":"2026-11-25T00:51:35.603422Z","annotations":'
    '{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}'
)


def line(
    verb: str = "patch",
    resource: str = "pods",
    *,
    user: str = OPERATOR,
    code: int = 200,
    uri: str = "/x",
    **more: Any,
) -> str:
    resource, _, subresource = resource.partition("/")
    return json.dumps(
        {
            "stage": "ResponseComplete",
            "requestURI": uri,
            "verb": verb,
            "user": {"username": user},
            "objectRef": {"resource": resource, "subresource": subresource, **more.pop("ref", {})},
            "responseStatus": {"code": code},
            **more,
        }
    )


def test_a_line_of_a_real_api_server() -> None:
    (entry,) = read_entries([LINE])
    assert entry.request == ("system:apiserver", "patch", "servicecidrs/status")
    assert (entry.group, entry.code, entry.dry_run) == ("networking.k8s.io", 200, False)
    assert entry.agent.startswith("kube-apiserver/v1.37.2 ")
    assert entry.answered_at == pytest.approx(1795567895.603422, abs=1e-6)
    assert entry.is_write


def test_everything_is_counted_by_user_verb_and_resource() -> None:
    lines = [line("list"), line("list"), line("patch", "pods/status"), line("list", user="kubelet")]
    assert counts(read_entries(lines)) == {
        Request(OPERATOR, "list", "pods"): 2,
        Request(OPERATOR, "patch", "pods/status"): 1,
        Request("kubelet", "list", "pods"): 1,
    }


@pytest.mark.parametrize("verb", ["create", "update", "patch", "delete", "deletecollection"])
def test_writes_are_counted_of_one_user_or_of_all(verb: str) -> None:
    lines = [line(verb), line("get"), line("watch"), line(verb, user="kubelet")]
    assert writes(read_entries(lines), OPERATOR) == {Request(OPERATOR, verb, "pods"): 1}
    assert writes(read_entries(lines)).total() == 2


@pytest.mark.parametrize(
    "not_a_write",
    [
        line("update", "leases"),
        line("create", "selfsubjectaccessreviews", ref={"apiGroup": "authorization.k8s.io"}),
        line("create", "tokenreviews", ref={"apiGroup": "authentication.k8s.io"}),
        line(uri="/api/v1/namespaces/x/pods/y?dryRun=All&force=true"),
        line(stage="RequestReceived"),
        line()[:-2],
        "",
        '{"stage":"ResponseComplete","requestURI":"/readyz","verb":"get","user":{}}',
    ],
)
def test_what_stores_nothing_or_is_a_lease_is_no_write(not_a_write: str) -> None:
    assert not writes(read_entries([not_a_write]))


def test_a_name_that_looks_like_a_dry_run_is_a_write() -> None:
    assert writes(read_entries([line(uri="/api/v1/namespaces/x/pods/dryRun=All")]))


def test_a_refused_write_is_a_write_and_is_told_apart() -> None:
    lines = [line(code=409), line(code=200), line("get", code=404), line(code=409, user="kubelet")]
    entries = list(read_entries(lines))
    assert writes(entries, OPERATOR).total() == 2
    assert refusals(entries, OPERATOR) == {("patch", "pods", 409): 1}


def test_with_impersonation_the_act_is_the_other_ones() -> None:
    (entry,) = read_entries([line(user="admin", impersonatedUser={"username": OPERATOR})])
    assert entry.request.user == OPERATOR


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["get", "patch", "create"]),
            st.sampled_from(["pods", "leases", "pods/status"]),
            st.sampled_from([OPERATOR, "kubelet"]),
        )
    ),
    st.integers(min_value=0),
)
def test_a_log_read_in_two_parts_counts_the_same(
    asked: list[tuple[str, str, str]], cut: int
) -> None:
    lines = [line(verb, resource, user=user) for verb, resource, user in asked]
    cut %= len(lines) + 1
    parts = [list(read_entries(lines[:cut])), list(read_entries(lines[cut:]))]
    assert counts(parts[0]) + counts(parts[1]) == counts(read_entries(lines))
    expected = Counter(item for item in asked if item[0] != "get" and item[1] != "leases")
    assert writes(read_entries(lines)).total() == expected.total()


def test_a_log_shows_what_came_since_of_whom_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    mine = {"userAgent": "camerastream-operator/1", "ref": {"namespace": "shop", "name": "lobby-0"}}
    path.write_text(line(**mine) + "\n")
    log = AuditLog(path, agents=("camerastream-operator/", "kopf/"), namespace="shop")
    lines = [
        line(**mine),
        line("list", userAgent="kopf/1"),
        line("update", "leases", userAgent="camerastream-operator/1", ref={"namespace": "shop"}),
        line(userAgent="kubectl/1", ref={"namespace": "shop"}),
        line(userAgent="kopf/1", ref={"namespace": "elsewhere"}),
    ]
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n" + line(**mine)[:40])

    assert [entry.request.verb for entry in log.requests()] == ["patch", "list", "update"]
    assert log.writes() == ["patch pods lobby-0 200"]
    log.begin()
    assert log.requests() == []
