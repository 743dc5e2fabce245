"""Who speaks: the name of a voice, or a voice that the user defined in a settings file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from .kinds import HERE, SettingKind, any_text_schema, some
from .paths import with_home


@dataclass(frozen=True, slots=True)
class OwnOption:
    """One key of a ``[voices.NAME]`` table. A list keeps its texts apart in `values`; `where` is ``file:line``."""

    key: str
    values: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class OwnVoice:
    """A voice that the user defined: the table ``[voices.NAME]`` of a trusted settings file.

    `engine` is empty where the table only gives another voice a rate and a pitch. `fill` is the voice for what this one
    lacks. `options` are the table's keys in alphabetical order, and the files that they name are looked up from
    `folder`. `where` is the table's ``file:line``.
    """

    name: str
    engine: str
    where: str
    folder: str
    rate: int | None = None
    pitch: int | None = None
    fill: VoiceChoice | None = None
    options: tuple[OwnOption, ...] = ()

    def text(self, key: str) -> str | None:
        """The value of an option; None if the table hasn't the key."""
        return next((each.values[0] for each in self.options if each.key == key), None)

    def texts(self, key: str) -> tuple[str, ...]:
        """The values of an option that may be a list."""
        return next((each.values for each in self.options if each.key == key), ())

    def where_of(self, key: str) -> str:
        """The place of an option, or the table's if it hasn't the key."""
        return next((each.where for each in self.options if each.key == key), self.where)

    def path(self, text: str) -> Path:
        """A file that the table names. ``~`` is the user's home."""
        return Path(self.folder) / with_home(text)


VoiceChoice: TypeAlias = str | OwnVoice
"""A voice as a user chose it: ``[engine:]name``, or a voice of their own."""


def voice_name(choice: VoiceChoice) -> str:
    """The name by which a user chose this voice."""
    return choice.name if isinstance(choice, OwnVoice) else choice


class VoiceKind(SettingKind[VoiceChoice]):
    """The name of a voice. A settings file may give the name a meaning, which turns it into an `OwnVoice`."""

    @property
    def expected(self) -> str:
        return "the name of a voice"

    def parse(self, text: str, folder: Path = HERE) -> VoiceChoice:
        return some(text)

    def write(self, value: VoiceChoice) -> str:
        return voice_name(value)

    def as_json(self, value: VoiceChoice | None) -> Any:
        return None if value is None else voice_name(value)

    def schema(self) -> dict[str, Any]:
        return any_text_schema()


Aloud = Literal["auto", "on", "off"]
_ALOUD: tuple[Aloud, ...] = get_args(Aloud)


@dataclass(frozen=True, slots=True)
class CountVoice:
    """Which numbers of a count are spoken, and by whom: None stands for the voice that speaks the rest."""

    aloud: Aloud = "auto"
    voice: VoiceChoice | None = None


class CountVoiceKind(SettingKind[CountVoice]):
    """`auto`, `on` or `off`, or a voice, or both."""

    @property
    def expected(self) -> str:
        return "auto, on or off, or the name of a voice for the numbers, or both: on belinda"

    def parse(self, text: str, folder: Path = HERE) -> CountVoice:
        text = some(text)
        first, _, rest = text.partition(" ")
        if first not in _ALOUD:
            return CountVoice(voice=text)
        if first == "off" and rest:
            raise ValueError(f"{text[:60]!r} names a voice, but speaks no numbers: write {self.expected}")
        return CountVoice(first, rest.strip() or None)

    def write(self, value: CountVoice) -> str:
        if value.voice is None:
            return value.aloud
        name = voice_name(value.voice)
        return name if value.aloud == "auto" and name.split(" ")[0] not in _ALOUD else f"{value.aloud} {name}"

    def as_json(self, value: CountVoice | None) -> Any:
        return None if value is None else self.write(value)

    def schema(self) -> dict[str, Any]:
        return any_text_schema() | {"pattern": r"^(?!\s*off +\S)[\s\S]*\S"}
