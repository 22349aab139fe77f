"""Ports for a server that needs six of them."""

from __future__ import annotations

import contextlib
import random
import socket
from dataclasses import dataclass

from tests.testbed.refusal import Refusal

_LOWEST, _HIGHEST = 20000, 32000
"""Below what the kernel gives to outgoing connections (from 32768 on), which come and go."""
_TRIES = 200
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """What the server listens on. RTP takes an even port and RTCP the next (RFC 3550, 11).

    Attributes:
        rtsp: TCP.
        rtsps: TCP, with TLS.
        api: TCP, on loopback.
        rtp: UDP, and the one above it.
        srtp: UDP, and the one above it; RTSPS sends encrypted packets there.
    """

    rtsp: int
    rtsps: int
    api: int
    rtp: int
    srtp: int


def free_ports(host: str, *, rtsp: int | None = None, rtsps: int | None = None) -> Ports:
    """Return ports that nobody uses at this moment.

    Args:
        host: Address that they are to be bound to.
        rtsp: This one, whether it is free or not, instead of a free one.
        rtsps: The same for RTSPS.

    Raises:
        Refusal: There are none.
    """
    for _ in range(_TRIES):
        # Not from 20000 upwards: several servers may be looking at once.
        base = random.randrange(_LOWEST, _HIGHEST, 8)
        wanted = [
            (LOOPBACK, base + 2, socket.SOCK_STREAM),
            *((host, port, socket.SOCK_STREAM) for port in (base, base + 1)),
            *((host, port, socket.SOCK_DGRAM) for port in range(base + 4, base + 8)),
        ]
        with contextlib.ExitStack() as probes:
            if all(_bind(probes, *address) for address in wanted):
                return Ports(
                    rtsp=rtsp or base,
                    rtsps=rtsps or base + 1,
                    api=base + 2,
                    rtp=base + 4,
                    srtp=base + 6,
                )
    raise Refusal(f"No free ports were found on {host}; check that this machine has that address.")


def _bind(probes: contextlib.ExitStack, host: str, port: int, kind: socket.SocketKind) -> bool:
    probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True
