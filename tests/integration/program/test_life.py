"""The program's whole life, as processes: the log lines, the exit codes, nothing missing."""

from __future__ import annotations

import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.program.arrival import expect_all_frames
from tests.integration.topic import TopicReader, assert_complete_and_in_order, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.program.harness import Program
    from tests.simulators.broker import MockBroker

    Run = Callable[..., Program]

FOOTAGE = Path(__file__).parents[3] / "examples" / "footage"
DETECTED = "🟡 Kafka buffer error detected. Starting timer. Error: "
HOLD_LAPSED = "🟠 Kafka buffer: the hold has ended at its time and no operator has renewed it"
RESOLVED = "✅ Kafka buffer errors resolved after "
CRITICAL = "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart"
SMALL_QUEUE = {"KAFKA_CONFIG_QUEUE_BUFFERING_MAX_MESSAGES": 30}
FIELDS = {
    "camera",
    "error",
    "cause",
    "error_duration_seconds",
    "consecutive_errors",
    "frame_width",
    "frame_height",
    "motion_area_pixels",
    "jpeg_quality",
    "original_bytes",
    "compressed_bytes",
    "compression_ratio",
}


def test_an_outage_ends_it_with_the_customers_lines_and_a_restart_loses_nothing(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    first = run(**SMALL_QUEUE)
    first.wait_for_delivered(10)
    broker.freeze()
    assert first.wait_for_end() == 1

    lines = [line for line in first.lines() if re.search(r"🟡|🔴", line["message"])]
    assert lines[0]["message"] == DETECTED + "Local: Queue full"
    assert lines[0]["level"] == "WARNING"
    ongoing = [line for line in lines if "ongoing" in line["message"]]
    assert len(ongoing) >= 2
    assert all(
        re.fullmatch(
            r"🟡 Kafka buffer error ongoing for \d+\.\ds\. Consecutive errors: \d+",
            line["message"],
        )
        for line in ongoing
    )
    said_at = [line["error_duration_seconds"] for line in ongoing]
    assert all(later - earlier >= 0.9 for earlier, later in itertools.pairwise(said_at))
    assert lines[-1]["message"] == CRITICAL
    assert lines[-1]["level"] == "CRITICAL"
    assert all(line.keys() >= FIELDS for line in lines)
    assert lines[0]["frame_width"] == 320
    assert any("KafkaBufferException" in message for message in first.messages())

    message = first.termination()
    assert message["reason"] == "KafkaBufferError"
    assert message["exitCode"] == 1
    assert message["cumulative"] == {"KafkaBufferError": 1}
    assert message["durationSeconds"] == pytest.approx(4, abs=1)
    assert message["lastError"]

    second = run(**SMALL_QUEUE)
    second.line(DETECTED + "buffer backlog of")
    broker.thaw()
    second.line(RESOLVED)
    expect_all_frames(second, reader)


def test_every_line_of_the_output_is_a_log_line_and_the_buffers_can_be_grepped(
    run: Run, broker: MockBroker
) -> None:
    program = run(**SMALL_QUEUE, DEBUG_LEVEL="DEBUG")
    program.wait_for_delivered(3)
    broker.freeze()
    program.wait_for_end()
    for line in program.text().splitlines():
        assert set(json.loads(line)) >= {"timestamp", "level", "message", "camera"}
    found = re.findall(r"^.*(?:buffer|queue full|memory).*$", program.text(), re.MULTILINE)
    assert sum("🟡" in line or "🔴" in line for line in found) >= 4


def test_sigterm_in_an_outage_with_the_queue_full_loses_nothing(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    settings = {**SMALL_QUEUE, "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": 3600}
    first = run(**settings)
    first.wait_for_delivered(5)
    broker.freeze()
    wait_until(lambda: first.status()["spool"]["frames"] > 20, 60)
    assert first.terminate() == 0, "asked to end, also while erroring"
    assert first.termination()["reason"] == "Stopped"
    broker.thaw()
    second = run(**settings)
    second.line(RESOLVED)
    expect_all_frames(second, reader)


@pytest.mark.parametrize("outage", [False, True], ids=["healthy", "in an outage"])
def test_sigkill_in_write_ahead_mode_loses_nothing(
    run: Run, broker: MockBroker, reader: TopicReader, outage: bool
) -> None:
    settings = {
        **SMALL_QUEUE,
        "SPOOL_MODE": "write-ahead",
        "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": 3600,
    }
    first = run(**settings)
    first.wait_for_delivered(20)
    if outage:
        broker.freeze()
        wait_until(lambda: first.frames()["spooled"] > 20, 60)
    seen = first.frames()["selected"]
    first.process.kill()
    first.wait_for_end()
    if outage:
        broker.thaw()
    second = run(**settings)
    second.line("the program before this one was killed")
    assert second.line("started")["stream"] == first.line("started")["stream"]
    wait_until(lambda: second.frames()["selected"] > seen + 10, 60)
    expect_all_frames(second, reader)


def test_sigkill_without_write_ahead_is_admitted(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    first = run(**SMALL_QUEUE, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=3600)
    # Past the burst of the start, which may pass through the spool and so be safe.
    first.wait_for_delivered(80)
    wait_until(lambda: first.status()["spool"]["frames"] == 0, 60)
    broker.freeze()
    wait_until(
        lambda: (
            first.status()["queue"]["oldestUnackedSeconds"] > 2 and first.frames()["inFlight"] >= 8
        ),
        60,
    )
    first.process.kill()
    first.wait_for_end()
    broker.thaw()
    second = run(**SMALL_QUEUE)
    said = second.line("the program before this one was killed")
    assert said["lost_frames"] >= 5
    assert second.line("started")["stream"] != first.line("started")["stream"]
    second.wait_for_delivered(10)
    frames = second.frames()
    assert frames["dropped"]["unclean-end"] == said["lost_frames"]
    wait_until(lambda: reader.frames[-1][0].previous_stream is not None)
    newest = reader.frames[-1][0]
    assert newest.previous_stream == first.line("started")["stream"]
    second.terminate()


def test_probe_mode_lets_livez_fail_and_waits_for_the_kubelet(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    first = run(**SMALL_QUEUE, ON_THRESHOLD="probe")
    first.wait_for_delivered(5)
    assert first.get("/livez")[0] == 200
    broker.freeze()
    wait_until(lambda: first.get("/livez")[0] == 503, 60)
    assert first.process.poll() is None
    assert "KafkaBufferError" in first.get("/livez")[1]
    assert first.termination()["reason"] == "KafkaBufferError"
    captured = first.frames()["captured"]
    wait_until(lambda: first.frames()["captured"] > captured + 5)  # it goes on into the spool
    assert first.terminate() == 1
    assert first.termination()["cumulative"] == {"KafkaBufferError": 1}
    broker.thaw()
    second = run(**SMALL_QUEUE, ON_THRESHOLD="probe")
    second.line(RESOLVED)
    expect_all_frames(second, reader)


def test_live_settings_are_followed_and_hold_reports_without_a_restart(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    program = run(**SMALL_QUEUE)
    program.wait_for_delivered(5)
    live = program.folder / "live.json"
    live.write_text(json.dumps({"generation": 7, "thresholdSeconds": 2, "hold": True}))
    program.line("live settings applied")
    wait_until(lambda: program.status()["monitor"]["settingsGeneration"] == 7)
    broker.freeze()
    program.line("🟠 Kafka buffer errors persisted beyond threshold - on hold")
    assert program.get("/livez")[0] == 200
    assert program.get("/readyz")[0] == 503
    broker.thaw()
    program.line(RESOLVED)
    wait_until(lambda: program.get("/readyz")[0] == 200)
    expect_all_frames(program, reader)


def test_a_hold_that_nobody_renews_lapses_in_the_midst_of_an_outage(
    run: Run, broker: MockBroker, reader: TopicReader
) -> None:
    first = run(**SMALL_QUEUE)
    first.wait_for_delivered(5)
    live = first.folder / "live.json"

    def hold(generation: int, seconds: float) -> str:
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        settings = {"generation": generation, "thresholdSeconds": 1, "hold": True}
        draft = live.with_suffix(".draft")
        draft.write_text(json.dumps({**settings, "holdUntil": until}))
        draft.rename(live)
        wait_until(lambda: first.status()["monitor"]["settingsGeneration"] == generation)
        return until

    hold(7, 3600)
    broker.freeze()
    first.line("🟠 Kafka buffer errors persisted beyond threshold - on hold")
    until = hold(8, 4)
    assert first.status()["monitor"]["holdUntil"] == until
    assert first.wait_for_end() == 1
    messages = first.messages()
    lapsed = next(i for i, message in enumerate(messages) if HOLD_LAPSED in message)
    assert lapsed < messages.index(CRITICAL)

    # What the next start finds of the hold is over.
    live.write_text(live.read_text().replace('"thresholdSeconds": 1,', '"thresholdSeconds": 60,'))
    broker.thaw()
    second = run()
    second.line(HOLD_LAPSED)
    monitor = second.status()["monitor"]
    assert (monitor["hold"], monitor["holdUntil"]) == (False, until)
    assert "camerastream_hold 0.0" in second.get("/metrics")[1].splitlines()
    second.line(RESOLVED)
    expect_all_frames(second, reader)


def test_a_simulated_buffer_error_goes_the_whole_way_to_the_exit_code(
    run: Run, reader: TopicReader
) -> None:
    first = run(SIMULATE_BUFFER_ERROR="true")
    assert first.wait_for_end() == 1
    assert first.line(DETECTED)["message"] == DETECTED + "producer queue is full"
    assert CRITICAL in first.messages()
    second = run()
    second.line(RESOLVED)
    expect_all_frames(second, reader)


def test_a_simulated_buffer_error_can_be_switched_on_in_a_running_program(run: Run) -> None:
    program = run()
    program.wait_for_delivered(3)
    (program.folder / "live.json").write_text('{"simulateBufferError": true}')
    assert program.wait_for_end() == 1
    assert CRITICAL in program.messages()


def test_the_counts_fit_each_other_at_every_scrape(run: Run, broker: MockBroker) -> None:
    program = run(**SMALL_QUEUE, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=3600)
    program.wait_for_delivered(3)
    for round_ in range(60):
        if round_ == 10:
            broker.freeze()
        if round_ == 40:
            broker.thaw()
        values = {}
        for line in program.get("/metrics")[1].splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        dropped = sum(v for k, v in values.items() if k.startswith("camerastream_frames_dropped"))
        assert values["camerastream_frames_selected_total"] == (
            values["camerastream_frames_delivered_total"]
            + values["camerastream_frames_in_flight"]
            + values["camerastream_frames_spooled"]
            + dropped
        )
        time.sleep(0.1)
    assert program.terminate() == 0


def test_a_file_played_once_is_sent_whole_and_ends_with_0(run: Run, reader: TopicReader) -> None:
    program = run(
        RTSP_CAMERA_URL=FOOTAGE / "car-detection.mp4",
        FILE_PLAYBACK="fast",
        INTERVAL_SECONDS=0.5,
        COMPRESS_IMAGE_QUALITY=40,
    )
    assert program.wait_for_end() == 0
    ended = program.line("buffer stored, ended")
    # 30 s of film, a frame each half second.
    assert ended["selected"] == ended["delivered"] == pytest.approx(60, abs=2)
    assert program.termination()["reason"] == "Completed"
    stream = program.line("started")["stream"]
    assert_complete_and_in_order(reader.wait_for(stream, ended["selected"]), ended["selected"])
    assert all(value.startswith(b"\xff\xd8") for _, value in reader.frames)


def test_a_second_program_on_one_state_directory_is_refused(run: Run) -> None:
    first = run()
    first.wait_for_delivered(1)
    second = run()
    assert second.wait_for_end() == 2
    (said,) = [m for m in second.messages() if "STATE_DIR" in m]
    assert "in use by another camerastream" in said
    assert first.process.poll() is None


def test_a_port_in_use_is_said_with_what_to_write(run: Run) -> None:
    first = run()
    second = run(HTTP_PORT=first.port, STATE_DIR=first.folder / "other")
    assert second.wait_for_end() == 2
    assert any("write a free port" in message for message in second.messages())


def test_bad_settings_end_with_2_and_list_everything(run: Run) -> None:
    program = run(INTERVAL_SECONDS="often", BLUR_SIZE=4, KAFKA_CONFIG_ACKS=0)
    assert program.wait_for_end() == 2
    text = program.text()
    assert "INTERVAL_SECONDS='often'" in text
    assert "BLUR_SIZE='4'" in text
    assert "KAFKA_CONFIG_ACKS=0" in text
    assert "Traceback" not in text


def test_a_camera_that_is_away_never_ends_the_program(run: Run) -> None:
    program = run(RTSP_CAMERA_URL="rtsp://admin:h%40rdly@127.0.0.1:1/stream")
    said = program.line("camera gives no picture")
    assert said["cause"] == "refused"
    assert program.get("/livez")[0] == 200
    code, text = program.get("/readyz")
    assert code == 503
    assert "refused" in text
    assert program.status()["source"]["cause"] == "refused"
    assert program.terminate() == 0
    assert "h%40rdly" not in program.text()
    assert "h@rdly" not in program.text()


def test_frame_endpoint_serves_the_last_frame_only_when_asked_for(run: Run) -> None:
    with_frame = run(FRAME_ENDPOINT="true")
    with_frame.wait_for_delivered(1)
    with urllib.request.urlopen(f"http://127.0.0.1:{with_frame.port}/frame.jpg") as reply:
        assert reply.headers["Content-Type"] == "image/jpeg"
        assert reply.read(2) == b"\xff\xd8"
    with_frame.terminate()
    without = run(STATE_DIR=with_frame.folder / "other")
    without.wait_for_delivered(1)
    assert without.get("/frame.jpg")[0] == 404


def test_it_ends_although_a_thread_is_stuck_in_native_code(run: Run, broker: MockBroker) -> None:
    """The main thread handles signals whatever the camera's thread waits for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        program = run(RTSP_CAMERA_URL=f"rtsp://127.0.0.1:{silent.getsockname()[1]}/x")
        connection, _ = silent.accept()
        assert program.terminate() == 0
        connection.close()


def test_version_and_help_need_no_settings() -> None:
    for argument in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-m", "camerastream", argument],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        assert "camerastream" in done.stdout
