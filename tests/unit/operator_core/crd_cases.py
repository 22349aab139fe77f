"""Specs that must be refused, and a part of the sentence that says what to write instead.

The same table is for the CRD on a real API server and for the operator's own reading.
"""

from __future__ import annotations

from typing import Any

RTSP = "rtsp://10.0.0.5/stream1"


def source(url: str = RTSP, **more: Any) -> dict[str, Any]:
    return {"source": {"url": url, **more}}


def kafka(**fields: Any) -> dict[str, Any]:
    return {**source(), "kafka": fields}


REFUSED_BY_BOTH: list[tuple[dict[str, Any], str]] = [
    (source("rtsp://admin:secret@10.0.0.5/stream1"), "credentialsSecretRef"),
    (source("http://admin@10.0.0.5/"), "credentialsSecretRef"),
    (source("rtsp://admin:se/cret@10.0.0.5/stream1"), "scheme://host:port/path"),
    (
        source("rtsp://10.0.0.5/user=admin&password=s3cret&channel=1"),
        "write {password} in its place",
    ),
    (
        source("rtsp://10.0.0.5/user=admin_password=tlJwp_channel=1"),
        "write {password} in its place",
    ),
    (source("http://10.0.0.5/v.cgi?usr=admin&PWD=s3cret"), "write {password} in its place"),
    (source("http://10.0.0.5/v?loginuse=a&loginpas=s3cret"), "write {password} in its place"),
    (source("http://10.0.0.5/v?access_token=s3cret"), "write {password} in its place"),
    (source("http://10.0.0.5/v?pwd=_s3cret"), "write {password} in its place"),
    (source("http://10.0.0.5/v?pwd=_cret"), "write {password} in its place"),
    (source("http://10.0.0.5/v?pwd={pass}"), "write {username} or {password}"),
    (source("http://10.0.0.5/v?pwd={password}"), "its name in"),
    (source("rtmp://10.0.0.5/x"), "write rtsp://, rtsps://"),
    (source("10.0.0.5/x"), "write rtsp://, rtsps://"),
    (source("usb:0"), "write rtsp://, rtsps://"),
    (source("rtsp:///stream1"), "scheme://host:port/path"),
    (source("rtsp://10.0.0.5:port/stream1"), "scheme://host:port/path"),
    (source("http://10.0.0.5/", transport="UDP"), "write TCP"),
    (source(transport="Tcp"), "transport"),
    ({}, "source"),
    ({"source": {}}, "url"),
    ({**source(), "capture": {"intervalMilliseconds": -1}}, "intervalMilliseconds"),
    ({**source(), "encoding": {"jpegQuality": 101}}, "jpegQuality"),
    ({**source(), "motion": {"blurSizePixels": 20}}, "odd"),
    ({**source(), "bufferMonitor": {"thresholdSeconds": 4}}, "thresholdSeconds"),
    ({**source(), "bufferMonitor": {"thresholdSeconds": 3601}}, "thresholdSeconds"),
    ({**source(), "spool": {"mode": "Off"}}, "mode"),
    (
        {**source(), "spool": {"volume": "PersistentVolumeClaim", "claimMegabytes": 1407}},
        "write at least",
    ),
    ({**source(), "restartPolicy": {"budget": {"restarts": 11}}}, "restarts"),
    (kafka(securityProtocol="SASL_SSL"), "kafka.sasl.secretRef"),
    (kafka(securityProtocol="SASL_SSL", sasl={"mechanism": "PLAIN"}), "secretRef"),
    (kafka(securityProtocol="SASL_SSL", sasl={"secretRef": {"name": "x"}}), "mechanism"),
    (kafka(sasl={"mechanism": "PLAIN", "secretRef": {"name": "x"}}), "SASL_SSL or"),
    (kafka(tls={"caSecretRef": {"name": "x"}}), "SSL or SASL_SSL"),
    (kafka(topic="a/b"), "1 to 249 letters"),
    (kafka(topic=".."), "1 to 249 letters"),
    (kafka(bootstrapServers=["kafka"]), "kafka-0.kafka:9092"),
    (kafka(bootstrapServers=[]), "bootstrapServers"),
    (kafka(producerConfig={"bootstrap.servers": "x:1"}), "kafka.bootstrapServers"),
    (kafka(producerConfig={"metadata.broker.list": "x:1"}), "kafka.bootstrapServers"),
    (kafka(producerConfig={"security.protocol": "SSL"}), "kafka.securityProtocol"),
    (kafka(producerConfig={"sasl.password": "x"}), "kafka.sasl.secretRef"),
    (kafka(producerConfig={"sasl.jaas.config": "x"}), "kafka.sasl.secretRef"),
    (kafka(producerConfig={"ssl.key.password": "x"}), "kafka.tls.certSecretRef"),
    (kafka(producerConfig={"ssl.truststore.location": "x"}), "kafka.tls.caSecretRef"),
    (kafka(producerConfig={"ssl.providers": "x"}), "kafka.tls.caSecretRef"),
    (kafka(producerConfig={"transactional.id": "x"}), "leave it out"),
    (kafka(producerConfig={"delivery.report.only.error": "true"}), "leave it out"),
    (kafka(producerConfig={"key.serializer": "x"}), "keys and values are bytes"),
    (kafka(producerConfig={"max.block.ms": "0"}), "a full queue goes to the spool"),
    (kafka(producerConfig={"partitioner.class": "x"}), "murmur2_random"),
    (kafka(producerConfig={"plugin.library.paths": "x"}), "foreign code"),
    (kafka(producerConfig={"acks": "0"}), "write all"),
    (kafka(producerConfig={f"a{n}": "1" for n in range(33)}), "producerConfig"),
]

REFUSED_BY_THE_API_SERVER: list[tuple[dict[str, Any], str]] = [
    (source("file:lobby.mp4"), "absolute path"),
    (source("test:huge"), "test:1280x720@10"),
    (source(caSecretRef={"name": "ca"}), "rtsps:// and https://"),
    ({**source(), "bufferMonitor": {"thresholdSeconds": 4}}, "write 5 to 3600"),
    (
        {**source(), "bufferMonitor": {"thresholdSeconds": 10, "settleSeconds": 10}},
        "smaller settleSeconds",
    ),
    ({**source(), "spool": {"storageClassName": "fast"}}, "PersistentVolumeClaim"),
    ({**source(), "template": {"env": [{"name": "STATE_DIR", "value": "/x"}]}}, "field of"),
    ({**source(), "template": {"env": [{"name": "kafka_config_acks", "value": "1"}]}}, "field of"),
    (
        {**source(), "template": {"env": [{"name": "A", "value": "1", "valueFrom": {}}]}},
        "valueFrom",
    ),
    ({**source(), "template": {"labels": {"camerastream.dev/camera": "x"}}}, "other names"),
    ({**source(), "template": {"annotations": {"camerastream.dev/x": "x"}}}, "other names"),
]

TAKEN: list[dict[str, Any]] = [
    source(),
    source("rtsp://[fe80::1%25eth0]:554/stream1?channel=1&subtype=0"),
    source("https://cam.example/mjpg/video@2.mjpg"),
    source(
        "rtsp://10.0.0.5/user={username}&password={password}&channel=1",
        credentialsSecretRef={"name": "x"},
    ),
    source("http://10.0.0.5/live/{password}/0", credentialsSecretRef={"name": "x"}),
    # An empty password is none: so XMEye cameras come out of the box.
    source("rtsp://10.0.0.5/user=admin&password=&channel=1"),
    source("rtsp://10.0.0.5/user=admin_password=_channel=1_stream=0.sdp?real_stream"),
    source("http://10.0.0.5/v?compass=1&bypass=2"),
    source("rtsp://10.0.0.5/{0B5CE8F1-2A4D}/1?" + "a" * 2000),
    source("file:///videos/{lobby}.mp4"),
    source("file:/videos/lobby.mp4"),
    source("test:"),
    source("test:1280x720@10"),
    source("rtsps://cam.example:322/a", transport="UDP", caSecretRef={"name": "ca"}),
    {**source(), "spool": {"volume": "PersistentVolumeClaim", "claimMegabytes": 1408}},
    kafka(producerConfig={"linger.ms": "5", "ssl.endpoint.identification.algorithm": "none"}),
    {**source(), "template": {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}},
]

CHANGES_REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        source(),
        {**source(), "spool": {"volume": "PersistentVolumeClaim"}},
        "delete the CameraStream",
    ),
    (
        {**source(), "spool": {"volume": "PersistentVolumeClaim"}},
        {**source(), "spool": {"volume": "PersistentVolumeClaim", "claimMegabytes": 4096}},
        "the claim and the frames in it are kept",
    ),
    (
        {**source(), "spool": {"volume": "PersistentVolumeClaim"}},
        {**source(), "spool": {"volume": "PersistentVolumeClaim", "storageClassName": "x"}},
        "storageClassName cannot be changed",
    ),
]
