"""docs/settings.md, made from the one definition: `python -m camerastream.cli.reference`."""

from __future__ import annotations

import sys

from camerastream.cli.options import SECTIONS, default_text
from camerastream.settings.load import environment_name, flag_name, is_secret_field
from camerastream.settings.model import FIELDS

_HEAD = """\
# Settings

Every setting can be given as a flag, in the environment or in a `.env` file; a flag outranks
the environment, which outranks the file. Secrets have no flag: a command line can be read by
everybody on the machine. `camerastream run --help` says the same in the terminal.

Wrong settings end the program with exit code 2, all of them listed at once, each with what to
write instead.

*This page is generated: `make docs`.*
"""
_TAIL = """
## Producer settings

Every producer setting of librdkafka works as `KAFKA_CONFIG_<NAME>` with dots written as
underscores, or as `--kafka-config name=value`. Java's names are translated, and the log says so:

| you write | it becomes |
|---|---|
| `KAFKA_CONFIG_BUFFER_MEMORY=268435456` (bytes) | `queue.buffering.max.kbytes=262144` |
| `KAFKA_CONFIG_BATCH_SIZE=3145728` | `batch.size`, capped at the topic's `max.message.bytes` |
| `KAFKA_CONFIG_MAX_REQUEST_SIZE` | `message.max.bytes` |
| `KAFKA_CONFIG_DELIVERY_TIMEOUT_MS` | `message.timeout.ms` |
| `KAFKA_CONFIG_SEND_BUFFER_BYTES`, `..._RECEIVE_BUFFER_BYTES` | `socket.send.buffer.bytes`, ... |
| `KAFKA_CONFIG_LINGER_MS`, `ACKS`, `RETRIES`, `COMPRESSION_TYPE`, ... | the same |

What has no equivalent (`max.block.ms`, `key.serializer`, a Java trust store, ...) is refused
with what to write instead.

Defaults that differ from librdkafka's:

| setting | value | why |
|---|---|---|
| `enable.idempotence` | `true` | order and no duplicates over retries |
| `queue.buffering.max.kbytes` | `131072` (128 MiB) | bounded memory; librdkafka's own is 1 GiB |
| `socket.timeout.ms` | `10000` | a hung broker is left after 10 s instead of 61 s |
| `topic.metadata.refresh.interval.ms` | `5000` | the new leader is found as quickly |
| `message.max.bytes` | the topic's `max.message.bytes` | large frames are not refused for nothing |

A `message.timeout.ms` below the threshold is accepted with a warning: most of what "times out"
within seconds has been stored and will be duplicated.

## How long until the threshold is crossed?

The timer starts when the producer's queue is full, not when Kafka stops answering. The queue
takes `buffer size / (frame size x frames per second)` to fill: 128 MiB at 100 kB and 30 frames a
second is 45 s, at one frame per 5 s it is hours. Watch
`camerastream_oldest_unacked_seconds`, which shows an outage within seconds, whatever the queue's
size.

## Settings that can change while running

`LIVE_SETTINGS_FILE` names a JSON file that is looked at five times a second:

```json
{"generation": 7, "thresholdSeconds": 120, "hold": true, "holdUntil": "2026-03-01T08:30:00Z",
 "simulateBufferError": false}
```

What is left out is as at start; a file that goes away restores the start; a key that is not known
is ignored with a warning. `hold` reports the crossing of the threshold but restarts nothing: frames
go through the spool until Kafka is back. It lapses at `holdUntil`, if that is given, also when the
clock of the day is set back meanwhile; a threshold that is crossed already restarts at once then.
`simulateBufferError` injects `producer queue is full` into a running program, to see the whole
chain (log lines, timer, exit code, restart) happen. The generation in force is in `/status`.
"""


def settings_reference() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for name, declared in FIELDS.items():
        if name in SECTIONS:
            parts.append(f"\n## {SECTIONS[name]}\n\n| name | default | meaning |\n|---|---|---|\n")
        unit = f" ({declared.unit})" if declared.unit else ""
        default = default_text(name).removeprefix("default: ")
        default = "" if default == "no default" else default
        shown = default if default in ("", "required") else f"`{default}`"
        label = "KAFKA_CONFIG_<NAME>" if name == "kafka_config" else environment_name(name)
        flag = "no flag" if is_secret_field(name) else f"`{flag_name(name)}`"
        about = declared.description.replace("|", "\\|")
        parts.append(f"| `{label}` | {shown} | {about}{unit}; {flag} |\n")
    parts.append(_TAIL)
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(settings_reference())
