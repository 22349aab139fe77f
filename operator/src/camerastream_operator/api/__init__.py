"""The CameraStream resource as Python sees it."""
