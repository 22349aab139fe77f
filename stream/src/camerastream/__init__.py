"""Camera frames into Kafka, with a buffer monitor, losing nothing over a restart."""

__version__ = "0.2.0"
