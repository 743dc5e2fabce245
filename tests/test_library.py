"""A library file to tasks, and tasks to results: names that every system takes, faults at their lines, no track lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.beds import bed_identity, parse_background
from generator.build.fingerprint import settings_part, sound_fingerprint
from generator.build.pipeline import read_spec
from generator.definition.library_reading import read_library
from generator.errors import DefinitionError, InputError
from generator.library.folder import FolderStore
from generator.library.manifest import Manifest, ManifestEntry, dump_manifest, merged, parse_manifest
from generator.library.names import collisions, name_fault, slug
from generator.library.places import places_of
from generator.library.protocols import BuildTask, FinishedTask, TaskResult
from generator.library.requested_tracks import RequestedTrack, requested_tracks
from generator.library.scheduler import MAX_LOSSES, run_tasks
from generator.pronunciation.lexicon import EMPTY_LEXICON
from generator.settings import PARSERS, SETTINGS, Settings
from generator.storage.cache import content_key
from generator.system import ffmpeg
from generator.values import CountVoice, Cover
from generator.voices.narration import voice_identity
from generator.workspace import Workspace
from generator.workspace.script_sources import ScriptSource

ROUTINES = ["deep-hip-opening", "lower-back-relief"]


def requested(text: str) -> list[RequestedTrack]:
    library, source = read_library(text, "l.yaml", known_settings=PARSERS, known_routines=ROUTINES)
    found = requested_tracks(library, source)
    source.raise_faults()
    return found


def names(text: str) -> list[str]:
    return [track.name for track in requested(text)]


def faults(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        requested(text)
    return [str(fault) for fault in caught.value.faults]


# --- what a library asks for -----------------------------------------------------------------------

MATRIX = """\
title: Nights
matrix:
  routine: [deep-hip-opening, lower-back-relief]
  length: [25m]
  background: [rain, "rain+drone:-6"]
  night: 1-2
"""


def test_a_matrix_is_every_combination_in_the_order_of_the_file() -> None:
    assert names(MATRIX) == [
        f"{routine}/25m-{background}-{night}"
        for routine in ROUTINES
        for background in ("rain", "rain+drone-6")
        for night in (1, 2)
    ]
    first = requested(MATRIX)[0]
    assert {name: value.text for name, value in first.settings.items()} == {
        "length": "25m",
        "background": "rain",
        "night": "1",
    }


@pytest.mark.parametrize(
    "grown",
    [
        ("length: [25m]", "length: [25m, 35m]"),
        ("night: 1-2", "night: 1-30"),
        ('[rain, "rain+drone:-6"]', '[rain, "rain+drone:-6", ocean]'),
    ],
)
def test_an_axis_that_grows_renames_nothing(grown: tuple[str, str]) -> None:
    assert set(names(MATRIX)) < set(names(MATRIX.replace(*grown)))


def test_names_by_a_pattern_and_the_format_in_the_ending_alone() -> None:
    text = MATRIX + "names: '{night}/{routine} {length} {background}'\n"
    assert names(text)[0] == "1/deep-hip-opening 25m rain"
    assert names(MATRIX.replace("night: 1-2", "format: [mp3, flac]"))[0] == "deep-hip-opening/25m-rain"
    assert names("title: N\nmatrix: {routine: deep-hip-opening}\n") == ["deep-hip-opening"]


def test_exclude_include_and_single_tracks() -> None:
    text = (
        MATRIX
        + """\
exclude:
  - {routine: lower-back-relief, background: rain}
  - {routine: lower-back-relief, night: 2}
include:
  - {routine: lower-back-relief, length: [45m, 50m]}
tracks:
  - {script: scripts/mine.txt, tail: 1h}
  - {routine: deep-hip-opening, avoid: [knees, prone]}
  - {script: scripts/mine.txt, name: own/name}
"""
    )
    assert names(text)[4:] == [
        "lower-back-relief/25m-rain+drone-6-1",
        "lower-back-relief/45m",
        "lower-back-relief/50m",
        "mine/1h",
        "deep-hip-opening/knees+prone",
        "own/name",
    ]


def test_a_pattern_that_an_included_track_cant_fill_is_said_there() -> None:
    text = (
        MATRIX
        + "names: '{routine}/{length}-{background}-{night}'\ninclude:\n  - {routine: deep-hip-opening, length: 45m}\n"
    )
    assert faults(text) == [
        "l.yaml:9:5: 'names' uses background and night, but this doesn't set background and night: add it"
    ]


def test_a_library_that_nobody_could_build_is_refused_before_it_is_written_out() -> None:
    axes = "".join(f"  {name}: [{values}]\n" for name, values in (("tail", ", ".join(f"{n}m" for n in range(1, 900))),))
    text = MATRIX.replace("night: 1-2", "night: 1-9999") + axes
    assert "a library can have at most 200,000" in faults(text)[0]


# --- names that every system takes -------------------------------------------------------------------


@given(st.text(max_size=400))
def test_whatever_a_value_is_its_name_can_be_a_file_or_is_refused(value: str) -> None:
    made = f"{slug(value)}.mp3"
    assert not set(made) & set('<>:"/\\|?*\0\n')
    if name_fault(made) is None:
        assert len(made.encode()) <= 255
        assert made[0] not in "-. "


@pytest.mark.parametrize(
    "name", ["con.mp3", "a/NUL.mp3", "aux/a.mp3", "com1.flac", "a./b.mp3", "x" * 252 + ".mp3", ".mp3"]
)
def test_names_that_some_system_refuses(name: str) -> None:
    assert name_fault(name)
    assert name_fault("constant/aux-1.mp3") is None


def test_collisions_regard_capitals_accents_and_folders() -> None:
    listed = ["a/One.mp3", "a/one.mp3", "b/caf\u00e9.mp3", "b/cafe\u0301.mp3", "c.mp3", "c.mp3/d.mp3", "c/d.mp3"]
    assert list(collisions(listed)) == [(1, 0), (3, 2), (5, 4)]
    assert slug("caf\u00e9") == slug("cafe\u0301")


# --- keys ------------------------------------------------------------------------------------------------


SETTINGS_TEXT = (
    '{"avoid": [], "background": "", "background_level": 15.0, "bitrate": 128, "breath_rate": 6.0, '
    '"breath_ratio": [4, 6], "chime": null, "count_ms": 1500, "count_voice": "auto", "cover": "", "ear": "both", '
    '"ending": "sleep", "first_side": "right", "format": "mp3", "glide": "on", "keep": "fitting", "length": 60000, '
    '"level": "standard", "loudness": -22.0, "night": 0, "only": [], "order": [], "pace": 1.0, "pitch": null, '
    '"rate": null, "reps": null, "skip": [], "sleep_position": "any", "slowing": "on", "style": "gentle", '
    '"tail": 300000, "voice": null, "words": 1.0}'
)


def test_keys_are_canonical() -> None:
    """Golden: where one of these changes, every track that anybody has is made again."""
    assert content_key("a", "bc", 3) == "4ef6e39bc2be0f3be36caf1d3f431ffbe7868d20eb19d48ad97a1a02b0ab6572"
    source = ScriptSource("---\ntitle: T\n---\nLie down.\n[hold 10-90 s]\n[release]\n", "t", "t.txt")
    piece = read_spec(
        source, {"voice": "tone", "length": "1m", "background": "rain"}, Workspace.here().without_settings()
    )
    bed = bed_identity(piece.background, 10_000, 4_000)
    words = "Lie down.\n[hold 10-90 s]\n[release]\n"
    parts = ("7", words, "[]", SETTINGS_TEXT, voice_identity(piece.voice), bed, ffmpeg.identity())
    assert sound_fingerprint(piece).key == content_key(*parts)


def test_every_setting_counts_for_what_has_to_be_looked_at_again() -> None:
    assert settings_part(Settings()) == settings_part(
        Settings(voice="tone", background=parse_background("rain"), cover=Cover())
    )
    for name in SETTINGS:
        if name not in ("voice", "background", "cover"):
            another = CountVoice("off") if name == "count_voice" else "another"
            assert settings_part(replace(Settings(), **{name: another})) != settings_part(Settings()), name


# --- what players tell tracks by ---------------------------------------------------------------------


def shown(text: str, titles: dict[str, str]) -> list[str]:
    """Each track's title and number as players show them, in the order of the library."""
    tracks = requested(text)
    names = [titles.get(track.routine, track.routine) for track in tracks]
    places = places_of(tracks, names, "Nights", "2026")
    assert {(place.album, place.year, place.total) for place in places} == {("Nights", "2026", len(tracks))}
    return [" · ".join([f"{place.number}", name, *place.details]) for name, place in zip(names, places, strict=True)]


def test_titles_tell_tracks_apart_by_what_differs_and_by_nothing_else() -> None:
    text = """\
title: Nights
defaults: {tail: 30m}
matrix:
  routine: [deep-hip-opening, lower-back-relief]
  length: [25m, 1h5m]
  background: [rain, "rain+drone:-6"]
  style: [spare]
  night: 1-2
exclude:
  - {routine: lower-back-relief, length: 1h5m}
  - {routine: lower-back-relief, background: rain}
  - {routine: deep-hip-opening, night: 1}
"""
    assert shown(text, {"lower-back-relief": "Lower back relief"}) == [
        "1 · deep-hip-opening · 25 min · rain",
        "2 · deep-hip-opening · 25 min · rain + drone -6 dB",
        "3 · deep-hip-opening · 1 h 5 min · rain",
        "4 · deep-hip-opening · 1 h 5 min · rain + drone -6 dB",
        "5 · Lower back relief · night 1",
        "6 · Lower back relief · night 2",
    ]


def test_a_track_alone_has_its_title_alone_and_equal_ones_their_names() -> None:
    text = """\
title: Nights
tracks:
  - {routine: deep-hip-opening}
  - {routine: lower-back-relief, name: mine/first, pace: "1.2"}
  - {routine: lower-back-relief, name: mine/second, pace: "1.2"}
  - {routine: lower-back-relief, pace: "0.8"}
"""
    assert shown(text, {}) == [
        "1 · deep-hip-opening",
        "2 · lower-back-relief · pace 1.2 · first",
        "3 · lower-back-relief · pace 1.2 · second",
        "4 · lower-back-relief · pace 0.8",
    ]
    assert shown(text, dict.fromkeys(ROUTINES, "Hips"))[0] == "1 · Hips · deep-hip-opening"


# --- what is written down ----------------------------------------------------------------------------

ENTRY = ManifestEntry("a/b.mp3", "A", "a", "k", "t", 5, "s", 1000, {"night": "1"}, {"routine": "x"})


def test_the_manifest_is_read_back_and_has_one_form() -> None:
    other = replace(ENTRY, name="a/a.mp3")
    written = dump_manifest(Manifest("Nächte", {each.name: each for each in (ENTRY, other)}))
    assert written == dump_manifest(Manifest("Nächte", {each.name: each for each in (other, ENTRY)}))
    assert parse_manifest(written, "x").tracks == {"a/a.mp3": other, "a/b.mp3": ENTRY}
    assert json.loads(written)["version"] == 1
    assert parse_manifest(None, "x").tracks == {}


@pytest.mark.parametrize("name", ["../../home/me/music.mp3", "/etc/x.mp3", "a\\..\\b.mp3", "c:x.mp3", "notes.txt"])
def test_a_strangers_manifest_names_nothing_outside_its_folder(name: str) -> None:
    content = dump_manifest(Manifest("N", {name: replace(ENTRY, name=name)}))
    with pytest.raises(InputError, match="can't be a track's name"):
        parse_manifest(content, "library.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 1, "tracks": [{}], "title": ""}']
)
def test_another_file_by_that_name_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"library\.json"):
        parse_manifest(content, "library.json")


def test_two_runs_keep_what_each_other_wrote() -> None:
    other = replace(ENTRY, name="other.mp3")
    newer = replace(ENTRY, key="newer")
    theirs = Manifest("N", {ENTRY.name: ENTRY, other.name: other, "gone.mp3": ENTRY})
    assert merged(theirs, "M", {ENTRY.name: newer}, ["gone.mp3"]).tracks == {ENTRY.name: newer, other.name: other}


def test_removing_a_track_leaves_what_lies_elsewhere(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "nights")
    for name in ("nights/a/one.mp3", "outside/two.mp3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "nights" / "link").symlink_to(tmp_path / "outside")
    store.remove("link/two.mp3")
    store.remove("../outside/two.mp3")
    store.remove("a/one.mp3")
    assert (tmp_path / "outside" / "two.mp3").exists()
    assert not (tmp_path / "nights" / "a").exists()
    assert (tmp_path / "nights").exists()


# --- running ---------------------------------------------------------------------------------------------


class Bench:
    """An executor in memory: its workers are lost with a task as often as `kills` says."""

    slots = 2

    def __init__(
        self, kills: dict[str, int] | None = None, fails: Sequence[str] = (), full: Sequence[str] = ()
    ) -> None:
        self.kills, self.fails, self.full = dict(kills or {}), fails, full
        self.hand: list[BuildTask] = []
        self.most = 0
        self.began: list[str] = []

    def submit(self, task: BuildTask) -> None:
        self.hand.append(task)
        self.began.append(task.name)
        self.most = max(self.most, len(self.hand))

    def wait(self, timeout_s: float) -> Sequence[FinishedTask]:
        task = self.hand.pop(0)
        if self.kills.get(task.name, 0):
            self.kills[task.name] -= 1
            return [FinishedTask(task, None)]
        failed = task.name in (*self.fails, *self.full)
        state = "failed" if failed else "made"
        return [
            FinishedTask(task, TaskResult(task.name, state, exit_code=int(failed), disk_full=task.name in self.full))
        ]

    def close(self, *, at_once: bool) -> None: ...


def tasks(count: int) -> Iterator[BuildTask]:
    for number in range(count):
        yield BuildTask(str(number), "", "", "", Settings(), EMPTY_LEXICON, "")


def states(bench: Bench, count: int = 20, *, keep_going: bool = True) -> dict[str, str]:
    results = list(run_tasks(tasks(count), bench, keep_going=keep_going))
    assert len({result.name for result in results}) == len(results), "a track came back twice"
    return {result.name: result.state for result in results}


def test_every_task_comes_back_and_the_window_stays_small() -> None:
    bench = Bench()
    assert states(bench) == {str(number): "made" for number in range(20)}
    assert bench.most == 4


def test_lost_tasks_go_again_and_one_that_kills_is_reported() -> None:
    bench = Bench(kills={"3": MAX_LOSSES - 1, "5": 99})
    found = states(bench)
    assert found["3"] == "made"
    assert found["5"] == "failed"
    assert bench.began.count("5") == MAX_LOSSES
    assert list(found.values()).count("made") == 19


def test_a_failing_track_stops_the_others_only_where_that_is_wanted() -> None:
    assert list(states(Bench(fails=["2"])).values()).count("made") == 19
    assert len(states(Bench(fails=["2"]), keep_going=False)) < 8
    assert len(states(Bench(full=["2"]))) < 8, "a full disk would fail them all"
