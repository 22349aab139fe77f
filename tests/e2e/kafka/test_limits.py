"""What a real topic and a real quota allow, and what the program makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.kafka.scene import FRAMES_PER_SECOND, NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.kafka.conftest import SharedKafka
    from tests.e2e.kafka.scene import Scene

    Stage = Callable[..., Scene]

MAX_MESSAGE_BYTES = 20000
"""Of a topic that holds single frames of the harness's camera, and no batch of a few."""


def test_a_batch_above_the_topics_limit_is_capped_and_all_is_delivered(
    scene: Stage, shared_kafka: SharedKafka
) -> None:
    stage = scene(
        shared_kafka,
        topic={"config": {"max.message.bytes": str(MAX_MESSAGE_BYTES)}},
        KAFKA_CONFIG_BATCH_SIZE=1500000,
        # So that batches would be larger, were they not capped.
        KAFKA_CONFIG_LINGER_MS=1000,
        **NEVER,
    )
    program = stage.run_until_flowing(2 * FRAMES_PER_SECOND)
    said = program.line("batch.size=1500000 is capped at 20000, the topic's max.message.bytes")
    assert said["level"] == "WARNING"
    assert stage.mean_frame_bytes() > 1000
    stage.expect_all(program)
    stage.expect_pictures()
