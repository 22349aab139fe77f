"""`camerastream watch`: what is on the topic, and is anything missing?"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from camerastream.cli.options import env_file_option
from camerastream.cli.watch_settings import connection_options, refuse, watch_settings
from camerastream.watch.gallery import SHEET_SUFFIXES, Gallery
from camerastream.watch.report import EXIT_NOT_STORED, exit_code, report, time_text
from camerastream.watch.start import parse_start
from camerastream.watch.stopping import stop_signals
from camerastream.watch.tally import Tally
from camerastream.watch.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from camerastream.settings.model import Settings
    from camerastream.watch.start import Start

_MOST_PICTURES = 400
_EPILOG = (
    "Secrets are read from the environment or the .env file only: KAFKA_SASL_PASSWORD. "
    "Exit codes: 0 nothing is missing; 1 something is missing or damaged, or a stream ended "
    "uncleanly; 2 bad usage; 3 a picture could not be stored; 4 nothing was received. Brokers "
    "that cannot be reached, or a topic that does not exist yet, are waited for."
)


def _watch(env_file: Path, **values: Any) -> NoReturn:
    start = _start(values["start"])
    sheet_path: Path | None = values["contact_sheet"]
    if sheet_path is not None and sheet_path.suffix.lower() not in SHEET_SUFFIXES:
        raise click.UsageError(
            f"--contact-sheet {sheet_path} is not usable; write a name that ends in .jpg or .png"
        )
    if sheet_path is not None and not sheet_path.absolute().parent.is_dir():
        raise click.UsageError(
            f"--contact-sheet {sheet_path} is not usable; there is no folder "
            f"{sheet_path.absolute().parent}"
        )
    settings, connection = watch_settings(env_file, values)
    sys.exit(_run(settings, connection, start, sheet_path, values))


def _run(
    settings: Settings,
    connection: Mapping[str, str],
    start: Start,
    sheet_path: Path | None,
    values: Mapping[str, Any],
) -> int:
    # The Kafka client and OpenCV take half a second of CPU to load: not for --help.
    from rich.console import Console  # noqa: PLC0415

    from camerastream.watch.session import Limits, Session  # noqa: PLC0415
    from camerastream.watch.topic import TopicReader  # noqa: PLC0415
    from camerastream.watch.view import LineView, TableView  # noqa: PLC0415

    topic = settings.camera_stream_topic
    try:
        reader = TopicReader(connection, topic, start)
    except ValueError as error:
        refuse([f"the Kafka client refuses the settings: {error}"])
    # With --json, standard output holds the JSON object and nothing else.
    console = Console(stderr=values["as_json"], highlight=False)
    gallery = Gallery(sheet_path, values["pictures"], values["save_frames"])
    tally = Tally()
    began_seconds = time.time()
    session = Session(
        reader,
        tally,
        TableView(console) if console.is_terminal else LineView(console),
        topic=topic,
        servers=settings.kafka_bootstrap_servers,
        limits=Limits(values["for_seconds"], values["until_idle"], values["frames"]),
        camera=values["camera"],
        keeps=gallery.keeps,
        clock=time.monotonic,
        wall_clock=time.time,
    )
    try:
        with stop_signals() as stopping:
            ended_by = session.run(stopping)
    finally:
        reader.close()
    gallery.finish()
    verdicts = judge(tally)
    code = EXIT_NOT_STORED if gallery.error else exit_code(verdicts)
    if values["as_json"]:
        now_seconds = time.time()
        found = {
            "topic": topic,
            "bootstrapServers": settings.kafka_bootstrap_servers,
            "from": start.text,
            "camera": values["camera"],
            "began": time_text(began_seconds),
            "seconds": round(now_seconds - began_seconds, 3),
            "endedBy": ended_by,
            "problem": reader.problem,
            **report(tally, now_seconds=now_seconds),
            "pictures": gallery.report(),
            "exitCode": code,
        }
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    _conclude(console, tally, [verdict.sentence for verdict in verdicts], gallery, reader.problem)
    return code


def _conclude(
    console: Console, tally: Any, sentences: list[str], gallery: Gallery, problem: str | None
) -> None:
    """Print what was found, for people."""
    from rich.text import Text  # noqa: PLC0415

    from camerastream.watch.view import printable  # noqa: PLC0415

    lines = list(sentences)
    if not sentences:
        lines.append("nothing was received" + (f" ({problem})" if problem else ""))
    if tally.foreign:
        reasons = "; ".join(f"{count}: {why}" for why, count in tally.foreign_reasons.items())
        lines.append(f"messages that are no frames of this program: {tally.foreign} ({reasons})")
    if tally.skipped_offsets:
        lines.append(
            f"places of the topic that were empty: {tally.skipped_offsets}, most likely deleted by "
            "its retention before they could be read; frames that stood there count as missing"
        )
    for line in [*lines, *gallery.sentences()]:
        console.print(Text(printable(line)), soft_wrap=True)


def _start(text: str) -> Start:
    try:
        return parse_start(text, now_seconds=time.time())
    except ValueError as error:
        raise click.UsageError(f"--from {error}") from None


watch_command = click.Command(
    "watch",
    callback=_watch,
    params=[
        env_file_option(),
        *connection_options(),
        click.Option(
            ["--from", "start"],
            default="beginning",
            show_default=True,
            metavar="WHEN",
            help="where to begin: beginning, end (only what arrives from now on), an age such as "
            "30s, 10m, 2h or 1d, or a time such as 2026-02-03T04:05:06Z (without an offset: UTC)",
        ),
        click.Option(["--camera"], metavar="NAME", help="look at this camera only"),
        click.Option(
            ["--for", "for_seconds"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="end after so long",
        ),
        click.Option(
            ["--until-idle"],
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="end when all that the topic holds was read and no new frame came for so long",
        ),
        click.Option(
            ["--frames"],
            type=click.IntRange(min=1),
            metavar="N",
            help="end after so many different frames",
        ),
        click.Option(
            ["--json", "as_json"],
            is_flag=True,
            help="print one JSON object at the end; all else goes to standard error",
        ),
        click.Option(
            ["--contact-sheet"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="at the end, write small pictures of frames evenly spread over all that came, "
            "as .jpg or .png",
        ),
        click.Option(
            ["--pictures"],
            type=click.IntRange(1, _MOST_PICTURES),
            default=36,
            show_default=True,
            metavar="N",
            help="how many pictures the contact sheet shows at most",
        ),
        click.Option(
            ["--save-frames"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="store every frame as DIR/camera/stream/sequence.jpg",
        ),
    ],
    help="Watch the topic: every camera's frames, and whether any is missing.",
    epilog=_EPILOG,
    context_settings={"max_content_width": 110},
)
