"""Turns a camera's `.env` file, as Compose uses it, into a CameraStream and its Secrets.

The table of `mapping.py`, read from right to left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pydantic.alias_generators import to_camel

from camerastream_operator.api.mapping import (
    ELSEWHERE,
    FIXED,
    SECRET_FILES,
    SECRET_VALUES,
    VALUES,
    Value,
    read_value,
)
from camerastream_operator.api.resource import read_spec
from camerastream_operator.api.rules import producer_key_advice
from camerastream_operator.names import GROUP, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

_PRODUCER_PREFIX = "KAFKA_CONFIG_"
_URL, _ID = "RTSP_CAMERA_URL", "CAMERA_ID"
_THRESHOLD = "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS"
_SECRET_NAMES = {"source.credentials_secret_ref": "camera", "kafka.sasl.secret_ref": "kafka"}
_LONGEST_NAME = 52


@dataclass(slots=True)
class Migration:
    """What became of a `.env` file.

    Attributes:
        objects: The Secrets, then the CameraStream; nothing when there are problems.
        notes: What was left out, and what is still to be done; a sentence each.
        problems: Why it cannot be used; a sentence each, without values.
    """

    objects: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def migrate(environment: Mapping[str, str | None]) -> Migration:
    """Return the resources for the settings of one camera.

    Args:
        environment: Names and values of the `.env` file; an empty value is none.

    Example:
        >>> found = migrate({"CAMERA_ID": "Lobby_1", "RTSP_CAMERA_URL": "rtsp://u:p@10.0.0.5/s"})
        >>> [item["metadata"]["name"] for item in found.objects]
        ['lobby-1-camera', 'lobby-1']
        >>> found.objects[1]["spec"]["source"]["url"]
        'rtsp://10.0.0.5/s'
    """
    given = {name.upper(): value for name, value in environment.items() if value}
    made = Migration()
    identity = given.get(_ID)
    if not identity:
        made.problems.append(f"{_ID} is missing; write a name, for example lobby")
        return made
    name = re.sub(r"[^a-z0-9]+", "-", identity.lower())[:_LONGEST_NAME].strip("-")
    if name == identity:
        del given[_ID]
    _take_the_login_out_of_the_address(given, made)
    tree: dict[str, Any] = {}
    for row in VALUES:
        if row.environment in given:
            _put(tree, row.path, _read(row, given.pop(row.environment), made))
    if text := given.pop(_THRESHOLD, None):
        _put(tree, "buffer_monitor.threshold_seconds", _whole(text))
    secrets = _secrets(given, tree, name)
    _files(given, tree, name, made)
    _producer_config(given, tree, made)
    _explain_the_rest(given, made)
    spec, problems = read_spec(tree)
    made.problems += problems
    if spec is None or made.problems:
        return made
    made.objects = [
        *secrets,
        {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "CameraStream",
            "metadata": {"name": name},
            "spec": spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
        },
    ]
    return made


def _take_the_login_out_of_the_address(given: dict[str, str], made: Migration) -> None:
    url = given.get(_URL, "")
    if url.startswith("/dev/"):
        made.problems.append(
            f"{_URL} names a device of the machine, which no pod reaches; serve it as RTSP or MJPEG"
        )
    elif url.startswith("/"):
        given[_URL] = f"file://{url}"
        made.notes.append(
            "The video must lie in a claim that spec.source.filesClaimName names; it is mounted "
            "at /videos."
        )
    elif "://" in url and (before := urlsplit(url).netloc.rpartition("@")[0]):
        username, _, password = before.partition(":")
        given.setdefault("CAMERA_USERNAME", unquote(username))
        given.setdefault("CAMERA_PASSWORD", unquote(password))
        given[_URL] = url.replace(f"{before}@", "", 1)


def _read(row: Value, text: str, made: Migration) -> Any:
    try:
        return read_value(row, text)
    except (ValueError, InvalidOperation):
        made.problems.append(f"{row.environment} is not usable; correct it in the .env file")
        return None


def _whole(text: str) -> Any:
    """Return a number of seconds without its fraction if that is 0; else the text, to be told."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return int(number) if number == number.to_integral_value() else text


def _secrets(given: dict[str, str], tree: dict[str, Any], name: str) -> list[dict[str, Any]]:
    secrets: dict[str, dict[str, str]] = {}
    for row in SECRET_VALUES:
        if (value := given.pop(row.environment, None)) is not None:
            secrets.setdefault(row.path, {})[row.key.removesuffix("_key")] = value
    for path in secrets:
        _put(tree, f"{path}.name", f"{name}-{_SECRET_NAMES[path]}")
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"{name}-{_SECRET_NAMES[path]}"},
            "stringData": data,
        }
        for path, data in secrets.items()
    ]


def _files(given: dict[str, str], tree: dict[str, Any], name: str, made: Migration) -> None:
    """A file stays where it is: a Secret is made of it by a command."""
    volumes: dict[str, list[str]] = {}
    for row in SECRET_FILES:
        if (path := given.pop(row.environment, None)) is not None:
            _put(tree, f"{row.path}.name", f"{name}-{row.volume}")
            volumes.setdefault(row.volume, []).append(f"--from-file={row.file}={path}")
    made.notes += [
        f"kubectl create secret generic {name}-{volume} {' '.join(files)}"
        for volume, files in volumes.items()
    ]


def _producer_config(given: dict[str, str], tree: dict[str, Any], made: Migration) -> None:
    for variable in [name for name in given if name.startswith(_PRODUCER_PREFIX)]:
        key = variable.removeprefix(_PRODUCER_PREFIX).lower().replace("_", ".")
        value = given.pop(variable)
        if advice := producer_key_advice(key):
            made.problems.append(f"{variable} is not for producerConfig; {advice}")
        else:
            tree.setdefault("kafka", {}).setdefault("producerConfig", {})[key] = value


def _explain_the_rest(given: Mapping[str, str], made: Migration) -> None:
    for name in given:
        if name in FIXED:
            made.notes.append(f"{name} is left out: the operator sets it.")
        elif name in ELSEWHERE:
            made.notes.append(f"{name} is left out: {ELSEWHERE[name]}.")
        else:
            made.notes.append(f"{name} is left out: it is no setting of the stream.")


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = (to_camel(part) for part in path.split("."))
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value
