"""Basic and Digest authentication (RFC 7616 with MD5, as cameras do) of one request."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_REALM = "simulated camera"
_NONCE = "5ca1ab1e0ddba11"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client must know.

    Attributes:
        username: Any text; no colon where Basic is used.
        password: Any text.
        scheme: `digest` or `basic`.
    """

    username: str
    password: str
    scheme: str = "digest"

    @property
    def challenge(self) -> str:
        """The value of a WWW-Authenticate header."""
        if self.scheme == "basic":
            return f'Basic realm="{_REALM}"'
        return f'Digest realm="{_REALM}", nonce="{_NONCE}"'

    def accepts(self, method: str, header: str) -> bool:
        """Return whether an Authorization header proves the password."""
        if self.scheme == "basic":
            wanted = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            return header == f"Basic {wanted}"
        given = {name: quoted or plain for name, quoted, plain in _FIELD.findall(header)}
        secret = _md5(f"{self.username}:{_REALM}:{self.password}")
        request = _md5(f"{method}:{given.get('uri', '')}")
        middle = _NONCE
        if "qop" in given:
            middle = f"{_NONCE}:{given.get('nc')}:{given.get('cnonce')}:{given['qop']}"
        return given.get("username") == self.username and given.get("response") == _md5(
            f"{secret}:{middle}:{request}"
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
