"""`verify`: a good track passes, and each kind of damage fails the row that is there for it, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from generator.beds.loops import blocks
from generator.cli.verify import verify_command
from generator.dsp.loudness import momentary_lufs
from generator.dsp.true_peak import true_peak_db
from generator.errors import InputError
from generator.formats import Tags, read_tags
from generator.verify import Measurement, Report, TrackPlan, judge, measure, read_plan, verify
from tests.conftest import NIGHT, TONE, Command, InsideCommand, Track

MS = 48
SECOND = 1000 * MS


class Take:
    """A built track taken apart: its voice, its background, its plan; put together again with damage done."""

    def __init__(self, track: Track, voice: Any) -> None:
        self.path = track.path
        self.voice = voice
        self.bed = track.samples - voice
        self.bed.setflags(write=False)
        tags = read_tags(self.path)
        assert tags is not None
        self.tags = tags
        self.planned = read_plan(tags.plan_json, str(self.path))

    def phrase(self, number: int) -> slice:
        event = self.planned.speech[number]
        return slice((event.start_ms - 40) * MS, (event.end_ms + 120) * MS)

    @cached_property
    def undamaged(self) -> Measurement:
        return measure(self._sum(self.voice, self.bed), self.planned.timeline.duration_ms)

    @staticmethod
    def _sum(voice: Any, bed: Any) -> Iterator[Any]:
        """Piece by piece, as a track is decoded: a whole one has 23 MB a minute."""
        return (voice[start:end] + bed[start:end] for start, end in blocks(len(voice)))

    def faults(self, voice: Any = None, bed: Any = None, **changes: Any) -> set[str]:
        """The rows that fail."""
        if voice is None and bed is None:
            return self.failing(self.undamaged, **changes)
        pieces = self._sum(self.voice if voice is None else voice, self.bed if bed is None else bed)
        return self._judged(pieces, **changes)

    def judged(self, sound: Any) -> set[str]:
        return self._judged(sound[start:end] for start, end in blocks(len(sound)))

    def _judged(self, pieces: Iterator[Any], planned: TrackPlan | None = None, tags: Tags | None = None) -> set[str]:
        heard = measure(pieces, (planned or self.planned).timeline.duration_ms)
        return self.failing(heard, planned, tags)

    def failing(self, heard: Measurement, planned: TrackPlan | None = None, tags: Tags | None = None) -> set[str]:
        return {row.id for row in judge(heard, planned or self.planned, tags or self.tags) if row.ok is False}


class Takes(dict[str, Take]):
    """The last two that were asked for, with one voice for all: a minute takes 23 MB."""

    def __init__(self, tracks: dict[str, Track]) -> None:
        super().__init__()
        self._tracks = tracks
        self._voice = tracks["none"].samples
        self._voice.setflags(write=False)

    def __missing__(self, bed: str) -> Take:
        if len(self) == 2:
            del self[next(iter(self))]
        take = self[bed] = Take(self._tracks[bed], self._voice)
        return take


@pytest.fixture(scope="module")
def takes(tracks: dict[str, Track]) -> dict[str, Take]:
    return Takes(tracks)


@pytest.fixture
def rain(takes: dict[str, Take]) -> Take:
    return takes["rain"]


@pytest.fixture(scope="module")
def reports(tracks: dict[str, Track]) -> dict[str, Report]:
    return {bed: verify(track.path) for bed, track in tracks.items()}


# --- good tracks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bed", ["none", "brown", "rain"])
def test_a_good_track_passes(reports: dict[str, Report], bed: str) -> None:
    report = reports[bed]
    assert report.ok, report.failed
    judged = {row.id for row in report.rows if row.ok}
    assert {"structure", "duration", "speech", "stray", "loudness", "true-peak", "end", "chapters", "tail"} <= judged
    grounded = {"gap", "gap-tenth", "startle", "dropouts", "fade-in", "fade-out", "seams", "correlation", "mono"}
    assert grounded <= judged or bed == "none"


SOFT = """\
I'll be quiet for a while now. [4s]
Draw one knee in to your chest, and then the other. [4s]
Let go, and lower both feet to the bed, one by one. [4s]
Breathe, and soften your waist. [4s]
In a moment, we'll change sides. [4s]
Bring your left knee and your face back to the middle. [4s]
Good night. [4s]
[sleep]
"""


def test_soft_first_and_last_sounds_of_the_natural_voice_are_heard(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "soft.txt").write_text(SOFT, encoding="utf-8")
    sleepward("build", "soft.txt", "--voice", "heart", "--background", "brown", "--tail", "10s", "-o", "soft.mp3")
    sleepward("verify", "soft.mp3")


def test_what_cannot_be_judged_says_why_and_is_not_ok(reports: dict[str, Report]) -> None:
    silent = {row.id: row for row in reports["none"].rows if row.ok is None}
    assert {"gap", "gap-tenth", "startle", "dropouts", "fade-in", "fade-out", "correlation", "mono"} <= set(silent)
    assert all(row.note for row in silent.values())


def test_of_a_few_seconds_of_background_the_sides_are_not_judged(sleepward: Command, tmp_path: Path) -> None:
    """A drone's tones beat so slowly that a few seconds of it may lie anywhere between both sides."""
    said = "Lightly free your right hand. [1s]\nSlowly soften your left foot. [1s]\nNotice your brow.\n[sleep]\n"
    (tmp_path / "short.txt").write_text(f"# Night\n{said}", encoding="utf-8")
    sleepward("build", "short.txt", "--voice", "tone", "--background", "drone", "--tail", "10s", "-o", "short.mp3")
    report = verify(tmp_path / "short.mp3")
    assert {row.id for row in report.rows if row.ok is None} >= {"correlation", "mono"}
    assert not [row for row in report.rows if row.ok is False]


def test_what_was_measured_is_what_the_standard_measures(tracks: dict[str, Track], reports: dict[str, Report]) -> None:
    samples = tracks["rain"].samples
    reference = momentary_lufs(samples)
    mine = reports["rain"].momentary_lufs[: len(reference)]
    loud = reference > -50
    assert np.percentile(np.abs(mine - reference)[loud], 99) < 0.15
    heard = measure([samples[:SECOND], samples[SECOND : 40 * SECOND]], 40_000)  # in whatever pieces it comes
    assert abs(20 * np.log10(heard.true_peak) - true_peak_db(samples[: 40 * SECOND])) < 0.01
    assert heard.samples == 40 * SECOND


def test_the_gap_is_that_of_the_mix(tracks: dict[str, Track], reports: dict[str, Report]) -> None:
    """The default asks for 15 LU; the estimate from the finished file stays within one of it."""
    for bed in ("brown", "rain"):
        row = next(row for row in reports[bed].rows if row.id == "gap")
        assert abs(float(row.measured.removesuffix(" LU")) - 15) < 1


# --- damage: the voice -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("late_ms", [-200, 200])
def test_a_phrase_at_another_time(rain: Take, late_ms: int) -> None:
    voice = rain.voice.copy()
    place = rain.phrase(6)
    said = voice[place].copy()
    voice[place] = 0
    voice[place.start + late_ms * MS : place.stop + late_ms * MS] += said
    assert rain.faults(voice=voice) == {"speech"}


def test_a_phrase_that_is_missing_or_breaks_off(rain: Take) -> None:
    place = rain.phrase(6)
    for gone in (place, slice(place.start + (place.stop - place.start) // 2, place.stop)):
        voice = rain.voice.copy()
        voice[gone] = 0
        assert rain.faults(voice=voice) == {"speech"}


@pytest.mark.parametrize("bed", ["none", "rain"])
def test_a_voice_where_none_is_planned(takes: dict[str, Take], bed: str) -> None:
    take = takes[bed]
    voice = take.voice.copy()
    said = take.voice[take.phrase(20)]
    start = (take.planned.timeline.guided_ms + 2_000) * MS
    voice[start : start + len(said)] += said
    assert take.faults(voice=voice) - {"seams"} == {"stray"}  # its consonants are sharper than any background


@pytest.mark.parametrize("gain_db", [-1.6, 1.6])
def test_a_voice_too_loud_or_too_soft(rain: Take, gain_db: float) -> None:
    faults = rain.faults(voice=rain.voice * np.float32(10 ** (gain_db / 20)))
    assert faults - {"speech"} == {"loudness"}  # the ends of a softer voice may drown in the rain
    assert gain_db < 0 or "speech" not in faults


def test_a_background_too_near_the_voice(rain: Take) -> None:
    assert "gap" in rain.faults(bed=rain.bed * np.float32(10 ** (4 / 20)))


def test_some_phrases_too_near_the_background(rain: Take) -> None:
    voice = rain.voice.copy()
    gliding = [number for number, glide_db in enumerate(rain.planned.glide_db) if glide_db < 0]
    for number in gliding[:5]:
        voice[rain.phrase(number)] *= np.float32(10 ** (-5 / 20))
    assert rain.faults(voice=voice) == {"gap-tenth"}


def test_a_voice_that_startles(rain: Take) -> None:
    assert rain.faults(bed=rain.bed * np.float32(10 ** (-4.5 / 20))) == {"startle"}


def test_startling_counts_only_where_it_was_promised(rain: Take) -> None:
    settings = {**rain.planned.settings, "background_level": 20.0}
    planned = read_plan(json.dumps({**rain.planned.plan, "settings": settings}), "it")
    assert rain.faults(bed=rain.bed * np.float32(10 ** (-5 / 20)), planned=planned) == set()


def test_a_voice_off_the_middle(takes: dict[str, Take]) -> None:
    take = takes["none"]
    assert take.faults(voice=take.voice * np.float32([1, 0.9])) == {"centre"}


# --- damage: the background ----------------------------------------------------------------------------------


def dipped(bed: Any, first: int, last: int, gain: float) -> Any:
    """`bed` lowered to `gain` from sample `first` to `last`, with edges of 50 ms."""
    edge = 50 * MS
    curve = np.interp(np.arange(len(bed)), [first - edge, first, last, last + edge], [1, gain, gain, 1])
    return bed * curve[:, None].astype(np.float32)


def open_place(take: Take) -> int:
    """A sample in the middle of the longest stretch that says nothing, between the fades."""
    said = take.planned.speech
    gaps = [(after.start_ms - before.end_ms, before.end_ms) for before, after in zip(said, said[1:], strict=False)]
    length_ms, start_ms = max(gaps)
    return (start_ms + length_ms // 2) * MS


@pytest.mark.parametrize("under_speech", [False, True])
def test_a_background_that_drops_out(rain: Take, under_speech: bool) -> None:
    at = rain.phrase(20).start if under_speech else open_place(rain)
    assert "dropouts" in rain.faults(bed=dipped(rain.bed, at, at + SECOND, 0))


def test_a_background_that_nearly_drops_out(rain: Take) -> None:
    assert rain.faults(bed=dipped(rain.bed, open_place(rain), open_place(rain) + SECOND, 0.2)) == {"dropouts"}


def test_a_background_that_begins_at_once(rain: Take) -> None:
    bed = rain.bed.copy()
    body = bed[open_place(rain) - SECOND : open_place(rain) + SECOND]
    bed[: 8 * SECOND] = np.concatenate([body] * 4)
    assert "fade-in" in rain.faults(bed=bed)


def test_a_background_that_ends_at_once(rain: Take) -> None:
    bed = rain.bed.copy()
    end = len(bed)
    body = bed[end - 68 * SECOND : end - 62 * SECOND]
    bed[end - 56 * SECOND : end - 2 * SECOND] = np.concatenate([body] * 9)
    bed[end - 2 * SECOND :] = 0
    assert rain.faults(bed=bed) == {"fade-out"}


def test_an_end_that_is_not_silent(rain: Take) -> None:
    bed = rain.bed.copy()
    bed[-SECOND:] += np.float32(0.001) * np.sin(np.arange(SECOND, dtype=np.float32) / 20)[:, None]
    assert rain.faults(bed=bed) == {"end"}


@pytest.mark.parametrize("bed", ["none", "brown", "rain"])
def test_a_click(takes: dict[str, Take], bed: str) -> None:
    take = takes[bed]
    damaged = take.bed.copy()
    damaged[open_place(take), 0] += 0.1
    assert take.faults(bed=damaged) == {"stray" if bed == "none" else "seams"}


def test_a_seam_that_jumps(rain: Take) -> None:
    """Half of a background put where it doesn't join: a step as large as the sound itself."""
    bed = rain.bed.copy()
    at = open_place(rain)
    steps = np.abs(bed[at : at + SECOND] - bed[at + 24_001 : at + 24_001 + SECOND]).max(axis=1)
    at += int(np.argmax(steps))
    bed[at : at + 200 * MS] = bed[at + 24_001 : at + 24_001 + 200 * MS].copy()
    assert rain.faults(bed=bed) == {"seams"}


@pytest.mark.slow
def test_a_background_in_mono_or_out_of_phase(rain: Take) -> None:
    middle = rain.bed.mean(axis=1, keepdims=True)
    assert rain.faults(bed=np.repeat(middle, 2, axis=1) * np.float32(1.1)) == {"correlation"}
    assert {"correlation", "mono"} <= rain.faults(bed=rain.bed * np.float32([1, -1]))


def test_a_background_that_one_speaker_loses(rain: Take) -> None:
    assert rain.faults(bed=rain.bed * np.float32([1.35, 0.25])) == {"mono"}


# --- damage: the file ------------------------------------------------------------------------------------------


def test_a_peak_too_high(rain: Take) -> None:
    voice = rain.voice.copy()
    voice[(rain.phrase(3).start + rain.phrase(3).stop) // 2] = 0.9
    assert rain.faults(voice=voice) == {"true-peak"}


def test_a_length_that_is_off_by_a_sample(rain: Take) -> None:
    assert rain.judged((rain.voice + rain.bed)[:-1]) == {"duration"}


def test_a_tail_that_is_too_long(rain: Take) -> None:
    sound = rain.voice + rain.bed
    at = (rain.planned.timeline.guided_ms + 3_000) * MS
    longer = np.concatenate([sound[:at], sound[at - SECOND : at], sound[at:]])
    assert {"duration", "tail"} <= rain.judged(longer)


def test_a_chapter_that_is_moved_or_lost(rain: Take) -> None:
    first, second, *others = rain.tags.chapters
    moved = (replace(first, end_ms=first.end_ms + 500), replace(second, start_ms=second.start_ms + 500), *others)
    for chapters in (moved, rain.tags.chapters[:-1], (replace(first, title="Another"), second, *others)):
        assert rain.faults(tags=replace(rain.tags, chapters=chapters)) == {"chapters"}


def test_chapters_that_leave_a_gap(rain: Take) -> None:
    plan = json.loads(rain.tags.plan_json)
    plan["chapters"][1]["start_ms"] += 10
    assert rain.faults(planned=read_plan(json.dumps(plan), "it")) == {"chapters"}


def test_sides_held_unequally(rain: Take) -> None:
    plan = {**json.loads(rain.tags.plan_json), "routine": "deep-hip-opening"}
    assert rain.faults(planned=read_plan(json.dumps(plan), "it")) == set()
    held = next(event for event in plan["events"] if event["kind"] == "hold" and event["round"] == "left")
    held["end_ms"] -= 10
    assert rain.faults(planned=read_plan(json.dumps(plan), "it")) == {"holds"}


def test_a_file_that_is_cut_short(tracks: dict[str, Track], tmp_path: Path) -> None:
    """Its header still says the whole length."""
    whole = tracks["rain"].path.read_bytes()
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    failed = {row.id for row in verify(cut).failed}
    assert {"structure", "duration", "speech", "tail"} <= failed


def test_a_file_with_a_damaged_frame(tracks: dict[str, Track], tmp_path: Path) -> None:
    damaged = bytearray(tracks["rain"].path.read_bytes())
    at = len(damaged) // 2
    damaged[at : at + 40] = bytes(40)
    path = tmp_path / "damaged.mp3"
    path.write_bytes(damaged)
    assert "structure" in {row.id for row in verify(path).failed}


def test_a_file_whose_sound_is_gone(tracks: dict[str, Track], tmp_path: Path) -> None:
    whole = tracks["rain"].path.read_bytes()
    tag_bytes = 10 + sum(byte << shift for byte, shift in zip(whole[6:10], (21, 14, 7, 0), strict=True))
    path = tmp_path / "tag.mp3"
    path.write_bytes(whole[:tag_bytes])
    assert {"structure", "duration", "speech", "dropouts"} <= {row.id for row in verify(path).failed}


# --- other backgrounds, other files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("background", "texture"),
    [
        ("none", "none"),
        ("rain", "noise"),
        ("drone", "tones"),
        ("rain+drone:-6", "tones"),
        ("pink:-3+rain", "noise"),
        ("songs/lullaby.flac", "music"),
        ("rain+songs/lullaby.flac:-10", "music"),
        ("a+b:3.flac:-2+rain", "music"),
        ("./lullaby", "music"),
    ],
)
def test_how_lively_a_background_is(rain: Take, background: str, texture: str) -> None:
    assert over(rain, background).texture == texture


@pytest.mark.parametrize("background", ["hail", "rain+hail:-6", "hail+rain", "songs/lullaby.flac+hail"])
def test_a_background_that_this_version_does_not_know_is_told_and_not_guessed(rain: Take, background: str) -> None:
    with pytest.raises(InputError, match=r"(?s)it.*no background 'hail.*update"):
        over(rain, background)


def over(take: Take, background: str) -> TrackPlan:
    """The plan of a track, as if it had been built over another background."""
    settings = {**take.planned.settings, "background": background}
    return read_plan(json.dumps({**take.planned.plan, "settings": settings}), "it")


def test_over_music_what_cannot_be_told_is_not_ok(rain: Take) -> None:
    planned = over(rain, "lullaby.mp3")
    rows = judge(rain.undamaged, planned, rain.tags)
    assert {row.id for row in rows if row.ok is None} >= {"stray", "seams", "correlation", "mono"}
    assert next(row for row in rows if row.id == "gap").limit.startswith(">= 10 LU")


def test_a_chord_of_the_music_just_before_a_phrase_is_none_of_the_voice(rain: Take) -> None:
    planned = over(rain, "lullaby.mp3")
    start = planned.speech[20].start_ms
    chord = np.sin(2 * np.pi * 330 * np.arange(60 * MS) / (1000 * MS)) * np.hanning(60 * MS) * 0.03
    bed = rain.bed.copy()
    bed[(start - 200) * MS : (start - 140) * MS] += chord[:, None].astype(np.float32)
    assert "speech" not in rain.faults(bed=bed, planned=planned)
    early = np.roll(rain.voice[: (start + 5_000) * MS], -200 * MS, axis=0)
    assert "speech" in rain.faults(np.concatenate([early, rain.voice[len(early) :]]), planned=planned)


def test_a_file_that_is_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"\xff\xfb\x94\x44" + bytes(400))
    with pytest.raises(InputError, match=r"song\.mp3.*carries no plan"):
        verify(path)


@pytest.mark.parametrize("change", [{"version": 2}, {"events": None}, {"settings": {}}])
def test_a_plan_that_cannot_be_read(rain: Take, change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="plan"):
        read_plan(json.dumps({**rain.planned.plan, **change}), "it")


# --- the command -----------------------------------------------------------------------------------------------

BRIEF = "---\ntitle: A brief night\n---\n# Rest\nLet the jaw be loose. [2s]\nLet the body rest. [2s]\n[sleep]\n"


@pytest.fixture(scope="module")
def brief(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A track of some seconds, for what the command does with any."""
    folder = tmp_path_factory.mktemp("brief")
    (folder / "brief.txt").write_text(BRIEF, encoding="utf-8")
    words = ("brief.txt", *TONE, "--background", "brown", "--tail", "10s", "-o", "brief.mp3")
    InsideCommand(folder)("build", *words)
    return folder / "brief.mp3"


@pytest.fixture
def run() -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(verify_command, [str(word) for word in words])


def test_the_command_shows_a_table(run: Any, tracks: dict[str, Track]) -> None:
    done = run(tracks["rain"].path)
    assert done.exit_code == 0
    assert "A short night" in done.output
    assert "voice at the start" in done.output
    assert max(map(len, done.output.splitlines())) <= 110


def test_the_command_leaves_1_and_names_what_fails(run: Any, brief: Path, tmp_path: Path) -> None:
    whole = brief.read_bytes()
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    done = run(cut, brief, "--json")
    assert done.exit_code == 1
    first, second = map(json.loads, done.output.splitlines())
    assert (first["ok"], second["ok"]) == (False, True)
    broken = next(row for row in first["rows"] if row["id"] == "structure")
    assert not broken["ok"]
    assert "bytes" in broken["note"]


def test_one_that_cannot_be_read_does_not_hide_the_others(run: Any, brief: Path, tmp_path: Path) -> None:
    (tmp_path / "words.mp3").write_text(NIGHT, encoding="utf-8")
    done = run(tmp_path / "words.mp3", brief)
    assert done.exit_code == 2
    assert "carries no plan" in done.stderr
    assert "A brief night" in done.stdout


def test_the_command_plots(run: Any, brief: Path, tmp_path: Path) -> None:
    path = tmp_path / "night.png"
    assert run(brief, "--plot", path).exit_code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    wrong = run(brief, "--plot", tmp_path / "night.gif")
    assert isinstance(wrong.exception, InputError)
