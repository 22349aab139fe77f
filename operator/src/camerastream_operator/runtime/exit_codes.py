"""The exit codes of `camerastream-operator run`."""

from __future__ import annotations

EXIT_AGAIN = 1
"""To be started again: another replica took over, or the API server cannot be watched."""

EXIT_BAD_SETTINGS = 2
EXIT_UNEXPECTED = 3
