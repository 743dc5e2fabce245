"""The pyttsx3 engine: espeak-ng on Linux, the system's own voices on macOS and Windows.

pyttsx3 itself runs in other processes only; `_pyttsx3_server.py` says why.
"""

from __future__ import annotations

import math
import platform
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import SettingError, SleepwardError
from ..system import stopping
from . import VoiceInfo, missing_voice
from ._pyttsx3_inventory import Inventory, find_espeak_voice, load_inventory, wanted
from ._pyttsx3_link import FORKS
from ._pyttsx3_voice import Pyttsx3Voice

if TYPE_CHECKING:
    from . import Voice

__all__ = ["expect_voice", "list_voices", "open_voice"]

DEFAULT_ESPEAK = "en-us+klatt4"  # one of the three soft voices that meet every limit in docs/sound.md
OWN_RATE_WPM = 116  # measured inside phrases; slow teachers speak at 105 to 125
ESPEAK_MIN_RATE = 80  # for lower rates espeak-ng silently speaks at 80
# At its full amplitude of 100 klatt4 clips (measured: 95 samples in one sentence); at 60 the loudest stays 3 dB below.
ESPEAK_AMPLITUDE = 60

# Measured words per minute divided by espeak-ng's nominal rate. 1.21 is klatt4's over a whole routine. The others
# follow from the time that they take for the same sentences, from first sound to last (at 116 to 150). Listed are those
# of 103 variants that differ by more than 3 %. Other kinds of English are up to 6 % faster. Other languages have other
# words, so no factor would mean the same there.
ESPEAK_SPEED = 1.21
ESPEAK_SPEED_BY_VARIANT: Mapping[str, float] = {
    "Marco": 0.91,
    "AnxiousAndy": 0.95,
    "Alicia": 1.00,
    "m4": 1.09,
    "RicishayMax": 1.11,
    "f1": 1.13,
    **dict.fromkeys(("Andy", "f4"), 1.14),
    **dict.fromkeys(("Lee", "announcer", "aunty", "f2", "f5", "linda"), 1.16),
    **dict.fromkeys(("robosoft6", "robosoft8", "whisperf"), 1.17),
    "RicishayMax2": 1.30,
    **dict.fromkeys(("robosoft", "robosoft2", "robosoft3", "robosoft4", "robosoft5", "robosoft7"), 1.51),
    **dict.fromkeys(("Andrea", "anika", "anikaRobot", "antonio", "pedro"), 1.52),
    "UniRobot": 1.61,
}

NOTES = {
    "en-us+klatt4": "the light voice: low and soft, and spoken in an instant",
    "en-us+klatt5": "soft",
    "en-us+klatt6": "soft",
    "en-us+m7": "soft, but understood less well over a bright bed",
    "en-us+belinda": "soft, female",
    "en-us+Annie": "soft, female",
    "en-us+klatt": "brighter; single words may come softer",
    "en-us+whisper": "harsh: most of its energy lies at 2 to 5 kHz",
    "en-us+whisperf": "harsh: most of its energy lies at 2 to 5 kHz",
}
SHORT_LIST = tuple(voice for voice, note in NOTES.items() if not note.startswith("harsh"))
"""The voices of espeak-ng to try first: the light one, then those that are soft and understood over every bed, then the
others by their centroid, the darkest first (docs/sound.md)."""


def expect_voice() -> None:
    """Start to query the voices, which takes a process and 0.2 s. The first voice to speak reuses that process."""
    if FORKS:
        wanted.set()

    def query() -> None:
        with suppress(SleepwardError, stopping.StoppedError):  # `open_voice` will raise it
            load_inventory()

    threading.Thread(target=query, name="voices").start()


def open_voice(name: str | None, *, rate: int | None, pitch: int | None) -> Voice:
    """The voice `name`, or the default: see :func:`generator.voices.open_voice`."""
    inventory = load_inventory()
    rate = OWN_RATE_WPM if rate is None else rate
    if inventory.driver != "espeak":
        return _open_system_voice(inventory, name, rate, pitch)
    public = find_espeak_voice(inventory, name or DEFAULT_ESPEAK, ("heart", *SHORT_LIST))
    base, _, variant = public.partition("+")
    speed = ESPEAK_SPEED_BY_VARIANT.get(variant, ESPEAK_SPEED)
    espeak_rate = round(rate / speed)
    if espeak_rate < ESPEAK_MIN_RATE:
        slowest = math.ceil((ESPEAK_MIN_RATE - 0.5) * speed)
        raise SettingError(
            f"pyttsx3:{public} can't speak as slowly as rate {rate}",
            hint=f"Its slowest is {slowest}; use longer pauses (--pace) to slow down more.",
        )
    # the rate comes first: the pause of a command before it would depend on the previous rate (measured)
    prefix = f"\x01{espeak_rate}S\x01{ESPEAK_AMPLITUDE}A" + ("" if pitch is None else f"\x01{pitch}P")
    return Pyttsx3Voice(
        label=f"pyttsx3:{public}",
        identity=_identity(
            inventory,
            public,
            f"rate {espeak_rate}",
            f"pitch {'own' if pitch is None else pitch}",
            f"amplitude {ESPEAK_AMPLITUDE}",
        ),
        rate_wpm=rate,
        driver="espeak",
        voice_id=inventory.ids[base] + (f"+{variant}" if variant else ""),
        language=_language(inventory, base),
        phonemes="espeak"
        if _language(inventory, base).startswith("en")
        else None,  # other languages have other phonemes
        prefix=prefix + " ",
    )


def list_voices() -> list[VoiceInfo]:
    """The voices of this system. For espeak-ng these are all languages, and US English with each variant.

    A variant goes with any language: ``de+klatt4``. Raises MissingToolError if there is no engine.
    """
    inventory = load_inventory()
    listed = []
    for public, voice in inventory.voices.items():
        language = (voice["languages"] or [""])[0] or ""
        gender = (voice["gender"] or "").lower()
        listed.append(_info(inventory, public, voice["name"], language, gender))
        if public == "en-us":
            for variant, own_gender in inventory.variants.items():
                combined = f"{public}+{variant}"
                name = f"{voice['name']}, {variant}"
                listed.append(_info(inventory, combined, name, language, own_gender or gender))
    return listed


def _open_system_voice(inventory: Inventory, name: str | None, rate: int, pitch: int | None) -> Pyttsx3Voice:
    """A voice of macOS or Windows. The rate is passed on unchanged, because these voices haven't been measured."""
    if pitch is not None:
        raise SettingError("pyttsx3 can't set the pitch of this system's voices", hint="Leave the pitch out.")
    aliases = {voice["name"].casefold(): public for public, voice in inventory.voices.items()}
    aliases |= {public.casefold(): public for public in inventory.voices}
    public = aliases.get((name or inventory.default).casefold())
    if public is None:
        known = [*inventory.voices, *(voice["name"] for voice in inventory.voices.values())]
        raise missing_voice(f"pyttsx3:{name or inventory.default}", [f"pyttsx3:{k}" for k in known])
    return Pyttsx3Voice(
        label=f"pyttsx3:{public}",
        identity=_identity(inventory, public, f"rate {rate}"),
        rate_wpm=rate,
        driver=inventory.driver,
        voice_id=inventory.ids[public],
        language=_language(inventory, public),
        properties=(("rate", rate),),
    )


def _language(inventory: Inventory, public: str) -> str:
    """A voice's language, like ``en-us``; empty if the system gives none, or gives a number."""
    language = str((inventory.voices[public]["languages"] or [""])[0] or "").lower().replace("_", "-")
    return language if language[:2].isalpha() else ""


def _identity(inventory: Inventory, *parts: str) -> str:
    system = f"{platform.system()} {platform.machine()}"
    if inventory.driver != "espeak":
        system += f" {platform.release()}"  # a new release may change the system's voices
    return ", ".join((inventory.versions, system, *parts))


def _info(inventory: Inventory, public: str, name: str, language: str, gender: str) -> VoiceInfo:
    if inventory.driver == "espeak":
        rank = SHORT_LIST.index(public) + 1 if public in SHORT_LIST else None
    else:
        rank = 1 if language.lower().startswith("en") else None
    return VoiceInfo(f"pyttsx3:{public}", name, language, gender, NOTES.get(public, ""), rank)
