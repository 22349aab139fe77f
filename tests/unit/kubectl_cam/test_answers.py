"""What the API server's refusals mean; the texts are its own."""

from __future__ import annotations

import json

import pytest

from kubectl_cam.cluster.answers import Reply, Request, not_reached, refusal
from kubectl_cam.problems import Exit, no_camera

LIST = Request("list", "camerastreams", "camerastream.dev", "shop")
PROXY = Request("get", "pods/proxy", "", "shop")
SERVER = "10.0.0.1:6443"


def status(code: int, reason: str, message: str) -> Reply:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return Reply(code, json.dumps(body).encode())


FORBIDDEN = status(
    403,
    "Forbidden",
    'camerastreams.camerastream.dev is forbidden: User "anna" cannot list resource "camerastreams"',
)


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (status(401, "Unauthorized", "Unauthorized"), Exit.NOT_LOGGED_IN, "log in again"),
        (FORBIDDEN, Exit.FORBIDDEN, "anna may not list camerastreams in namespace shop"),
        (Reply(403, b"go away"), Exit.FORBIDDEN, "you may not list"),
        (Reply(404, b"404 page not found\n"), Exit.NO_RESOURCE_TYPE, "install the chart"),
        (
            status(503, "ServiceUnavailable", "etcdserver: leader changed"),
            Exit.API_FAILED,
            "answers 503 (etcdserver: leader changed); try again",
        ),
        (Reply(502, b"<html>\x1b[2J" + b"x" * 9999), Exit.API_FAILED, "answers 502 (<html>"),
        (Reply(200, b"<html>please log in"), Exit.API_FAILED, "is no API server (<html>"),
    ],
)
def test_refusals(reply: Reply, code: Exit, words: str) -> None:
    problem = refusal(reply, LIST, SERVER)
    assert problem.exit is code
    assert words in problem.sentence
    assert "\x1b" not in problem.sentence
    assert len(problem.sentence) < 400


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (status(404, "NotFound", 'pods "lobby-0" not found'), "there is no pod"),
        (
            status(
                503,
                "ServiceUnavailable",
                "error trying to reach service: dial tcp 10.0.0.9:8080: connection refused",
            ),
            "the API server does not reach the pod: connection refused",
        ),
        (
            status(400, "BadRequest", "address not allowed"),
            "the pod does not run: address not allowed",
        ),
        (
            status(403, "Forbidden", 'pods "lobby-0:8080" is forbidden: User "anna" cannot get'),
            'may not get pods/proxy in namespace shop; the rule to ask for is {apiGroups: [""]',
        ),
        (Reply(500, b"oops"), "the pod answers 500"),
    ],
)
def test_why_a_pod_is_not_reached(reply: Reply, words: str) -> None:
    assert words in not_reached(reply, PROXY)


def test_names_that_are_near_or_the_first_ones_there_are() -> None:
    names = [f"camera-{number}" for number in range(7)]
    assert no_camera("shop", ["camera-77"], names).sentence.count("camera-") >= 2
    assert no_camera("shop", ["x"], names).sentence.endswith("camera-4 and 2 more")
    assert no_camera("shop", ["x"], []).sentence.endswith("--namespace names another one")
    assert no_camera("shop", ["x"], None).sentence == 'no CameraStream "x" in namespace shop'
