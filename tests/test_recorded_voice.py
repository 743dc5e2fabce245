"""A teacher's own voice: the sheet to read from, how recordings are found, and what a new one changes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from generator.errors import InputError, NotFoundError, SettingError, TrackError
from generator.model import Recording
from generator.voices import open_other_voice, open_voice
from generator.voices.reading_sheet import extended, folded, parse_sheet, sheet_text
from generator.voices.recorded import RecordedVoice
from tests.conftest import Command
from tests.engines import own_voice, record

SCRIPT = "Let the jaw be loose. [1s]\n[count 3]\nRest now; there is nowhere to go. [2s]\nLet the jaw be loose.\n"
TEXTS = ["Let the jaw be loose.", "One.", "Two.", "Three.", "Rest now; there is nowhere to go."]
BUILD = ("build", "s.txt", "--voice", "teacher", "--tail", "10s", "--background", "none")


def hums(*texts: str, gain_db: float = 0.0, pitch: int = 40) -> Iterator[tuple[str, Recording]]:
    for text, recording in open_voice("tone", rate=120, pitch=pitch).speak(texts, 1):
        yield text, Recording(recording.samples * np.float32(10 ** (gain_db / 20)), recording.sample_rate)


@pytest.fixture
def studio(sleepward: Command, tmp_path: Path) -> Path:
    """A folder where all of a script's sentences are recorded, some louder than others."""
    (tmp_path / "s.txt").write_text(SCRIPT)
    (tmp_path / "sleepward.toml").write_text('[voices.teacher]\nengine = "recorded"\nfolder = "mine"\n')
    folder = tmp_path / "mine"
    folder.mkdir()
    sleepward("voices", "--sheet", "s.txt", "-o", "mine")
    for number, (_, recording) in enumerate(hums(*TEXTS), 1):
        louder = Recording(recording.samples * np.float32(0.3 + 0.3 * (number % 3)), recording.sample_rate)
        record(louder, folder / f"{number:03}.wav")
    return folder


def voice(folder: Path, more: str = "") -> RecordedVoice:
    opened = open_other_voice(own_voice(folder.parent, f'engine = "recorded"\nfolder = "{folder.name}"\n{more}'), None)
    assert isinstance(opened, RecordedVoice)
    return opened


# --- the sheet -------------------------------------------------------------------------------------


def test_a_sheet_lists_what_is_spoken_in_order(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(SCRIPT)
    shown = sleepward("voices", "--sheet", "s.txt").stdout
    assert list(parse_sheet(shown, "").items()) == list(enumerate(TEXTS, 1))
    assert "One." not in sleepward("voices", "--sheet", "s.txt", "--count-voice", "off").stdout
    nights = {sleepward("voices", "--sheet", "ten-minutes-in-bed", "--night", n).stdout for n in ("0", "1")}
    assert len(nights) == 2
    assert "only with --sheet" in sleepward("voices", "--night", "1", code=2).stderr


def test_a_number_keeps_its_sentence_when_the_routine_changes(sleepward: Command, tmp_path: Path) -> None:
    script = tmp_path / "s.txt"
    script.write_text(SCRIPT)
    assert "mine/sheet.txt: 5 sentences, 5 of them new" in sleepward("voices", "--sheet", "s.txt", "-o", "mine").stdout
    script.write_text("Something new comes first. [1s]\n" + SCRIPT.replace("Rest now; there is nowhere to go. ", ""))
    assert "6 sentences, 1 of them new" in sleepward("voices", "--sheet", "s.txt", "-o", "mine").stdout
    sheet = parse_sheet((tmp_path / "mine" / "sheet.txt").read_text(), "")
    assert sheet == {**dict(enumerate(TEXTS, 1)), 6: "Something new comes first."}


def test_a_sheet_is_read_back_as_it_was_written() -> None:
    sheet = extended({7: "Rest.", 3: "1, 2: go."}, ["Rest.", "# no comment", "Zwölf Atemzüge — “so”."])
    assert sheet == {7: "Rest.", 3: "1, 2: go.", 8: "# no comment", 9: "Zwölf Atemzüge — “so”."}
    assert parse_sheet(sheet_text(sheet), "") == sheet


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1  Rest.\nLet go.\n", "sheet.txt:2"),
        ("1  Rest.\n\n1  Let go.\n", "sheet.txt:3"),
        ("1  Rest.\n2  Rest.\n", "number 1 is this sentence"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_told_at_its_line(studio: Path, text: str, says: str) -> None:
    (studio / "sheet.txt").write_text(text)
    with pytest.raises(InputError, match=says):
        voice(studio)


# --- how recordings are found ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "001.wav",
        "1.wav",
        "01 second try.flac",
        "1-take-two.m4a",
        "let the jaw be loose.ogg",
        "Let_the_jaw BE loose!.mp3",
    ],
)
def test_a_recording_is_found_by_number_or_by_its_words(studio: Path, name: str) -> None:
    (studio / "001.wav").unlink()
    ((text, recording),) = hums(TEXTS[0])
    record(recording, studio / name)
    (studio / "notes.md").write_text("tired today")
    (studio / ".hidden.wav").write_bytes(b"")
    spoken = dict(voice(studio).speak([text], 1))[text]
    assert spoken.samples.any()
    assert len(spoken.samples) / spoken.sample_rate == pytest.approx(len(recording.samples) / 48_000, abs=0.3)


def test_two_recordings_of_one_sentence_are_an_error_and_no_guess(studio: Path) -> None:
    shutil.copy(studio / "001.wav", studio / "let the jaw be loose.wav")
    with pytest.raises(InputError, match=r"001\.wav and let the jaw be loose\.wav"):
        voice(studio).require(TEXTS)


def test_words_are_folded_as_file_names_lose_them() -> None:
    assert folded("I’ll be quiet; for a while…") == folded("ill_be-quiet for A while") == "ill be quiet for a while"
    assert folded("…") == ""


def test_all_that_is_missing_is_told_at_once(sleepward: Command, studio: Path, tmp_path: Path) -> None:
    for number in (2, 5):
        (studio / f"{number:03}.wav").unlink()
    (tmp_path / "s.txt").write_text(SCRIPT + "\nAnd this is new.\n")
    said = sleepward(*BUILD, code=2).stderr
    assert "no recording of 3 sentences" in said
    for line in ("002  One.", "005  Rest now; there is nowhere to go.", "new  And this is new."):
        assert line in said
    assert "--sheet" in said
    assert "fill" in said
    assert "001" not in said
    with pytest.raises(NotFoundError):
        list(voice(studio).speak(["And this is new."], 1))


def test_another_voice_fills_in_where_the_table_says_so(sleepward: Command, studio: Path, tmp_path: Path) -> None:
    (studio / "005.wav").unlink()
    toml = tmp_path / "sleepward.toml"
    toml.write_text(toml.read_text() + 'fill = "low"\n[voices.low]\nvoice = "tone"\nrate = 80\n')
    built = sleepward.json(*BUILD)
    assert built["voice"] == "teacher"
    filled = next(
        event["end_ms"] - event["start_ms"]
        for event in sleepward.json("plan", *BUILD[1:])["events"]
        if event["text"] == TEXTS[4]
    )
    assert filled == pytest.approx(7 * 60_000 / 80, abs=400), "seven words at the other voice's own rate"
    toml.write_text(
        toml.read_text()
        .replace('voice = "tone"\n', 'engine = "recorded"\nfolder = "mine"\nfill = "teacher"\n')
        .replace("rate = 80\n", "")
    )
    assert "fill in for itself" in sleepward(*BUILD, code=2).stderr


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", ":1: [voices.mine] needs folder"),
        ('folder = "gone"\n', ":3: there is no folder"),
        ('folder = "mine"\nrate = 100\n', ":4: [voices.mine] takes no 'rate'"),
    ],
)
def test_a_table_that_cannot_work_is_told_at_its_line(studio: Path, table: str, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        open_other_voice(own_voice(studio.parent, f'engine = "recorded"\n{table}'), None)
    assert says in str(caught.value)


# --- what a new recording changes ------------------------------------------------------------------


def clips(cache: Path) -> set[str]:
    return {path.name for path in (cache / "clips").rglob("*") if path.is_file()}


def test_a_new_recording_changes_its_own_clip_alone(sleepward: Command, studio: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    env = {"SLEEPWARD_CACHE_DIR": str(cache)}
    first = sleepward.json(*BUILD, env=env)
    before = clips(cache)
    assert len(before) == len(TEXTS)
    assert sleepward.json(*BUILD, env=env)["fresh"] is False

    ((_, anew),) = hums(TEXTS[0], gain_db=-12, pitch=70)
    record(anew, studio / "001.wav")
    second = sleepward.json(*BUILD, env=env)
    assert second["sha256"] != first["sha256"]
    assert len(clips(cache) - before) == 1

    shutil.copy(studio / "002.wav", studio / "elsewhere.wav")  # a recording that this track doesn't speak
    assert sleepward.json(*BUILD, env=env)["fresh"] is False
    again = sleepward.json(*BUILD, env={"SLEEPWARD_CACHE_DIR": str(tmp_path / "another")})
    assert again["sha256"] == second["sha256"]


# --- how it sounds ---------------------------------------------------------------------------------


def test_recordings_of_any_level_come_out_alike(sleepward: Command, studio: Path) -> None:
    for number, gain_db in ((1, -30), (5, 0)):
        ((_, recording),) = hums(TEXTS[number - 1], gain_db=gain_db)
        record(recording, studio / f"{number:03}.wav")
    built = sleepward.json(*BUILD)
    report = sleepward.json("verify", built["path"])
    assert report["ok"], report


@pytest.mark.parametrize("noise_dbfs", [-90, -60, -45])
def test_the_noise_of_the_room_and_a_click_are_cut_off(studio: Path, noise_dbfs: float) -> None:
    """Two seconds before and after the words are no pause that anybody wrote."""
    ((text, recording),) = hums(TEXTS[0])
    words_s = 5 * 60 / 120
    noise = np.random.default_rng(1).standard_normal((int(48_000 * (words_s + 4)), 1)) * 10 ** (noise_dbfs / 20)
    start = 48_000 * 2 - 48 * 120
    noise[start : start + len(recording.samples)] += recording.samples
    noise[4_800:5_300] += 0.5  # the button
    record(Recording(noise.astype(np.float32), 48_000), studio / "001.wav")
    spoken = dict(voice(studio).speak([text], 1))[text]
    assert len(spoken.samples) / 48_000 == pytest.approx(words_s + 0.12 + 0.25, abs=0.15)


@pytest.mark.parametrize("content", ["nothing", "silence", "text"])
def test_a_recording_without_sound_is_named(studio: Path, content: str) -> None:
    if content == "silence":
        record(Recording(np.zeros((48_000, 1), np.float32), 48_000), studio / "001.wav")
    else:
        (studio / "001.wav").write_bytes(b"" if content == "nothing" else b"words")
    with pytest.raises(TrackError, match="Let the jaw be loose"):
        list(voice(studio).speak(TEXTS, 2))


def test_the_doctor_and_the_samples_know_recordings(sleepward: Command, studio: Path, tmp_path: Path) -> None:
    assert "teacher has 5 recordings" in sleepward("doctor").stdout
    sleepward("voices", "--sample", "v", "teacher")
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["teacher.mp3"]
