"""Asks a program on the node by HTTP."""

from __future__ import annotations

import http.client

_ANSWER_SECONDS = 30


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
