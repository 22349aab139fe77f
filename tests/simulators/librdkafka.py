"""The native librdkafka that confluent-kafka brings along, by ctypes: for tests only."""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path
from typing import Any


def library() -> ctypes.CDLL:
    """Return the library; the same one that the Python client uses in this process.

    Its path is looked up without importing the client, which would take half a second.

    Raises:
        RuntimeError: confluent-kafka is not installed as a wheel with its own library.
    """
    spec = importlib.util.find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        raise RuntimeError("confluent-kafka is not installed")
    folder = Path(spec.origin).parents[1] / "confluent_kafka.libs"
    found = sorted(folder.glob("librdkafka-*.so*"))
    if not found:
        raise RuntimeError(f"there is no librdkafka in {folder}; install confluent-kafka's wheel")
    return ctypes.CDLL(str(found[0]))


def handle_of(client: Any) -> ctypes.c_void_p:
    """Return the `rd_kafka_t*` of a Python Producer or Consumer.

    It stands right behind the object's header (CPython 3.11, 64 bits): a private detail,
    good enough for a test.
    """
    return ctypes.c_void_p.from_address(id(client) + object.__basicsize__)
