"""Sets a client quota: the one thing that the Python client cannot ask for.

The request is AlterClientQuotas (key 49) in version 0 of Kafka's own protocol
(kafka.apache.org, "Protocol guide"): fields one after another, big-endian.
"""

from __future__ import annotations

import socket
import struct

_ALTER_CLIENT_QUOTAS = 49
_VERSION = 0
_CORRELATION = 1
_EVERYBODY = None
"""A name that is null stands for the default of all clients."""
_ANSWER_SECONDS = 20


def limit_producers(address: str, bytes_per_second: int | None) -> None:
    """Let each client send that much to each broker; None lifts the limit.

    Args:
        address: `host:port` of a plaintext listener.
        bytes_per_second: `producer_byte_rate` of every client without one of its own.

    Raises:
        RuntimeError: The broker refuses.
    """
    host, _, port = address.rpartition(":")
    request = request_bytes(bytes_per_second)
    with socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (size,) = struct.unpack(">i", _exactly(connection, 4))
        code = error_code(_exactly(connection, size))
    if code:
        raise RuntimeError(f"the broker refused the quota: error code {code}")


def request_bytes(bytes_per_second: int | None) -> bytes:
    """Return the request without its length."""
    header = struct.pack(">hhi", _ALTER_CLIENT_QUOTAS, _VERSION, _CORRELATION) + _string("testbed")
    entity = struct.pack(">i", 1) + _string("client-id") + _string(_EVERYBODY)
    operation = (
        struct.pack(">i", 1)
        + _string("producer_byte_rate")
        + struct.pack(">d?", bytes_per_second or 0, bytes_per_second is None)
    )
    validate_only = struct.pack(">?", False)
    return header + struct.pack(">i", 1) + entity + operation + validate_only


def error_code(response: bytes) -> int:
    """Return the error code of the one entry of a response, 0 for none."""
    # Correlation, throttle time and the number of entries, then the first entry's code.
    (code,) = struct.unpack_from(">h", response, 12)
    return int(code)


def _string(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">h", -1)
    return struct.pack(">h", len(text)) + text.encode()


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the broker closed the connection instead of answering")
        data += more
    return data
