"""All settings. Each is declared once, with its kind of value, its default and its help.

Flags, files, schemas, plans, libraries and the reference are made from these declarations. To add a setting, add a
field to `Settings`, and use it where it acts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from .values import (
    AUTO_COVER,
    Background,
    BackgroundKind,
    BackgroundLayer,
    ChimeLevel,
    CountVoice,
    CountVoiceKind,
    Cover,
    CoverKind,
    Duration,
    Kilobits,
    Names,
    Number,
    OneOf,
    Ratio,
    SettingKind,
    Slug,
    VoiceChoice,
    VoiceKind,
    Whole,
)

if TYPE_CHECKING:
    from .model import Level

Switch = Literal["on", "off"]
SleepPosition = Literal["back", "side", "front", "any"]
Format = Literal["mp3", "m4b", "opus", "flac", "wav"]
FORMATS: tuple[Format, ...] = ("mp3", "m4b", "opus", "flac", "wav")
MIN_TAIL_MS = 10_000
CHIME_LU = 11.0
MIN_CHIME_LU = 6  # a bell must be softer than the voice
BITRATES_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


Group = Literal["practice", "voice", "sound", "words", "file"]
GROUPS: tuple[Group, ...] = ("practice", "voice", "sound", "words", "file")


def _setting(
    default: Any,
    kind: SettingKind[Any],
    help_: str,
    *,
    shapes_words: bool = False,
    group: Group = "practice",
    otherwise: str = "",
) -> Any:
    """A field of `Settings`. Help shows it in its `group`, and for no default what holds `otherwise`."""
    metadata = {"kind": kind, "help": help_, "shapes_words": shapes_words, "group": group, "otherwise": otherwise}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """The parsed value of every setting. A field has the setting's name; its flag has hyphens for underscores.

    The files of `background` and `cover` are relative to the working folder.
    """

    # ruff: noqa: RUF009  # _setting is dataclasses.field with its metadata spelled out
    voice: VoiceChoice | None = _setting(
        None, VoiceKind("[ENGINE:]NAME"), "who speaks; `sleepward voices` lists them", group="voice", otherwise="heart"
    )
    rate: int | None = _setting(
        None,
        Whole("WPM", 60, 300, "words per minute"),
        "words per minute inside phrases; each voice has its own",
        group="voice",
        otherwise="the voice's own",
    )
    pitch: int | None = _setting(
        None,
        Whole("0-99", 0, 99, "50 is the voice's middle"),
        "the voice's pitch",
        group="voice",
        otherwise="the voice's own",
    )
    pace: float = _setting(
        1.0, Number("FACTOR", 0.5, 3, "1.5 makes pauses half as long again"), "scales pauses, not holds"
    )
    slowing: Switch = _setting("on", OneOf("on|off"), "let the gaps between sentences grow by six tenths toward sleep")
    breath_rate: float = _setting(6.0, Number("PER_MINUTE", 3, 12, "breaths a minute"), "breaths a minute")
    breath_ratio: tuple[int, int] = _setting((4, 6), Ratio("4:6|3:7"), "inhale to exhale")
    count_ms: int = _setting(1_500, Whole("MS", 500, 10_000, "milliseconds"), "how long one count lasts")
    count_voice: CountVoice = _setting(
        CountVoice(),
        CountVoiceKind("auto|on|off|VOICE"),
        "speak the numbers of a count, maybe by another voice; auto: up to ten",
        group="voice",
    )
    length: int | None = _setting(
        None, Duration("TIME"), "how long the guided part lasts, like 25m", otherwise="as it is written"
    )
    tail: int = _setting(
        300_000,
        Duration("TIME", MIN_TAIL_MS, "a tail lasts 10 s at least, for nothing may end abruptly"),
        "how long the background goes on after it",
    )
    background: Background = _setting(
        Background((BackgroundLayer("brown"),)),
        BackgroundKind("NAME"),
        "what sounds under the voice; a music file of yours, or layers like rain+drone:-6, will do, too",
        group="sound",
    )
    background_level: float = _setting(
        15.0,
        Number("LU", 6, 40, "LU under the voice while it speaks"),
        "how far the background lies under the voice",
        group="sound",
    )
    loudness: float = _setting(-22.0, Number("LUFS", -30, -18, "LUFS"), "how loud the voice is", group="sound")
    glide: Switch = _setting("on", OneOf("on|off"), "let the voice grow 3 dB quieter towards the end", group="sound")
    chime: float | None = _setting(
        None,
        ChimeLevel("on|off|LU", Number("LU", MIN_CHIME_LU, 30, "LU under the voice"), CHIME_LU),
        "a soft bell as each hold ends, 11 LU under the voice or as many as you say",
        group="sound",
        otherwise="off",
    )
    ear: Literal["both", "left", "right"] = _setting(
        "both", OneOf("both|left|right"), "put everything into one ear's channel", group="sound"
    )
    level: Level = _setting(
        "standard", OneOf("easier|standard|deeper"), "which way into each pose is spoken", shapes_words=True
    )
    avoid: tuple[str, ...] = _setting(
        (),
        Names("NAMES"),
        "leave out what asks for these, or do its easier way; words with commas between them",
        shapes_words=True,
    )
    first_side: Literal["right", "left"] = _setting(
        "right", OneOf("right|left"), "the side that begins", shapes_words=True
    )
    reps: int | None = _setting(
        None,
        Whole("NUMBER", 1, 100, "there-and-backs"),
        "repetitions of alternating poses",
        shapes_words=True,
        otherwise="the fewest",
    )
    keep: Literal["fitting", "all"] = _setting(
        "fitting",
        OneOf("fitting|all"),
        "what a length without room for everything keeps: fitting steps in briefer words, or all as they are",
        shapes_words=True,
    )
    style: str = _setting(
        "gentle",
        Slug("NAME"),
        "how it is worded; a folder of your own will do, too",
        shapes_words=True,
        group="words",
    )
    words: float = _setting(
        1.0,
        Number("SHARE", 0.5, 1.5, "of the usual reminders"),
        "how many reminders are spoken",
        shapes_words=True,
        group="words",
    )
    night: int = _setting(
        0,
        Whole("NUMBER", 0, 9_999, "a night"),
        "other words than the ritual's, another set for each night",
        shapes_words=True,
        group="words",
    )
    sleep_position: SleepPosition = _setting(
        "any", OneOf("back|side|front|any"), "how you like to fall asleep", shapes_words=True
    )
    ending: Literal["sleep", "awake"] = _setting(
        "sleep", OneOf("sleep|awake"), "end in sleep, or wake gently to get up again", shapes_words=True
    )
    only: tuple[str, ...] = _setting((), Names("POSES"), "do these poses alone", shapes_words=True)
    skip: tuple[str, ...] = _setting((), Names("POSES"), "leave these poses out", shapes_words=True)
    order: tuple[str, ...] = _setting((), Names("POSES"), "do these poses first, in this order", shapes_words=True)
    format: Format = _setting("mp3", OneOf("|".join(FORMATS)), "the file's format", group="file")
    bitrate: int = _setting(
        128, Kilobits("KBPS", BITRATES_KBPS), "kilobits a second, where the format has them", group="file"
    )
    cover: Cover = _setting(
        AUTO_COVER, CoverKind("auto|none|FILE"), "the picture that players show: drawn, none, or your own", group="file"
    )

    @property
    def breath_ms(self) -> int:
        return round(60_000 / self.breath_rate)

    @property
    def inhale_ms(self) -> int:
        inhale, exhale = self.breath_ratio
        return round(self.breath_ms * inhale / (inhale + exhale))


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """The declaration of a setting: its name, kind of value, help and default; `otherwise` holds without a default."""

    name: str
    kind: SettingKind[Any]
    help: str
    default: Any
    shapes_words: bool = False  # it changes the script of a routine, and has no effect on a written script
    group: Group = "practice"
    otherwise: str = ""

    @property
    def is_list(self) -> bool:
        return isinstance(self.kind, Names)

    @property
    def names_files(self) -> bool:
        return isinstance(self.kind, BackgroundKind | CoverKind)

    @property
    def metavar(self) -> str:
        return self.kind.metavar

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def default_text(self) -> str:
        """The default as a user would write it; empty if there is none."""
        return "" if self.default is None else self.kind.write(self.default)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its value in a YAML file."""
        return {"description": f"{self.help[:1].upper()}{self.help[1:]}.", **self.kind.schema()}


SETTINGS: Mapping[str, SettingInfo] = {
    f.name: SettingInfo(name=f.name, default=f.default, **f.metadata) for f in fields(Settings)
}
PARSERS: Mapping[str, Callable[[str], object]] = {name: info.kind.check for name, info in SETTINGS.items()}
"""For each setting, a function that raises ValueError for an invalid text. It looks at no files."""


def json_settings(settings: Settings) -> dict[str, Any]:
    """Every setting as JSON."""
    return {name: info.kind.as_json(getattr(settings, name)) for name, info in SETTINGS.items()}


def written_settings(settings: Settings) -> dict[str, str]:
    """The settings that differ from the defaults, as a user would write them."""
    return {
        name: info.kind.write(value)
        for name, info in SETTINGS.items()
        if (value := getattr(settings, name)) != info.default
    }
