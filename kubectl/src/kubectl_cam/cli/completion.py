"""`kubectl_complete-cam`: what kubectl asks for completions, in cobra's way.

It gets the words so far, the last one unfinished, and prints a candidate a line and a line
with a directive (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/).
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from kubectl_cam.cli.app import cam
from kubectl_cam.cli.options import open_cluster
from kubectl_cam.look import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_cam.cluster.client import Cluster

_FILES = 0
_NO_FILES = 4
_ERROR = 1


def main() -> None:
    """Print the completions of the words on the command line; never anything else."""
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        found, directive = complete(sys.argv[1:])
    except Exception:  # noqa: BLE001 - a completion that fails must not disturb the prompt
        found, directive = [], _ERROR
    for candidate in found:
        click.echo(candidate)
    click.echo(f":{directive}")


def complete(words: Sequence[str]) -> tuple[list[str], int]:
    """Return what may follow.

    Args:
        words: Behind `kubectl cam`; the last one is unfinished, perhaps empty.

    Returns:
        The candidates and cobra's directive.
    """
    *done, begun = words or [""]
    command = next((cam.commands[word] for word in done if word in cam.commands), None)
    if command is None:
        return _beginning(begun, cam.commands), _NO_FILES
    options = {name: each for each in command.params for name in each.opts if name[0] == "-"}
    before = options.get(done[-1]) if done else None
    if isinstance(before, click.Option) and not before.is_flag:
        return _values(before, begun, done)
    if begun.startswith("-"):
        return _beginning(begun, options), _NO_FILES
    cluster = _cluster(done)
    listed = cluster.cameras(cluster.namespace)
    names = (Look(item).at("metadata").text("name") for item in listed)
    return _beginning(begun, (name for name in names if name not in done)), _NO_FILES


def _values(option: click.Option, begun: str, done: Sequence[str]) -> tuple[list[str], int]:
    if isinstance(option.type, click.Choice):
        return _beginning(begun, map(str, option.type.choices)), _NO_FILES
    if option.name == "namespace":
        return _beginning(begun, _cluster(done).namespaces()), _NO_FILES
    return [], _FILES if option.name in ("output", "kubeconfig") else _NO_FILES


def _cluster(done: Sequence[str]) -> Cluster:
    return open_cluster(
        _given(done, "--kubeconfig"),
        _given(done, "--context"),
        _given(done, "-n", "--namespace"),
    )


def _given(done: Sequence[str], *names: str) -> str | None:
    """Return the value of an option among the words, in any of its spellings."""
    for at, word in enumerate(done):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else next(iter(done[at + 1 :]), None)
    return None


def _beginning(begun: str, candidates: Iterable[str]) -> list[str]:
    return sorted({each for each in candidates if each.startswith(begun)})
