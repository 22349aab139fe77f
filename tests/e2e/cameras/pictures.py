"""Makes the pictures of docs/kubectl-cam.md: the plugin's own output about real cameras.

.venv/bin/testbed cluster up
.venv/bin/python -m tests.e2e.cameras.pictures
.venv/bin/testbed cluster down
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from tests.e2e.cameras.deployment import Operator
from tests.e2e.kubectl import Kubectl
from tests.integration.kubectl_cam.plugin import Plugin
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.kubernetes.commands import NAME as CLUSTER_LEASE
from tests.testbed.lease import Lease
from tests.testbed.progress import say
from tests.testbed.rtsp import RtspServer
from tests.testbed.rtsp.footage import DEFAULT_CLIP, FREQUENT_KEY_FRAMES_CLIP
from tests.testbed.site.site import OwnSite

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = Path(__file__).parents[3] / "docs/images"
NAMESPACE = "shop"
_COLUMNS, _LINES = 128, 40
_NO_KAFKA = {
    "bootstrapServers": ["127.0.0.1:1"],
    "producerConfig": {"queue.buffering.max.messages": "30"},
}
_FONT_FACES = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)


def main() -> int:
    """Make them."""
    standing = Lease.standing(CLUSTER_LEASE)
    if standing is None:
        sys.stderr.write("There is no cluster; start one with: .venv/bin/testbed cluster up\n")
        return 2
    cluster = Cluster.attach(standing)
    site = OwnSite(cluster, standing)
    operator = Operator(site.environment(), site.image("operator"), site.image("stream"))
    kubectl = Kubectl(site.environment(), NAMESPACE)
    kubectl("create", "namespace", NAMESPACE)
    operator.install()
    try:
        with Lease.take("pictures", unique=True) as lease, _world(site, lease) as (kafka, urls):
            kubectl.apply(*_cameras(kafka, urls))
            _wait(kubectl)
            _draw(Plugin(cluster.kubeconfig, NAMESPACE))
    finally:
        operator.uninstall()
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")
    return 0


@contextlib.contextmanager
def _world(site: OwnSite, lease: Lease) -> Iterator[tuple[str, dict[str, str]]]:
    """Start Kafka on the node, and beside it a camera for each clip."""
    host = site.cluster.layout.host_address
    clips = {"entrance": FREQUENT_KEY_FRAMES_CLIP, "road": DEFAULT_CLIP}
    with contextlib.ExitStack() as stack:
        kafka = stack.enter_context(site.kafka(lease))
        kafka.create_topic("camera-stream")
        servers = {
            name: stack.enter_context(
                RtspServer(lease, clip=clip, paths=(name,), host=host, name=name)
            )
            for name, clip in clips.items()
        }
        yield kafka.bootstrap_servers, {name: each.url(name) for name, each in servers.items()}


def _cameras(bootstrap_servers: str, urls: dict[str, str]) -> list[dict[str, Any]]:
    def camera(name: str, url: str, **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "camerastream.dev/v1alpha1",
            "kind": "CameraStream",
            "metadata": {"name": name},
            "spec": {
                "source": {"url": url},
                "capture": {"intervalMilliseconds": 1000},
                "motion": {"thresholdPixels": 0},
                "kafka": {"bootstrapServers": [bootstrap_servers]},
                "diagnostics": {"frameEndpoint": "Enabled"},
                **spec,
            },
        }

    often = {"capture": {"intervalMilliseconds": 0}, "kafka": _NO_KAFKA}
    return [
        camera("entrance", urls["entrance"]),
        camera("road", urls["road"]),
        camera("ramp", urls["road"], encoding={"jpegQuality": 40}),
        camera("lobby", "test:1280x720@10", bufferMonitor={"thresholdSeconds": 120}),
        camera("gate", "rtsp://127.0.0.1:554/stream1"),
        camera("store", "test:640x360@5", state="Suspended"),
        # Two whose Kafka is not there: one errs, the other's budget is used up.
        camera("yard", "test:640x360@10", bufferMonitor={"thresholdSeconds": 3600}, **often),
        camera(
            "dock",
            "test:640x360@10",
            bufferMonitor={"thresholdSeconds": 10, "settleSeconds": 1},
            restartPolicy={"budget": {"restarts": 3, "windowSeconds": 1800}},
            **often,
        ),
    ]


def _wait(kubectl: Kubectl) -> None:
    say("waiting until every camera is as the pictures want it")

    def condition(name: str, kind: str) -> dict[str, str]:
        status = (kubectl.get("camerastream", name) or {}).get("status", {})
        return next((each for each in status.get("conditions", []) if each["type"] == kind), {})

    def there() -> bool:
        well = all(
            condition(name, "Ready").get("status") == "True"
            for name in ("entrance", "road", "ramp", "lobby")
        )
        return (
            well
            and condition("gate", "Ready").get("reason") == "CameraDown"
            and condition("yard", "BufferHealthy").get("status") == "False"
            and condition("dock", "BufferHealthy").get("reason") == "Held"
        )

    kubectl.wait("the cameras are not as the pictures want them", there, 400)
    # So that queues and spools hold something.
    time.sleep(20)


def _draw(plugin: Plugin) -> None:
    for name, words in (
        ("kubectl-cam-status", ("status",)),
        ("kubectl-cam-restarts", ("restarts", "dock")),
    ):
        with plugin.on_a_terminal(*words, columns=_COLUMNS, lines=_LINES) as screen:
            code = screen.code()
            if code:
                raise SystemExit(f"kubectl cam {' '.join(words)}: {code}\n{screen.shown}")
            _svg(name, f"kubectl cam {' '.join(words)}", screen.shown)
    sheet = IMAGES / "kubectl-cam-sheet.jpg"
    done = plugin("frame", "--all", "-o", str(sheet))
    say(f"{done.out.strip()} {done.err.strip()}")


def _svg(name: str, title: str, shown: str) -> None:
    recorder = Console(record=True, width=_COLUMNS, file=io.StringIO(), highlight=False)
    for line in shown.replace("\r\n", "\n").rstrip("\n").split("\n"):
        recorder.print(Text.from_ansi(line), no_wrap=True, crop=True)
    # Without the fonts that a browser would fetch from elsewhere.
    drawn = _FONT_FACES.sub("\n", recorder.export_svg(title=title))
    path = IMAGES / f"{name}.svg"
    path.write_text(drawn, encoding="utf-8")
    say(f"{path}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
