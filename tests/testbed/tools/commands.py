"""`testbed tools`: the programs that the testbed builds or installs."""

from __future__ import annotations

import click

from tests.testbed.tools.catalog import CATALOG, path, state


@click.group()
def tools() -> None:
    """Helm 3, Prometheus, kcat and others, built or installed on first use."""


@tools.command("list")
def list_command() -> None:
    """Show which there are."""
    for name in sorted(CATALOG):
        click.echo(f"{name:20}{state(name)}")


@tools.command("path")
@click.argument("name")
def path_command(name: str) -> None:
    """Print where NAME lies; builds or installs it first where it is missing."""
    click.echo(path(name))
