"""Calls kubectl as a user would, and waits for what it shows."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Kubectl:
    """kubectl in one namespace.

    Args:
        environment: In which `kubectl` is found and knows its cluster.
        namespace: For everything that has one.
    """

    def __init__(self, environment: Mapping[str, str], namespace: str) -> None:
        self.environment = dict(environment)
        self.namespace = namespace

    def __call__(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it and return what it printed.

        Raises:
            AssertionError: It failed; with what it said.
        """
        done = self.attempt(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def attempt(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        return subprocess.run(
            ["kubectl", f"--namespace={self.namespace}", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self("apply", "--filename=-", stdin=json.dumps(items))

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return an object, None when there is none."""
        done = self.attempt("get", kind, name, "--output=json")
        if done.returncode:
            assert "NotFound" in done.stderr or "not found" in done.stderr, done.stderr
            return None
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def logs(self, pod: str, *arguments: str) -> str:
        """Return a pod's log."""
        return self("logs", pod, *arguments)

    def counts_at_the_end(self, pod: str, end: Callable[[], object]) -> dict[str, Any]:
        """End a stream's pod; return where it said at its end that every frame is.

        It is read from the termination message. A finalizer keeps the pod until that has been
        done; its log would not be kept.

        Args:
            pod: The pod.
            end: Ends it, without waiting until it is gone.
        """
        self._set_finalizers(pod, ["camerastream.dev/being-read"])
        try:
            end()
            self.wait("the container does not end", lambda: self._ended(pod))
            message = json.loads(self.container(pod)["state"]["terminated"]["message"])
        finally:
            self._set_finalizers(pod, [])
        assert message["reason"] == "Stopped", message
        frames: dict[str, Any] = message["frames"]
        return frames

    def follow(self, pod: str, file: Path) -> subprocess.Popen[bytes]:
        """Write a pod's log to a file until its container ends."""
        with file.open("wb") as output:
            return subprocess.Popen(
                ["kubectl", f"--namespace={self.namespace}", "logs", "--follow", pod],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _ended(self, pod: str) -> bool:
        # A deleted container is not started again, so this state is its last one.
        return "terminated" in self.container(pod).get("state", {})

    def _set_finalizers(self, pod: str, names: list[str]) -> None:
        patch = json.dumps({"metadata": {"finalizers": names}})
        self("patch", "pod", pod, "--type=merge", f"--patch={patch}")

    def status(self, pod: str) -> dict[str, Any] | None:
        """Return what the stream in a pod says of itself, None while it does not answer."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}:8080/proxy/status"
        done = self.attempt("get", "--raw", path)
        if done.returncode:
            return None
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def container(self, pod: str) -> dict[str, Any]:
        """Return the status of a pod's only container; empty while there is none."""
        found = self.get("pod", pod)
        states = found["status"].get("containerStatuses", []) if found else []
        return dict(states[0]) if states else {}

    def wait(self, what: str, done: Callable[[], bool], timeout_seconds: float = 120) -> None:
        """Wait until something is true, and say what the pods looked like when it is not."""
        wait_until(
            done,
            timeout_seconds,
            lambda: f"{what}\n{self.attempt('get', 'pods,events', '--output=wide').stdout}",
        )
