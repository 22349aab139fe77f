"""A real Apache Kafka: one broker or three, plain or secured, that can be broken at will."""

from tests.testbed.kafka.administration import Administration
from tests.testbed.kafka.cluster import USER, KafkaCluster

__all__ = ["USER", "Administration", "KafkaCluster"]
