"""Motion between consecutive checked frames, in pixels of the full frame.

The usual method works at full resolution: gray, `GaussianBlur`, `absdiff` with the
previous frame, threshold 25, two dilations, `findContours`, the sum of the contours
that are large enough. It costs more than compressing the frame. A blurred picture has
no detail finer than its blur, so the same answer can be had from one sample per few
pixels: `plane` makes the small plane, `blur` does what is left of the blur, `area` measures
what differs, `detector` decides.
"""

from camerastream.motion.detector import MotionDetector

__all__ = ["MotionDetector"]
