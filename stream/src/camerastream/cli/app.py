"""The `camerastream` command."""

from __future__ import annotations

import click

from camerastream import __version__
from camerastream.cli.run import run_command
from camerastream.cli.watch import watch_command


# The help is no docstring: the image runs without these.
@click.group(help="Camera frames into Kafka: motion, JPEG, a buffer monitor, and no frame lost.")
@click.version_option(__version__)
def main() -> None:
    """Run the command line."""


main.add_command(run_command)
main.add_command(watch_command)
