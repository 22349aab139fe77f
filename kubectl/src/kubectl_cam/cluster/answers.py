"""What the API server's refusals mean. Pure: an answer in, a problem out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus

from kubectl_cam.look import Look, one_line
from kubectl_cam.problems import Exit, Problem

GROUP = "camerastream.dev"
VERSION = "v1alpha1"
PLURAL = "camerastreams"
_USER = re.compile(r'User "([^"]*)"')
_UNREACHED = "error trying to reach service"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer.

    Attributes:
        status: The HTTP status.
        body: What was said.
    """

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == HTTPStatus.OK

    def json(self) -> object:
        """Return the body as JSON, None when it is none."""
        try:
            found: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found

    @property
    def by_api_server(self) -> Look:
        """The API server's own word on a failure; empty when the answer is somebody else's."""
        look = Look(self.json())
        return look if look.text("kind") == "Status" else Look(None)

    @property
    def text(self) -> str:
        """What was said, as one short line."""
        said = self.by_api_server.text("message")
        return said or one_line(self.body[:_LONGEST].decode(errors="replace")).strip()


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, in the words of RBAC.

    Attributes:
        verb: As `list`.
        resource: As `pods/proxy`.
        group: Its API group, empty for the core's.
        namespace: Its namespace, empty for all.
    """

    verb: str
    resource: str
    group: str
    namespace: str

    @property
    def rule(self) -> str:
        """The rule that allows it, as it is written in a role."""
        group = f'"{self.group}"'
        return f"apiGroups: [{group}], resources: [{self.resource}], verbs: [{self.verb}]"


def refusal(reply: Reply, request: Request, server: str) -> Problem:
    """Say why the API server did not give what was asked for.

    Args:
        reply: Its answer, which is not what was asked for.
        request: What was asked for.
        server: Its host and port.
    """
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return Problem(
            Exit.NOT_LOGGED_IN,
            f"the API server at {server} does not accept your login; log in again, or choose "
            "another one with --context",
        )
    if reply.status == HTTPStatus.FORBIDDEN:
        return Problem(Exit.FORBIDDEN, forbidden(reply, request))
    if reply.status == HTTPStatus.NOT_FOUND and request.group == GROUP:
        return Problem(
            Exit.NO_RESOURCE_TYPE,
            f"the cluster at {server} knows no CameraStream ({GROUP}/{VERSION}); install the "
            "chart or its CRD, or choose another cluster with --context",
        )
    if reply.ok:
        return Problem(
            Exit.API_FAILED,
            f"what answers at {server} is no API server ({reply.text}); check the kubeconfig's "
            "server and a proxy before it",
        )
    return Problem(
        Exit.API_FAILED,
        f"the API server at {server} answers {reply.status} ({reply.text}); try again",
    )


def forbidden(reply: Reply, request: Request) -> str:
    """Say which right is missing, and for whom."""
    found = _USER.search(reply.text)
    user = found[1] if found else "you"
    where = f"in namespace {request.namespace}" if request.namespace else "in all namespaces"
    what = f"{request.verb} {request.resource}"
    return f"{user} may not {what} {where}; the rule to ask for is {{{request.rule}}}"


def not_reached(reply: Reply, request: Request) -> str:
    """Say why a pod did not give what it was asked for through the API server."""
    if reply.status == HTTPStatus.FORBIDDEN and reply.by_api_server:
        return forbidden(reply, request)
    said = reply.text
    if reply.status == HTTPStatus.NOT_FOUND and reply.by_api_server:
        return "there is no pod"
    if _UNREACHED in said:
        return "the API server does not reach the pod: " + said.rpartition(": ")[2]
    if reply.by_api_server.text("reason") == "BadRequest":
        return f"the pod does not run: {said}"
    return f"the pod answers {reply.status}"
