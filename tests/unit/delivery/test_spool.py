"""The spool on a real disk: crash-safe, bounded, salvaged."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from camerastream.delivery.accounting import Accounting, Counts
from camerastream.delivery.keeper import SpoolKeeper
from camerastream.delivery.records import OutgoingFrame
from camerastream.delivery.recovery import StateDirError, lock_state_dir, open_spool
from camerastream.delivery.spool import FILE_NAME, Spool, SpoolDamagedError
from camerastream.settings.model import SpoolMode

if TYPE_CHECKING:
    from pathlib import Path


def frame(position: int, size_bytes: int = 20_000) -> OutgoingFrame:
    return OutgoingFrame(
        position=position,
        stream="s",
        sequence=position,
        captured_at_seconds=1000.0 + position,
        key=b"cam",
        headers=(("ce_id", f"s/{position}".encode()), ("ce_camera", "Tür".encode())),
        value=random.Random(position).randbytes(size_bytes),
    )


def test_frames_come_back_as_they_went_in_and_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.write(add=[frame(3), frame(1)], state='{"a":1}')
    spool.write(add=[frame(2)])
    spool.close()
    again = Spool(tmp_path / "spool")
    assert again.read(after_position=0, max_bytes=10**9) == [frame(1), frame(2), frame(3)]
    assert (again.frames, again.size_bytes, again.state()) == (3, 60_000, '{"a":1}')
    again.write(remove=[1, 2, 99])
    assert [f.position for f in again.read(after_position=-1, max_bytes=1)] == [3]
    assert (again.frames, again.size_bytes) == (1, 20_000)


def test_an_emptied_spool_gives_its_disk_space_back(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    spool = Spool(path)
    spool.write(add=[frame(i) for i in range(100)])
    spool.write(remove=range(100))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 100 * 20_000 / 10


def test_what_was_written_survives_sigkill(tmp_path: Path) -> None:
    script = (
        "import os,sys,signal;from pathlib import Path;"
        "from camerastream.delivery.spool import Spool;"
        "from tests.unit.delivery.test_spool import frame;"
        "s=Spool(Path(sys.argv[1]));[s.write(add=[frame(i)],state=str(i)) for i in range(20)];"
        "os.kill(os.getpid(),signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "spool")], check=False)
    spool = Spool(tmp_path / "spool")
    assert spool.read(after_position=-1, max_bytes=10**9) == [frame(i) for i in range(20)]
    assert spool.state() == "19"


def test_another_programs_file_is_not_taken_for_a_spool(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"not a database at all" * 100)
    with pytest.raises(SpoolDamagedError):
        Spool(tmp_path / "spool")


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_spool_is_moved_aside_and_salvaged(tmp_path: Path, seed: int) -> None:
    spool = Spool(tmp_path / FILE_NAME)
    frames = [frame(i) for i in range(60)]
    spool.write(add=frames)
    spool.close()
    data = bytearray((tmp_path / FILE_NAME).read_bytes())
    for _ in range(4):
        # Anywhere behind the first page, so that it is still a database.
        at = random.Random(seed).randrange(20_000, len(data) - 4096)
        data[at : at + 4096] = os.urandom(4096)
    (tmp_path / FILE_NAME).write_bytes(data)

    opened = open_spool(tmp_path)
    keeper = SpoolKeeper(
        opened.spool,
        mode=SpoolMode.ON_FAILURE,
        max_bytes=10**9,
        accounting=Accounting(Counts(selected=60, spooled=60)),
        on_trouble=lambda *_: None,
    )
    readable = []
    while keeper.waiting_frames:
        batch = keeper.front(max_bytes=10**9)
        readable += batch
        for f in batch:
            keeper.under_way(f.position)
            keeper.forget(f.position)
    assert [f.position for f in readable] == sorted(f.position for f in readable)
    assert all(f == frames[f.position] for f in readable)
    assert 0 < len(readable) < 60


def test_a_file_that_is_garbage_is_moved_aside_and_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(os.urandom(50_000))
    opened = open_spool(tmp_path)
    assert opened.moved_aside is not None
    assert opened.moved_aside.stat().st_size == 50_000
    assert (opened.spool.frames, opened.state) == (0, None)


def test_a_second_program_is_refused_with_a_sentence(tmp_path: Path) -> None:
    held = lock_state_dir(tmp_path)
    with pytest.raises(StateDirError, match=rf"in use .*process {os.getpid()}.*STATE_DIR of its"):
        lock_state_dir(tmp_path)
    held.close()
    lock_state_dir(tmp_path).close()


def test_a_state_dir_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StateDirError, match="write the path of a folder"):
        lock_state_dir(tmp_path / "file" / "state")


def keeper_on(path: Path, max_bytes: int, troubles: list[str]) -> tuple[SpoolKeeper, Accounting]:
    accounting = Accounting(Counts())
    keeper = SpoolKeeper(
        Spool(path),
        mode=SpoolMode.ON_FAILURE,
        max_bytes=max_bytes,
        accounting=accounting,
        on_trouble=lambda text, lost: troubles.append(text),
    )
    return keeper, accounting


def test_beyond_its_bound_the_oldest_frames_are_dropped_and_counted(tmp_path: Path) -> None:
    troubles: list[str] = []
    keeper, accounting = keeper_on(tmp_path / "spool", 10 * 20_000, troubles)
    for position in range(25):
        accounting.selected()
        keeper.store([frame(position)])
    counts = accounting.snapshot()
    assert counts.balanced
    assert counts.dropped == {"spool-full": 15}
    assert [f.position for f in keeper.front(max_bytes=10**9)] == list(range(15, 25))
    assert any("SPOOL_MAX_MB" in text for text in troubles)


def test_a_full_disk_is_counted_and_reported_and_ends_nothing(tmp_path: Path) -> None:
    troubles: list[str] = []
    keeper, accounting = keeper_on(tmp_path / "spool", 10**9, troubles)
    # SQLite's own limit gives the very error of a full disk, SQLITE_FULL, without root.
    keeper._spool._connection.execute("PRAGMA max_page_count=30")
    for position in range(40):
        accounting.selected()
        keeper.store([frame(position)])
    counts = accounting.snapshot()
    assert counts.balanced
    assert counts.spooled > 5
    assert counts.dropped["disk-full"] == 40 - counts.spooled
    assert [f.position for f in keeper.front(max_bytes=10**9)] == list(range(counts.spooled))
    assert any("disk that holds the spool is full" in text for text in troubles)


def test_of_a_large_batch_as_much_is_kept_as_the_disk_takes(tmp_path: Path) -> None:
    keeper, accounting = keeper_on(tmp_path / "spool", 10**9, [])
    keeper._spool._connection.execute("PRAGMA max_page_count=60")
    for _ in range(64):
        accounting.selected()
    keeper.store([frame(i) for i in range(64)])
    counts = accounting.snapshot()
    assert counts.balanced
    assert counts.spooled >= 15


def test_damage_found_while_running_costs_only_what_is_unreadable(tmp_path: Path) -> None:
    troubles: list[str] = []
    keeper, accounting = keeper_on(tmp_path / "spool", 10**9, troubles)
    for _ in range(20):
        accounting.selected()
    keeper.store([frame(i) for i in range(20)])
    keeper._spool._connection.execute("UPDATE frames SET crc32 = 1 WHERE position = 7")
    assert keeper.front(max_bytes=10**9) == []  # damage found, the file replaced
    assert [f.position for f in keeper.front(max_bytes=10**9)] == [i for i in range(20) if i != 7]
    counts = accounting.snapshot()
    assert counts.balanced
    assert counts.dropped == {"spool-damaged": 1}
    assert any("moved to" in text for text in troubles)
