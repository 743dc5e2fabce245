"""The rows of the sound targets on real builds: 1, 2, 3, 4, 7, 8 and 11.

The rows' numbers stand in the tests. Levels between voice and bed are measured before the MP3, whose own noise costs
1 to 2 LU; everything else on the decoded file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator import beds, build
from generator.cache import Cache
from generator.loudness import integrated_lufs, momentary_lufs, true_peak_db, ungated_lufs
from generator.mixing import Levels, Mix, glide_db
from generator.model import CLIP_HEAD_MS, CLIP_TAIL_MS, Bed
from tests.conftest import Track

MS = 48
BEDS = ["brown", "rain"]

SENTENCES = [
    "Let your shoulders grow heavy.",
    "Breathe in through the nose, and feel the ribs open to each side.",
    "Rest here.",
    "Now the right knee drops open, as far as it likes.",
    "One hand comes to rest on your belly, and the other hand on your heart.",
    "Soften the jaw, the tongue, and the small muscles round the eyes.",
    "If this is too strong, choose a smaller shape and stay there.",
    "Slowly, both legs slide long.",
    "There is nothing to finish tonight.",
    "Press the left hand into the mattress, and roll onto your side.",
    "Feel the mattress carry the whole weight of the leg.",
    "Stay with this, and I'll be quiet.",
]


def load_bed(name: str, cache: Cache) -> Bed:
    return beds.load_bed(beds.parse_background(name), cache, breath_ms=10_000, inhale_ms=4_000)


def long_script() -> str:
    """Forty-eight phrases in four poses: enough for medians and tenths, and for the whole glide."""
    lines = ["---\ntitle: Sound\n---"]
    for index in range(4):
        lines += [f"# Pose {index}", f"[pose pose-{index} only]"]
        lines += [f"{sentence} [{3 + number % 4}s]" for number, sentence in enumerate(SENTENCES)]
    return "\n".join([*lines, "[sleep]"])


class Take:
    """One script over one bed, mixed by the real stages: the voice alone, the bed alone, both."""

    def __init__(self, bed: str, home: Path, *, loudness: str = "-22", glide: str = "on") -> None:
        cache = Cache(home / "cache")
        flags: dict[str, str | None] = {"background": bed, "tail": "60s", "loudness": loudness, "glide": glide}
        piece = build.read(build.Source(long_script(), "sound", "sound.txt"), flags)
        planned = build.plan(piece, build.Means(cache, 2))
        levels = Levels(piece.settings.loudness, piece.settings.background_level, piece.settings.glide == "on")
        self.timeline = planned.timeline
        self.speech = [event for event in planned.timeline.events if event.kind == "speech"]
        self.mix = Mix(planned.timeline, planned.narration.clip, load_bed(bed, cache), levels)
        silent = Mix(planned.timeline, planned.narration.clip, load_bed("none", cache), levels)
        self.voice = silent.render(0, silent.total_samples)
        self.both = self.mix.render(0, self.mix.total_samples)
        self.bed = self.both - self.voice

    def phrase(self, sound: Any, event: Any) -> Any:
        return sound[event.start_ms * MS : event.end_ms * MS]

    def gaps_lu(self) -> np.ndarray:
        """Voice over bed while speech sounds, per phrase."""
        return np.array(
            [ungated_lufs(self.phrase(self.voice, e)) - ungated_lufs(self.phrase(self.bed, e)) for e in self.speech]
        )


@pytest.fixture(scope="module")
def takes(home: Path) -> dict[str, Take]:
    return {bed: Take(bed, home) for bed in BEDS}


def chapter_of(take: Take, index: int) -> list[Any]:
    return [event for event in take.speech if event.chapter == index]


def test_row_1_the_voice_is_at_minus_22_at_the_start(takes: dict[str, Take]) -> None:
    take = takes["rain"]
    start = take.voice[: chapter_of(take, 0)[-1].end_ms * MS]
    assert abs(integrated_lufs(start) + 22) <= 1


def test_row_1_the_loudness_setting_moves_it(home: Path) -> None:
    take = Take("none", home, loudness="-18", glide="off")
    assert abs(integrated_lufs(take.voice) + 18) <= 1
    assert true_peak_db(take.both) <= -3


def test_row_1_on_the_decoded_file(tracks: dict[str, Track]) -> None:
    track = tracks["none"]
    arrival_end = track.plan["chapters"][1]["end_ms"] * MS
    assert abs(integrated_lufs(track.samples[:arrival_end]) + 22) <= 1


@pytest.mark.parametrize("bed", ["none", *BEDS])
def test_row_2_true_peak(tracks: dict[str, Track], bed: str) -> None:
    assert true_peak_db(tracks[bed].samples) <= -3


@pytest.mark.parametrize("bed", BEDS)
def test_row_3_voice_over_bed_per_phrase(takes: dict[str, Take], bed: str) -> None:
    take = takes[bed]
    gaps = take.gaps_lu()
    chapters = np.array([event.chapter for event in take.speech])
    first, last = gaps[chapters == 0], gaps[chapters == 3]
    assert np.median(first) >= 15
    assert np.percentile(first, 10) >= 13
    assert np.median(last) >= 12  # the glide: 3 less at the end
    assert np.percentile(last, 10) >= 10


@pytest.mark.parametrize("bed", BEDS)
def test_row_4_nothing_startles(takes: dict[str, Take], tracks: dict[str, Track], bed: str) -> None:
    """Rise of the momentary loudness (400 ms) over 400 ms, where the bed has come in, on the mix and the file."""
    for sound in (takes[bed].both, tracks[bed].samples):
        momentary = momentary_lufs(sound[8_000 * MS : -60_000 * MS], hop_ms=100)
        rise = momentary[4:] - momentary[:-4]
        assert rise.max() <= 20


def test_row_6_the_glide_ends_3_db_lower_by_steps(takes: dict[str, Take], home: Path) -> None:
    take = takes["brown"]
    assert list(glide_db(take.timeline).values()) == [0, -1, -2, -3]
    loudness = [
        integrated_lufs(np.concatenate([take.phrase(take.voice, e) for e in chapter_of(take, i)])) for i in range(4)
    ]
    assert np.allclose(np.diff(loudness), -1, atol=0.1)
    still = Take("none", home, glide="off")
    a, b = (np.concatenate([still.phrase(still.voice, e) for e in chapter_of(still, i)]) for i in (0, 3))
    assert np.array_equal(a, b)


@pytest.mark.parametrize("bed", BEDS)
def test_row_7_fades(tracks: dict[str, Track], bed: str) -> None:
    samples = tracks[bed].samples
    seconds = samples[: len(samples) // (1000 * MS) * 1000 * MS].reshape(-1, 1000 * MS * 2).astype(np.float64)
    level = 10 * np.log10(np.square(seconds).mean(axis=1) + 1e-12)
    assert level[0] < level[6] - 15  # 8 s in
    assert np.all(np.diff(level[:7]) > 0)
    assert level[-1] <= -70
    tail = level[-70:]
    assert abs(tail[2] - tail[7]) < 3  # full for the first ten of its seventy seconds …
    fade = tail[-60:]
    smooth = fade[::5]
    assert np.all(np.diff(smooth[1:]) < 1)  # … then ever softer, but for the bed's own unevenness
    assert (
        np.abs(np.diff(fade[:-8])).max() < 3
    )  # and never in a step (at the very end the cosine falls fast, near silence)


def test_row_7_the_shortest_tail_ends_softly_too(home: Path) -> None:
    cache = Cache(home / "cache")
    for bed in BEDS:
        flags: dict[str, str | None] = {"background": bed, "tail": "10s"}
        planned = build.plan(build.read(build.Source("Rest here.\n[sleep]", "x", "x"), flags), build.Means(cache, 2))
        mix = Mix(planned.timeline, planned.narration.clip, load_bed(bed, cache), Levels())
        last = mix.render(mix.total_samples - 48_000, mix.total_samples).astype(np.float64)
        assert 10 * np.log10(np.square(last).mean() + 1e-12) <= -70


def test_row_8_clip_edges_never_click(takes: dict[str, Take]) -> None:
    """At an onset no 10 ms are more than 25 dB louder than those before, once they can be heard at all (-60 dBFS)."""
    take = takes["rain"]
    for event in take.speech[:12]:
        clip = take.voice[(event.start_ms - CLIP_HEAD_MS) * MS : (event.end_ms + CLIP_TAIL_MS) * MS]
        phrase = clip[:, 0].astype(np.float64)
        windows = phrase[: len(phrase) // 480 * 480].reshape(-1, 480)
        level = np.maximum(10 * np.log10(np.square(windows).mean(axis=1) + 1e-12), -60)
        assert np.diff(level[:12]).max() <= 25, event
        assert abs(phrase[0]) < 1e-3
        assert abs(phrase[-1]) < 1e-3
        assert level[-1] == -60


@pytest.mark.parametrize("bed", BEDS)
def test_row_11_stereo(tracks: dict[str, Track], bed: str) -> None:
    voice = tracks["none"].samples
    assert np.abs(voice[:, 0] - voice[:, 1]).max() < 1e-3  # centred
    start = tracks[bed].plan["guided_ms"] * MS
    tail = tracks[bed].samples[start : start + 9_000 * MS].astype(np.float64)
    correlation = np.corrcoef(tail[:, 0], tail[:, 1])[0, 1]
    assert 0.45 <= correlation <= 0.7
    mono = tail.mean(axis=1)
    loss_db = 10 * np.log10(np.square(tail).mean() / np.square(mono).mean())
    assert loss_db <= 1.5
