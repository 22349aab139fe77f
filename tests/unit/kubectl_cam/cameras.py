"""CameraStreams and answers of pods, as the API server and streams give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kubectl_cam.camera import read_camera
from kubectl_cam.live import Answer, read_live
from kubectl_cam.row import Row, make_row, ordered

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def ago(**time: float) -> str:
    return (NOW - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def restart(
    reason: str, message: str, *, cause: str | None = None, **time: float
) -> dict[str, Any]:
    found = {"time": ago(**time), "reason": reason, "message": message, "exitCode": 1}
    return {**found, "podName": "lobby-0", **({"cause": cause} if cause else {})}


def resource(
    name: str,
    *,
    ready: tuple[str, str, str] = ("True", "Streaming", "frames reach Kafka"),
    spec: dict[str, Any] | None = None,
    effective: dict[str, Any] | None = None,
    restarts: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    kind = dict(zip(("status", "reason", "message"), ready, strict=True))
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "generation": 2,
            "creationTimestamp": ago(days=3),
        },
        "spec": {
            "source": {"url": "rtsp://10.0.0.5/stream1"},
            "restartPolicy": {"budget": {"restarts": 5, "windowSeconds": 1800}},
            **(spec or {}),
        },
        "status": {
            "observedGeneration": 2,
            "pod": {"name": f"{name}-0"},
            "conditions": [{"type": "Ready", **kind}],
            "effectiveSettings": {
                "thresholdSeconds": 60,
                "source": "Default",
                "hold": "None",
                **(effective or {}),
            },
            "restarts": {"total": 0, "budgetRemaining": 5, "inWindow": 0, **(restarts or {})},
            **status,
        },
    }


def figures(
    *,
    state: str = "healthy",
    cause: str | None = None,
    seconds: float = 0.0,
    queue: float = 0.004,
    unacked: float = 0.2,
    spooled: int = 0,
    up: bool = True,
    camera: str | None = None,
    frame: float | None = 0.4,
) -> dict[str, Any]:
    return {
        "monitor": {
            "state": state,
            "cause": cause,
            "errorDurationSeconds": seconds,
            "thresholdSeconds": 60,
        },
        "queue": {"utilizationRatio": queue, "oldestUnackedSeconds": unacked},
        "spool": {"frames": spooled, "bytes": spooled * 40_000},
        "source": {
            "up": up,
            "cause": camera,
            "lastFrameTime": None
            if frame is None
            else (NOW - timedelta(seconds=frame)).isoformat(),
        },
    }


def row(camera: dict[str, Any], told: dict[str, Any] | str = "") -> Row:
    """Return a camera's line; a text is why its pod told nothing."""
    answer = Answer(None, told) if isinstance(told, str) else Answer(read_live(told))
    return make_row(read_camera(camera), answer, NOW)


def everything() -> list[Row]:
    """A camera of each sort."""
    down = "the camera gives no picture (refused): connection refused"
    errors = ("False", "BufferErrors", "brokers are connected but acknowledge nothing")
    return ordered(
        [
            row(resource("entrance"), figures()),
            row(
                resource(
                    "lobby", ready=errors, effective={"thresholdSeconds": 90, "source": "Spec"}
                ),
                figures(
                    state="erroring", cause="silent", seconds=12, queue=0.87, unacked=14, spooled=31
                ),
            ),
            row(
                resource("gate", ready=("False", "CameraDown", down)),
                figures(up=False, camera="refused", frame=None),
            ),
            row(
                resource(
                    "dock",
                    effective={"hold": "BudgetExhausted", "holdUntil": "2026-03-01T12:20:00Z"},
                    restarts={
                        "total": 5,
                        "lastReason": "BufferError",
                        "lastTime": ago(minutes=4),
                        "budgetRemaining": 0,
                    },
                ),
                figures(spooled=1200),
            ),
            row(resource("yard"), "no answer from the pod within 5 s"),
            row(resource("ramp"), "no answer from the pod within 5 s"),
            row(
                resource(
                    "store",
                    ready=("False", "Suspended", "spec.state is Suspended; write Running"),
                    spec={"state": "Suspended"},
                )
            ),
            row(
                {"metadata": {"name": "fresh", "namespace": "shop"}, "spec": {}}, "there is no pod"
            ),
        ]
    )


TROUBLED = resource(
    "lobby",
    effective={"hold": "BudgetExhausted", "holdUntil": "2026-03-01T12:20:00Z"},
    restarts={
        "total": 7,
        "bufferError": 5,
        "crash": 1,
        "probe": 1,
        "oom": 0,
        "inWindow": 5,
        "budgetRemaining": 0,
        "podReplacements": 2,
        "unobservedReplacements": 1,
        "sidecar": 3,
    },
    recentRestarts=[
        restart(
            "BufferError",
            "Kafka buffer errors for 60.3s, threshold 60s: Local: Queue full",
            cause="silent",
            minutes=4,
        ),
        restart(
            "BufferError", "Kafka buffer errors for 61.0s, threshold 60s: x", hours=3, minutes=4
        ),
        restart("Crash", "Crash", days=2),
    ],
)
