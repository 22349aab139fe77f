"""Finds the API server as kubectl does: by flags, KUBECONFIG, the user's file, or in a pod.

What the client library says of an unusable kubeconfig may quote it, token and all, so that
nothing of that is passed on.
"""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3
import yaml
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.config import list_kube_config_contexts, load_incluster_config, load_kube_config
from kubernetes.config.config_exception import ConfigException

from kubectl_cam import __version__
from kubectl_cam.problems import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIONS = 32
_DEFAULT_FILE = "~/.kube/config"
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_UNUSABLE = (
    *(ConfigException, yaml.YAMLError, OSError),
    # What the library stumbles over where a file has another shape than it expects.
    *(ValueError, LookupError, TypeError, AttributeError),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cluster is meant.

    Attributes:
        kubeconfig: The file, None for the usual ones.
        context: Its context, None for the current one.
        namespace: The namespace, None for that of the context.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A way to the API server.

    Attributes:
        client: Knows the address and the login.
        namespace: The one that is meant where none is named.
        server: Host and port, for messages.
    """

    client: ApiClient
    namespace: str
    server: str


def connect(wanted: Wanted, environment: Mapping[str, str] = os.environ) -> Connection:
    """Find the API server; nothing is sent yet.

    Raises:
        Problem: There is none, or the kubeconfig cannot be used.
    """
    configuration = Configuration()
    files = _files(wanted, environment)
    if files is None:
        namespace = _from_pod(configuration)
    else:
        namespace = _from_files(configuration, files, wanted.context)
    # A pod's answer may be a redirect, which must lead nowhere; and who waits wants to know
    # at once that nobody answers.
    configuration.retries = False
    configuration.connection_pool_maxsize = CONNECTIONS
    if not configuration.verify_ssl:
        # The kubeconfig says so, and kubectl does not repeat it at every call either.
        warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
    try:
        client = ApiClient(configuration)
    except (OSError, ValueError):
        raise _unusable(files or "the service account") from None
    client.user_agent = f"kubectl-cam/{__version__}"
    return Connection(client, wanted.namespace or namespace, _server(configuration.host))


def _files(wanted: Wanted, environment: Mapping[str, str]) -> str | None:
    """Return the kubeconfig files that are there; None in a pod without any."""
    if wanted.kubeconfig is not None:
        if not Path(wanted.kubeconfig).expanduser().is_file():
            raise Problem(
                Exit.NO_CLUSTER,
                f"there is no kubeconfig {wanted.kubeconfig}; write an existing file behind "
                "--kubeconfig",
            )
        return wanted.kubeconfig
    named = environment.get("KUBECONFIG") or _DEFAULT_FILE
    if any(Path(name).expanduser().is_file() for name in named.split(os.pathsep) if name):
        return named
    if "KUBERNETES_SERVICE_HOST" in environment:
        return None
    raise Problem(
        Exit.NO_CLUSTER,
        f"there is no kubeconfig: {named} does not exist; set KUBECONFIG or write --kubeconfig "
        "FILE",
    )


def _from_pod(configuration: Configuration) -> str:
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return _POD_NAMESPACE.read_text().strip() or "default"
    except (ConfigException, OSError):
        raise Problem(
            Exit.NO_CLUSTER,
            "there is no kubeconfig, and this pod has no service account; set KUBECONFIG or write "
            "--kubeconfig FILE",
        ) from None


def _from_files(configuration: Configuration, files: str, context: str | None) -> str:
    try:
        contexts, current = list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
        names = [str(item["name"]) for item in contexts]
    except _UNUSABLE:
        contexts, current, names = [], None, []
    chosen = current
    if context is not None:
        chosen = next((item for item in contexts if item["name"] == context), None)
        if chosen is None and names:
            near = get_close_matches(context, names, 3) or names[:5]
            raise Problem(
                Exit.NO_CLUSTER,
                f'no context "{context}" in {files}; there is {", ".join(near)}',
            )
    if not _log_in(configuration, files, context):
        raise Problem(
            Exit.NOT_LOGGED_IN,
            f"the login command of the kubeconfig {files} fails; run kubectl get namespaces to "
            "see what it says",
        )
    details = chosen.get("context") if isinstance(chosen, dict) else None
    namespace = details.get("namespace") if isinstance(details, dict) else None
    return str(namespace or "default")


def _log_in(configuration: Configuration, files: str, context: str | None) -> bool:
    """Load address and login; False when a login command failed.

    The library only logs that, and goes on as nobody.
    """
    errors: list[logging.LogRecord] = []
    handler = _Collector(errors)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        load_kube_config(files, context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]
    except _UNUSABLE:
        raise _unusable(files) from None
    finally:
        root.removeHandler(handler)
    return not errors or bool(configuration.api_key or configuration.cert_file)


class _Collector(logging.Handler):
    """Keeps records instead of showing them: they may quote what a login command said."""

    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.ERROR)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


def _unusable(files: str) -> Problem:
    return Problem(
        Exit.NO_CLUSTER,
        f"the kubeconfig {files} cannot be used; kubectl config view shows its clusters, users and "
        "current-context, and --context chooses another one",
    )


def _server(host: Any) -> str:
    """Return host and port of an address, without a login that may stand before them."""
    return urlsplit(str(host)).netloc.rpartition("@")[2]
