"""The user's view of all settings: their names, what may be written, and their defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .durations import MAX_DIGITS, parse_duration
from .model import Level

Switch = Literal["on", "off"]
SleepPosition = Literal["back", "side", "front", "any"]
Format = Literal["mp3", "m4b", "opus", "flac", "wav"]
FORMATS: tuple[Format, ...] = ("mp3", "m4b", "opus", "flac", "wav")
MIN_TAIL_MS = 10_000
CHIME_LU = 11.0
MIN_CHIME_LU = 6.0  # a bell is softer than the voice
BITRATES_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320)


def _whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.strip().isdecimal() or len(text) > MAX_DIGITS or not low <= int(text) <= high:
            raise ValueError(f"{text!r} isn't a whole number from {low} to {high} ({unit})")
        return int(text)

    return parse


def _number(low: float, high: float, unit: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:  # NaN is in no range
            raise ValueError(f"{text!r} isn't a number from {low:g} to {high:g} ({unit})")
        return value

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} isn't one of {', '.join(choices)}")
        return text

    return parse


def _chime(text: str) -> float | None:
    """None for off, else by how many LU the bell lies under the voice."""
    if text in ("on", "off"):
        return CHIME_LU if text == "on" else None
    try:
        return _number(MIN_CHIME_LU, 30, "LU under the voice")(text)
    except ValueError as error:
        raise ValueError(f"{error}; or write on or off") from error


def _tail(text: str) -> int:
    ms = parse_duration(text)
    if ms < MIN_TAIL_MS:
        raise ValueError(f"{text!r} is too short: a tail lasts 10 s at least, for nothing may end abruptly")
    return ms


def _bitrate(text: str) -> int:
    number = text.lower().removesuffix("k")
    if number not in map(str, BITRATES_KBPS):
        raise ValueError(f"{text!r} isn't one of {', '.join(map(str, BITRATES_KBPS))} (kb/s)")
    return int(number)


def _breath_ratio(text: str) -> tuple[int, int]:
    if text not in ("4:6", "3:7"):
        raise ValueError(f"{text!r} isn't a breath ratio: 4:6 or 3:7 (inhale:exhale)")
    inhale, _, exhale = text.partition(":")
    return int(inhale), int(exhale)


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them, in their order; none of them where it says so."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if names == (NO_NAMES,):
        return ()
    if not names:
        raise ValueError(f"it is empty: write names with commas between them, or {NO_NAMES}")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:60]!r} isn't a name: write names like {LIST_EXAMPLE}, with commas between them")
    return names


def _style(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text[:60]!r} isn't a style's name: write one like gentle")
    return text


LIST_EXAMPLE = "figure-four"
NO_NAMES = "none"  # takes back what a file or the environment names
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _setting(default: Any, parse: Callable[[str], Any], metavar: str, help_: str, *, shapes_words: bool = False) -> Any:
    facts = {"parse": parse, "metavar": metavar, "help": help_, "shapes_words": shapes_words}
    return field(default=default, metadata=facts)


_switch = _one_of("on", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, parsed. The field's name is the setting's; a flag has hyphens for underscores."""

    # ruff: noqa: RUF009  # _setting is dataclasses.field with its metadata spelled out
    voice: str | None = _setting(None, _text, "[ENGINE:]NAME", "who speaks; `sleepward voices` lists them")
    rate: int = _setting(116, _whole(60, 300, "words per minute"), "WPM", "words per minute inside phrases")
    pitch: int | None = _setting(None, _whole(0, 99, "50 is the voice's middle"), "0-99", "the voice's pitch")
    pace: float = _setting(
        1.0, _number(0.5, 3, "1.5 makes pauses half as long again"), "FACTOR", "scales pauses, not holds"
    )
    breath_rate: float = _setting(6.0, _number(3, 12, "breaths a minute"), "PER_MINUTE", "breaths a minute")
    breath_ratio: tuple[int, int] = _setting((4, 6), _breath_ratio, "4:6|3:7", "inhale to exhale")
    count_ms: int = _setting(1_500, _whole(500, 10_000, "milliseconds"), "MS", "how long one count lasts")
    count_voice: Literal["auto", "on", "off"] = _setting(
        "auto", _one_of("auto", "on", "off"), "auto|on|off", "speak the numbers of a count; auto: up to ten"
    )
    length: int | None = _setting(None, parse_duration, "TIME", "how long the guided part lasts, like 25m")
    tail: int = _setting(300_000, _tail, "TIME", "how long the background goes on after it")
    background: str = _setting("brown", _text, "NAME", "what sounds under the voice")
    background_level: float = _setting(
        15.0, _number(6, 40, "LU under the voice while it speaks"), "LU", "how far the background lies under the voice"
    )
    loudness: float = _setting(-22.0, _number(-30, -18, "LUFS"), "LUFS", "how loud the voice is")
    glide: Switch = _setting("on", _switch, "on|off", "let the voice grow 3 dB quieter towards the end")
    chime: float | None = _setting(
        None, _chime, "on|off|LU", "a soft bell as each hold ends, 11 LU under the voice or as many as you say"
    )
    ear: Literal["both", "left", "right"] = _setting(
        "both", _one_of("both", "left", "right"), "both|left|right", "put everything into one ear's channel"
    )
    level: Level = _setting(
        "standard",
        _one_of("easier", "standard", "deeper"),
        "easier|standard|deeper",
        "which way into each pose is spoken",
        shapes_words=True,
    )
    avoid: tuple[str, ...] = _setting(
        (),
        _names,
        "NAMES",
        "leave out what asks for these, or do its easier way: knees,prone,twists",
        shapes_words=True,
    )
    first_side: Literal["right", "left"] = _setting(
        "right", _one_of("right", "left"), "right|left", "the side that begins", shapes_words=True
    )
    reps: int | None = _setting(
        None, _whole(1, 100, "there-and-backs"), "NUMBER", "repetitions of alternating poses", shapes_words=True
    )
    style: str = _setting(
        "gentle",
        _style,
        "NAME",
        "how it is worded: gentle, spare, beginner, breathing, or a folder of your own",
        shapes_words=True,
    )
    words: float = _setting(
        1.0, _number(0.5, 1.5, "of the usual reminders"), "SHARE", "how many reminders are spoken", shapes_words=True
    )
    night: int = _setting(
        0,
        _whole(0, 9_999, "a night"),
        "NUMBER",
        "other words than the ritual's, another set for each night",
        shapes_words=True,
    )
    sleep_position: SleepPosition = _setting(
        "any",
        _one_of("back", "side", "front", "any"),
        "back|side|front|any",
        "how you like to fall asleep",
        shapes_words=True,
    )
    ending: Literal["sleep", "awake"] = _setting(
        "sleep",
        _one_of("sleep", "awake"),
        "sleep|awake",
        "end in sleep, or wake gently to get up again",
        shapes_words=True,
    )
    only: tuple[str, ...] = _setting((), _names, "POSES", "do these poses alone", shapes_words=True)
    skip: tuple[str, ...] = _setting((), _names, "POSES", "leave these poses out", shapes_words=True)
    order: tuple[str, ...] = _setting((), _names, "POSES", "do these poses first, in this order", shapes_words=True)
    format: Format = _setting("mp3", _one_of(*FORMATS), "|".join(FORMATS), "the file's format")
    bitrate: int = _setting(128, _bitrate, "KBPS", "kilobits a second, where the format has them")
    cover: str = _setting("auto", _text, "auto|none|FILE", "the picture that players show: drawn, none, or your own")

    @property
    def breath_ms(self) -> int:
        return round(60_000 / self.breath_rate)

    @property
    def inhale_ms(self) -> int:
        inhale, exhale = self.breath_ratio
        return round(self.breath_ms * inhale / (inhale + exhale))


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """How a setting is shown: its flag, what to write for it, and what it does."""

    name: str
    metavar: str
    help: str
    default: Any
    shapes_words: bool = False  # it makes another script of a routine, and means nothing to a script that is there

    @property
    def is_list(self) -> bool:
        return isinstance(self.default, tuple) and not self.default

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


SETTINGS: Mapping[str, SettingInfo] = {
    f.name: SettingInfo(f.name, f.metadata["metavar"], f.metadata["help"], f.default, f.metadata["shapes_words"])
    for f in fields(Settings)
}
PARSERS: Mapping[str, Callable[[str], object]] = {f.name: f.metadata["parse"] for f in fields(Settings)}
