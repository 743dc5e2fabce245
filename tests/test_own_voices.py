"""The user's own voices: ``[voices.NAME]`` in a settings file, who may write it, and what a fault in it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.voices import engines
from tests.conftest import Command

HI = "Hi there. [1s]\nRest now.\n"
OWN = '[voices.evening]\nengine = "tone"\nrate = 100\npitch = 40\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "night.txt").write_text(HI)
    return tmp_path


def shown(sleepward: Command, *words: str | Path) -> list[object]:
    settings = sleepward.json("plan", "night.txt", *words)["settings"]
    return [settings[name] for name in ("voice", "rate", "pitch")]


def test_an_own_voice_is_asked_for_by_its_name_like_any(sleepward: Command, folder: Path) -> None:
    (folder / "sleepward.toml").write_text(OWN)
    assert shown(sleepward, "--voice", "evening") == ["tone:tone", 100, 40]
    assert shown(sleepward, "--voice", "evening", "--rate", "110") == ["tone:tone", 110, 40]
    (folder / "night.txt").write_text(f"---\nvoice: evening\nrate: 130\n---\n{HI}")
    assert shown(sleepward) == ["tone:tone", 100, 40], "a rate of its own belongs to the voice"
    listed = sleepward.json("voices")
    assert [each["id"] for each in listed][1] == "evening", "after the default"
    assert "sleepward.toml:1" in sleepward("voices").stdout
    assert "voice evening tone:tone spoke" in sleepward("doctor").stdout


def test_the_users_own_file_defines_voices_too(sleepward: Command, folder: Path) -> None:
    user = Path(os.environ["XDG_CONFIG_HOME"]) / "sleepward" / "config.toml"
    user.parent.mkdir(parents=True, exist_ok=True)
    user.write_text(OWN)
    try:
        assert shown(sleepward, "--voice", "evening") == ["tone:tone", 100, 40]
    finally:
        user.unlink()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('engine = "tome"\n', [":2", "no voice engine 'tome'", "tone"]),
        ('engine = "tone"\nptich = 40\n', [":3", "takes no 'ptich'", "did you mean pitch"]),
        ('voice = "tone"\ncommand = "rm -rf"\n', [":3", "takes no 'command'"]),
        ('engine = "tone"\nrate = 1000\n', [":3", "60 to 300"]),
        ('engine = "tone"\nrate = true\n', [":3", "True"]),
        ("engine = 3\n", [":2", "needs text"]),
        ("rate = 100\n", [":1", "needs a voice, or an engine"]),
    ],
)
def test_a_fault_is_told_at_its_line(sleepward: Command, folder: Path, table: str, says: list[str]) -> None:
    (folder / "sleepward.toml").write_text(f"[voices.evening]\n{table}")
    done = sleepward("plan", "night.txt", "--voice", "tone", code=2).stderr
    assert all(part in done for part in ["sleepward.toml", *says]), done
    assert sleepward.json("check", "sleepward.toml", code=2)[0]["faults"][0]["line"] == int(says[0][1:])


def test_lines_are_counted_through_any_way_to_write_a_key(sleepward: Command, folder: Path) -> None:
    text = '# a rate\nrate = 120\n\n[voices."my = voice"]\nvoice = "tone"\n[ voices . evening ] # mine\nvoice = "tone"\nrate = 1\n'
    (folder / "sleepward.toml").write_text(text)
    assert "sleepward.toml:8" in sleepward("plan", "night.txt", code=2).stderr


def test_a_misspelt_own_voice_is_answered_with_its_name(sleepward: Command, folder: Path) -> None:
    (folder / "sleepward.toml").write_text(OWN)
    assert "Did you mean evening?" in sleepward("plan", "night.txt", "--voice", "evenin", code=3).stderr


@pytest.mark.parametrize("asked", ["samantha", "Daniel (Enhanced)", "nova"])
def test_a_voice_of_another_program_is_answered_with_voices(sleepward: Command, folder: Path, asked: str) -> None:
    said = sleepward("plan", "night.txt", "--voice", asked, code=3).stderr
    assert "--voice heart" in said
    assert "en-us+klatt4" in said
    assert "sleepward voices" in said


def test_a_librarys_folder_defines_no_voice_with_an_engine(sleepward: Command, folder: Path) -> None:
    """A stranger's library could make any program run."""
    theirs = folder / "theirs"
    theirs.mkdir()
    (theirs / "library.yaml").write_text(
        "title: Theirs\noutput: nights\ntracks:\n  - routine: ten-minutes-in-bed\n    voice: evening\n    length: 12m\n"
    )
    (theirs / "sleepward.toml").write_text(OWN)
    said = sleepward("batch", "theirs/library.yaml", "--dry-run", code=2).stderr
    assert "sleepward.toml:2" in said
    assert "a library's folder can't define a voice with an engine" in said
    (theirs / "sleepward.toml").unlink()
    (folder / "sleepward.toml").write_text(OWN)
    assert "to make" in sleepward("batch", "theirs/library.yaml", "--dry-run").stdout, "ours, by its name"


# --- another voice for numbers -----------------------------------------------------------------------

COUNTING = "Breathe in. [1s]\n[count 3]\nBreathe out. [1s]\nTwo. [1s]\n"


def speech_ms(sleepward: Command, *words: str) -> dict[str, int]:
    events = sleepward.json("plan", "night.txt", "--voice", "tone", "--count-ms", "3000", *words)["events"]
    return {e["text"]: e["end_ms"] - e["start_ms"] for e in events if e["kind"] == "speech"}


def test_numbers_are_spoken_by_another_voice_at_its_own_rate(sleepward: Command, folder: Path) -> None:
    (folder / "night.txt").write_text(COUNTING)
    (folder / "sleepward.toml").write_text('[voices.slow]\nengine = "tone"\nrate = 60\n')
    alone = speech_ms(sleepward)
    slow = speech_ms(sleepward, "--count-voice", "slow")
    assert {text for text in alone if alone[text] != slow[text]} == {"One.", "Two.", "Three."}
    assert slow["One."] == pytest.approx(1_000, abs=60), "a word at 60 a minute"
    assert speech_ms(sleepward, "--count-voice", "off") == {
        text: alone[text] for text in ("Breathe in.", "Breathe out.", "Two.")
    }
    planned = sleepward.json("plan", "night.txt", "--voice", "tone", "--count-ms", "3000", "--count-voice", "on slow")
    assert planned["settings"]["count_voice"] == "on slow"


def test_each_voice_of_a_track_comes_to_the_same_loudness(sleepward: Command, folder: Path) -> None:
    """The tone is some 9 dB louder than espeak's voices before each gets its own gain."""
    (folder / "night.txt").write_text(COUNTING)
    words = ("night.txt", "--voice", "en-us+klatt4", "--count-voice", "tone", "--tail", "10s")
    built = sleepward.json("build", *words)
    assert "within limits" in sleepward("verify", built["path"]).stdout
    assert sleepward.json("build", *words)["fresh"] is False
    assert sleepward.json("build", *words[:3], "--tail", "10s")["fresh"] is True, "without it another track"
    other = sleepward.json("build", *words[:4], "hum:low", *words[5:]) if "hum" in engines() else {"fresh": True}
    assert other["fresh"] is True


def test_a_voice_for_numbers_that_is_not_there_is_an_error(sleepward: Command, folder: Path) -> None:
    (folder / "night.txt").write_text(COUNTING)
    assert "no voice pyttsx3:belindo" in sleepward("plan", "night.txt", "--count-voice", "belindo", code=3).stderr
