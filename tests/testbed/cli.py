"""The `testbed` command."""

from __future__ import annotations

import sys
from typing import Any

import click

from tests.testbed.e2e import e2e, prepare_command
from tests.testbed.images.commands import image
from tests.testbed.kafka.commands import kafka
from tests.testbed.kubernetes.commands import cluster
from tests.testbed.kubernetes.failure import ClusterError
from tests.testbed.lease import sweep
from tests.testbed.progress import say
from tests.testbed.refusal import Refusal
from tests.testbed.rtsp.commands import rtsp
from tests.testbed.tools.commands import tools

_EXIT_REFUSED = 2
_EXIT_FAILED = 1


class _Plain(click.Group):
    """Says no in a sentence rather than with a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; a refusal ends with 2, a failure with 1."""
        try:
            return super().invoke(context)
        except Refusal as refusal:
            say(str(refusal))
            sys.exit(_EXIT_REFUSED)
        except ClusterError as failure:
            say(str(failure))
            sys.exit(_EXIT_FAILED)


@click.group(cls=_Plain)
def main() -> None:
    """A real Kafka, a real one-node Kubernetes and a real RTSP server on this machine.

    What an earlier run left when it was killed is removed first.
    """
    for name in sweep():
        say(f"removed what {name} had left")


for _command in (cluster, kafka, rtsp, image, tools, prepare_command, e2e):
    main.add_command(_command)
