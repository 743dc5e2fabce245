"""Every engine as the contract's tests open it: the default voice, or one of the user's own where it needs a table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from generator.settings import Settings
from generator.values import OwnVoice, VoiceChoice
from generator.voices import Voice, engines, open_voice
from generator.workspace.settings_file import file_layer

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
        return open_voice(self.choice, rate=Settings().rate if rate is None else rate, pitch=pitch)


def own_voice(folder: Path, table: str) -> OwnVoice:
    """The voice of a table, as it would stand below ``[voices.mine]`` in a file in `folder`."""
    file = folder / "sleepward.toml"
    file.write_text(f"[voices.mine]\n{table}", encoding="utf-8")
    return file_layer(file).voices["mine"]


def _command(folder: Path) -> OwnVoice:
    return own_voice(folder, f'engine = "command"\ncommand = "{COMMAND} --rate {{rate}} --pitch {{pitch}}"\n')


OWN: dict[str, Callable[[Path], OwnVoice]] = {"command": _command}
FIXED_RATE: frozenset[str] = frozenset()
FIXED_PITCH: frozenset[str] = frozenset()


def all_engines() -> tuple[str, ...]:
    return engines()
