"""CameraStreams and pods to test with, as the API server would give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from camerastream_operator.api.resource import CameraStream, read_camera_stream
from camerastream_operator.defaults import StreamDefaults
from camerastream_operator.times import write_time

ROOT = Path(__file__).parents[3]
CRD_FILE = ROOT / "operator/src/camerastream_operator/crd/camerastreams.yaml"
NOW = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
DEFAULTS = StreamDefaults(image="camerastream:1.0", bootstrap_servers=("kafka:9092",))

MINIMAL = {"source": {"url": "rtsp://10.0.0.5/stream1"}}
FULL: dict[str, Any] = {
    "cameraId": "site-a.lobby",
    "source": {
        "url": "rtsps://cam.example/stream1",
        "transport": "UDP",
        "credentialsSecretRef": {"name": "lobby", "usernameKey": "user", "passwordKey": "pass"},
        "caSecretRef": {"name": "camera-ca"},
        "filesClaimName": "videos",
    },
    "capture": {
        "intervalMilliseconds": 250,
        "timeoutSeconds": 20,
        "keyFrames": "Never",
        "mjpegHandling": "Recompress",
        "filePlayback": "Fast",
    },
    "motion": {"thresholdPixels": 0, "minContourAreaPixels": 50, "blurSizePixels": 11},
    "encoding": {"jpegQuality": 60},
    "kafka": {
        "bootstrapServers": ["kafka-0:9093", "kafka-1:9093"],
        "topic": "frames",
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "kafka-user"}},
        "tls": {"caSecretRef": {"name": "kafka-ca"}, "certSecretRef": {"name": "kafka-cert"}},
        "producerConfig": {"buffer.memory": "268435456", "batch.size": "3145728"},
    },
    "bufferMonitor": {
        "thresholdSeconds": 90,
        "settleSeconds": 8,
        "action": "Report",
        "simulateBufferError": "Enabled",
    },
    "spool": {
        "mode": "WriteAhead",
        "maxMegabytes": 4096,
        "volume": "PersistentVolumeClaim",
        "claimMegabytes": 8192,
        "storageClassName": "fast",
    },
    "restartPolicy": {
        "budget": {"restarts": 3, "windowSeconds": 600},
        "onExhausted": "Ignore",
    },
    "state": "Suspended",
    "diagnostics": {"logLevel": "DEBUG", "frameEndpoint": "Enabled"},
    "template": {
        "labels": {"site": "a"},
        "annotations": {"example.com/owner": "security"},
        "image": "registry.example/camerastream:2.0",
        "imagePullPolicy": "Always",
        "imagePullSecrets": [{"name": "registry"}],
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi", "cpu": 2}},
        "nodeSelector": {"site": "a"},
        "tolerations": [{"key": "edge", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "cameras",
        "env": [
            {"name": "TZ", "value": "Europe/Vienna"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "extra", "key": "token"}}},
        ],
    },
}


def camera(spec: Any = None, *, name: str = "lobby", status: Any = None) -> CameraStream:
    return read_camera_stream(
        {
            "metadata": {
                "name": name,
                "namespace": "cams",
                "uid": "11111111-2222-3333-4444-555555555555",
                "generation": 4,
                "resourceVersion": "77",
            },
            "spec": MINIMAL if spec is None else spec,
            "status": {} if status is None else status,
        }
    )


def crd_schema() -> dict[str, Any]:
    crd = yaml.safe_load(CRD_FILE.read_text(encoding="utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert isinstance(schema, dict)
    return schema


def terminated(
    container_id: str = "containerd://a",
    *,
    reason: str = "Error",
    exit_code: int = 1,
    message: str | None = None,
    at: datetime = NOW,
    started: datetime | None = None,
) -> dict[str, Any]:
    return {
        "containerID": container_id,
        "reason": reason,
        "exitCode": exit_code,
        "startedAt": write_time(started or at - timedelta(minutes=5)),
        "finishedAt": write_time(at),
        **({"message": message} if message is not None else {}),
    }


def pod(
    *,
    uid: str = "p1",
    version: int = 10,
    restarts: int = 0,
    container_id: str = "containerd://a",
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    ready: bool = False,
    ready_changed: datetime | None = None,
    deleting_since: datetime | None = None,
    **status: Any,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": "lobby-0",
        "namespace": "cams",
        "uid": uid,
        "resourceVersion": str(version),
    }
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    if ready_changed is not None:
        condition["lastTransitionTime"] = write_time(ready_changed)
    if deleting_since is not None:
        by = deleting_since + timedelta(seconds=30)
        metadata["deletionTimestamp"] = by.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "metadata": metadata,
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "conditions": [condition],
            "containerStatuses": [
                {
                    "name": "camerastream",
                    "restartCount": restarts,
                    "containerID": container_id,
                    "state": {"running": {}} if state is None else state,
                    "lastState": {} if last is None else {"terminated": last},
                }
            ],
            **status,
        },
    }
