"""What MediaMTX and ffmpeg are told; pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.testbed.refusal import Refusal
from tests.testbed.rtsp.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.testbed.rtsp.ports import Ports

_PACKET_BYTES = 1400
"""Fits into one Ethernet frame, so that the packets go on by UDP as they came."""
_EVERY_ADDRESS = "0.0.0.0"
_CREDENTIAL = re.compile(r"[a-zA-Z0-9!$()*+.;<=>\[\]^_\-{}@#&]+")
"""MediaMTX takes no other characters where it must know the password itself, as for Digest."""


def reachable(host: str) -> str:
    """Return the address under which this machine reaches a server bound to `host`."""
    return LOOPBACK if host == _EVERY_ADDRESS else host


def server_configuration(
    *,
    host: str,
    ports: Ports,
    key_file: Path,
    certificate_file: Path,
    user: str | None,
    password: str | None,
) -> str:
    """Return the contents of MediaMTX's configuration file.

    Watching takes the password, by Digest as cameras do; publishing takes none, and is
    possible from this machine alone.

    Args:
        host: Address to listen on.
        ports: Its ports.
        key_file: Of the certificate for RTSPS.
        certificate_file: The certificate.
        user: Who may watch; None lets everybody.
        password: The user's.

    Raises:
        Refusal: MediaMTX takes no such user name or password.
    """
    for what, text in (("user name", user), ("password", password)):
        if text is not None and not _CREDENTIAL.fullmatch(text):
            raise Refusal(
                f"The RTSP server takes no such {what}; write one of letters, digits and "
                f"!$()*+.;<=>[]^_-{{}}@#& only."
            )
    watcher: dict[str, Any] = {"user": user or "any", "permissions": [{"action": "read"}]}
    if user:
        watcher["pass"] = password or ""
    configuration = {
        "logLevel": "info",
        "logDestinations": ["stdout"],
        "authInternalUsers": [
            {
                "user": "any",
                "ips": sorted({LOOPBACK, reachable(host)}),
                "permissions": [{"action": "publish"}, {"action": "api"}],
            },
            watcher,
        ],
        "api": True,
        "apiAddress": f"{LOOPBACK}:{ports.api}",
        "rtspTransports": ["udp", "tcp"],
        "rtspEncryption": "optional",
        "rtspAddress": f"{host}:{ports.rtsp}",
        "rtspsAddress": f"{host}:{ports.rtsps}",
        "rtpAddress": f"{host}:{ports.rtp}",
        "rtcpAddress": f"{host}:{ports.rtp + 1}",
        "srtpAddress": f"{host}:{ports.srtp}",
        "srtcpAddress": f"{host}:{ports.srtp + 1}",
        "rtspServerKey": str(key_file),
        "rtspServerCert": str(certificate_file),
        "rtspAuthMethods": ["digest"],
        **dict.fromkeys(("rtmp", "hls", "webrtc", "srt"), False),
        "paths": {"all_others": None},
    }
    # Every JSON document is a YAML document, and no text in it needs another thought.
    return json.dumps(configuration, indent=1)


def feed_command(ffmpeg: Path, clip: Path, addresses: Sequence[str]) -> list[str]:
    """Return the command that plays a clip over and over in real time to every address."""
    command = [
        *(str(ffmpeg), "-hide_banner", "-nostdin", "-loglevel", "warning"),
        *("-re", "-stream_loop", "-1", "-i", str(clip)),
    ]
    for address in addresses:
        command += ["-map", "0:v", "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp"]
        command += ["-pkt_size", str(_PACKET_BYTES), address]
    return command
