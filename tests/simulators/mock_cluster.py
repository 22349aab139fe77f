"""The process behind `MockBroker`: serves the mock cluster and obeys JSON lines."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
from typing import Any

from tests.simulators.librdkafka import library

_PR_SET_PDEATHSIG = 1
_RD_KAFKA_PRODUCER = 0


class MockCluster:
    """librdkafka's mock cluster in this process.

    Args:
        brokers: How many brokers.
    """

    def __init__(self, brokers: int) -> None:
        self._native = library()
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(self._native, name).restype = ctypes.c_void_p
        self._native.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        errors = ctypes.create_string_buffer(512)
        room = ctypes.c_size_t(len(errors))
        conf = ctypes.c_void_p(self._native.rd_kafka_conf_new())
        # The client that the cluster hangs on talks to nobody; else it would warn of that.
        self._native.rd_kafka_conf_set(conf, b"log_level", b"0", errors, room)
        client = self._native.rd_kafka_new(_RD_KAFKA_PRODUCER, conf, errors, room)
        if not client:
            raise RuntimeError(errors.value.decode())
        cluster = self._native.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), brokers)
        if not cluster:
            raise RuntimeError(f"there is no mock cluster of {brokers} brokers")
        self._cluster = ctypes.c_void_p(cluster)

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` of every broker."""
        found: bytes = self._native.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out a command.

        Raises:
            KeyError: The command lacks something.
            ValueError: It is unknown, or librdkafka refuses it.
        """
        match command["do"]:
            case "set_rtt":
                self._call("broker_set_rtt", command["broker"], command["milliseconds"])
            case "down":
                self._call("broker_set_down", command["broker"])
            case "up":
                self._call("broker_set_up", command["broker"])
            case "advertise":
                host = command["host"].encode()
                self._call("broker_set_host_port", command["broker"], host, command["port"])
            case "create":
                name = command["topic"].encode()
                self._call("topic_create", name, command["partitions"], command["replicas"])
            case "leader":
                name = command["topic"].encode()
                self._call("partition_set_leader", name, command["partition"], command["broker"])
            case "errors":
                codes = command["codes"]
                self._native.rd_kafka_mock_push_request_errors_array(
                    self._cluster,
                    ctypes.c_int16(command["api_key"]),
                    ctypes.c_size_t(len(codes)),
                    (ctypes.c_int * len(codes))(*codes),
                )
            case "clear_errors":
                self._native.rd_kafka_mock_clear_request_errors(
                    self._cluster, ctypes.c_int16(command["api_key"])
                )
            case other:
                raise ValueError(f"unknown command {other!r}")

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._native, f"rd_kafka_mock_{name}")(self._cluster, *arguments)
        if code:
            self._native.rd_kafka_err2str.restype = ctypes.c_char_p
            raise ValueError(self._native.rd_kafka_err2str(code).decode())


def main(about: str | None = __doc__) -> None:
    """Serve until standard input ends, which it does with the parent."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators.broker",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--brokers", type=int, default=1, help="how many brokers (default 1)")
    parser.add_argument(
        "--topic",
        action="append",
        default=[],
        metavar="NAME[:PARTITIONS]",
        help="create a topic, with one partition unless told; repeatable",
    )
    parser.add_argument(
        "--stay",
        action="store_true",
        help="go on when standard input ends and when the shell does: for the background",
    )
    arguments = parser.parse_args()
    if not arguments.stay and sys.platform == "linux":
        # Die with the parent, even while frozen.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    cluster = MockCluster(arguments.brokers)
    for topic in arguments.topic:
        name, _, partitions = topic.partition(":")
        cluster.obey(
            {"do": "create", "topic": name, "partitions": int(partitions or 1), "replicas": 1}
        )
    _say({"bootstrap_servers": cluster.bootstrap_servers})
    try:
        for line in sys.stdin:
            try:
                cluster.obey(json.loads(line))
                _say({"error": None})
            except (KeyError, TypeError, ValueError) as error:
                _say({"error": f"{type(error).__name__}: {error}"})
        while arguments.stay:
            signal.pause()
    except KeyboardInterrupt:
        pass
    # Without taking librdkafka's threads down in order, which nobody waits for.
    os._exit(0)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
