"""`python -m tests.testbed` is `testbed`."""

from __future__ import annotations

from tests.testbed.cli import main

if __name__ == "__main__":
    main()
