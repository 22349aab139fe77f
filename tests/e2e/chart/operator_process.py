"""The real operator as a process, with the account that the chart gives it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.testbed.kubernetes.cluster import Cluster


def account(cluster: Cluster, token: str, file: Path) -> Path:
    """Write a kubeconfig for a ServiceAccount's token."""
    authority = str(cluster.layout.pki / "ca.crt")
    file.touch(mode=0o600)
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "test",
                "clusters": [
                    {
                        "name": "test",
                        "cluster": {
                            "server": cluster.layout.server,
                            "certificate-authority": authority,
                        },
                    }
                ],
                "users": [{"name": "test", "user": {"token": token}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            }
        ),
        encoding="utf-8",
    )
    return file


@contextlib.contextmanager
def running_operator(
    log: Path, kubeconfig: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the operator until the block ends.

    Args:
        log: Where it logs to.
        kubeconfig: How it reaches the API server.
        environment: Its settings.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "camerastream_operator", "run"],
            env={
                **os.environ,
                **environment,
                "OPERATOR_HTTP_HOST": "127.0.0.1",
                "OPERATOR_HTTP_PORT": "0",
                "KUBECONFIG": str(kubeconfig),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
