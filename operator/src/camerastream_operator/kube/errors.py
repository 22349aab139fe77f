"""What can go wrong with a call of the API server, in the operator's words."""

from __future__ import annotations

from http import HTTPStatus

_REFUSALS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

_UNKNOWN_FIELD = "failed to create typed patch object"
"""Server-side apply of a field that the schema does not know is answered by 500, not 400
(kubernetes issue 139253)."""


class ApiError(Exception):
    """A call failed.

    Attributes:
        status: The HTTP status, 0 when there was no answer.
        reason: The API server's word, as `Conflict`; empty when it gave none.
        message: Its sentence.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        super().__init__(f"{message} ({status} {reason})" if status else message)

    @property
    def not_found(self) -> bool:
        """Whether there is no such object."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def already_exists(self) -> bool:
        """Whether an object of this name is there already."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        """Whether somebody else wrote meanwhile, or a precondition does not hold."""
        return self.status == HTTPStatus.CONFLICT and self.reason != "AlreadyExists"

    @property
    def gone(self) -> bool:
        """Whether the continuation of a list has expired."""
        return self.status == HTTPStatus.GONE

    @property
    def refused(self) -> bool:
        """Whether the same call will fail again until somebody changes something."""
        return self.status in _REFUSALS or self.message.startswith(_UNKNOWN_FIELD)
