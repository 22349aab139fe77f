"""Ports that are free, and stay so over a broker's restart."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASK_ELSEWHERE = """
import socket, sys
held = [socket.create_server((sys.argv[1], 0)) for _ in range(int(sys.argv[2]))]
print(*(each.getsockname()[1] for each in held))
"""


class ReservedPorts:
    """Some free ports of an address, kept for as long as this object is open.

    While a broker is down, its port would else be free for anybody, also as the near end of
    somebody's outgoing connection, and the broker could not start again.

    Args:
        host: The address.
        count: How many ports.
        command_prefix: Asks for them in the namespaces that this command enters; there they
            cannot be kept.

    Attributes:
        numbers: The ports.

    Raises:
        Refusal: The address is none of this machine, or of those namespaces.
    """

    def __init__(self, host: str, count: int, command_prefix: Sequence[str] = ()) -> None:
        self._held: list[socket.socket] = []
        if command_prefix:
            self.numbers = _ask_elsewhere(host, count, command_prefix)
            return
        try:
            for _ in range(count):
                held = socket.socket()
                self._held.append(held)
                held.bind((host, 0))
                # Only now: a port bound with this option before could be one that others hold.
                # With it the broker may bind the port too, since nobody listens on this socket.
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        except OSError as error:
            self.close()
            raise _not_here(host, str(error)) from None
        self.numbers = [held.getsockname()[1] for held in self._held]

    def close(self) -> None:
        """Let go of the ports."""
        for held in self._held:
            held.close()
        self._held.clear()


def _ask_elsewhere(host: str, count: int, command_prefix: Sequence[str]) -> list[int]:
    done = subprocess.run(
        [*command_prefix, sys.executable, "-c", _ASK_ELSEWHERE, host, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise _not_here(host, (done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return [int(number) for number in done.stdout.split()]


def _not_here(host: str, reason: str) -> Refusal:
    return Refusal(
        f"Kafka cannot listen on {host} ({reason}); choose an address that the machine or the "
        f"namespaces have."
    )
