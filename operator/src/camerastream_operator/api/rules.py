"""Rules between fields, and for keys that OpenAPI cannot describe.

The CRD says most of them too, as CEL; there the API server refuses the resource, here it
was taken by an older or a missing rule and the operator must not act on it. No text here
holds a value: it may be a credential that stands where it should not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from camerastream_operator.api.spec import SpoolVolume, Transport
from camerastream_operator.quantities import quantity

if TYPE_CHECKING:
    from camerastream_operator.api.spec import CameraStreamSpec, KafkaSpec, SourceSpec, SpoolSpec

_SCHEME = re.compile(r"((rtsps?|https?)://|file:|test:)")
_NETWORK = re.compile(r"(rtsps?|https?)://")
_USERINFO = re.compile(r"[a-z]+://[^/?#]*@")
_ADDRESS = re.compile(
    r"[a-z]+://(\[[0-9A-Fa-f:.]+(%[0-9A-Za-z._-]+)?\]|[^\s/?#@:\[\]%]+)(:[0-9]{1,5})?"
    r"([/?#][^\x00-\x1f\x7f]*)?"
)
_LITERAL_SECRET = re.compile(
    r"(?i)(rtsps?|https?)://.*[/?&;_](login|access_|auth_)?(pas[a-z]*|pwd|psw|pw|token|secret)="
    r"([^{&;#_]|_[a-z]*([^a-z=]|$))"
)
"""A value of such a field; an empty one is none, also where `_` stands between the fields."""
_WORD_IN_BRACES = re.compile(r"\{([A-Za-z_]+)\}")
_BROKER = re.compile(r"([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_PRODUCER_KEY = re.compile(r"[a-z0-9.]{1,200}")

_TLS_ADVICE = "write kafka.tls.caSecretRef and kafka.tls.certSecretRef"
_FORBIDDEN_PREFIXES = {
    "sasl.": "write kafka.sasl.mechanism and kafka.sasl.secretRef",
    "ssl.ca.": _TLS_ADVICE,
    "ssl.certificate.": _TLS_ADVICE,
    "ssl.key.": _TLS_ADVICE,
    "ssl.keystore.": _TLS_ADVICE,
    "ssl.truststore.": _TLS_ADVICE,
    "ssl.crl.": _TLS_ADVICE,
    "ssl.engine.": _TLS_ADVICE,
    "ssl.provider": _TLS_ADVICE,
}
FORBIDDEN_PRODUCER_KEYS = {
    "bootstrap.servers": "write kafka.bootstrapServers",
    "metadata.broker.list": "write kafka.bootstrapServers",
    "security.protocol": "write kafka.securityProtocol",
    "transactional.id": "leave it out, frames are not sent in transactions",
    "transaction.timeout.ms": "leave it out, frames are not sent in transactions",
    "delivery.report.only.error": "leave it out, acknowledgements prove that frames arrived",
    "key.serializer": "leave it out, keys and values are bytes",
    "value.serializer": "leave it out, keys and values are bytes",
    "max.block.ms": "leave it out, sending never blocks here, a full queue goes to the spool",
    "partitioner.class": "write partitioner with the value murmur2_random for Java's choice",
    "plugin.library.paths": "leave it out, the stream loads no foreign code",
}


def broken_rules(spec: CameraStreamSpec) -> list[str]:
    """Return one sentence for each broken rule, with what to write instead."""
    return [
        *_source(spec.source),
        *_kafka(spec.kafka),
        *_spool(spec.spool),
        *_rest(spec),
    ]


def producer_key_advice(key: str) -> str | None:
    """Return what to write instead of a producer setting that is not for producerConfig."""
    if advice := FORBIDDEN_PRODUCER_KEYS.get(key):
        return advice
    for prefix, advice in _FORBIDDEN_PREFIXES.items():
        if key.startswith(prefix):
            return advice
    return None


def _source(source: SourceSpec) -> list[str]:
    problems = []
    url = source.url
    if not _SCHEME.match(url):
        problems.append(
            "the scheme of spec.source.url is not known; write rtsp://, rtsps://, http://, "
            "https://, file:/// or test:"
        )
    elif _USERINFO.match(url):
        problems.append(
            "user name and password must not stand in spec.source.url; write them in a Secret and "
            "its name in spec.source.credentialsSecretRef"
        )
    elif _NETWORK.match(url) and not _ADDRESS.fullmatch(url):
        problems.append(
            "what stands for the host in spec.source.url is not usable; write scheme://host/path "
            "or scheme://host:port/path"
        )
    if _LITERAL_SECRET.match(url):
        problems.append(
            "a password or token must not stand in spec.source.url; write {password} in its place, "
            "put it into a Secret, and the Secret's name into spec.source.credentialsSecretRef"
        )
    words = set(_WORD_IN_BRACES.findall(url)) if _NETWORK.match(url) else set()
    if words - {"username", "password"}:
        problems.append(
            "a word in braces in spec.source.url is not known; write {username} or {password}"
        )
    elif words and source.credentials_secret_ref is None:
        problems.append(
            "{username} and {password} in spec.source.url stand for what is in a Secret; write its "
            "name in spec.source.credentialsSecretRef"
        )
    if source.transport is Transport.UDP and not url.startswith("rtsp"):
        problems.append("spec.source.transport UDP exists for rtsp only; write TCP")
    return problems


def _kafka(kafka: KafkaSpec) -> list[str]:
    problems = []
    uses_sasl = kafka.security_protocol.startswith("SASL_")
    if uses_sasl and kafka.sasl is None:
        problems.append(
            "spec.kafka.securityProtocol SASL_* needs a login; write spec.kafka.sasl.mechanism and "
            "spec.kafka.sasl.secretRef"
        )
    if kafka.sasl is not None and not uses_sasl:
        problems.append(
            "spec.kafka.sasl is given but spec.kafka.securityProtocol does not use it; write "
            "SASL_SSL or SASL_PLAINTEXT"
        )
    if kafka.tls is not None and not kafka.security_protocol.endswith("SSL"):
        problems.append(
            "spec.kafka.tls is given but spec.kafka.securityProtocol does not use it; write SSL or "
            "SASL_SSL"
        )
    if not all(_BROKER.fullmatch(broker) for broker in kafka.bootstrap_servers or ()):
        problems.append(
            "spec.kafka.bootstrapServers holds what is not host:port; write for example "
            "kafka-0.kafka:9092"
        )
    if not _TOPIC.fullmatch(kafka.topic):
        problems.append(
            "spec.kafka.topic is not a name that Kafka takes; write 1 to 249 letters, digits, '.', "
            "'_' or '-'"
        )
    for key, value in kafka.producer_config.items():
        if not _PRODUCER_KEY.fullmatch(key):
            problems.append(
                "spec.kafka.producerConfig holds a name that is none of a producer setting; write "
                "lower-case letters, digits and dots, for example linger.ms"
            )
        elif advice := producer_key_advice(key):
            problems.append(f"{key} cannot be set in spec.kafka.producerConfig; {advice}")
        elif key in ("acks", "request.required.acks") and value == "0":
            problems.append(
                "acks 0 in spec.kafka.producerConfig makes every acknowledgement worthless; write "
                "all, or leave it out"
            )
    return problems


def _spool(spool: SpoolSpec) -> list[str]:
    if spool.volume is not SpoolVolume.CLAIM:
        return []
    needed = spool.max_megabytes + spool.max_megabytes // 4 + 128
    if spool.claim_megabytes >= needed:
        return []
    return [f"spec.spool.claimMegabytes is too small for this spool; write at least {needed}"]


def _rest(spec: CameraStreamSpec) -> list[str]:
    problems = []
    if spec.motion.blur_size_pixels % 2 == 0:
        problems.append("spec.motion.blurSizePixels must be odd; write for example 21")
    for amounts in (spec.template.resources or {}).values():
        problems += [
            f"{name} in spec.template.resources is not a quantity; write for example 50m or 256Mi"
            for name, amount in amounts.items()
            if quantity(amount) is None
        ]
    return problems
