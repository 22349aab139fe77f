"""One client's connection to the simulated camera: RTSP, or MJPEG over HTTP."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

from tests.simulators.camera_rtp import Packetizer, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulators.camera import CameraSimulator

_AUDIO_SECONDS = 0.02
_BOUNDARY = "frame"


class Session:
    """Serves one connection on the thread that calls `serve`.

    Args:
        camera: The camera.
        connection: The accepted connection.
    """

    def __init__(self, camera: CameraSimulator, connection: socket.socket) -> None:
        self.closed = threading.Event()
        self._camera = camera
        self._connection = connection
        self._writing = threading.Lock()
        self._datagrams: socket.socket | None = None
        self._path = ""

    def close(self) -> None:
        """Cut the connection, from any thread."""
        self.closed.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Answer requests until the client goes."""
        try:
            with self._connection, self._connection.makefile("rb") as reader:
                while not self.closed.is_set():
                    request = self._read_request(reader)
                    if request is None or not self._answer(*request):
                        return
        except OSError:
            pass  # the client went away, or a fault was ordered
        finally:
            self.closed.set()
            if self._datagrams is not None:
                self._datagrams.close()

    def _read_request(self, reader: socket.SocketIO) -> tuple[str, str, str, dict[str, str]] | None:
        while True:
            first = reader.read(1)
            if not first:
                return None
            if first == b"$":  # the client's RTCP
                header = reader.read(3)
                reader.read(int.from_bytes(header[1:], "big"))
                continue
            line = (first + reader.readline()).decode(errors="replace").strip()
            if line:
                break
        headers = {}
        while text := reader.readline().decode(errors="replace").strip():
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        method, address, protocol = line.split(" ", 2)
        return method, address, protocol, headers

    def _answer(self, method: str, address: str, protocol: str, headers: dict[str, str]) -> bool:
        """Answer a request; return whether the connection goes on."""
        camera = self._camera
        camera.wait_while_silent(self.closed)
        path = address.split("://", 1)[-1]
        path = path[path.find("/") :].split("?")[0] if "/" in path else "/"
        needs_password = camera.credentials is not None and method != "OPTIONS"
        status, extra, body = "200 OK", {}, ""
        go_on: Callable[[], bool] = lambda: True  # noqa: E731
        if needs_password and not camera.credentials.accepts(
            method, headers.get("authorization", "")
        ):
            status, extra = "401 Unauthorized", {"WWW-Authenticate": camera.credentials.challenge}
        elif method in ("DESCRIBE", "GET") and path.rstrip("/") != camera.path:
            status = "404 Not Found"
        elif method == "GET":
            camera.note(method, 200)
            self._stream_mjpeg()
            return False
        elif method == "OPTIONS":
            extra = {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"}
        elif method == "DESCRIBE":
            extra = {"Content-Base": f"{address}/", "Content-Type": "application/sdp"}
            body = describe(camera.clip, video=camera.video)
        elif method == "SETUP":
            extra = {"Session": "1", "Transport": self._set_up(headers.get("transport", ""))}
        elif method == "PLAY":
            extra = {"Session": "1", "Range": "npt=0-"}
            go_on = self._start_rtp
        elif method == "TEARDOWN":
            go_on = lambda: False  # noqa: E731
        camera.note(method, int(status[:3]))
        lines = [f"{protocol} {status}", f"CSeq: {headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        lines += [f"Content-Length: {len(body)}", "", body]
        self._send("\r\n".join(lines).encode())
        return go_on()

    def _set_up(self, transport: str) -> str:
        if "interleaved" in transport or "TCP" in transport:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        port = int(transport.split("client_port=")[1].split("-", maxsplit=1)[0])
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind((self._connection.getsockname()[0], 0))
        self._datagrams.connect((self._connection.getpeername()[0], port))
        own = self._datagrams.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={own}-{own + 1}"

    def _start_rtp(self) -> bool:
        threading.Thread(target=self._stream_rtp, name="camera-rtp", daemon=True).start()
        return True

    def _stream_rtp(self) -> None:
        camera, packetizer = self._camera, Packetizer()
        try:
            if not camera.video:
                for beat in self._beats(1 / _AUDIO_SECONDS):
                    self._send_rtp(packetizer.silence(beat * _AUDIO_SECONDS, _AUDIO_SECONDS))
                return
            units, length = camera.clip.units, camera.clip.duration_seconds
            for beat in self._beats(camera.clip.frames_per_second):
                round_number, place = divmod(beat, len(units))
                unit = units[place]
                camera.sent(unit.index)
                for packet in packetizer.video(unit, round_number * length + unit.show_seconds):
                    self._send_rtp(packet)
        except OSError:
            self.close()

    def _stream_mjpeg(self) -> None:
        camera = self._camera
        if not camera.video:
            page = b"<html>no camera here</html>"
            self._send(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n" % len(page) + page
            )
            return
        self._send(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
            b"Content-Type: multipart/x-mixed-replace; boundary=" + _BOUNDARY.encode() + b"\r\n\r\n"
        )
        jpegs = camera.clip.jpegs
        for beat in self._beats(camera.clip.frames_per_second):
            jpeg = jpegs[beat % len(jpegs)]
            camera.sent(beat % len(jpegs))
            self._send(
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {len(jpeg)}\r\n\r\n".encode()
                + jpeg
                + b"\r\n"
            )

    def _beats(self, per_second: float) -> Iterator[int]:
        """Yield 0, 1, 2 ... in real time; stand still while the camera hangs."""
        start = time.monotonic()
        beat = 0
        while not self.closed.wait(max(0.0, start + beat / per_second - time.monotonic())):
            waited = self._camera.wait_while_hanging(self.closed)
            start += waited
            if self.closed.is_set():
                return
            yield beat
            beat += 1

    def _send_rtp(self, packet: bytes) -> None:
        if self._datagrams is not None:
            with contextlib.suppress(ConnectionRefusedError):
                self._datagrams.send(packet)
            return
        self._send(b"$\x00" + len(packet).to_bytes(2, "big") + packet)

    def _send(self, data: bytes) -> None:
        with self._writing:
            self._connection.sendall(data)
