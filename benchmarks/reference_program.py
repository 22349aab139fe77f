"""The customary program as a process: reads every frame, checks one per interval, sends it.

    python -m benchmarks.reference_program rtsp://camera/1 5 localhost:9092

It is what people write first: no thread of its own for the camera, no buffer monitor, no
spool, no health endpoints. Its numbers are the floor of what Python, OpenCV and librdkafka
need for the job, and the ceiling of what decoding everything costs. It says on standard
output, one word a line, when it is `opened`, has `sent` its first frame, and when that
frame is `delivered`.
"""

from __future__ import annotations

import sys
import time

import cv2
from confluent_kafka import Producer

from benchmarks.reference_method import MOTION_THRESHOLD_PIXELS, ReferenceMethod


def main(
    url: str, interval_seconds: float, bootstrap_servers: str, threshold: int, *, sleeps: bool
) -> None:
    """Run until killed or the camera goes away."""
    told: set[str] = set()

    def tell(word: str) -> None:
        if word not in told:
            told.add(word)
            print(word, flush=True)

    producer = Producer({"bootstrap.servers": bootstrap_servers})
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    if capture.isOpened():
        tell("opened")
    method = ReferenceMethod()
    due = time.monotonic()
    while True:
        read, image = capture.read()
        if not read:
            return
        producer.poll(0)
        if time.monotonic() < due:
            continue
        due = time.monotonic() + interval_seconds
        if sleeps:
            time.sleep(interval_seconds)
        if method.area_pixels(image) >= threshold:
            producer.produce(
                "camera-stream", method.jpeg(image), on_delivery=lambda *_: tell("delivered")
            )
            tell("sent")


if __name__ == "__main__":
    main(
        sys.argv[1],
        float(sys.argv[2]),
        sys.argv[3],
        int(sys.argv[4]) if len(sys.argv) > 4 else MOTION_THRESHOLD_PIXELS,
        sleeps="sleep" in sys.argv[5:],
    )
