"""Why is a pod not available, and what is to be done? Pure.

Every message says what to do. The order of the questions is that of a pod's life: made,
scheduled, its image pulled, its container made, started, ready.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from camerastream_operator.observation import Verdict

if TYPE_CHECKING:
    from camerastream_operator.observation import Observation
    from camerastream_operator.pods import Container, Pod, Terminated

DELETION_PATIENCE = timedelta(seconds=30)
"""So long after its deadline a deletion may take before the node counts as lost."""

EXIT_BAD_SETTINGS = 2

_PULL = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
_NO_SECRET = re.compile(r'secret "(?P<name>[^"]+)" not found', re.IGNORECASE)
_NO_CONFIG_MAP = re.compile(r'configmap "(?P<name>[^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?P<name>\S+)")
_KAFKA_ADVICE = {
    "unreachable": "no broker answers; check spec.kafka.bootstrapServers and that Kafka runs",
    "silent": "brokers are connected but acknowledge nothing; check the brokers' health and disks",
    "auth": "Kafka refuses the login; check the Secret in spec.kafka.sasl.secretRef",
    "tls": "the TLS connection fails; check spec.kafka.securityProtocol and spec.kafka.tls",
    "topic": "the topic does not exist; create it or correct spec.kafka.topic",
    "acl": "the Kafka user may not write to the topic; grant it WRITE on it",
    "quota": "the broker throttles this client; raise its quota or send less",
    "too-large": "frames are larger than the topic takes; raise its max.message.bytes",
    "fatal": "the producer cannot go on; a restart makes a new one",
}


def kafka_advice(cause: str) -> str:
    """Return what is wrong with Kafka and what to do, for a cause that the stream named."""
    return _KAFKA_ADVICE.get(cause, "Kafka does not take the frames; see the pod's log")


def diagnose(seen: Observation) -> Verdict:
    """Say whether the pod is available: ready, so that frames arrive and can be sent."""
    pod = seen.pod
    if seen.suspended:
        return Verdict("False", "Suspended", "spec.state is Suspended; write Running to start it")
    if pod is None:
        return _without_pod(seen)
    if pod.ready and pod.delete_by is None and pod.phase_reason != "NodeLost":
        return Verdict("True", "PodReady", "frames arrive and the buffer is healthy")
    container = pod.stream
    for verdict in (
        _ending(pod, seen),
        _unschedulable(pod, seen),
        _ended_pod(pod),
        _waiting(pod, container, seen) if container is not None else None,
    ):
        if verdict is not None:
            return verdict
    return _not_ready(pod, container, seen)


def _without_pod(seen: Observation) -> Verdict:
    if seen.problems:
        return Verdict("False", "InvalidSpec", "; ".join(seen.problems))
    if seen.apply_error:
        return apply_failed(seen)
    return Verdict(
        "False",
        "PodMissing",
        "the StatefulSet has no pod yet; if this lasts, look at its events with "
        "kubectl describe statefulset",
    )


def apply_failed(seen: Observation) -> Verdict:
    """Say that the API server does not take the StatefulSet."""
    said = f"the API server refuses the StatefulSet: {seen.apply_error}"
    return Verdict("False", "ApplyFailed", said)


def _ending(pod: Pod, seen: Observation) -> Verdict | None:
    overdue = pod.delete_by is not None and seen.now > pod.delete_by + DELETION_PATIENCE
    if pod.phase_reason != "NodeLost" and not overdue:
        if pod.delete_by is None:
            return None
        return Verdict("False", "Terminating", f"pod {pod.name} is ending; another one follows")
    return Verdict(
        "False",
        "NodeLost",
        f"node {pod.node or '?'} does not answer, and only it can confirm that pod {pod.name} has "
        "ended; bring it back, or, when it is surely off, delete the node or taint it with "
        "node.kubernetes.io/out-of-service",
    )


def _unschedulable(pod: Pod, seen: Observation) -> Verdict | None:
    status, reason, message = pod.conditions.get("PodScheduled", ("", "", ""))
    if status != "False":
        return None
    if "persistentvolumeclaim" in message.lower():
        named = ", ".join(seen.claims) or "of the spool"
        return Verdict(
            "False",
            "ClaimPending",
            f"the PersistentVolumeClaim {named} is not bound ({message}); check "
            "spec.spool.storageClassName and kubectl describe pvc",
        )
    return Verdict(
        "False",
        reason or "Unschedulable",
        f"no node takes the pod ({message}); check spec.template: resources, nodeSelector, "
        "tolerations and affinity",
    )


def _ended_pod(pod: Pod) -> Verdict | None:
    if pod.phase not in ("Failed", "Succeeded"):
        return None
    return Verdict(
        "False",
        pod.phase_reason or "PodEnded",
        f"pod {pod.name} has ended ({pod.phase_message or pod.phase}); another one follows",
    )


def _waiting(pod: Pod, container: Container, seen: Observation) -> Verdict | None:
    reason, said = container.waiting_reason, container.waiting_message
    if reason in _PULL:
        return Verdict(
            "False",
            "ImagePull",
            f"the image cannot be pulled ({said or reason}); check spec.template.image and "
            "imagePullSecrets, or the operator's defaults of them",
        )
    if reason == "CreateContainerConfigError":
        return _config_error(said)
    if reason == "CrashLoopBackOff":
        return _crash_loop(pod, container.last_terminated)
    if reason in ("ContainerCreating", "PodInitializing"):
        volumes = ""
        if seen.secrets or seen.claims:
            names = [f"Secret {name}" for name in seen.secrets]
            names += [f"PersistentVolumeClaim {name}" for name in seen.claims]
            volumes = f" if this lasts, check that these exist: {', '.join(names)};"
        return Verdict(
            "False",
            "Starting",
            f"the container is being made;{volumes} kubectl describe pod {pod.name} tells more",
        )
    if reason:
        return Verdict(
            "False",
            reason,
            f"the container cannot be started ({said or reason}); see kubectl describe pod "
            f"{pod.name}",
        )
    return None


def _config_error(said: str) -> Verdict:
    if found := _NO_KEY.search(said):
        kind, name = found["kind"], found["name"].rpartition("/")[2]
        return Verdict(
            "False",
            f"{kind}KeyMissing",
            f"{kind} {name} has no key {found['key']}; add it, or name the right key in the "
            "reference to it in spec",
        )
    if found := _NO_SECRET.search(said):
        return Verdict(
            "False",
            "SecretMissing",
            f"Secret {found['name']} does not exist in this namespace; create it, or correct the "
            "reference to it in spec",
        )
    if found := _NO_CONFIG_MAP.search(said):
        return Verdict(
            "False",
            "ConfigMapMissing",
            f"ConfigMap {found['name']} does not exist in this namespace; create it, or correct "
            "spec.template.env",
        )
    return Verdict("False", "ContainerConfig", f"the container cannot be configured: {said}")


def _crash_loop(pod: Pod, last: Terminated | None) -> Verdict:
    see = f"see kubectl logs --previous {pod.name}"
    if last is not None and last.exit_code == EXIT_BAD_SETTINGS and last.message is None:
        return Verdict(
            "False",
            "BadSettings",
            f"the stream refuses its settings; {see}, which lists them with what to write",
        )
    if last is not None and last.reason == "OOMKilled":
        return Verdict(
            "False",
            "CrashLoop",
            "the container runs out of memory again and again; raise "
            "spec.template.resources.limits.memory",
        )
    if last is not None and last.message is not None:
        told = last.message
        why = kafka_advice(told.cause) if told.cause else told.message or told.reason
        return Verdict(
            "False",
            "CrashLoop",
            f"the kubelet waits before it starts the container again, which ended by "
            f"{told.reason}: {why}",
        )
    code = "" if last is None else f" with exit code {last.exit_code}"
    return Verdict("False", "CrashLoop", f"the container ends again and again{code}; {see}")


def _not_ready(pod: Pod, container: Container | None, seen: Observation) -> Verdict:
    stream = seen.stream
    if stream is not None and not stream.camera_up:
        cause = stream.camera_cause or "unknown"
        detail = stream.camera_detail or "no picture has come yet"
        return Verdict("False", "CameraDown", f"the camera gives no picture ({cause}): {detail}")
    if stream is not None and stream.monitor_state not in ("", "healthy"):
        return Verdict("False", "BufferErrors", kafka_advice(stream.kafka_cause))
    if container is None or not container.running:
        return Verdict("False", "Starting", f"pod {pod.name} is starting")
    return Verdict(
        "False",
        "NotReady",
        f"the stream runs but is not ready; if this lasts, see kubectl logs {pod.name}",
    )
