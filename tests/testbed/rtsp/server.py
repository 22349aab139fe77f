"""Starts MediaMTX and the ffmpeg that feeds it, breaks both, and looks at who is watching."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.testbed import tools
from tests.testbed.pki import CertificateAuthority
from tests.testbed.refusal import Refusal
from tests.testbed.rtsp.configuration import feed_command, reachable, server_configuration
from tests.testbed.rtsp.footage import DEFAULT_CLIP
from tests.testbed.rtsp.ports import LOOPBACK, Ports, free_ports

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence

    from tests.testbed.lease import Lease

_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_PORT_TRIES = 5
_CERTIFICATE_NAME = "rtsp.testbed"


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody who watches.

    Attributes:
        path: What is watched.
        transport: How the packets travel, `TCP` or `UDP`.
        encrypted: Whether it is RTSPS.
    """

    path: str
    transport: str
    encrypted: bool


class RtspServer:
    """Cameras that show a clip over and over in real time; stands when the block begins.

    Args:
        lease: Its processes and its folder belong to it.
        clip: What the cameras show.
        paths: The cameras; any other path is answered with 404.
        user: Who may watch, by Digest authentication; None lets everybody.
        password: The user's.
        host: Address to listen on; one that pods reach lets them watch.
        rtsp_port: None takes a free one; the port stays through `kill` and `start`.
        rtsps_port: The same for RTSPS.
        name: Of its folder in the lease, where several servers share one.

    Attributes:
        ca_file: Certificate (PEM) of the authority that signed the server's.
        other_ca_file: That of an authority which has nothing to do with it.
        folder: Holds its logs.

    Raises:
        Refusal: It cannot be had on this machine; the text says why.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        clip: Path = DEFAULT_CLIP,
        paths: Sequence[str] = ("lobby",),
        user: str | None = None,
        password: str | None = None,
        host: str = LOOPBACK,
        rtsp_port: int | None = None,
        rtsps_port: int | None = None,
        name: str = "rtsp",
    ) -> None:
        self.folder = lease.folder / name
        self.ca_file = self.folder / "ca.pem"
        self.other_ca_file = self.folder / "other-ca.pem"
        self._lease = lease
        self._clip = clip
        self._paths = tuple(paths)
        self._user = user
        self._password = password
        self._host = host
        self._wanted = (rtsp_port, rtsps_port)
        self._ports: Ports | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._feed: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # --- where it is

    def url(self, path: str = "lobby") -> str:
        """Return the address of a camera, without credentials."""
        return f"rtsp://{reachable(self._host)}:{self._listening.rtsp}/{path}"

    def tls_url(self, path: str = "lobby") -> str:
        """Return the address of a camera with TLS, without credentials."""
        return f"rtsps://{reachable(self._host)}:{self._listening.rtsps}/{path}"

    @property
    def logs(self) -> list[Path]:
        """Everything that server and feed wrote."""
        return sorted(self.folder.glob("*.log"))

    @property
    def commands(self) -> list[list[str]]:
        """The command lines of its processes, as everybody on the machine can read them."""
        return [
            Path(f"/proc/{process.pid}/cmdline").read_text().split("\0")
            for process in (self._server, self._feed)
            if process is not None
        ]

    # --- who is there

    def readings(self) -> list[Reading]:
        """Return who is watching at this moment."""
        return [
            Reading(session["path"], session["transport"], encrypted)
            for kind, encrypted in (("rtspsessions", False), ("rtspssessions", True))
            for session in self._ask(kind)
            if session["state"] == "read"
        ]

    def connections_so_far(self) -> int:
        """Return how many connections there ever were, the feed's own too."""
        said = "".join(log.read_text(errors="replace") for log in self.folder.glob("server-*.log"))
        return sum(
            "[conn " in line and line.rstrip().endswith(" opened") for line in said.splitlines()
        )

    # --- what can happen to it

    def start(self) -> None:
        """Start it, also after `kill`, and wait until every camera shows pictures."""
        if self._server is not None:
            raise RuntimeError("the RTSP server is running; kill it first")
        self._prepare()
        for remaining in reversed(range(_PORT_TRIES)):
            if self._start_server(may_move=remaining > 0):
                break
        self.start_feed()

    def kill(self) -> None:
        """End it as a power cut does; its feed has nothing to feed any more and ends too."""
        for process in (self._feed, self._server):
            if process is not None:
                process.kill()
                process.wait()
        self._feed = self._server = None

    def start_feed(self) -> None:
        """Let the cameras show pictures, also after `stop_feed`, and wait until they do."""
        if self._feed is not None:
            raise RuntimeError("the feed is running; stop it first")
        self._feed = self._lease.popen(
            feed_command(
                tools.path("ffmpeg"), self._clip, [self.url(path) for path in self._paths]
            ),
            log=self.folder / "feed.log",
        )
        self._wait("feed", lambda: self._ready() >= set(self._paths), self._feed, "feed.log")

    def stop_feed(self) -> None:
        """Take the pictures away: who watches is sent away, who comes is told 404."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.kill()
            feed.wait()
            self._wait("feed", lambda: not self._ready(), None, "feed.log")

    def freeze(self) -> None:
        """Let it hang: connections stand and new ones open, nothing comes."""
        self._signal(signal.SIGSTOP, os.WSTOPPED)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT, os.WCONTINUED)

    # ---

    @property
    def _listening(self) -> Ports:
        if self._ports is None:
            raise RuntimeError("the RTSP server was not started yet")
        return self._ports

    def _prepare(self) -> None:
        if self.folder.exists():
            return
        self.folder.mkdir()
        authority = CertificateAuthority("camera authority")
        self.ca_file.write_bytes(authority.certificate)
        self.other_ca_file.write_bytes(CertificateAuthority("another authority").certificate)
        authority.issue(
            _CERTIFICATE_NAME,
            addresses=sorted({LOOPBACK, reachable(self._host)}),
            names=["localhost"],
        ).write(self.folder / "key.pem", self.folder / "certificate.pem")

    def _start_server(self, *, may_move: bool) -> bool:
        """Start MediaMTX; return False when a port was taken meanwhile and others may do."""
        if self._ports is None:
            rtsp, rtsps = self._wanted
            self._ports = free_ports(self._host, rtsp=rtsp, rtsps=rtsps)
        configuration = self.folder / "mediamtx.json"
        configuration.touch(mode=0o600)
        configuration.write_text(
            server_configuration(
                host=self._host,
                ports=self._ports,
                key_file=self.folder / "key.pem",
                certificate_file=self.folder / "certificate.pem",
                user=self._user,
                password=self._password,
            )
        )
        log = self.folder / f"server-{self._starts:03d}.log"
        first = self._starts == 0
        server = self._lease.popen([str(tools.path("mediamtx")), str(configuration)], log=log)
        self._server = server
        try:
            self._wait("RTSP server", self._answers, server, log.name)
        except Refusal:
            self._server = None
            if not (first and may_move and "address already in use" in log.read_text()):
                raise
            self._ports = None
            log.unlink()
            return False
        self._starts += 1
        return True

    def _ready(self) -> set[str]:
        return {path["name"] for path in self._ask("paths") if path["ready"]}

    def _answers(self) -> bool:
        try:
            self._ask("paths")
        except OSError:
            return False
        return True

    def _ask(self, what: str) -> list[dict[str, Any]]:
        connection = http.client.HTTPConnection(LOOPBACK, self._listening.api, timeout=10)
        try:
            connection.request("GET", f"/v3/{what}/list")
            items: list[dict[str, Any]] = json.loads(connection.getresponse().read())["items"]
        finally:
            connection.close()
        return items

    def _signal(self, number: signal.Signals, until: int) -> None:
        if self._server is None:
            raise RuntimeError("the RTSP server is not running; start it first")
        self._server.send_signal(number)
        os.waitid(os.P_PID, self._server.pid, until)

    def _wait(
        self,
        who: str,
        condition: Callable[[], bool],
        process: subprocess.Popen[bytes] | None,
        log: str,
    ) -> None:
        """Wait for a condition.

        Raises:
            Refusal: The process that is to bring it about has ended, or it takes too long.
        """
        deadline = time.monotonic() + _READY_SECONDS
        while not condition():
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                lines = (self.folder / log).read_text(errors="replace").strip().splitlines()
                what = "ended at once" if ended else f"is not ready after {_READY_SECONDS:g} s"
                raise Refusal(f"The {who} {what}: {lines[-1] if lines else 'it said nothing'}")
            time.sleep(_LOOK_SECONDS)
