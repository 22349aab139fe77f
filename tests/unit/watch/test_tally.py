"""The tally against a model that remembers everything, and its verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from camerastream.message import FrameHeader
from camerastream.watch.report import exit_code, report
from camerastream.watch.tally import Tally
from camerastream.watch.verdict import CameraVerdict, Kind, judge

if TYPE_CHECKING:
    from collections.abc import Iterable


class Feed:
    """Feeds a tally as a topic with one partition would."""

    def __init__(self, first_offset: int = 0) -> None:
        self.tally = Tally()
        self.offset = first_offset

    def send(
        self,
        sequences: Iterable[int],
        *,
        stream: str = "s1",
        camera: str = "lobby",
        previous: tuple[str, int | None] | None = None,
    ) -> Feed:
        for sequence in sequences:
            self.tally.place(0, self.offset)
            self.offset += 1
            header = FrameHeader(
                camera=camera,
                stream=stream,
                sequence=sequence,
                captured_at_seconds=1000.0 + sequence,
                previous_stream=previous[0] if previous else None,
                previous_count=previous[1] if previous else None,
            )
            self.tally.frame(header, partition=0, size_bytes=100)
        return self

    def verdict(self) -> CameraVerdict:
        (found,) = judge(self.tally)
        return found


ARRIVALS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 15)), max_size=60
)


@given(ARRIVALS, st.booleans())
def test_it_counts_what_a_model_counts(arrivals: list, whole: bool) -> None:
    feed = Feed(first_offset=0 if whole else 50)
    seen: dict = {}
    duplicates: dict = {}
    late: dict = {}
    for camera, stream, sequence in arrivals:
        feed.send([sequence], camera=camera, stream=stream)
        key = (camera, stream)
        known = seen.setdefault(key, [])
        if sequence in known:
            duplicates[key] = duplicates.get(key, 0) + 1
        else:
            late[key] = late.get(key, 0) + (bool(known) and sequence < max(known))
            known.append(sequence)
    found = {
        (camera.camera, stream.stream): stream
        for camera in feed.tally.cameras.values()
        for stream in camera.streams.values()
    }
    assert found.keys() == seen.keys()
    assert feed.tally.frames == sum(map(len, seen.values()))
    for key, numbers in seen.items():
        stream = found[key]
        low = 0 if whole else min(numbers)
        assert stream.frames == len(numbers)
        assert stream.missing == max(numbers) - low + 1 - len(numbers)
        assert stream.duplicates == duplicates.get(key, 0)
        assert stream.out_of_order == late[key]
        assert stream.size_bytes == 100 * len(numbers)
        assert stream.last_captured_at_seconds == 1000 + max(numbers)
    for verdict in judge(feed.tally):
        streams = [stream for (camera, _), stream in found.items() if camera == verdict.camera]
        assert (verdict.kind is Kind.UNCLEAN_END) == (len(streams) > 1)
        assert verdict.missing == sum(stream.missing for stream in streams)
        assert (exit_code([verdict]) == 0) == (len(streams) == 1 and verdict.missing == 0)
    assert report(feed.tally, now_seconds=2000)["frames"] == feed.tally.frames


def test_nothing_missing_from_the_very_beginning() -> None:
    verdict = Feed().send(range(318)).send([5, 6]).verdict()
    assert verdict.kind is Kind.COMPLETE
    assert verdict.sentence == (
        "lobby: nothing is missing from 0 to 317 "
        "(318 frames received, 2 duplicates, 0 out of order)"
    )


def test_read_from_the_middle_the_first_frame_is_the_base() -> None:
    verdict = Feed(first_offset=9).send(range(100, 110)).verdict()
    assert verdict.kind is Kind.COMPLETE
    assert "nothing is missing from 100, where reading began, to 109" in verdict.sentence


def test_a_lost_beginning_is_missing_where_the_topic_is_whole() -> None:
    verdict = Feed().send(range(3, 10)).verdict()
    assert (verdict.kind, verdict.missing) == (Kind.MISSING, 3)
    assert "3 frames are missing: 0-2" in verdict.sentence


def test_many_gaps_are_shortened() -> None:
    verdict = Feed().send(range(0, 60, 2)).verdict()
    assert verdict.missing == 29
    assert "29 frames are missing: 1, 3, 5, 7, 9, 11, 13, 15, ..." in verdict.sentence


def test_an_unclean_end_with_a_count() -> None:
    verdict = Feed().send(range(10)).send(range(5), stream="s2", previous=("s1", 17)).verdict()
    assert (verdict.kind, verdict.missing, verdict.lost_at_end) == (Kind.UNCLEAN_END, 7, 7)
    assert "unclean end of stream s1, at least 7 frames lost at its end" in verdict.sentence
    assert "nothing is missing" not in verdict.sentence
    assert exit_code([verdict]) == 1


def test_an_unclean_end_without_a_count() -> None:
    verdict = Feed().send(range(10)).send(range(5), stream="s2").verdict()
    assert (verdict.kind, verdict.missing, verdict.lost_at_end) == (Kind.UNCLEAN_END, 0, None)
    assert "how many frames were lost at its end is not known" in verdict.sentence
    assert exit_code([verdict]) == 1


def test_a_count_below_what_arrived_proves_nothing() -> None:
    verdict = Feed().send(range(10)).send(range(5), stream="s2", previous=("s1", 8)).verdict()
    assert (verdict.kind, verdict.lost_at_end) == (Kind.UNCLEAN_END, 0)
    assert "proves nothing" in verdict.sentence


def test_a_stream_of_which_nothing_arrived() -> None:
    feed = Feed().send(range(5), stream="s2", previous=("s1", 4))
    verdict = feed.verdict()
    assert (verdict.kind, verdict.missing) == (Kind.UNCLEAN_END, 4)
    assert "of which no frame is on the topic (4 lost)" in verdict.sentence
    assert report(feed.tally, now_seconds=0)["cameras"][0]["streams"][0]["frames"] == 0


def test_a_stream_from_before_reading_began_is_no_ones_loss() -> None:
    feed = Feed(first_offset=7).send(range(30, 40), stream="s2", previous=("s1", 4))
    assert feed.verdict().kind is Kind.COMPLETE


def test_three_lives_of_a_camera() -> None:
    feed = Feed().send([0, 1, 3]).send([0], stream="s2", previous=("s1", 5))
    verdict = feed.send([0, 1], stream="s3", previous=("s2", None)).verdict()
    assert [each.stream for each in verdict.streams] == ["s1", "s2", "s3"]
    assert [each.unclean_end for each in verdict.streams] == [True, True, False]
    assert [each.missing for each in verdict.streams] == [1, 0, 0]
    assert (verdict.missing, verdict.lost_at_end) == (2, 1)
    assert "1 frame of stream s1 is missing: 2" in verdict.sentence


def test_two_programs_with_one_camera_id_are_noticed() -> None:
    feed = Feed()
    for sequence in range(3):
        feed.send([sequence]).send([sequence], stream="s2")
    assert "two programs may be using this camera id" in feed.verdict().sentence


def test_a_duplicate_of_an_earlier_stream_is_no_overlap() -> None:
    feed = Feed().send([0]).send([0], stream="s2").send([0])
    assert "two programs" not in feed.verdict().sentence


def test_damage_is_no_success() -> None:
    feed = Feed().send([0, 1])
    feed.tally.frame_is_damaged(FrameHeader("lobby", "s1", 1, 0.0))
    verdict = feed.verdict()
    assert (verdict.kind, exit_code([verdict])) == (Kind.DAMAGED, 1)
    assert "1 frame is no JPEG" in verdict.sentence


def test_places_that_were_gone_are_counted() -> None:
    tally = Tally()
    for partition, offset in [(0, 4), (0, 5), (1, 0), (0, 9), (1, 1)]:
        tally.place(partition, offset)
    assert tally.skipped_offsets == 3


def test_foreign_reasons_are_bounded() -> None:
    tally = Tally()
    for number in range(100):
        tally.message_is_foreign(f"reason {number % 50}")
    assert (tally.foreign, len(tally.foreign_reasons)) == (100, 10)


def test_the_rate_is_that_of_capture() -> None:
    feed = Feed().send(range(100))
    assert feed.tally.cameras["lobby"].current.rate_per_second == 1.0
    assert Feed().send([1]).tally.cameras["lobby"].current.rate_per_second is None


def test_nothing_received_has_an_exit_code_of_its_own() -> None:
    assert exit_code(judge(Tally())) == 4
