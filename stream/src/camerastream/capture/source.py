"""The address of a camera: understood once, opened with credentials, shown without them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from camerastream.capture.placeholders import fill_in, has_placeholder
from camerastream.logs.redaction import SECRET_FIELD, Redactor, mask_fields

if TYPE_CHECKING:
    from camerastream.settings.model import Settings

_SCHEMES = ("rtsp", "rtsps", "http", "https")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_HOST_PORT = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^\s/?#@:\[\]%]+)(?::(?P<port>\d{1,5}))?"
)
_BARE_ADDRESS = re.compile(r"(?:[^/]*@)?(?P<rest>\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/.*)?)")
_TEST = re.compile(
    r"test:(?:(?P<width>\d{1,5})x(?P<height>\d{1,5}))?(?:@(?P<fps>\d{1,3}(?:\.\d+)?))?"
)
_HALF_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
_LONGEST_USERINFO_BYTES = 127
"""FFmpeg's RTSP client keeps `user:password`, percent-encoded, in a buffer of 128 bytes."""
_PIXELS = (64, 7680)
_FPS = (1.0, 120.0)


class SourceKind(StrEnum):
    """What stands behind an address."""

    RTSP = "rtsp"
    HTTP = "http"
    FILE = "file"
    DEVICE = "device"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class TestPicture:
    """The generated picture of a `test:` source.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        frames_per_second: Pictures per second.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    width: int = 640
    height: int = 480
    frames_per_second: float = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """A camera's address. Neither `repr` nor `display` shows credentials.

    Attributes:
        kind: What it is.
        display: The address for people, without credentials.
        address: What is opened: an address with percent-encoded credentials, or a path.
        picture: The generated picture, for a test source only.
        secrets: What must never show. The user name is not among them: it never stands
            outside an address, and masking `cam` in every line would garble the log.
    """

    kind: SourceKind
    display: str
    address: str = field(repr=False)
    picture: TestPicture | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def live(self) -> bool:
        """Whether pictures come at their own time, as from every source but a file."""
        return self.kind is not SourceKind.FILE

    @property
    def redactor(self) -> Redactor:
        """What masks this source's credentials."""
        return Redactor(self.secrets)


def parse_source(url: str, username: str | None = None, password: str | None = None) -> Source:
    """Understand a camera's address.

    Args:
        url: `rtsp[s]://`, `http[s]://`, `file:`, a path, `/dev/video0`, `usb:0`, `0`, `test:` or
            `test:1280x720@10`. Credentials may stand in it, percent-encoded or as they are;
            `{username}` and `{password}` in path or query stand for them.
        username: Outranks the one in the address. Any character may stand in it.
        password: Outranks the one in the address. Any character may stand in it.

    Raises:
        ValueError: The address is not usable; the text is one sentence that says what to
            write instead, and holds no credentials.
    """
    url = url.strip()
    if not url:
        raise ValueError("it is empty; write for example rtsp://10.0.0.5/stream1")
    if _CONTROL.search(url):
        raise ValueError("it holds a line break or another control character; write it without")
    if match := _SCHEME.fullmatch(url):
        scheme = match["scheme"].lower()
        if scheme in _SCHEMES:
            return _network(scheme, match["rest"], username, password)
        if scheme == "file":
            return _file(match["rest"].removeprefix("localhost"))
        raise ValueError(_unknown_scheme(scheme))
    return _local(url)


def source_of(settings: Settings) -> Source:
    """Return the camera's address with its credentials.

    Raises:
        ValueError: It is not usable.
    """
    password = settings.camera_password
    return parse_source(
        settings.rtsp_camera_url,
        settings.camera_username,
        password.get_secret_value() if password else None,
    )


def _local(url: str) -> Source:
    prefix, colon, rest = url.partition(":")
    if colon and prefix.lower() in _SCHEMES:
        raise ValueError(f"after {prefix}: two slashes are missing; write {prefix}://host/path")
    if prefix.lower() == "test" and colon:
        return _test(url)
    if prefix.lower() == "file" and colon:
        return _file(rest)
    if prefix.lower() == "usb" and colon:
        if not rest.isdecimal():
            raise ValueError("after usb: a number is missing; write usb:0 for /dev/video0")
        return Source(SourceKind.DEVICE, f"/dev/video{int(rest)}", f"/dev/video{int(rest)}")
    if url.isdecimal():
        return Source(SourceKind.DEVICE, f"/dev/video{int(url)}", f"/dev/video{int(url)}")
    if url.startswith("/dev/"):
        return Source(SourceKind.DEVICE, url, url)
    if _BARE_ADDRESS.fullmatch(url):
        raise ValueError("it has no scheme; write rtsp:// or http:// before it")
    return Source(SourceKind.FILE, url, url)


def _file(path: str) -> Source:
    path = _decode(path)
    if not path:
        raise ValueError("the path is missing; write for example file:///videos/lobby.mp4")
    return Source(SourceKind.FILE, path, path)


def _test(url: str) -> Source:
    match = _TEST.fullmatch(url.lower())
    default = TestPicture()
    if match:
        picture = TestPicture(
            int(match["width"] or default.width),
            int(match["height"] or default.height),
            float(match["fps"] or default.frames_per_second),
        )
        sizes_fit = all(
            _PIXELS[0] <= size <= _PIXELS[1] for size in (picture.width, picture.height)
        )
        if sizes_fit and _FPS[0] <= picture.frames_per_second <= _FPS[1]:
            shown = f"test:{picture.width}x{picture.height}@{picture.frames_per_second:g}"
            return Source(SourceKind.TEST, shown, shown, picture)
    raise ValueError(
        "after test: comes a size of 64 to 7680 pixels and a rate of 1 to 120 per second; "
        "write test: or test:1280x720@10"
    )


def _network(scheme: str, rest: str, username: str | None, password: str | None) -> Source:
    userinfo, rest = _split_userinfo(rest)
    cut = re.search(r"[/?#]", rest)
    authority, tail = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    if not authority:
        raise ValueError(f"the host is missing; write {scheme}://host/path")
    match = _HOST_PORT.fullmatch(authority)
    # Not quoted in the message: it may be the second half of a password.
    if not match or not 1 <= int(match["port"] or 1) <= 65535:
        raise ValueError(
            f"what stands for the host is not host or host:port; write {scheme}://host:port/path, "
            "and the password in CAMERA_PASSWORD when it holds special characters"
        )
    try:
        host = match["host"] if match["host"].isascii() else match["host"].encode("idna").decode()
    except UnicodeError:
        raise ValueError("the host name cannot be used; write it in ASCII letters") from None
    host += f":{match['port']}" if match["port"] else ""
    in_user, colon, in_password = (userinfo or "").partition(":")
    user = username if username is not None else _decode(in_user)
    secret = password if password is not None else (_decode(in_password) if colon else None)
    filled = has_placeholder(tail)
    if secret and not user and not filled:
        raise ValueError("there is a password but no user name; write it in CAMERA_USERNAME")
    try:
        # What the camera takes in its path it is not offered a second time.
        login = "" if filled else _login(scheme, user, secret)
        path = quote(fill_in(tail, user, secret), safe=_PRINTABLE)
    except UnicodeEncodeError:
        raise ValueError("the address or the login is no valid text; write it again") from None
    fields = [found["value"] for found in SECRET_FIELD.finditer(path) if not found["user"]]
    known = [secret or "", in_password, *fields, *(unquote(value) for value in fields)]
    if filled:
        known.append(path)
    return Source(
        SourceKind.RTSP if scheme.startswith("rtsp") else SourceKind.HTTP,
        f"{scheme}://{host}{mask_fields(quote(tail, safe=_PRINTABLE))}",
        f"{scheme}://{login}{host}{path}",
        secrets=tuple(sorted({part for part in known if part})),
    )


def _login(scheme: str, user: str, secret: str | None) -> str:
    """Return the part of an address that logs in, percent-encoded, with its @."""
    if not user:
        return ""
    login = quote(user, safe="") + ("" if secret is None else f":{quote(secret, safe='')}")
    if scheme.startswith("rtsp") and len(login) > _LONGEST_USERINFO_BYTES:
        raise ValueError(
            "user name and password are too long for RTSP: percent-encoded and with the colon "
            f"{len(login)} bytes, at most {_LONGEST_USERINFO_BYTES}; write shorter ones"
        )
    return f"{login}@"


def _split_userinfo(rest: str) -> tuple[str | None, str]:
    """Split `user:password@host/path`, whatever characters stand in the password."""
    head = rest.partition("/")[0]
    at = head.rfind("@")
    asks = head.find("?")
    if at >= 0 and not (0 <= asks < at and _HOST_PORT.fullmatch(head[:asks])):
        return rest[:at], rest[at + 1 :]
    # No @ before the first slash: it stands in the path, or the password holds a slash.
    if "@" in rest and not _HOST_PORT.fullmatch(re.split(r"[?#]", head)[0]):
        at = -1
        while (at := rest.find("@", at + 1)) >= 0:
            if _HOST_PORT.fullmatch(re.split(r"[/?#]", rest[at + 1 :])[0]):
                return rest[:at], rest[at + 1 :]
    return None, rest


def _decode(text: str) -> str:
    """Undo percent-encoding, unless a lone % shows that there is none."""
    return text if _HALF_ENCODED.search(text) else unquote(text)


def _unknown_scheme(scheme: str) -> str:
    near = difflib.get_close_matches(scheme, [*_SCHEMES, "file"], n=1)
    advice = f"{near[0]}://" if near else "rtsp://, rtsps://, http://, https:// or file://"
    return f"{scheme}:// is not known; write {advice}"
