"""A real RTSP server, MediaMTX, that ffmpeg feeds with sample footage."""

from tests.testbed.rtsp.footage import FREQUENT_KEY_FRAMES_CLIP
from tests.testbed.rtsp.server import Reading, RtspServer

__all__ = ["FREQUENT_KEY_FRAMES_CLIP", "Reading", "RtspServer"]
