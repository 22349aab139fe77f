"""H.264 into RTP packets (RFC 6184), and the SDP that announces them."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulators.camera_clip import AccessUnit, Clip

_PAYLOAD_BYTES = 1400
_H264, _PCMU = 96, 0
_FU_A = 28
VIDEO_CLOCK_HERTZ = 90_000
AUDIO_CLOCK_HERTZ = 8_000


def describe(clip: Clip, *, video: bool) -> str:
    """Return the session description of the clip, or of silence where `video` is False."""
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=simulated camera", "t=0 0", "a=control:*"]
    if video:
        sets = ",".join(base64.b64encode(nal).decode() for nal in clip.parameter_sets)
        profile = clip.parameter_sets[0][1:4].hex()
        lines += [
            f"m=video 0 RTP/AVP {_H264}",
            "c=IN IP4 0.0.0.0",
            f"a=rtpmap:{_H264} H264/{VIDEO_CLOCK_HERTZ}",
            (
                f"a=fmtp:{_H264} packetization-mode=1;profile-level-id={profile};"
                f"sprop-parameter-sets={sets}"
            ),
            "a=control:track1",
        ]
    else:
        lines += [f"m=audio 0 RTP/AVP {_PCMU}", "c=IN IP4 0.0.0.0", "a=control:track1"]
    return "\r\n".join(lines) + "\r\n"


class Packetizer:
    """Makes the RTP packets of one session, numbered without a gap."""

    def __init__(self) -> None:
        self._sequence = 0

    def video(self, unit: AccessUnit, at_seconds: float) -> Iterator[bytes]:
        """Yield the packets of one picture shown at `at_seconds` of the session."""
        timestamp = round(at_seconds * VIDEO_CLOCK_HERTZ)
        for place, nal in enumerate(unit.nals):
            last_nal = place == len(unit.nals) - 1
            for payload, last in _payloads(nal):
                yield self._packet(payload, timestamp, _H264, marker=last_nal and last)

    def silence(self, at_seconds: float, seconds: float) -> bytes:
        """Return a packet of audio in which nothing is heard."""
        payload = b"\xff" * round(seconds * AUDIO_CLOCK_HERTZ)
        return self._packet(payload, round(at_seconds * AUDIO_CLOCK_HERTZ), _PCMU, marker=False)

    def _packet(self, payload: bytes, timestamp: int, kind: int, *, marker: bool) -> bytes:
        header = struct.pack(
            "!BBHII",
            0x80,
            (0x80 if marker else 0) | kind,
            self._sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            0x53494D31,
        )
        self._sequence += 1
        return header + payload


def _payloads(nal: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the payloads of a NAL unit, whole or in fragments, and whether it is the last."""
    if len(nal) <= _PAYLOAD_BYTES:
        yield nal, True
        return
    indicator = (nal[0] & 0xE0) | _FU_A
    body = nal[1:]
    for start in range(0, len(body), _PAYLOAD_BYTES - 2):
        part = body[start : start + _PAYLOAD_BYTES - 2]
        last = start + len(part) == len(body)
        flags = (0x80 if start == 0 else 0) | (0x40 if last else 0)
        yield bytes([indicator, flags | (nal[0] & 0x1F)]) + part, last
