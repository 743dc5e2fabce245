"""A program as a voice: how its command is written, what makes its clips new, and every way in which it can fail."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from generator.errors import MissingToolError, SettingError, TrackError
from generator.model import Recording
from generator.voices import Voice, open_other_voice
from tests.conftest import Command
from tests.engines import COMMAND, SPEAK, own_voice

TEXT = "Let the jaw be loose."
SCRIPT = f"{TEXT} [1s]\nRest now.\n"


def voice(folder: Path, command: str, more: str = "") -> Voice:
    return open_other_voice(own_voice(folder, f'engine = "command"\ncommand = "{command}"\n{more}'), None)


def said(voice: Voice, *texts: str) -> dict[str, Recording]:
    return dict(voice.speak(texts or (TEXT,), 2))


def samples(recording: Recording) -> bytes:
    return recording.samples.tobytes()


# --- its command -----------------------------------------------------------------------------------


def test_a_command_is_split_as_a_shell_would_but_runs_in_none(tmp_path: Path) -> None:
    folder = tmp_path / "a folder; with $HOME & more"
    folder.mkdir()
    (folder / "my speak.py").write_bytes(SPEAK.read_bytes())
    spoken = said(voice(folder, f"'{sys.executable}' 'my speak.py' {{text_file}} {{wav}}"))
    assert samples(spoken[TEXT]) == samples(said(voice(tmp_path, COMMAND))[TEXT])
    with pytest.raises(TrackError, match="unrecognized arguments: ; touch there"):
        said(voice(folder, f"{COMMAND} ; touch there"))
    assert not (folder / "there").exists()


def test_the_text_is_in_the_file_and_on_standard_input(tmp_path: Path) -> None:
    by_file = said(voice(tmp_path, COMMAND))
    by_input = said(voice(tmp_path, COMMAND.replace("{text_file}", "-")))
    assert samples(by_file[TEXT]) == samples(by_input[TEXT])


@pytest.mark.parametrize(
    ("command", "more", "says"),
    [
        ("prog {text_file}", "", ["sleepward.toml:3", "has no {wav}"]),
        ("prog {wave} {wav}", "", ["sleepward.toml:3", "unknown {wave}", "did you mean wav?"]),
        ("prog {text} {wav}", "", ["unknown {text}", "{text_file}, and on standard input"]),
        ("prog '{wav}", "", ["sleepward.toml:3", "No closing quotation"]),
        ("prog {wav}", 'voice = "low"\n', ["sleepward.toml:4", "has no {voice}"]),
        ("prog {wav} {voice}", "", ["has {voice}, but no voice is given"]),
        ("prog {wav}", "rate = 100\n", ["sleepward.toml:4", "has no {rate}"]),
        ("prog {wav}", "pitch = 30\n", ["sleepward.toml:4", "has no {pitch}"]),
        (COMMAND, "deadline_s = 0\n", ["sleepward.toml:4", "above 0"]),
        (COMMAND, 'depends = ["gone.onnx"]\n', ["sleepward.toml:4", "gone.onnx"]),
    ],
)
def test_a_command_that_cannot_work_is_told_at_its_line(
    tmp_path: Path, command: str, more: str, says: list[str]
) -> None:
    with pytest.raises(SettingError) as caught:
        voice(tmp_path, command, more)
    assert all(part in str(caught.value) for part in says), str(caught.value)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    for name in ("nosuchprogram", "./nosuchprogram", "./notes.txt"):
        with pytest.raises(MissingToolError, match=name) as caught:
            voice(tmp_path, f"{name} {{wav}}")
        assert "sleepward.toml:3" in str(caught.value)


# --- what makes its clips new ----------------------------------------------------------------------


def test_a_changed_program_model_or_argument_is_another_voice(tmp_path: Path) -> None:
    for name in ("speak.py", "model.bin", "extra.bin"):
        (tmp_path / name).write_bytes(SPEAK.read_bytes())
    command = f"'{sys.executable}' speak.py {{text_file}} {{wav}} --way=model.bin"

    def identity(command: str = command) -> str:
        return voice(tmp_path, command, 'depends = "extra.bin"\n').identity

    first = identity()
    assert identity() == first
    assert str(tmp_path) not in first
    found = {first, identity(command.replace("--way", "--other"))}
    for number, name in enumerate(("speak.py", "model.bin", "extra.bin"), 1):
        with (tmp_path / name).open("a") as file:
            file.write("#")
        found.add(identity())
        assert len(found) == number + 2, name
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("speak.py", "model.bin", "extra.bin"):
        (elsewhere / name).write_bytes((tmp_path / name).read_bytes())
    assert voice(elsewhere, command, 'depends = "extra.bin"\n').identity == identity(), "on another machine, the same"


# --- what can go wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("crash", "ended with code 3: loading the model / the model is broken"),
        ("killed", "was ended by signal 9"),
        ("nothing", r"wrote no \{wav\}"),
        ("noise", "can't be read"),
        ("mute", "finds nothing to speak"),
        ("full", "No space left on device"),
    ],
)
def test_a_program_that_fails_is_told_with_its_text_and_its_last_words(tmp_path: Path, way: str, says: str) -> None:
    with pytest.raises(TrackError, match=says) as caught:
        said(voice(tmp_path, f"{COMMAND} --way {way}"), TEXT, "Rest.")
    assert caught.value.exit_code == 1
    assert "mine" in str(caught.value)
    assert "'Let the jaw be loose.'" in str(caught.value) or "'Rest.'" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to end")
def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    before = sleepers()
    with pytest.raises(TrackError, match="didn't finish in 1 s"):
        said(voice(tmp_path, f"{COMMAND} --way hang", "deadline_s = 1\n"))
    assert soon(lambda: sleepers() == before), "the kernel takes a moment to end what was killed"


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.02)
    return held


def sleepers() -> set[int]:
    """The children that a hanging program has started, also where it has ended before them."""
    found = set()
    for process in psutil.process_iter(["cmdline", "status"]):
        if "import time; time.sleep(600)" in (process.info["cmdline"] or []):
            found.add(process.pid)
    return found


# --- a whole track ---------------------------------------------------------------------------------


def test_a_track_is_built_with_a_program(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(SCRIPT)
    (tmp_path / "sleepward.toml").write_text(f'[voices.robot]\nengine = "command"\ncommand = "{COMMAND}"\n')
    built = sleepward.json("build", "s.txt", "--voice", "robot", "--tail", "10s")
    assert built["voice"] == "robot"
    assert built["settings"]["voice"] == "robot"
    assert "within limits" in sleepward("verify", built["path"]).stdout
    assert sleepward.json("build", "s.txt", "--voice", "robot", "--tail", "10s")["fresh"] is False
    assert sleepward("plan", "s.txt", "--voice", "robot", "--rate", "140", code=2).stderr.count("robot")


def test_a_stopped_build_leaves_no_program_behind(tmp_path: Path, interruptible: None) -> None:
    (tmp_path / "s.txt").write_text(SCRIPT)
    command = f"{COMMAND} --way hang"
    (tmp_path / "sleepward.toml").write_text(f'[voices.robot]\nengine = "command"\ncommand = "{command}"\n')
    before = sleepers()
    code = f"""
import os, signal, sys, threading, time
import psutil
from generator.cli import main
def strike():
    while not psutil.Process().children(recursive=True):
        time.sleep(0.02)
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=strike, daemon=True).start()
sys.argv = {["sleepward", "build", "s.txt", "--voice", "robot", "--no-cache"]!r}
sys.exit(main())
"""
    started = psutil.Popen([sys.executable, "-c", code], cwd=tmp_path, env=os.environ)
    assert started.wait(60) == 143
    assert soon(lambda: sleepers() == before), "the kernel takes a moment to end what was killed"
