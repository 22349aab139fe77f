"""The programs that the testbed and its checks call, each built or installed on first use."""

from tests.testbed.tools.catalog import path

__all__ = ["path"]
