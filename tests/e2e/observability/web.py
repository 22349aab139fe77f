"""Programs that run on the node and answer by HTTP."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.testbed.kubernetes.cluster import Cluster
    from tests.testbed.lease import Lease

_ANSWER_SECONDS = 30
_START_SECONDS = 120


def start(
    cluster: Cluster, lease: Lease, command: Sequence[str], *, log: Path, address: str, path: str
) -> None:
    """Start a program on the node and wait until it says that it is ready.

    Args:
        cluster: Whose node.
        lease: It ends with it.
        command: What to run.
        log: Where its output goes.
        address: Host and port.
        path: Where it says that it is ready.
    """
    process = lease.popen(cluster.on_node(command), log=log)

    def ready() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        return call(address, path)[0] == http.client.OK

    wait_until(ready, _START_SECONDS, lambda: f"{log} says why it is not ready")


def call(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    """Return status and body; status 0, and why, when nobody answers.

    Args:
        address: Host and port.
        path: What is asked for.
        method: Of HTTP.
    """
    connection = http.client.HTTPConnection(address, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()
