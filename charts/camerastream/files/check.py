"""What `helm test` runs: is the operator ready, is the CRD served, does Kafka answer?

And are the cameras as the values list them? It needs Python's standard library only and runs in
any image with a `python3`. Each check is one command, and says in one sentence what it found;
the exit code is 1 when that is bad.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
GROUP_VERSION = "camerastream.dev/v1alpha1"
LIST_LABEL = "camerastream.dev/camera-list"
LIST_HASH_ANNOTATION = "camerastream.dev/camera-list-hash"
_API_VERSIONS_KEY = 18
_CORRELATION = 20260105
_LOOK_SECONDS = 1.0


class CheckError(Exception):
    """A check found something wrong; the sentence says what, and what to do."""


class NoAnswerError(Exception):
    """A broker does not answer; the text says how."""


class ApiServer:
    """The API server, as a pod's service account sees it.

    Args:
        url: Where it is.
        account: Folder with `token` and `ca.crt`.
    """

    def __init__(self, url: str, account: Path) -> None:
        self._url = url
        self._token = (account / "token").read_text(encoding="ascii").strip()
        self._context = ssl.create_default_context(cafile=str(account / "ca.crt"))

    def get(self, path: str) -> dict[str, Any] | None:
        """Return what is at a path, None when there is nothing.

        Raises:
            CheckError: It does not answer, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 - always https
            self._url + path, headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with urllib.request.urlopen(  # noqa: S310 - always https
                request, timeout=10, context=self._context
            ) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise CheckError(
                f"the API server refuses to show {path} ({error.code} {error.reason})"
            ) from None
        except (OSError, ValueError) as error:
            raise CheckError(f"the API server does not answer: {error}") from None


def check_operator(api: ApiServer, namespace: str, name: str, timeout_seconds: float) -> str:
    """Return that all pods of the operator are ready; waits for them.

    Raises:
        CheckError: They are not.
    """
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    deadline = time.monotonic() + timeout_seconds
    while True:
        found = api.get(path)
        if found is None:
            raise CheckError(
                f"there is no Deployment {name} in namespace {namespace}; install the chart again "
                "with: helm upgrade"
            )
        wanted = int(found["spec"].get("replicas", 1))
        ready = int(found.get("status", {}).get("readyReplicas", 0))
        if ready >= wanted > 0:
            return f"{ready} of {wanted} pods are ready"
        if wanted == 0:
            raise CheckError("operator.replicas is 0, so that nobody looks after the cameras")
        if time.monotonic() >= deadline:
            raise CheckError(
                f"{ready} of {wanted} pods are ready; see: kubectl -n {namespace} describe pods -l "
                "app.kubernetes.io/name=camerastream-operator"
            )
        time.sleep(_LOOK_SECONDS)


def check_crd(api: ApiServer) -> str:
    """Return that CameraStreams are served.

    Raises:
        CheckError: They are not.
    """
    found = api.get(f"/apis/{GROUP_VERSION}") or {}
    served = {item.get("name") for item in found.get("resources", [])}
    if not {"camerastreams", "camerastreams/status"} <= served:
        raise CheckError(
            "the API server knows no CameraStream; install the CRD with: helm upgrade --set "
            "crds.enabled=true, or see: kubectl describe crd camerastreams.camerastream.dev"
        )
    return f"{GROUP_VERSION} is served"


def check_cameras(api: ApiServer, file: Path, timeout_seconds: float) -> str:
    """Return that all cameras are as the values list them; waits for them.

    Args:
        api: The API server.
        file: The list, as the operator has it.
        timeout_seconds: For how long; a changed list reaches the operator within about a minute.

    Raises:
        CheckError: One is not.
    """
    wanted = json.loads(file.read_text(encoding="utf-8"))
    deadline = time.monotonic() + timeout_seconds
    while True:
        found = [(item, camera_problem(api, wanted["name"], item)) for item in wanted["cameras"]]
        problems = [(item, problem) for item, problem in found if problem]
        if not problems:
            return f"{len(found)} are as the values list them"
        if time.monotonic() >= deadline:
            raise CheckError(
                "; ".join(f"{problem}: {_reason(api, item)}" for item, problem in problems)
            )
        time.sleep(_LOOK_SECONDS)


def camera_problem(api: ApiServer, name: str, camera: dict[str, Any]) -> str:
    """Return in what a camera is not as listed; empty when it is.

    Args:
        api: The API server.
        name: Name of the list.
        camera: The camera as the list has it.
    """
    path = f"/apis/{GROUP_VERSION}/namespaces/{camera['namespace']}/camerastreams/{camera['name']}"
    called = f"{camera['name']} of namespace {camera['namespace']}"
    found = api.get(path)
    if found is None:
        return f"{called} is not there"
    if found["metadata"].get("labels", {}).get(LIST_LABEL) != name:
        return f"{called} was not made from these values"
    if found["metadata"].get("annotations", {}).get(LIST_HASH_ANNOTATION) != entry_hash(camera):
        return f"{called} is not as the values list it"
    return ""


def entry_hash(camera: dict[str, Any]) -> str:
    """Return what stands for a camera's entry, as the operator writes it."""
    entry = {"labels": camera["labels"], "spec": camera["spec"]}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _reason(api: ApiServer, camera: dict[str, Any]) -> str:
    """Return what the operator has said about a camera last."""
    about = {"involvedObject.kind": "CameraStream", "involvedObject.name": camera["name"]}
    selector = urllib.parse.quote(",".join(f"{key}={value}" for key, value in about.items()))
    path = f"/api/v1/namespaces/{camera['namespace']}/events?fieldSelector={selector}"
    events = (api.get(path) or {}).get("items", [])
    told = [event for event in events if str(event.get("reason", "")).startswith("Listed")]
    if not told:
        return "the operator has not said why, see its log"
    last = max(told, key=lambda event: str(event["metadata"]["creationTimestamp"]))
    return str(last.get("message", ""))


def check_kafka(servers: list[str], timeout_seconds: float) -> str:
    """Return which brokers answer; one is enough, since it names the others.

    Raises:
        CheckError: None does.
    """
    answers: list[str] = []
    silent: list[str] = []
    for server in servers:
        try:
            answers.append(f"{server} answers ({ask_broker(server, timeout_seconds)})")
        except NoAnswerError as error:
            silent.append(f"{server} does not ({error})")
    said = "; ".join([*answers, *silent])
    if not answers:
        raise CheckError(
            f"{said}; correct kafka.bootstrapServers, or let this namespace reach Kafka"
        )
    return said


def ask_broker(server: str, timeout_seconds: float) -> str:
    """Return how a broker talks: plain or TLS.

    Raises:
        NoAnswerError: It does not, or not in Kafka's protocol.
    """
    host, _, port = server.rpartition(":")
    address = (host.strip("[]"), int(port))
    try:
        with socket.create_connection(address, timeout_seconds) as connection:
            if _answers_plainly(connection):
                return "Kafka"
        with socket.create_connection(address, timeout_seconds) as connection:
            if _speaks_tls(connection, address[0]):
                return "TLS"
    except socket.gaierror:
        raise NoAnswerError("the host name is not known") from None
    except ConnectionRefusedError:
        raise NoAnswerError("the connection is refused") from None
    except TimeoutError:
        raise NoAnswerError(f"no answer within {timeout_seconds:g} s") from None
    except OSError as error:
        raise NoAnswerError(str(error)) from None
    raise NoAnswerError("something else than Kafka listens there")


def api_versions_request() -> bytes:
    """Return the one request that a broker answers before any login: ApiVersions, version 0.

    https://kafka.apache.org/protocol#The_Messages_ApiVersions
    """
    client = b"helm-test"
    body = struct.pack(">hhih", _API_VERSIONS_KEY, 0, _CORRELATION, len(client)) + client
    return struct.pack(">i", len(body)) + body


def _answers_plainly(connection: socket.socket) -> bool:
    try:
        connection.sendall(api_versions_request())
        head = _read(connection, 8)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return len(head) == 8 and struct.unpack(">i", head[4:])[0] == _CORRELATION


def _speaks_tls(connection: socket.socket, host: str) -> bool:
    # Only whether somebody is there is asked; nothing is sent that must be kept secret.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(connection, server_hostname=host):
            return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError as error:
        # An alert, as for a missing client certificate, is an answer in TLS too.
        return "ALERT" in (error.reason or "")
    except ConnectionResetError:
        return False


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length and (part := connection.recv(length - len(data))):
        data += part
    return data


def main(arguments: list[str] | None = None) -> int:
    """Run one check and say what it found."""
    parser = argparse.ArgumentParser(description="Checks an installation of CameraStream.")
    parser.add_argument("--timeout-seconds", type=float, default=10)
    parser.add_argument("--service-account", type=Path, default=SERVICE_ACCOUNT)
    checks = parser.add_subparsers(dest="check", required=True)
    operator = checks.add_parser("operator")
    operator.add_argument("namespace")
    operator.add_argument("name")
    checks.add_parser("crd")
    checks.add_parser("cameras").add_argument("file", type=Path, help="the list, as JSON")
    checks.add_parser("kafka").add_argument("servers", help="host:port, separated by commas")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"ok: {given.check}: {_run(given)}\n")
    except CheckError as error:
        sys.stdout.write(f"FAILED: {given.check}: {error}\n")
        return 1
    return 0


def _run(given: argparse.Namespace) -> str:
    if given.check == "kafka":
        return check_kafka(given.servers.split(","), given.timeout_seconds)
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    host = f"[{host}]" if ":" in host else host
    api = ApiServer(f"https://{host}:{port}", given.service_account)
    if given.check == "crd":
        return check_crd(api)
    if given.check == "cameras":
        return check_cameras(api, given.file, given.timeout_seconds)
    return check_operator(api, given.namespace, given.name, given.timeout_seconds)


if __name__ == "__main__":
    raise SystemExit(main())
