"""The MP3 a listener gets: the same bytes however it was made, the exact length, and nothing broken unnoticed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.mp3 import MP3, BitrateMode

from generator.errors import NotFoundError, TrackError
from generator.formats import CONTAINERS, TrackSound
from generator.formats.mp3_frames import (
    encode_loop,
    encode_mp3,
    encode_plain,
    layout,
    needs_loop,
    plan,
    threshold_model,
)
from generator.formats.mp3_frames.lame_threshold import CONVERGENCE_FRAMES, PROVED_ENCODERS
from generator.model import FRAME_SAMPLES, SAMPLE_RATE, Span
from generator.system import ffmpeg
from tests.conftest import encoded_in_one_piece

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from generator.model import Samples

LOOP_FRAMES = 400  # 9.6 s
ENCODED_LOOPS: dict[tuple[bytes, int, int], bytes] = {}
check = CONTAINERS["mp3"].check


# --- material --------------------------------------------------------------------------------------


@cache
def noise_loop(level_db: float, slope: float = 0.5, frames: int = LOOP_FRAMES, seed: int = 1) -> Samples:
    """Seamless stereo noise: slope 0.5 pink, 1 brown."""
    samples = frames * FRAME_SAMPLES
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((samples, 2)), axis=0)
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    spectrum *= np.where(frequency < 30, 0.0, np.maximum(frequency, 1.0) ** -slope)[:, None]
    sound = np.fft.irfft(spectrum, samples, axis=0)
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    return kept(sound.astype(np.float32))


@cache
def speech_like(samples: int, seed: int) -> Samples:
    """Syllables, hisses and gaps at -22 dB, which drive the encoder through its block types and its adaptation."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / SAMPLE_RATE
    phase = np.cumsum(2 * np.pi * 110 * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * t + seed)) / SAMPLE_RATE)
    tone = sum(np.sin(k * phase) / k**1.2 for k in range(1, 25))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t) + 0.4, 0, None)
    hiss = rng.standard_normal(samples) * np.clip(np.sin(2 * np.pi * 2.3 * t + 2.5), 0, None) ** 4
    sound = (tone * syllables + 0.6 * hiss) * (np.sin(2 * np.pi * 0.31 * t + seed) > -0.5)
    sound *= 10 ** (-22 / 20) / np.sqrt(np.mean(sound**2))
    return kept(sound.astype(np.float32)[:, None])


def kept(sound: Samples) -> Samples:
    """What several tests share, none of which may change it."""
    sound.setflags(write=False)
    return sound


@dataclass(frozen=True)
class Track:
    samples: Samples
    spans: tuple[Span, ...]
    loop: Samples
    sounding_ms: tuple[tuple[int, int], ...] | None = None

    @property
    def total(self) -> int:
        return len(self.samples)

    def mix(self, start: int, end: int) -> Samples:
        out = np.zeros((end - start, 2), np.float32)
        first, last = max(start, 0), min(end, self.total)
        if first < last:
            out[first - start : last - start] = self.samples[first:last]
        return out

    def bed(self, start: int, end: int) -> Samples:
        return self.loop[np.arange(start, end) % len(self.loop)]

    def encoded_loop(self, bitrate_kbps: int = 128, jobs: int = 2) -> bytes:
        """Encoded once for all tests over the same loop."""
        key = (hashlib.sha256(self.loop).digest(), bitrate_kbps, jobs)
        if key not in ENCODED_LOOPS:
            ENCODED_LOOPS[key] = encode_loop(self.bed, len(self.loop), bitrate_kbps, jobs)
        return ENCODED_LOOPS[key]

    def encoded(self, *, bitrate_kbps: int = 128, jobs: int = 2, encoder: str | None = None) -> bytes:
        """Open spans repeated from the encoded loop."""
        sink = io.BytesIO()
        sound = self.sound(sounding_ms=self.sounding_ms, bitrate_kbps=bitrate_kbps, jobs=jobs)
        encode_mp3(sink, sound, self.encoded_loop(bitrate_kbps, jobs), encoder=encoder)
        return sink.getvalue()

    def sound(self, **how: Any) -> TrackSound:
        return TrackSound(self.mix, self.total, self.spans, **how)

    def write(self, path: Path, **options: int) -> Path:
        path.write_bytes(self.encoded(**options))
        return path

    def encoded_in_one_piece(self, bitrate_kbps: int) -> bytes:
        return encoded_in_one_piece(self.samples, bitrate_kbps)


def make_track(
    loop: Samples,
    voiced_ms: Sequence[tuple[int, int]],
    total_ms: int,
    fade_ms: int = 0,
    restarts: Sequence[int] = (),
) -> Track:
    """The bed, ducked under speech in `voiced_ms`, faded out in the last `fade_ms`; it begins anew at `restarts`
    (frames), each within speech or at its end.
    """
    begun = [0, *restarts]
    samples = np.empty((total_ms * 48, 2), np.float32)
    for frame in begun:
        rest = samples[frame * FRAME_SAMPLES :]
        rest[:] = loop[np.arange(len(rest)) % len(loop)]

    def open_span(start_ms: int, end_ms: int) -> Span:
        shift = -max(frame for frame in begun if frame * 24 <= start_ms)
        return Span("open", start_ms, end_ms, shift % (len(loop) // FRAME_SAMPLES))

    spans: list[Span] = []
    at_ms = 0
    for start_ms, end_ms in [*voiced_ms, *([(total_ms - fade_ms, total_ms)] if fade_ms else [])]:
        if start_ms > at_ms:
            spans.append(open_span(at_ms, start_ms))
        spans.append(Span("voiced", start_ms, end_ms))
        at_ms = end_ms
    if at_ms < total_ms:
        spans.append(open_span(at_ms, total_ms))
    for start_ms, end_ms in voiced_ms:
        stretch = samples[start_ms * 48 : end_ms * 48]
        edge = np.minimum(np.arange(len(stretch)), np.arange(len(stretch))[::-1]) / 24_000
        share = np.clip(edge, 0, 1).astype(np.float32)[:, None]
        stretch *= 1 - 0.3 * share
        stretch += speech_like(len(stretch), seed=start_ms) * share
    if fade_ms:
        samples[-fade_ms * 48 :] *= np.cos(np.linspace(0, np.pi / 2, fade_ms * 48, dtype=np.float32))[:, None] ** 2
    return Track(samples, tuple(spans), loop)


VOICED_MS = [(0, 6_000), (14_001, 20_000), (26_000, 29_500), (29_600, 32_000)]


@pytest.fixture(scope="module")
def track() -> Track:
    """46 s, its length no whole number of frames, its last passage a fade."""
    return make_track(noise_loop(-34), VOICED_MS, 46_013, fade_ms=4_000)


@pytest.fixture(scope="module")
def made(track: Track) -> bytes:
    return track.encoded()


def first_difference(got: bytes, expected: bytes, bitrate_kbps: int) -> int | None:
    size = layout.frame_bytes(bitrate_kbps)
    at = next((i for i in range(0, len(expected), size) if got[i : i + size] != expected[i : i + size]), None)
    return None if at is None and len(got) == len(expected) else (at or 0) // size


# --- the same bytes, however they were made --------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loop", "bitrate_kbps"),
    [
        pytest.param(noise_loop(-34), 128, id="pink"),
        pytest.param(noise_loop(-34, slope=1.0), 64, id="brown-at-64"),
        pytest.param(noise_loop(-50, slope=1.0), 320, id="faint-brown-at-320"),  # LAME settles late on these two
        pytest.param(noise_loop(-70), 128, id="near-silence"),
        pytest.param(np.zeros((LOOP_FRAMES * FRAME_SAMPLES, 2), np.float32), 128, id="silence"),
    ],
)
def test_pieces_and_repeats_equal_one_piece(loop: Samples, bitrate_kbps: int) -> None:
    """So there is no joint to hear: every frame is the one a single encoder would have written."""
    track = make_track(loop, VOICED_MS, 46_013, fade_ms=4_000)
    assert repeated_frames(track) > 200  # there is something repeated in it
    pieces = track.encoded(bitrate_kbps=bitrate_kbps)[layout.frame_bytes(bitrate_kbps) :]
    assert first_difference(pieces, track.encoded_in_one_piece(bitrate_kbps), bitrate_kbps) is None


UP_MS = 3_600


def with_slow_rises(track: Track, spoken_ms: Sequence[tuple[int, int]]) -> Track:
    """After what is spoken the bed comes up from 3 dB below within UP_MS, which still belongs to the voiced span."""
    samples = track.samples.copy()
    spans: list[Span] = []
    ends = dict(spoken_ms)
    for span in track.spans:
        if span.kind == "voiced" and span.start_ms in ends:
            rise = samples[span.end_ms * 48 : (span.end_ms + UP_MS) * 48]
            rise *= (10 ** (np.linspace(-3, 0, len(rise)) / 20))[:, None].astype(np.float32)
            spans.append(Span("voiced", span.start_ms, span.end_ms + UP_MS))
        else:
            spans.append(Span(span.kind, spans[-1].end_ms if spans else 0, span.end_ms, span.shift_frames))
    return Track(samples, tuple(spans), track.loop, tuple(spoken_ms))


@pytest.mark.slow
@pytest.mark.parametrize(("level_db", "slope", "bitrate_kbps"), [(-34, 0.5, 128), (-50, 1.0, 320), (-20, 1.0, 64)])
def test_a_bed_that_rises_after_speech_is_repeated_sooner(level_db: float, slope: float, bitrate_kbps: int) -> None:
    """What was spoken is forgotten while it rises: fewer frames are encoded, and still to the same bytes."""
    spoken_ms = [(0, 4_000), (14_001, 17_000), (28_000, 32_500)]
    track = with_slow_rises(make_track(noise_loop(level_db, slope), spoken_ms, 46_013), spoken_ms)
    model = threshold_model(track.encoded_loop(bitrate_kbps), bitrate_kbps)
    sooner = plan.plan_ranges(track.spans, track.total, model, track.sounding_ms)
    later = plan.plan_ranges(track.spans, track.total, model)
    repeated, less = (sum(part.frames for part in ranges if part.open) for ranges in (sooner, later))
    assert repeated > less + 150
    for spoken, part in zip(spoken_ms, [part for part in sooner if part.open], strict=True):
        assert part.first * 24 >= spoken[1] + 108 * 24  # all that LAME may remember
    pieces = track.encoded(bitrate_kbps=bitrate_kbps)[layout.frame_bytes(bitrate_kbps) :]
    assert first_difference(pieces, track.encoded_in_one_piece(bitrate_kbps), bitrate_kbps) is None


@pytest.mark.parametrize(("level_db", "slope", "bitrate_kbps"), [(-34, 0.5, 128), (-50, 1.0, 320)])
def test_an_encoder_that_the_model_wasnt_proved_on_takes_the_longest_lead_ins(
    level_db: float, slope: float, bitrate_kbps: int
) -> None:
    """Nothing is taken for granted of its inside: more is encoded, to the very same frames."""
    spoken_ms = [(0, 4_000), (14_001, 17_000), (28_000, 32_500)]
    track = with_slow_rises(make_track(noise_loop(level_db, slope), spoken_ms, 46_013), spoken_ms)
    assert repeated_frames(track) > 200
    mixed = 0

    def counted(start: int, end: int) -> Samples:
        nonlocal mixed
        mixed += end - start
        return track.mix(start, end)

    loop, took, made = track.encoded_loop(bitrate_kbps), {}, {}
    for encoder in (*PROVED_ENCODERS, "ffmpeg version 99"):
        mixed, sink = 0, io.BytesIO()
        sound = TrackSound(counted, track.total, track.spans, track.sounding_ms, bitrate_kbps=bitrate_kbps, jobs=1)
        encode_mp3(sink, sound, loop, encoder=encoder)
        took[encoder], made[encoder] = mixed // FRAME_SAMPLES, sink.getvalue()
    assert len(set(made.values())) == 1
    assert all(took["ffmpeg version 99"] > took[proved] + 200 for proved in PROVED_ENCODERS)


@pytest.mark.slow
@pytest.mark.parametrize("loop_frames", [LOOP_FRAMES, 397, 131, 7])
def test_a_bed_that_begins_anew_is_repeated_in_its_phase(loop_frames: int) -> None:
    """The pass that each open span goes on with, whatever the length of the loop has to do with the track's."""
    track = make_track(
        noise_loop(-34, frames=loop_frames), VOICED_MS, 46_013, fade_ms=4_000, restarts=[250, 666, 1_333]
    )
    shifts = {span.shift_frames for span in track.spans if span.kind == "open"}
    assert len(shifts) > 2 or loop_frames == 7
    assert repeated_frames(track) > 200
    assert first_difference(track.encoded()[384:], track.encoded_in_one_piece(128), 128) is None


@pytest.mark.parametrize("at_ms", [12_000, 24_007])
def test_a_bed_that_jumps_between_open_spans_equals_one_piece(at_ms: int) -> None:
    """A mix fades over from one phase to the next; one that doesn't is encoded all the same as it is."""
    loop = noise_loop(-34)
    samples = loop[np.arange(40_000 * 48) % len(loop)].copy()
    samples[at_ms * 48 :] = loop[(np.arange(at_ms * 48, 40_000 * 48) + 77 * FRAME_SAMPLES) % len(loop)]
    track = Track(samples, (Span("open", 0, at_ms), Span("open", at_ms, 40_000, 77)), loop)
    assert repeated_frames(track) > 200
    assert first_difference(track.encoded()[384:], track.encoded_in_one_piece(128), 128) is None


def plucked(level_db: float, seed: int = 3) -> Samples:
    """Plucked strings, dying away fast: what the encoder's memory of loudness follows worst. 30 s, seamless."""
    samples = 1_250 * FRAME_SAMPLES
    rng = np.random.default_rng(seed)
    sound = np.zeros(samples)
    t = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    for _ in range(36):
        pitch, decay = 220 * 2 ** (rng.integers(24) / 12), rng.uniform(0.1, 1.5)
        note = np.sin(2 * np.pi * pitch * t) * np.exp(-t / decay) * np.minimum(t / 0.01, 1)
        sound[(rng.integers(samples) + np.arange(len(t))) % samples] += note * rng.uniform(0.2, 1)
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    return np.stack([sound, np.roll(sound, 200)], axis=1).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(("level_db", "bitrate_kbps"), [(-34, 128), (-20, 320), (-14, 128)])
def test_music_needs_and_gets_the_longer_lead_in(level_db: float, bitrate_kbps: int) -> None:
    voiced_ms = [(0, 6_000), *((start, start + 3_000) for start in range(15_013, 75_000, 10_007))]
    track = make_track(plucked(level_db), voiced_ms, 85_000)
    assert repeated_frames(track) > 300
    pieces = track.encoded(bitrate_kbps=bitrate_kbps)[layout.frame_bytes(bitrate_kbps) :]
    assert first_difference(pieces, track.encoded_in_one_piece(bitrate_kbps), bitrate_kbps) is None


def repeated_frames(track: Track) -> int:
    return sum(part.frames for part in plan.plan_ranges(track.spans, track.total) if part.open)


@pytest.mark.slow
def test_a_long_voiced_stretch_is_cut_without_a_trace() -> None:
    track = make_track(noise_loop(-50), [(0, 64_000)], 70_000)
    assert len(plan.plan_batches(plan.plan_ranges(track.spans, track.total))) > 1  # two ffmpegs share it
    assert first_difference(track.encoded()[384:], track.encoded_in_one_piece(128), 128) is None


def test_workers_and_a_missing_loop_change_nothing(track: Track, made: bytes) -> None:
    assert made == track.encoded(jobs=1)
    assert made == track.encoded(jobs=4)
    sink = io.BytesIO()
    encode_mp3(sink, track.sound())
    assert made == sink.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("bitrate_kbps", [64, 128, 320])
def test_the_plain_encoding_gives_the_same_file(track: Track, tmp_path: Path, bitrate_kbps: int) -> None:
    path = tmp_path / "plain.mp3"
    seen: list[int] = []
    with path.open("w+b") as sink:
        sink.write(b"a tag")
        encode_plain(sink, track.sound(bitrate_kbps=bitrate_kbps, progress=seen.append))
    assert path.read_bytes() == b"a tag" + track.encoded(bitrate_kbps=bitrate_kbps)
    assert seen == sorted(seen)
    assert seen[-1] == track.total
    assert list(tmp_path.iterdir()) == [path]  # it has cleaned up


@pytest.mark.parametrize("total_ms", [1, 24, 999])
def test_the_plain_encoding_of_very_short_tracks(total_ms: int) -> None:
    track = make_track(noise_loop(-34), [], total_ms)
    sink = io.BytesIO()
    encode_plain(sink, track.sound())
    assert sink.getvalue() == track.encoded()


def test_a_loop_is_worth_encoding_where_the_track_repeats_it() -> None:
    minute = 60_000
    spans = [Span("voiced", 0, minute), Span("open", minute, 10 * minute), Span("voiced", 10 * minute, 11 * minute)]
    loop = 2 * 60 * SAMPLE_RATE
    assert needs_loop(spans, loop)
    assert not needs_loop(spans, 5 * loop)  # ten minutes, of which nine are heard
    assert not needs_loop([Span("voiced", 0, 60 * minute)], loop)
    night = [Span("open", 0, 8 * 60 * minute)]
    assert needs_loop(night, 30 * 60 * SAMPLE_RATE)
    assert not needs_loop(night, 31 * 60 * SAMPLE_RATE)  # its frames would fill the memory


def test_a_loop_of_one_frame_goes_round_too() -> None:
    hum = np.sin(2 * np.pi * 250 / 6 * 6 * np.arange(FRAME_SAMPLES) / SAMPLE_RATE).astype(np.float32)
    loop = np.stack([hum, hum], axis=1) * np.float32(0.02)  # 250 Hz: six whole cycles in a frame
    track = make_track(loop, [(0, 4_000)], 20_000)
    assert first_difference(track.encoded()[384:], track.encoded_in_one_piece(128), 128) is None


def test_writing_begins_where_the_sink_stands(track: Track, made: bytes) -> None:
    sink = io.BytesIO(b"a tag")
    sink.seek(0, io.SEEK_END)
    encode_mp3(sink, track.sound())
    assert sink.getvalue() == b"a tag" + made
    assert sink.tell() == len(sink.getvalue())


# --- what is heard ---------------------------------------------------------------------------------


def test_the_decoded_track_is_the_mix_to_the_sample(track: Track, tmp_path: Path) -> None:
    """Exact in length and place, and near in sound: where MP3 keeps what is heard, below 4 kHz."""
    heard = ffmpeg.decode_at(track.write(tmp_path / "track.mp3", bitrate_kbps=320))
    assert heard.shape == track.samples.shape
    low = np.fft.rfftfreq(track.total, 1 / SAMPLE_RATE) < 4_000
    wanted, got = (np.fft.rfft(sound.mean(axis=1))[low] for sound in (track.samples, heard))
    error_db = 20 * np.log10(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))
    assert error_db < -20


@pytest.mark.parametrize("total_ms", [1, 24, 999, 2_400, 10_007])
def test_any_length_decodes_exactly(tmp_path: Path, total_ms: int) -> None:
    track = make_track(noise_loop(-34), [], total_ms)
    path = track.write(tmp_path / "short.mp3")
    assert len(ffmpeg.decode_at(path)) == track.total
    assert check(path) == track.total
    assert path.stat().st_size == layout.mp3_bytes(track.total)


@pytest.mark.parametrize("bitrate_kbps", layout.BITRATES)
def test_players_are_told_length_and_bit_rate(tmp_path: Path, bitrate_kbps: int) -> None:
    track = make_track(noise_loop(-34, frames=100), [], 5_003)
    path = track.write(tmp_path / "track.mp3", bitrate_kbps=bitrate_kbps)
    info = MP3(path).info
    assert info.length == pytest.approx(5.003, abs=1e-6)
    assert (info.bitrate, info.bitrate_mode) == (bitrate_kbps * 1000, BitrateMode.CBR)
    assert (info.sample_rate, info.channels, info.encoder_info) == (48_000, 2, "LAME 3.100.0+")
    assert info.track_gain is None
    assert info.album_gain is None
    assert path.stat().st_size == layout.mp3_bytes(track.total, bitrate_kbps)


def test_an_unknown_bit_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="100 kb/s isn't one of 64, 80"):
        layout.mp3_bytes(48_000, 100)


def test_progress_reaches_the_end(track: Track) -> None:
    seen: list[int] = []
    encode_mp3(io.BytesIO(), track.sound(progress=seen.append))
    assert seen == sorted(seen)
    assert seen[-1] == track.total


@pytest.mark.external
@pytest.mark.parametrize("program", ["mpg123", "ffprobe"])
def test_other_players_agree_on_the_length(track: Track, made: bytes, tmp_path: Path, program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} isn't installed")
    path = tmp_path / "track.mp3"
    path.write_bytes(made)
    if program == "mpg123":
        shown = subprocess.run(["mpg123", "-q", "-e", "s16", "-s", path], capture_output=True, check=True)
        assert len(shown.stdout) == track.total * 4
    else:
        entries = ["-show_entries", "stream=duration:format=bit_rate", "-of", "default=nw=1:nk=1"]
        shown = subprocess.run(["ffprobe", "-v", "error", *entries, path], capture_output=True, check=True)
        seconds = float(shown.stdout.split()[0])
        assert seconds == pytest.approx(track.total / SAMPLE_RATE, abs=0.049)  # it counts the padding


# --- the plan of frames ----------------------------------------------------------------------------


@st.composite
def spans_of_a_track(draw: st.DrawFn) -> tuple[Span, ...]:
    lengths = draw(st.lists(st.integers(1, 90_000), min_size=1, max_size=12))
    voiced = draw(st.booleans())
    spans, at = [], 0
    for length in lengths:
        spans.append(Span("voiced" if voiced else "open", at, at + length))
        at += length
        voiced = not voiced
    return tuple(spans)


@given(spans_of_a_track())
def test_every_frame_is_planned_once_and_no_voice_is_taken_for_the_bed(spans: tuple[Span, ...]) -> None:
    total = spans[-1].end_ms * 48
    ranges = plan.plan_ranges(spans, total)
    edges = [0, *(part.last for part in ranges)]
    assert [part.first for part in ranges] == edges[:-1]
    assert edges[-1] == layout.audio_frames(total)
    for part in ranges:
        if part.open:  # its sound, what the encoder remembers of before, and what it looks at after, is the bed alone
            heard_from, heard_to = (part.first - 90) * 24, part.last * 24 + 4
            assert heard_from >= 0
            assert heard_to <= total // 48
            assert not any(s.kind == "voiced" and s.start_ms < heard_to and s.end_ms > heard_from for s in spans)


@given(spans_of_a_track())
def test_batches_hold_every_encoded_frame_in_order_and_stay_small(spans: tuple[Span, ...]) -> None:
    ranges = plan.plan_ranges(spans, spans[-1].end_ms * 48)
    batches = plan.plan_batches(ranges)
    runs = [run for batch in batches for run in batch]
    planned = [frame for part in ranges if not part.open for frame in range(part.first, part.last)]
    assert [frame for run in runs for frame in range(run.first, run.last)] == planned
    assert all(run.lead <= run.first for run in runs)
    longest = plan.MOST_BATCH_FRAMES + plan.MIN_RANGE_FRAMES + 2 * CONVERGENCE_FRAMES
    assert max(sum(run.fed for run in batch) for batch in batches) <= longest


def test_spans_that_leave_a_hole_are_refused(track: Track) -> None:
    with pytest.raises(ValueError, match="tile"):
        plan.plan_ranges(track.spans[1:], track.total)
    with pytest.raises(ValueError, match="tile"):
        plan.plan_ranges(track.spans, track.total + 48)


def test_a_loop_that_isnt_whole_frames_is_refused(track: Track) -> None:
    with pytest.raises(ValueError, match="whole number of frames"):
        encode_loop(track.bed, len(track.loop) - 1)
    with pytest.raises(ValueError, match="doesn't belong"):
        encode_mp3(io.BytesIO(), track.sound(), bytes(400))


# --- broken files ----------------------------------------------------------------------------------


def test_a_whole_file_passes(track: Track, made: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.mp3"
    path.write_bytes(made)
    frames = layout.audio_frames(track.total)
    with path.open("rb") as file:
        found = layout.read_structure(file, len(made))
    assert found == layout.Mp3Structure(0, frames, track.total, 128)
    assert check(path) == track.total


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-1], "it should have"),
        (lambda data: data[: len(data) // 2], "it should have"),
        (lambda data: data[384:], "no Info frame"),
        (lambda data: data + b"\0" * 128, "it should have"),
        (lambda data: data[:100], "no Info frame"),
        (lambda data: b"", "no frame begins"),
        (lambda data: b"ID3\x03\0\0\0\0\x7f\x7f" + data, "no frame begins"),
        (lambda data: b"ID3\x03\0\0\xff\0\x7f\x7f" + data, "ID3 tag is damaged"),
        (lambda data: replaced(data, 47, b"\1"), "Info frame is damaged"),
        (lambda data: replaced(data, 384 * 1000, b"\0"), "the frame at 23.976 s doesn't begin"),
        (lambda data: replaced(data, 384 * 1000 + 200, bytes([data[384 * 1000 + 200] ^ 1])), "check sum"),
        (lambda data: replaced(data, 384 * 9, data[384 * 10 : 384 * 11] + data[384 * 9 : 384 * 10]), "check sum"),
    ],
    ids=[
        "last-byte", "half", "no-info", "trailing", "stub", "empty", "tag-too-long", "bad-tag", "frame-count", "sync",
        "one-bit", "frames-swapped",
    ],
)  # fmt: skip
def test_damage_is_found(made: bytes, tmp_path: Path, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "damaged.mp3"
    path.write_bytes(damage(made))
    with pytest.raises(TrackError, match=says) as caught:
        check(path)
    assert caught.value.where == str(path)


def test_a_file_that_isnt_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.mp3"):
        check(tmp_path / "gone.mp3")


# --- failures and interruptions --------------------------------------------------------------------


def ffmpeg_children(of: psutil.Process) -> Iterator[psutil.Process]:
    for child in of.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.name().startswith("ffmpeg"):
                yield child


def test_an_encoder_that_dies_is_an_error(track: Track) -> None:
    def mix(start: int, end: int) -> Samples:
        if start > 0:
            for child in ffmpeg_children(psutil.Process()):
                child.kill()
        return track.mix(start, end)

    with pytest.raises(TrackError, match=r"ffmpeg (failed \(exit|was ended by signal)"):
        encode_mp3(io.BytesIO(), TrackSound(mix, track.total))
    assert not list(ffmpeg_children(psutil.Process()))


def test_an_error_in_the_mix_comes_through(track: Track) -> None:
    def mix(start: int, end: int) -> Samples:
        raise OverflowError("the mix broke")

    with pytest.raises(OverflowError, match="the mix broke"):
        encode_mp3(io.BytesIO(), TrackSound(mix, track.total))
    assert not list(ffmpeg_children(psutil.Process()))


ENDLESS = """
import io, itertools, sys
import numpy as np
from generator.formats import TrackSound
from generator.formats.mp3_frames import encode_mp3

rng = np.random.default_rng(1)
loop = (rng.standard_normal((1152 * 100, 2)) / 50).astype(np.float32)
calls = itertools.count()

def mix(start, end):
    if next(calls) == 10:  # half a minute of sound, of which the encoders have taken most
        print("going", flush=True)
    return loop[np.arange(start, end) % len(loop)]

hours = 3_600_000 * 10
print("about to", flush=True)
encode_mp3(io.BytesIO(), TrackSound(mix, hours * 48))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there an interruption can't be sent to one process")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_no_encoder_behind() -> None:
    """Interrupted in the middle of a long encoding, with ffmpegs running."""
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = iter(process.stdout)
        assert next(lines) == b"about to\n"
        assert next(lines) == b"going\n"
        children = list(ffmpeg_children(psutil.Process(process.pid)))
        process.send_signal(signal.SIGINT)
        complaint = process.stderr.read()
    assert children
    assert b"KeyboardInterrupt" in complaint
    assert psutil.wait_procs(children, timeout=10)[1] == []


# --- long tracks -----------------------------------------------------------------------------------

LONG = """
import sys
import numpy as np
import psutil
from generator.formats import TrackSound
from generator.formats.mp3_frames import encode_loop, encode_mp3
from generator.model import Span

minutes = int(sys.argv[1])
rng = np.random.default_rng(1)
loop = (rng.standard_normal((1152 * 200, 2)) / 50).astype(np.float32)
total = minutes * 60_000 * 48

def mix(start, end):
    at = np.arange(start, end)
    return loop[at % len(loop)] * (at < total)[:, None]

with open(sys.argv[2], "w+b") as sink:
    encoded_loop = encode_loop(lambda start, end: loop[np.arange(start, end) % len(loop)], len(loop))
    spans = [Span("open", 0, total // 48)]
    encode_mp3(sink, TrackSound(mix, total, spans), encoded_loop)
print(psutil.Process().memory_info().peak_wset if sys.platform == "win32" else
      __import__("resource").getrusage(__import__("resource").RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_memory_doesnt_grow_with_eight_hours_of_bed(tmp_path: Path) -> None:
    peaks = []
    for minutes in (10, 480):
        path = tmp_path / f"{minutes}.mp3"
        shown = subprocess.run([sys.executable, "-c", LONG, str(minutes), path], capture_output=True, check=True)
        peaks.append(int(shown.stdout))
        assert path.stat().st_size == layout.mp3_bytes(minutes * 60 * SAMPLE_RATE)
    assert check(path) == 480 * 60 * SAMPLE_RATE
    assert peaks[1] - peaks[0] < 30_000_000  # the file itself has 461 MB
    path.unlink()
