"""Installations of the chart, each with its rendered manifests in `golden/`."""

from __future__ import annotations

from typing import Any

KAFKA: dict[str, Any] = {"kafka": {"bootstrapServers": "kafka-0.kafka:9092"}}
DIGEST = "sha256:" + "ab" * 32

CASES: dict[str, dict[str, Any]] = {
    "default": KAFKA,
    "namespaced": {
        "kafka": {"bootstrapServers": ["kafka-0.kafka:9092", "kafka-1.kafka:9092"]},
        "operator": {"watchNamespaces": ["shop", "yard"]},
        "crds": {"enabled": False},
        "networkPolicy": {"enabled": True},
    },
    "everything": {
        "kafka": {"bootstrapServers": "kafka-0.kafka:9092, kafka-1.kafka:9092"},
        "commonLabels": {"team": "video"},
        "imageRegistry": "registry.example/mirror/",
        "imagePullSecrets": [{"name": "registry"}],
        "stream": {
            "image": {"tag": "1.2.3", "pullPolicy": "Always"},
            "thresholdSeconds": 120,
            "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
        },
        "fleetGuard": {"minCameras": 5, "startPercent": 60, "endPercent": 30},
        "operator": {
            "image": {"digest": DIGEST, "pullPolicy": "IfNotPresent"},
            "replicas": 2,
            "logLevel": "DEBUG",
            "logFormat": "text",
            "maxRollingPods": 20,
            "extraEnv": [{"name": "OPERATOR_WORKERS", "value": "64"}],
            "annotations": {"example.com/owner": "video"},
            "podAnnotations": {"example.com/trace": "on"},
            "podLabels": {"example.com/tier": "control"},
            "nodeSelector": {"pool": "system"},
            "tolerations": [{"key": "system", "operator": "Exists"}],
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "pool", "operator": "Exists"}]}
                        ]
                    }
                }
            },
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "operator"}},
                }
            ],
            "priorityClassName": "system-cluster-critical",
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"},
        },
        "serviceAccount": {"name": "operator", "annotations": {"example.com/role": "cameras"}},
        "networkPolicy": {
            "enabled": True,
            "metricsFrom": [
                {
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": "monitoring"}
                    }
                }
            ],
            "streamNamespaces": ["shop"],
        },
    },
    "monitored": {
        **KAFKA,
        "operator": {"watchNamespaces": ["shop"]},
        "monitoring": {
            "podMonitor": {"enabled": True, "interval": "15s", "labels": {"release": "prom"}},
            "prometheusRule": {
                "enabled": True,
                "labels": {"release": "prom"},
                "alertLabels": {"team": "video"},
                "disabled": ["CameraStreamCameraUnstable"],
                "runbookBaseUrl": "https://wiki.example/runbooks/",
            },
            "dashboard": {"enabled": True, "annotations": {"grafana_folder": "Cameras"}},
            "kubeStateMetrics": {"enabled": True},
        },
    },
    "pinned": {
        **KAFKA,
        "imageRegistry": "registry.example",
        "imagePullSecrets": [{"name": "registry"}, {"name": "mirror"}],
        "commonLabels": {"team": "video"},
        # By its digest each; a tag beside it is for people.
        "stream": {"image": {"tag": "1.2.3", "digest": DIGEST}},
        "operator": {
            "image": {"tag": "1.2.3", "digest": DIGEST},
            "replicas": 2,
            "podDisruptionBudget": {"enabled": True},
        },
    },
    "cameras": {
        **KAFKA,
        "operator": {"watchNamespaces": ["camera-system", "shop"]},
        "cameras": [
            {"name": "lobby", "spec": {"source": {"url": "test:1280x720@10"}}},
            {
                "name": "yard",
                "namespace": "shop",
                "labels": {"site": "north"},
                "spec": {
                    "source": {
                        "url": "rtsp://10.0.0.5/stream1",
                        "credentialsSecretRef": {"name": "yard-login"},
                    },
                    "capture": {"intervalMilliseconds": 10_000_000},
                },
            },
        ],
    },
    "bare": {
        **KAFKA,
        "crds": {"enabled": False},
        "rbac": {"create": False},
        "serviceAccount": {"create": False, "name": "given"},
        "fullnameOverride": "cams",
    },
}
