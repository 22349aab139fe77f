"""librdkafka's own mock cluster in a process of its own: a Kafka that obeys.

It speaks the real protocol on real sockets, keeps messages in memory (5 MiB per
partition, older ones go silently) and can be frozen, killed and slowed. By hand:

    python -m tests.simulators.broker --brokers 3

prints the bootstrap address and takes commands as JSON lines, for example
`{"do": "set_rtt", "broker": 1, "milliseconds": 500}`.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUEST_PRODUCE = 0
ALL_BROKERS = -1
_PR_SET_PDEATHSIG = 1


class MockBroker:
    """A mock cluster that starts with the `with` statement and ends with it.

    Args:
        brokers: How many brokers.
    """

    def __init__(self, brokers: int = 1) -> None:
        self.brokers = brokers
        self.bootstrap_servers = ""
        self._process: subprocess.Popen[str] | None = None
        self._frozen = False

    def __enter__(self) -> MockBroker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait for its address."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, "--brokers", str(self.brokers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[2],
            # Ctrl-C is for the one who started this, who then stops it in order.
            start_new_session=True,
        )
        self.bootstrap_servers = self._reply()["bootstrap_servers"]

    def stop(self) -> None:
        """End the process, whatever state it is in."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                pipe.close()
            self._process = None

    kill = stop

    def freeze(self) -> None:
        """Stop the process: connections stand, nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)
        self._frozen = False

    def set_rtt(self, milliseconds: int, broker: int = ALL_BROKERS) -> None:
        """Delay every answer."""
        for each in self._each(broker):
            self._command(do="set_rtt", broker=each, milliseconds=milliseconds)

    def broker_down(self, broker: int = ALL_BROKERS) -> None:
        """Close the connections of a broker and refuse new ones."""
        for each in self._each(broker):
            self._command(do="down", broker=each)

    def broker_up(self, broker: int = ALL_BROKERS) -> None:
        """Take connections again."""
        for each in self._each(broker):
            self._command(do="up", broker=each)

    def create_topic(self, topic: str, partitions: int = 1, replicas: int = 1) -> None:
        """Create a topic; else it is made with four partitions on first use."""
        self._command(do="create", topic=topic, partitions=partitions, replicas=replicas)

    def set_partition_leader(self, topic: str, partition: int, broker: int) -> None:
        """Move a partition to a broker; -1 leaves it without a leader."""
        self._command(do="leader", topic=topic, partition=partition, broker=broker)

    def push_request_errors(self, codes: list[int], api_key: int = REQUEST_PRODUCE) -> None:
        """Answer the next requests of a kind with these error codes."""
        self._command(do="errors", api_key=api_key, codes=codes)

    def _each(self, broker: int) -> list[int]:
        return list(range(1, self.brokers + 1)) if broker == ALL_BROKERS else [broker]

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the mock broker is not running; start it first")
        return self._process

    def _command(self, **command: Any) -> None:
        if self._frozen:
            raise RuntimeError("a frozen broker takes no commands; thaw it first")
        stdin = self._running().stdin
        assert stdin is not None
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        reply = self._reply()
        if reply.get("error"):
            raise RuntimeError(f"the mock broker refused {command}: {reply['error']}")

    def _reply(self) -> dict[str, Any]:
        stdout = self._running().stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            raise RuntimeError("the mock broker has ended")
        reply: dict[str, Any] = json.loads(line)
        return reply


def fatal_error(producer: Any, code: int, reason: str) -> None:
    """Raise a fatal error in a producer of this process, as an idempotence violation would.

    A confluent-kafka Producer holds its `rd_kafka_t*` right behind the object header
    (CPython): a private detail, good enough for a test.
    """
    handle = ctypes.c_void_p.from_address(id(producer) + 16)
    library().rd_kafka_test_fatal_error(handle, code, reason.encode())


def library() -> ctypes.CDLL:
    """Return the librdkafka that confluent-kafka brings along."""
    import confluent_kafka

    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    return ctypes.CDLL(str(next(folder.glob("librdkafka-*.so*"))))


def _serve(brokers: int) -> None:
    from confluent_kafka import Producer

    producer = Producer({"test.mock.num.brokers": brokers})
    found = producer.list_topics(timeout=10).brokers.values()
    addresses = ",".join(f"{broker.host}:{broker.port}" for broker in found)
    print(json.dumps({"bootstrap_servers": addresses}), flush=True)
    native = library()
    native.rd_kafka_handle_mock_cluster.restype = ctypes.c_void_p
    handle = ctypes.c_void_p.from_address(id(producer) + 16)
    cluster = ctypes.c_void_p(native.rd_kafka_handle_mock_cluster(handle))
    for line in sys.stdin:
        try:
            code = _obey(native, cluster, json.loads(line))
            print(json.dumps({"error": code or None}), flush=True)
        except (KeyError, ValueError) as error:
            print(json.dumps({"error": repr(error)}), flush=True)


def _obey(native: ctypes.CDLL, cluster: ctypes.c_void_p, command: dict[str, Any]) -> int:
    match command["do"]:
        case "set_rtt":
            code = native.rd_kafka_mock_broker_set_rtt(
                cluster, command["broker"], command["milliseconds"]
            )
        case "down":
            code = native.rd_kafka_mock_broker_set_down(cluster, command["broker"])
        case "up":
            code = native.rd_kafka_mock_broker_set_up(cluster, command["broker"])
        case "create":
            code = native.rd_kafka_mock_topic_create(
                cluster, command["topic"].encode(), command["partitions"], command["replicas"]
            )
        case "leader":
            code = native.rd_kafka_mock_partition_set_leader(
                cluster, command["topic"].encode(), command["partition"], command["broker"]
            )
        case "errors":
            codes = command["codes"]
            array = (ctypes.c_int * len(codes))(*codes)
            native.rd_kafka_mock_push_request_errors_array(
                cluster, ctypes.c_int16(command["api_key"]), ctypes.c_size_t(len(codes)), array
            )
            code = 0
        case other:
            raise ValueError(f"unknown command {other!r}")
    return int(code)


def main() -> None:
    """Serve until standard input ends, which it does with the parent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", type=int, default=1, help="how many brokers (default 1)")
    # Die with the parent, even while frozen.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _serve(parser.parse_args().brokers)
    os._exit(0)


if __name__ == "__main__":
    main()
