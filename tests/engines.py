"""Every engine as the contract's tests open it: the default voice, or one of the user's own where it needs a table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from generator.model import Recording
from generator.system import ffmpeg
from generator.values import OwnVoice, VoiceChoice
from generator.voices import Voice, engines, open_voice
from generator.workspace.settings_file import file_layer
from tests.models import tiny_kokoro, tiny_piper

SPEAK = Path(__file__).parent / "programs" / "speak.py"
COMMAND = f"'{sys.executable}' '{SPEAK}' {{text_file}} {{wav}}"


@dataclass(frozen=True)
class Subject:
    """One engine under test. `folder` is its own, for files that its voice is made of."""

    engine: str
    folder: Path

    @property
    def choice(self) -> VoiceChoice:
        make = OWN.get(self.engine)
        return self.engine if make is None else make(self.folder)

    @property
    def changes_rate(self) -> bool:
        return self.engine not in FIXED_RATE

    @property
    def changes_pitch(self) -> bool:
        return self.engine not in FIXED_PITCH

    def open(self, rate: int | None = None, pitch: int | None = None) -> Voice:
        return open_voice(self.choice, rate=rate, pitch=pitch)


def own_voice(folder: Path, table: str) -> OwnVoice:
    """The voice of a table, as it would stand below ``[voices.mine]`` in a file in `folder`."""
    file = folder / "sleepward.toml"
    file.write_text(f"[voices.mine]\n{table}", encoding="utf-8")
    return file_layer(file).voices["mine"]


def _command(folder: Path) -> OwnVoice:
    return own_voice(folder, f'engine = "command"\ncommand = "{COMMAND} --rate {{rate}} --pitch {{pitch}}"\n')


def _recorded(folder: Path) -> OwnVoice:
    """A person who hums: three sentences are recorded, each found and written in another way; the rest is filled in."""
    folder.mkdir(exist_ok=True)
    (folder / "sheet.txt").write_text("1  Rest.\n7. Let the jaw be loose.\n", encoding="utf-8")
    hum = open_voice("tone", rate=100, pitch=30)
    files = {
        "Rest.": "001.wav",
        "Let the jaw be loose.": "07 second try.m4a",
        "Count 10 with me.": "Count 10 with me.flac",
    }
    for text, recording in hum.speak(list(files), 1):
        if not (folder / files[text]).exists():
            record(recording, folder / files[text])
    return own_voice(folder, f'engine = "recorded"\nfolder = "{folder}"\nfill = "tone"\n')


def _piper(folder: Path) -> OwnVoice:
    tiny_piper(folder)
    return own_voice(folder, 'engine = "piper"\nmodel = "voice.onnx"\n')


def _kokoro(folder: Path) -> OwnVoice:
    tiny_kokoro(folder)
    return own_voice(folder, 'engine = "kokoro"\nmodel = "kokoro.onnx"\nvoices = "voices.bin"\nvoice = "af_one"\n')


def record(recording: Recording, path: Path) -> None:
    """Write a recording in the format of the file's suffix."""
    sound = ["-f", "f32le", "-ar", str(recording.sample_rate), "-ac", "1", "-i", "-"]
    ffmpeg.run([*sound, "-y", str(path)], recording.samples.tobytes())


OWN: dict[str, Callable[[Path], OwnVoice]] = {
    "command": _command,
    "recorded": _recorded,
    "piper": _piper,
    "kokoro": _kokoro,
}
FIXED_RATE = frozenset({"recorded"})
FIXED_PITCH = frozenset({"recorded", "piper", "kokoro"})
PACKAGES = {"piper": "piper", "kokoro": "kokoro_onnx"}  # what an engine needs that is only in an extra


def all_engines() -> list[Any]:
    """As parameters of tests; an engine whose extra isn't installed is skipped, and users' own count as slow."""
    return [pytest.param(name, marks=[*_marks(name)]) for name in engines()]


def _marks(engine: str) -> Iterator[pytest.MarkDecorator]:
    if not installed(engine):
        yield pytest.mark.skip(reason=f"the extra {engine} isn't installed")
    if engine in OWN:
        yield pytest.mark.slow


def installed(engine: str) -> bool:
    return engine not in PACKAGES or all(util.find_spec(each) for each in (PACKAGES[engine], "onnx"))
