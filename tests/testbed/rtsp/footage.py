"""What the cameras show."""

from pathlib import Path

_FOOTAGE = Path(__file__).parents[3] / "examples" / "footage"

DEFAULT_CLIP = _FOOTAGE / "car-detection.mp4"
"""Always moving; a key frame every 4.8 s, and who comes in between waits for the next."""
FREQUENT_KEY_FRAMES_CLIP = _FOOTAGE / "one-by-one-person-detection.mp4"
"""Somebody walks through now and then; a key frame every second."""
