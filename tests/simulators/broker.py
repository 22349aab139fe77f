"""librdkafka's own mock cluster in a process of its own: a Kafka that obeys.

It speaks the real protocol on real sockets and keeps messages in memory: 5 MiB per
partition, older ones go silently. A topic that is not created first is made with four
partitions. What its acknowledgements call the message's time is made up. By hand:

    python -m tests.simulators.broker --brokers 3 --topic camera-stream:1

prints the bootstrap address and takes commands as JSON lines on standard input, for
example `{"do": "set_rtt", "broker": 1, "milliseconds": 500}`, each answered by one line.

The port cannot be chosen. To kill a broker and start it again on the same address, put
a `tests.simulators.tcpproxy.TcpProxy` before it and let it advertise the proxy:

    with MockBroker() as broker, TcpProxy(broker.bootstrap_servers) as proxy:
        broker.advertise(proxy.host, proxy.port)
        ...                                          # clients use proxy.address
        broker.kill()
        broker.start()                               # empty again, on another port
        broker.advertise(proxy.host, proxy.port)
        proxy.retarget(broker.bootstrap_servers)
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from tests.simulators.fatal import fatal_error as fatal_error  # noqa: PLC0414 - for its importers

REQUEST_PRODUCE = 0
REQUEST_FETCH = 1
REQUEST_METADATA = 3
ALL_BROKERS = -1
ANSWER_SECONDS = 20.0


class MockBroker:
    """A mock cluster that starts with the `with` statement and ends with it.

    Its process dies with the thread that started it, even while frozen.

    Args:
        brokers: How many brokers; their ids are 1, 2, ...

    Attributes:
        bootstrap_servers: `host:port` of every broker, once started.
    """

    def __init__(self, brokers: int = 1) -> None:
        self.brokers = brokers
        self.bootstrap_servers = ""
        self._process: subprocess.Popen[str] | None = None
        self._frozen = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    def start(self) -> None:
        """Start the process and wait for its address; also after `kill`."""
        if self._process is not None:
            raise RuntimeError("the mock broker is running; stop it first")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulators.mock_cluster", "--brokers", str(self.brokers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            # Ctrl-C is for the one who started this, who then stops it in order.
            start_new_session=True,
        )
        try:
            self.bootstrap_servers = self._reply()["bootstrap_servers"]
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process at once, whatever state it is in; its messages are gone."""
        process, self._process, self._frozen = self._process, None, False
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()

    kill = stop

    def freeze(self) -> None:
        """Stop the process: connections stand and new ones open, nothing is answered."""
        self._running().send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)
        self._frozen = True

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)
        os.waitid(os.P_PID, self.pid, os.WCONTINUED)
        self._frozen = False

    def set_rtt(self, milliseconds: int, broker: int = ALL_BROKERS) -> None:
        """Delay every answer of a broker."""
        for each in self._each(broker):
            self._command(do="set_rtt", broker=each, milliseconds=milliseconds)

    def broker_down(self, broker: int = ALL_BROKERS) -> None:
        """Close the connections of a broker and every new one, until `broker_up`."""
        for each in self._each(broker):
            self._command(do="down", broker=each)

    def broker_up(self, broker: int = ALL_BROKERS) -> None:
        """Take connections again; messages are still there."""
        for each in self._each(broker):
            self._command(do="up", broker=each)

    def advertise(self, host: str, port: int, broker: int = 1) -> None:
        """Let clients be told another address of a broker, that of a proxy before it.

        A client follows these addresses whatever it was told to ask first.
        """
        self._command(do="advertise", broker=broker, host=host, port=port)

    def create_topic(self, topic: str, partitions: int = 1, replicas: int = 1) -> None:
        """Create a topic; else it is made with four partitions on first use."""
        self._command(do="create", topic=topic, partitions=partitions, replicas=replicas)

    def set_partition_leader(self, topic: str, partition: int, broker: int) -> None:
        """Move a partition to a broker; -1 leaves it without a leader."""
        self._command(do="leader", topic=topic, partition=partition, broker=broker)

    def push_request_errors(self, codes: list[int], api_key: int = REQUEST_PRODUCE) -> None:
        """Answer the next requests of a kind with these error codes, one each.

        Args:
            codes: Kafka's error codes, for example 19, NOT_ENOUGH_REPLICAS.
            api_key: Kafka's number of the kind of request.
        """
        self._command(do="errors", api_key=api_key, codes=codes)

    def clear_request_errors(self, api_key: int = REQUEST_PRODUCE) -> None:
        """Forget the errors of a kind of request that were not used up."""
        self._command(do="clear_errors", api_key=api_key)

    def _each(self, broker: int) -> list[int]:
        return list(range(1, self.brokers + 1)) if broker == ALL_BROKERS else [broker]

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the mock broker is not running; start it first")
        return self._process

    def _command(self, **command: Any) -> None:
        with self._lock:
            stdin = self._running().stdin
            assert stdin is not None
            if self._frozen:
                raise RuntimeError("a frozen broker takes no commands; thaw it first")
            try:
                stdin.write(json.dumps(command) + "\n")
                stdin.flush()
            except BrokenPipeError:
                raise RuntimeError("the mock broker has ended") from None
            error = self._reply().get("error")
        if error:
            raise RuntimeError(f"the mock broker refused {command}: {error}")

    def _reply(self) -> dict[str, Any]:
        stdout = self._running().stdout
        assert stdout is not None
        # One line answers one command, so nothing can be waiting in Python's own buffer.
        if not select.select([stdout], [], [], ANSWER_SECONDS)[0]:
            raise RuntimeError(f"the mock broker has not answered for {ANSWER_SECONDS:g} s")
        line = stdout.readline()
        if not line:
            raise RuntimeError("the mock broker has ended")
        reply: dict[str, Any] = json.loads(line)
        return reply


if __name__ == "__main__":
    from tests.simulators.mock_cluster import main

    main(about=__doc__)
