"""Tests for the tests of the testbed: no `test_` in the file's name, so only run when named."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.pods.kafka import PodKafka


def test_fails(kubectl: Kubectl, pod_kafka: PodKafka) -> None:
    kubectl("create", "configmap", "evidence")
    assert not pod_kafka.bootstrap_servers, "as intended"


def test_waits(kubectl: Kubectl, pod_kafka: PodKafka) -> None:
    pod_kafka.freeze()
    Path(os.environ["EXAMPLE_IS_UP"]).touch()
    time.sleep(600)
