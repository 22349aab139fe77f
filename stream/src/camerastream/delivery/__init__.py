"""Frames into Kafka, and onto disk while Kafka does not take them."""
