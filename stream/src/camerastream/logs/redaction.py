"""Credentials never show: not in logs, metrics, `/status`, exceptions or reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

MASK = "***"
_SHORTEST_MASKED = 3
SECRET_FIELD = re.compile(
    r"(?i)(?P<name>(?P<user>(?:user(?:name)?|usr|login(?:use)?|account)=)|"
    r"(?:pas\w*|pwd|psw|pw|token|auth\w*|key|secret)=)"
    r"(?P<value>[^&;#\s]+)"
)
"""A login in the path or the query, where some cameras take it:
`/cgi/video?user=admin&pwd=secret`, `/user=admin&password=secret&channel=1.sdp`."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/'\"]*@")


def mask_fields(address: str) -> str:
    """Return an address, or the end of one, without the logins in its path and query.

    Example:
        >>> mask_fields("/user=admin&password=s3cret&channel=1")
        '/user=***&password=***&channel=1'
    """
    return SECRET_FIELD.sub(rf"\g<name>{MASK}", address)


class Redactor:
    """Replaces known secrets, and logins in any address.

    Args:
        secrets: Values that must not show. Ones shorter than three characters are only
            masked inside addresses: masking them everywhere would garble every line.

    Example:
        >>> Redactor(["s3cret"])("rtsp://admin:s3cret@cam/1 said s3cret")
        'rtsp://***@cam/1 said ***'
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= _SHORTEST_MASKED
            for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(re.escape(form) for form in longest_first))
            if longest_first
            else None
        )

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if "://" in text:
            if "@" in text:
                text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
            text = _ADDRESS.sub(lambda match: mask_fields(match[0]), text)
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def value(self, value: Any) -> Any:
        """Return a log field's value without secrets, containers included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, bytes):
            return self(value.decode(errors="replace"))
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item) for item in value]
        if isinstance(value, (int, float, bool)) or value is None:
            return value
        return self(str(value))

    def processor(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Be a structlog processor."""
        for key, value in event.items():
            event[key] = self.value(value)
        return event
