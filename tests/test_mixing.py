"""The bed under a track: at its level, round and round, and, where it moves with the breath, in step with it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.formats import TrackSound
from generator.formats.mp3_frames import encode_loop, encode_mp3, encode_plain, needs_loop
from generator.mix.envelope import FADE_IN_MS, FADE_OUT_MS
from generator.mix.mixing import Levels, Mix
from generator.mix.segments import to_segment
from generator.model import FRAME_MS, FRAME_SAMPLES, Bed, Chapter, Event, Timeline
from generator.script import parse
from generator.timeline.layout import lay_out
from generator.timeline.timing import Timing, spoken_texts
from tests.test_encoding import noise_loop

if TYPE_CHECKING:
    from generator.model import Samples

MS = 48
LOOP_FRAMES = 397  # nothing that a track's length or a breath has to do with
OPEN_LUFS = -22 - 15 + 3
SENTENCE = "Rest here."


@dataclass(frozen=True)
class ArrayLoop:
    array: Samples

    @property
    def samples(self) -> int:
        return len(self.array)

    def read(self, first: int, last: int) -> Samples:
        assert 0 <= first <= last <= self.samples
        return self.array[first:last].copy()


def bed(loop: Samples, *, restarts: bool) -> Bed:
    """A bed that is at its open level as it stands."""
    return Bed("test", "test", ArrayLoop(loop), OPEN_LUFS, restarts)


def timeline(events: Sequence[Event], guided_ms: int, tail_ms: int = 70_000) -> Timeline:
    end_ms = guided_ms + tail_ms
    tail = Event("tail", guided_ms, end_ms, "", 0)
    return Timeline((*events, tail), (Chapter("Night", 0, end_ms),), guided_ms, tail_ms, (guided_ms, guided_ms))


def hold(start_ms: int, end_ms: int, breaths: int = 1) -> Event:
    return Event("hold", start_ms, end_ms, "", 0, breaths=breaths)


def speech(start_ms: int) -> Event:
    return Event("speech", start_ms, start_ms + 1_000, SENTENCE, 0)


def clip(text: str) -> Any:
    """A hum of a second, with its quiet edges."""
    hum = 0.05 * np.sin(2 * np.pi * 200 * np.arange(1_000 * MS) / 48_000)
    return to_segment(np.pad(hum, (30 * MS, 120 * MS)).astype(np.float32)[:, None])


NIGHT = timeline(
    [
        speech(9_000), hold(30_010, 60_010, 3), hold(75_000, 90_000, 0), speech(92_000), hold(107_999, 127_999, 2),
        hold(128_500, 138_500), speech(150_000),
    ],
    160_000,
)  # fmt: skip
RESTARTS = [1_250, 4_500, 5_354]  # the frames nearest to the holds in breaths


@pytest.fixture(scope="module")
def loop() -> Samples:
    return noise_loop(-34, frames=LOOP_FRAMES)


@pytest.fixture(scope="module")
def mix(loop: Samples) -> Mix:
    return Mix(NIGHT, clip, bed(loop, restarts=True), Levels())


def round_and_round(loop: Samples, first: int, last: int) -> Samples:
    return loop[np.arange(first, last) % len(loop)]


# --- in step with the breath -----------------------------------------------------------------------


def test_the_loop_begins_with_each_hold_in_breaths(mix: Mix, loop: Samples) -> None:
    for frame, seconds in zip(RESTARTS, (30, 20, 10), strict=True):
        start = frame * FRAME_SAMPLES
        length = min(seconds * 48_000, (RESTARTS[2] - 104 - RESTARTS[1]) * FRAME_SAMPLES)  # the next comes in early
        assert np.array_equal(mix.render(start, start + length), round_and_round(loop, 0, length))


def test_it_goes_on_in_that_phase_to_the_end(mix: Mix, loop: Samples) -> None:
    first, last = 162_000 * MS, 165_000 * MS  # in the tail
    assert np.array_equal(
        mix.render(first, last), round_and_round(loop, *(at - RESTARTS[2] * FRAME_SAMPLES for at in (first, last)))
    )


@given(st.lists(st.integers(5_000, 60_000), min_size=1, max_size=6))
def test_a_restart_is_never_more_than_12_ms_from_its_hold(gaps_ms: list[int]) -> None:
    starts = np.cumsum([FADE_IN_MS, *gaps_ms])[1:].tolist()
    ramp = np.repeat(np.arange(1, LOOP_FRAMES * FRAME_SAMPLES + 1, dtype=np.float32)[:, None] / 2**24, 2, axis=1)
    events = [hold(start, start + 5_000) for start in starts]
    made = Mix(timeline(events, starts[-1] + 10_000, 200_000), clip, bed(ramp, restarts=True), Levels(glide=False))
    for start_ms in starts:
        around = made.render((start_ms - 14) * MS, (start_ms + 14) * MS)[:, 0]
        [begins] = np.flatnonzero(around == ramp[0, 0])
        assert abs(begins - 14 * MS) <= 12 * MS


def test_what_was_heard_fades_into_it_at_one_loudness(mix: Mix, loop: Samples) -> None:
    """For two and a half seconds before the hold, unrelated noises: no dip, no swell, no click."""
    start = RESTARTS[0] * FRAME_SAMPLES
    fade = mix.render(start - 120_000, start + 4_800)
    before = start - 104 * FRAME_SAMPLES
    assert np.array_equal(mix.render(before - 4_800, before), round_and_round(loop, before - 4_800, before))
    levels = 20 * np.log10(np.sqrt(np.square(fade.astype(np.float64)).reshape(-1, 12_480, 2).mean(axis=(1, 2))))
    assert np.ptp(levels) < 3
    assert abs(levels.mean() + 34) < 0.7
    steps = np.abs(np.diff(fade, axis=0)).max(axis=1)
    assert steps[-4_900:-4_700].max() <= np.abs(np.diff(loop, axis=0)).max()  # where the loop begins


def test_other_holds_and_other_beds_go_on_as_they_were(loop: Samples) -> None:
    still = Mix(NIGHT, clip, bed(loop, restarts=False), Levels())
    assert np.array_equal(still.render(80_000 * MS, 86_000 * MS), round_and_round(loop, 80_000 * MS, 86_000 * MS))
    events = [hold(30_000, 60_000, 0), hold(70_000, 90_000, 0)]
    silent = Mix(timeline(events, 100_000), clip, bed(loop, restarts=True), Levels())
    assert np.array_equal(silent.render(65_000 * MS, 75_000 * MS), round_and_round(loop, 65_000 * MS, 75_000 * MS))


def test_a_bed_in_step_already_isnt_faded() -> None:
    frames = 10_000 // FRAME_MS * 12  # not whole breaths: 416 * 12 frames
    loop = noise_loop(-34, frames=frames)
    at_ms = frames * FRAME_MS
    made = Mix(timeline([hold(at_ms, at_ms + 20_000, 2)], at_ms + 20_000), clip, bed(loop, restarts=True), Levels())
    assert [(span.kind, span.start_ms) for span in made.spans] == [
        ("voiced", 0), ("open", FADE_IN_MS), ("voiced", made.total_samples // MS - FADE_OUT_MS),
    ]  # fmt: skip


# --- spans and encoding ----------------------------------------------------------------------------


def test_open_spans_are_the_bed_alone_in_the_phase_they_say(mix: Mix) -> None:
    opened = [span for span in mix.spans if span.kind == "open"]
    assert {span.shift_frames for span in opened} == {0, *(-frame % LOOP_FRAMES for frame in RESTARTS)}
    for span in opened:
        first, last = span.start_ms * MS, span.end_ms * MS
        shift = span.shift_frames * FRAME_SAMPLES
        assert np.array_equal(mix.render(first, last), mix.open(first + shift, last + shift))
    edges = [0, *(span.end_ms for span in mix.spans)]
    assert [span.start_ms for span in mix.spans] == edges[:-1]
    assert edges[-1] == mix.total_samples // MS


@pytest.mark.slow
def test_the_encoded_track_is_that_of_one_piece(mix: Mix) -> None:
    assert needs_loop(mix.spans, mix.loop_samples)
    loop = encode_loop(mix.open, mix.loop_samples)
    repeated, plain = io.BytesIO(), io.BytesIO()
    sound = TrackSound(mix.render, mix.total_samples, mix.spans)
    encode_mp3(repeated, sound, loop)
    encode_plain(plain, sound)
    assert repeated.getvalue() == plain.getvalue()


def test_the_track_is_the_same_in_whatever_blocks_it_is_read(mix: Mix) -> None:
    whole = mix.render(0, mix.total_samples)
    for block_ms in (3_000, 7_777):
        edges = [*range(0, mix.total_samples, block_ms * MS), mix.total_samples]
        parts = [mix.render(first, last) for first, last in zip(edges, edges[1:], strict=False)]
        assert np.array_equal(np.concatenate(parts), whole)


# --- levels ----------------------------------------------------------------------------------------


def test_the_bed_is_brought_to_its_level_as_it_is_read(loop: Samples) -> None:
    made = Mix(NIGHT, clip, Bed("test", "test", ArrayLoop(loop), OPEN_LUFS - 6.0), Levels(background_level_lu=21))
    assert made.open_gain == pytest.approx(1)
    softer = Mix(NIGHT, clip, Bed("test", "test", ArrayLoop(loop), OPEN_LUFS + 6.0), Levels())
    assert np.allclose(softer.open(0, 5_000), loop[:5_000] * 10 ** (-6 / 20), rtol=1e-6)
    assert softer.open(0, 5_000).dtype == np.float32


def test_a_bed_isnt_read_before_it_is_heard(loop: Samples) -> None:
    """A loop may be an hour of music: only what is asked for is in memory."""

    class Asked(ArrayLoop):
        def read(self, first: int, last: int) -> Samples:
            asked.append((first, last))
            return super().read(first, last)

    asked: list[tuple[int, int]] = []
    made = Mix(NIGHT, clip, Bed("test", "test", Asked(loop), OPEN_LUFS), Levels())
    assert not asked
    made.render(len(loop) - 48, len(loop) + 96)
    assert asked == [(len(loop) - 48, len(loop)), (0, 96)]


# --- which holds are in breaths --------------------------------------------------------------------


def test_only_holds_in_breaths_say_how_many() -> None:
    script = parse(
        "[hold 2-4 breaths]\n[release]\n[hold 20 s]\n[release]\n[breathe 3]\n[hold count 5 silent]\n[release]\n"
        "[hold 5 breaths]\n[release]\n[hold]\n[12s]\n[release]\n[sleep]",
        "x.txt",
        "x",
    )
    laid_out = lay_out(script, dict.fromkeys(spoken_texts(script, Timing()), 900), Timing())
    holds = [(event.duration_ms, event.breaths) for event in laid_out.events if event.kind == "hold"]
    assert holds == [(20_000, 2), (20_000, 0), (30_000, 3), (7_500, 0), (50_000, 5), (12_000, 0)]
    assert not any(event.breaths for event in laid_out.events if event.kind != "hold")
