"""Lets a program outside the cluster use a ServiceAccount, with the rights of it and no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.kubectl import Kubectl


def kubeconfig_of(kubectl: Kubectl, account: str, file: Path) -> Path:
    """Write a kubeconfig for a ServiceAccount of the namespace, and return the file.

    Args:
        kubectl: An administrator's, in the account's namespace.
        account: The ServiceAccount.
        file: Where to write it.
    """
    token = kubectl("create", "token", account, "--duration=2h").strip()
    view = kubectl("config", "view", "--raw", "--minify", "--flatten", "--output=json")
    config = json.loads(view)
    config["users"] = [{"name": account, "user": {"token": token}}]
    for context in config["contexts"]:
        context["context"]["user"] = account
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    return file


def allow_to_read_pods(kubectl: Kubectl, account: str) -> None:
    """Make a ServiceAccount with the rights that Prometheus needs to find pods."""
    name = f"{account}-reads-pods"
    kubectl("create", "serviceaccount", account)
    kubectl("create", "clusterrole", name, "--verb=get,list,watch", "--resource=pods")
    kubectl(
        *("create", "clusterrolebinding", name, f"--clusterrole={name}"),
        f"--serviceaccount={kubectl.namespace}:{account}",
    )
