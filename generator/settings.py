"""The user's view of all settings: their names, what may be written, their defaults, and who wins."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from .errors import SettingError, did_you_mean
from .folders import here
from .lengths import MAX_DIGITS, parse_duration
from .model import Level

ENVIRONMENT_PREFIX = "SLEEPWARD_"
_NOT_SETTINGS = ("SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
PROJECT_FILE = "sleepward.toml"
VOICE_KEYS = ("voice", "rate", "pitch")

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


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place, as written.

    `where` says what to show for a key in an error, `named` that this shows the setting's name already; `voices` are
    the voices with a rate and pitch of their own that are named here.
    """

    values: Mapping[str, str]
    where: Callable[[str], str]
    named: bool = False
    voices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def resolve(layers: Sequence[Layer]) -> Settings:
    """One Settings from `layers`, the most specific first. Raises SettingError at the place of the fault."""
    chosen: dict[str, object] = {}
    for layer in _with_named_voice(layers):
        for name, text in layer.values.items():
            if name not in PARSERS:
                raise SettingError(
                    f"there is no setting {name!r}", where=layer.where(name), hint=did_you_mean(name, PARSERS)
                )
            try:
                value = PARSERS[name](text)
            except ValueError as error:
                what = str(error) if layer.named else f"{name}: {error}"
                raise SettingError(what, where=layer.where(name)) from error
            chosen.setdefault(name, value)
    return Settings(**cast("dict[str, Any]", chosen))


def _with_named_voice(layers: Sequence[Layer]) -> Sequence[Layer]:
    """`layers` with what stands under ``[voices.NAME]``, where NAME is the voice asked for.

    Its rate and pitch yield to flags and environment alone: whoever asks for that voice means them.
    """
    name = next((layer.values["voice"] for layer in layers if "voice" in layer.values), None)
    home = next((layer for layer in layers if name in layer.voices), None)
    if name is None or home is None:
        return layers
    own = dict(home.voices[name])
    voice = {"voice": own.pop("voice")} if "voice" in own else {}
    commanded = [layer for layer in layers if layer.named]
    others = [layer for layer in layers if not layer.named]
    return [Layer(voice, home.where), *commanded, Layer(own, home.where), *others]


def flag_layer(values: Mapping[str, str | None]) -> Layer:
    given = {name: text for name, text in values.items() if text is not None}
    return Layer(given, lambda name: "--" + name.replace("_", "-"), named=True)


def environment_layer(environment: Mapping[str, str]) -> Layer:
    found = {
        key.removeprefix(ENVIRONMENT_PREFIX).lower(): text
        for key, text in environment.items()
        if key.startswith(ENVIRONMENT_PREFIX) and key not in _NOT_SETTINGS and text
    }
    return Layer(found, lambda name: f"${ENVIRONMENT_PREFIX}{name.upper()}", named=True)


def file_layer(path: Path) -> Layer:
    """The settings of a TOML file; an empty layer where there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Layer({}, str)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"can't be read: {error}", where=str(path)) from error
    lines = text.splitlines()

    def where(name: str) -> str:
        keys = (line.split("=")[0].strip(" []").removeprefix("voices.").replace("-", "_") for line in lines)
        at = next((i for i, key in enumerate(keys, 1) if key == name.replace("-", "_")), 1)
        return f"{path.name}:{at}"

    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = 'texts stand in quotes: background = "rain"'
        raise SettingError(f"this isn't TOML: {error}", where=path.name, hint=hint) from error
    voices = values.pop("voices", {})
    if not isinstance(voices, dict):
        raise SettingError("voices are tables", where=where("voices"), hint="begin one with a line [voices.NAME]")
    for name, value in values.items():
        info = SETTINGS.get(name.replace("-", "_"))
        if info is not None and info.is_list and isinstance(value, list):
            values[name] = ", ".join(map(str, value)) or NO_NAMES
            continue
        if isinstance(value, bool):
            what, hint = _said_by_bool(name, info, value)
            raise SettingError(f"{name}: {what}", where=where(name), hint=hint)
        if isinstance(value, list | dict):
            raise SettingError(f"{name} isn't a text or a number", where=where(name), hint="write one setting a line")
    texts = {name.replace("-", "_"): str(value) for name, value in values.items()}
    return Layer(texts, where, voices={name: _voice_table(name, table, where) for name, table in voices.items()})


def _said_by_bool(name: str, info: SettingInfo | None, value: bool) -> tuple[str, str]:
    """What is wrong with true or false for a setting, and what to write."""
    word = "on" if value else "off"
    written = "true" if value else "false"
    if info is None:
        return f"there is no such setting, and {written} is none's value", did_you_mean(name, SETTINGS)
    if word in info.metavar.split("|"):
        return f"{written} isn't one of its values", f'write {name} = "{word}"'
    return f"{written} isn't one of its values", f"it takes {info.metavar}: {info.help}"


def _voice_table(name: str, table: object, where: Callable[[str], str]) -> Mapping[str, str]:
    """What stands under ``[voices.NAME]``. Raises SettingError."""
    if not isinstance(table, dict) or set(table) - set(VOICE_KEYS) or "voice" not in table:
        hint = f'like [voices.{name}] and below it voice = "en-us+klatt5", rate = 108, pitch = 40'
        raise SettingError(f"[voices.{name}] needs a voice, and may have rate and pitch", where=where(name), hint=hint)
    return {key: str(value) for key, value in table.items()}


def surrounding_layers() -> list[Layer]:
    """What lies outside command line and script: the environment; the files `here`; the user's. In this order.

    The routine's or script's own settings belong between the first and the second.
    """
    import platformdirs

    user = Path(platformdirs.user_config_dir("sleepward", appauthor=False)) / "config.toml"
    files = [*(folder / PROJECT_FILE for folder in here()), user]
    return [environment_layer(os.environ), *map(file_layer, files)]
