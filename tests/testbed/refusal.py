"""How the testbed says no."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - it is the answer to a person, not a fault of the program
    """Something the testbed needs is not there; its text is one sentence that says what to do.

    The command line prints it and ends with exit code 2.
    """
