"""What all tests share."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Other work on the machine must not fail a test: no deadlines, and slow generation is no fault.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
