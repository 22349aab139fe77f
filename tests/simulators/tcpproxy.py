"""A TCP proxy that can refuse, fall silent, delay, be thin, and change what stands behind it."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK_BYTES = 65536
_CHUNKS_UNDER_WAY = 256
_LOOK_SECONDS = 0.05
_THROTTLE_STEP_SECONDS = 0.05


class TcpProxy:
    """Forwards connections to a target from an address that stays the same.

    Args:
        target: `host:port` to forward to; of several separated by commas the first.
        listen_host: Where to listen; the port is a free one, kept for the proxy's life.

    Attributes:
        host: Where it listens.
        port: Its port.
    """

    def __init__(self, target: str, listen_host: str = "127.0.0.1") -> None:
        self._target = _address(target)
        # Bound but never listening: it keeps the port while connections are refused.
        self._reservation = _bound(listen_host, 0)
        self.host, self.port = self._reservation.getsockname()[:2]
        self._lock = threading.Lock()
        self._link = threading.Lock()
        self._listener: socket.socket | None = None
        self._connections: set[_Connection] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._delay_seconds = 0.0
        self._bytes_per_second: float | None = None
        self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections stand."""
        with self._lock:
            return len(self._connections)

    def accept(self) -> None:
        """Forward again, after `refuse` and `blackhole` alike."""
        self._flowing.set()
        with self._lock:
            if self._listener is not None:
                return
            self._listener = _bound(self.host, self.port)
            self._listener.listen(64)
            threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Close every connection and refuse new ones, as a port that nobody listens on."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone would not wake the thread that waits in accept().
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.disconnect()

    def blackhole(self) -> None:
        """Let connections stand and open, and pass no byte on; `accept` passes all of them."""
        self._flowing.clear()

    def delay(self, seconds: float) -> None:
        """Pass every byte on that much later, each way; a round trip takes twice as long."""
        self._delay_seconds = seconds

    def throttle(self, bytes_per_second: float | None) -> None:
        """Take no more than that from all clients together, as a thin link to the target does.

        Answers are not slowed down. None makes the link wide again.
        """
        self._bytes_per_second = bytes_per_second

    def retarget(self, target: str) -> None:
        """Forward to another target; connections to the old one are closed."""
        self._target = _address(target)
        self.disconnect()

    def disconnect(self) -> None:
        """Close every connection."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            connection.close()

    def close(self) -> None:
        """End."""
        self._flowing.set()
        self.refuse()
        self._reservation.close()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            # On a thread of its own: a target that does not answer must hold up no other.
            threading.Thread(target=self._connect, args=(client, listener), daemon=True).start()

    def _connect(self, client: socket.socket, listener: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            # Or a part of a message waits for the other end's delayed acknowledgement, 40 ms.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, server)
        with self._lock:
            wanted = self._listener is listener
            if wanted:
                self._connections.add(connection)
        if not wanted:
            connection.close()
            return
        for source, sink, receive in (
            (client, server, self._receive_throttled),
            (server, client, _receive),
        ):
            under_way: queue.Queue[tuple[float, bytes]] = queue.Queue(_CHUNKS_UNDER_WAY)
            for run, arguments in (
                (self._read, (connection, source, under_way, receive)),
                (self._write, (connection, sink, under_way)),
            ):
                threading.Thread(target=run, args=arguments, daemon=True).start()

    def _read(
        self,
        connection: _Connection,
        source: socket.socket,
        under_way: queue.Queue[tuple[float, bytes]],
        receive: Callable[[socket.socket], bytes],
    ) -> None:
        data = b"-"
        while data:
            try:
                data = receive(source)
            except OSError:
                data = b""
            while not connection.closed.is_set():
                with contextlib.suppress(queue.Full):
                    under_way.put((time.monotonic() + self._delay_seconds, data), timeout=1)
                    break

    def _receive_throttled(self, source: socket.socket) -> bytes:
        """Receive from a client; what is not taken yet waits on its side, as before a thin link."""
        rate = self._bytes_per_second
        step_bytes = _CHUNK_BYTES if rate is None else int(rate * _THROTTLE_STEP_SECONDS)
        data = source.recv(max(1, min(_CHUNK_BYTES, step_bytes)))
        with self._link:
            # It may have changed while there was nothing to receive.
            rate = self._bytes_per_second
            if rate is not None:
                time.sleep(len(data) / rate)
        return data

    def _write(
        self,
        connection: _Connection,
        sink: socket.socket,
        under_way: queue.Queue[tuple[float, bytes]],
    ) -> None:
        while not connection.closed.is_set():
            try:
                due, data = under_way.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            connection.closed.wait(max(0.0, due - time.monotonic()))
            while not (self._flowing.wait(_LOOK_SECONDS) or connection.closed.is_set()):
                pass
            if connection.closed.is_set() or not data:
                break
            try:
                sink.sendall(data)
            except OSError:
                break
        with self._lock:
            self._connections.discard(connection)
        connection.close()


def _receive(source: socket.socket) -> bytes:
    return source.recv(_CHUNK_BYTES)


class _Connection:
    """Both ends of a forwarded connection."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.closed = threading.Event()
        self._ends = (client, server)

    def close(self) -> None:
        self.closed.set()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    return made


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.split(",", maxsplit=1)[0].strip().rpartition(":")
    return host, int(port)
