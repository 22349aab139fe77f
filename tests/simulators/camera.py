"""A camera that obeys: RTSP (TCP and UDP), RTSPS, and MJPEG over HTTP(S), on one port.

It films numbered pictures or plays a clip over and over in real time, begins each
session with a key frame as cameras do, and can be told to misbehave. By hand:

    python -m tests.simulators.camera --gop-seconds 20

prints its addresses and takes the words hang, resume, die, refuse, silent and serve,
one a line.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from tests.simulators import camera_clip
from tests.simulators.camera_auth import Credentials
from tests.simulators.camera_session import Session

if TYPE_CHECKING:
    from tests.simulators.camera_clip import Clip

FAULTS = ("hang", "resume", "die", "refuse", "silent", "serve")


class CameraSimulator:
    """Serves a clip from threads of this process, for the time of a `with` block.

    Args:
        clip: What it films; its JPEGs are needed for HTTP.
        path: The path that exists; any other is answered with 404.
        credentials: Asked for when given.
        video: False announces audio only (RTSP) or sends a web page (HTTP).
        certificate: PEM file with key and certificate; makes it RTSPS and HTTPS.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        clip: Clip,
        *,
        path: str = "/stream1",
        credentials: Credentials | None = None,
        video: bool = True,
        certificate: Path | None = None,
        port: int = 0,
    ) -> None:
        self.clip = clip
        self.path = path
        self.credentials = credentials
        self.video = video
        self.port = port
        self.requests: list[tuple[str, int]] = []
        self.sent_at_seconds: dict[int, float] = {}
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listener: socket.socket | None = None
        self._sessions: set[Session] = set()
        self._lock = threading.Lock()
        self._hanging = threading.Event()
        self._silent = threading.Event()

    def __enter__(self) -> Self:
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    @property
    def rtsp_url(self) -> str:
        """The address for RTSP, without credentials."""
        return f"rtsp{'s' if self._tls else ''}://127.0.0.1:{self.port}{self.path}"

    @property
    def http_url(self) -> str:
        """The address for MJPEG over HTTP, without credentials."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}{self.path}"

    # --- what tests look at

    def count(self, method: str, status: int = 200) -> int:
        """Return how many requests of a method were answered with a status."""
        with self._lock:
            return self.requests.count((method, status))

    def age_seconds(self, index: int, at_seconds: float) -> float:
        """Return how long before `at_seconds` (Unix time) picture `index` was last sent."""
        with self._lock:
            return at_seconds - self.sent_at_seconds[index]

    # --- faults

    def hang(self) -> None:
        """Stay connected, send nothing."""
        self._hanging.set()

    def resume(self) -> None:
        """End `hang`, on the same connections."""
        self._hanging.clear()

    def die(self) -> None:
        """Cut every connection."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.close()

    def refuse(self) -> None:
        """Close the port and cut every connection."""
        if self._listener is not None:
            # shutdown() wakes the thread that is blocked in accept(); close() alone does not.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.die()

    def silent(self) -> None:
        """Accept connections and never answer."""
        self._silent.set()

    def serve(self) -> None:
        """Be a good camera again."""
        self._silent.clear()
        self._hanging.clear()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=50)
            self.port = self._listener.getsockname()[1]
            threading.Thread(
                target=self._accept, args=(self._listener,), name="camera", daemon=True
            ).start()

    # --- what sessions ask

    def note(self, method: str, status: int) -> None:
        """Remember a request and how it was answered."""
        with self._lock:
            self.requests.append((method, status))

    def sent(self, index: int) -> None:
        """Remember that a picture goes out now."""
        with self._lock:
            self.sent_at_seconds[index] = time.time()

    def wait_while_hanging(self, closed: threading.Event) -> float:
        """Wait until the camera no longer hangs; return the seconds waited."""
        return _wait_while(self._hanging, closed)

    def wait_while_silent(self, closed: threading.Event) -> float:
        """Wait until the camera is no longer silent; return the seconds waited."""
        return _wait_while(self._silent, closed)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._welcome, args=(connection,), name="camera-session", daemon=True
            ).start()

    def _welcome(self, connection: socket.socket) -> None:
        if self._tls is not None:
            try:
                connection = self._tls.wrap_socket(connection, server_side=True)
            except OSError:  # the client did not like the certificate
                connection.close()
                return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, connection)
        with self._lock:
            self._sessions.add(session)
        try:
            session.serve()
        finally:
            with self._lock:
                self._sessions.discard(session)


def _wait_while(fault: threading.Event, closed: threading.Event) -> float:
    began = time.monotonic()
    while fault.is_set() and not closed.wait(0.02):
        pass
    return time.monotonic() - began


def main() -> None:
    """Run a camera by hand."""
    parser = argparse.ArgumentParser(description="A simulated camera: RTSP and HTTP-MJPEG.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--clip", type=Path, help="an H.264 file; else numbered pictures")
    parser.add_argument("--gop-seconds", type=float, help="distance of key frames")
    parser.add_argument("--fps", type=int, default=25, help="of numbered pictures")
    parser.add_argument("--size", default="640x480", help="of numbered pictures")
    parser.add_argument("--username")
    parser.add_argument("--password", default="")
    parser.add_argument("--auth", choices=["digest", "basic"], default="digest")
    parser.add_argument("--certificate", type=Path, help="PEM with key and certificate: TLS")
    parser.add_argument("--no-video", action="store_true", help="announce audio only")
    given = parser.parse_args()
    if given.clip:
        clip = camera_clip.load(given.clip, gop_seconds=given.gop_seconds, jpegs=True)
    else:
        width, height = (int(part) for part in given.size.split("x"))
        gop = given.gop_seconds or 2.0
        clip = camera_clip.generate(
            width=width, height=height, frames_per_second=given.fps, gop_seconds=gop,
            seconds=max(8.0, gop), jpegs=True,
        )  # fmt: skip
    credentials = None
    user = ""
    if given.username:
        credentials = Credentials(given.username, given.password, given.auth)
        user = f"{quote(given.username, safe='')}:***@"
    camera = CameraSimulator(
        clip, credentials=credentials, video=not given.no_video,
        certificate=given.certificate, port=given.port,
    )  # fmt: skip
    with camera:
        print(camera.rtsp_url.replace("://", f"://{user}"))
        print(camera.http_url.replace("://", f"://{user}"), flush=True)
        for line in sys.stdin:
            word = line.strip()
            if word in FAULTS:
                getattr(camera, word)()
                print(f"{word}: done", flush=True)
            elif word:
                print(f"unknown: {word}; write one of {', '.join(FAULTS)}", flush=True)


if __name__ == "__main__":
    main()
