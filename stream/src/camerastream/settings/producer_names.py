"""Names of producer settings in the environment, and which of them are secret."""

from __future__ import annotations

PREFIX = "KAFKA_CONFIG_"
_SECRET_WORDS = ("password", "secret", "token", "key.pem", "jaas")


def producer_environment_name(name: str) -> str:
    """Return the environment name that sets a producer setting.

    Example:
        >>> producer_environment_name("linger.ms")
        'KAFKA_CONFIG_LINGER_MS'
    """
    return PREFIX + name.upper().replace(".", "_")


def producer_setting_name(environment_name: str) -> str:
    """Return the producer setting that an environment name, or a flag's name, stands for."""
    return environment_name.upper().removeprefix(PREFIX).lower().replace("_", ".")


def is_secret_producer_setting(name: str) -> bool:
    """Say whether a producer setting's value must not be shown."""
    return any(word in name for word in _SECRET_WORDS)
