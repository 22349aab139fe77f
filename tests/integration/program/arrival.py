"""What must have arrived when the program has ended: every frame, in order, each a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from camerastream.delivery.spool import FILE_NAME, Spool
from tests.integration.topic import assert_complete_and_in_order, wait_until

if TYPE_CHECKING:
    from tests.integration.program.harness import Program
    from tests.integration.topic import TopicReader


def expect_all_frames(program: Program, reader: TopicReader, timeout_seconds: float = 60) -> None:
    """End the program and find every frame that it ever selected: on the topic, in order.

    On a busy machine the last few may have gone to the spool instead: they are looked for
    there.
    """
    wait_until(lambda: program.status()["spool"]["frames"] == 0, timeout_seconds, program.text)
    assert program.terminate() == 0
    ended = program.line("buffer stored, ended")
    assert ended["dropped"] == {}, ended
    assert ended["delivered"] + ended["spooled"] == ended["selected"], ended
    spool = Spool(program.folder / "state" / FILE_NAME)
    kept = [frame.sequence for frame in spool.read(after_position=-1, max_bytes=10**9)]
    spool.close()
    stream = program.line("started")["stream"]
    arrived = reader.wait_for(stream, ended["delivered"], timeout_seconds)
    assert_complete_and_in_order([*arrived, *kept], ended["selected"])


def expect_jpegs(reader: TopicReader) -> None:
    """Decode every frame on the topic; none is damaged or has another size than it says."""
    assert reader.frames
    for header, value in reader.frames:
        picture = cv2.imdecode(np.frombuffer(value, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None, f"frame {header.sequence} is no picture"
        assert picture.shape == (header.height, header.width, 3)
