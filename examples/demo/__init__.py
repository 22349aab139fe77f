"""The demo: a camera, a broker outage, a restart, and proof that no frame is missing."""
