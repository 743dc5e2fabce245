"""The pyttsx3 engine: espeak-ng on Linux, the system's own voices on macOS and Windows.

pyttsx3 itself is only ever loaded in other processes (`_pyttsx3_server.py` says why).
"""

from __future__ import annotations

import functools
import math
import platform
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, SettingError, SleepwardError, TrackError
from ..system import stopping
from ..system.waiting import as_completed
from . import VoiceInfo, missing_voice, speakable
from ._pyttsx3_link import (
    SpeechServer,
    decode_any,
    missing_engine_error,
    raise_if_missing,
    read_wav,
    recording_path,
    run_once,
    scratch_folder,
)

if TYPE_CHECKING:
    from ..model import Recording
    from . import Voice
    from ._pyttsx3_link import Message

__all__ = ["Pyttsx3Voice", "expect_voice", "list_voices", "open_voice"]

DEFAULT_ESPEAK = "en-us+klatt4"  # of the soft ones, the one understood best over a loud bed: docs/sound.md
ESPEAK_MIN_RATE = 80  # asked for less, espeak-ng silently speaks at 80
# At its full amplitude of 100 klatt4 clips (measured: 95 samples in one sentence); at 60 the loudest stays 3 dB below.
ESPEAK_AMPLITUDE = 60
DEADLINE_S = 20.0  # for one sentence, which takes 0.03 s
MAX_OUTSTANDING = 64  # so few lines that neither pipe to the server can fill up

# Measured words per minute for each word per minute asked of espeak-ng. 1.21 is klatt4's over a whole routine; the
# others follow from how long they take, from first sound to last, for the same sentences (at 116 to 150). Of 103
# variants these lie more than 3 % off. Other kinds of English speak up to 6 % faster; other languages have other
# words, so that no factor would mean the same there.
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
    "en-us+klatt4": "the default: low and soft",
    "en-us+Annie": "soft, female",
    "en-us+belinda": "soft, female",
    "en-us+klatt": "brighter, and understood best over a loud bed",
    "en-us+klatt5": "soft",
    "en-us+klatt6": "soft",
    "en-us+m7": "soft",
    "en-us+whisper": "harsh: most of its energy lies at 2 to 5 kHz",
    "en-us+whisperf": "harsh: most of its energy lies at 2 to 5 kHz",
}

FORKS = sys.platform == "linux"  # NSSpeech isn't safe after a fork, Windows has none
_DRIVERS = {"darwin": "nsss", "win32": "sapi5"}


def expect_voice() -> None:
    """Begin to ask what voices there are: that takes a process and 0.2 s. The first to speak gets that process."""
    _idle_server.wanted = FORKS

    def look() -> None:
        with suppress(SleepwardError, stopping.StoppedError):  # who opens a voice is told
            _inventory()

    threading.Thread(target=look, name="voices").start()


def open_voice(name: str | None, *, rate: int, pitch: int | None) -> Voice:
    """The voice `name`, or the default: see :func:`generator.voices.open_voice`."""
    inventory = _inventory()
    if inventory.driver != "espeak":
        return _open_system_voice(inventory, name, rate, pitch)
    public = _find_espeak_voice(inventory, name or DEFAULT_ESPEAK)
    base, _, variant = public.partition("+")
    speed = ESPEAK_SPEED_BY_VARIANT.get(variant, ESPEAK_SPEED)
    asked = round(rate / speed)
    if asked < ESPEAK_MIN_RATE:
        slowest = math.ceil((ESPEAK_MIN_RATE - 0.5) * speed)
        raise SettingError(
            f"pyttsx3:{public} can't speak as slowly as rate {rate}",
            hint=f"Its slowest is {slowest}; get more slowness from the pauses (--pace).",
        )
    # the rate comes first: what a command before it pauses would depend on the rate from before (measured)
    prefix = f"\x01{asked}S\x01{ESPEAK_AMPLITUDE}A" + ("" if pitch is None else f"\x01{pitch}P")
    return Pyttsx3Voice(
        label=f"pyttsx3:{public}",
        identity=_identity(
            inventory,
            public,
            f"rate {asked}",
            f"pitch {'own' if pitch is None else pitch}",
            f"amplitude {ESPEAK_AMPLITUDE}",
        ),
        driver="espeak",
        voice_id=inventory.ids[base] + (f"+{variant}" if variant else ""),
        language=_language(inventory, base),
        phonemes="espeak" if _language(inventory, base).startswith("en") else None,  # every language has its own
        prefix=prefix + " ",
    )


def list_voices() -> list[VoiceInfo]:
    """The voices of this system; with espeak-ng every language, and the variants with US English.

    A variant goes with any language: ``de+klatt4``. Raises MissingToolError where there is no engine.
    """
    inventory = _inventory()
    listed = []
    for public, voice in inventory.voices.items():
        language = (voice["languages"] or [""])[0] or ""
        gender = (voice["gender"] or "").lower()
        listed.append(_info(public, voice["name"], language, gender))
        if public == "en-us":
            for variant, own_gender in inventory.variants.items():
                combined = f"{public}+{variant}"
                listed.append(_info(combined, f"{voice['name']}, {variant}", language, own_gender or gender))
    return listed


@dataclass(frozen=True, slots=True)
class Pyttsx3Voice:
    """One voice of pyttsx3 with its rate and pitch: a :class:`generator.voices.Voice`.

    `prefix` goes before every text: on espeak-ng its embedded commands for amplitude, rate and pitch, since
    setting them as properties is lost now and then. `property_rate` is for drivers without such commands.
    """

    label: str
    identity: str
    driver: str
    voice_id: str | None
    language: str = ""
    phonemes: str | None = None
    prefix: str = ""
    property_rate: int | None = None
    deadline_s: float = DEADLINE_S
    forks: bool = FORKS

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        lines = {text: speakable(text) for text in dict.fromkeys(texts)}
        if not lines:
            return
        way = self._speak_through_server if self.forks else self._speak_in_processes
        with scratch_folder() as folder:
            yield from way(lines, max(1, jobs), folder)

    def _speak_through_server(
        self, lines: Mapping[str, str], jobs: int, folder: Path
    ) -> Iterator[tuple[str, Recording]]:
        texts = list(lines)
        waiting = deque(range(len(texts)))
        outstanding: set[int] = set()
        speakers = jobs + 1 if jobs > 1 else 1  # one more than cores: an engine waits for its own threads
        with closing(_idle_server.take() or SpeechServer()) as server:
            server.send(self._setup(folder, speakers))

            def send_more() -> None:
                while waiting and len(outstanding) < MAX_OUTSTANDING:
                    number = waiting.popleft()
                    outstanding.add(number)
                    server.send(self._job(number, lines[texts[number]], folder))

            send_more()
            import numpy  # noqa: F401, ICN001 - while the first sentences are spoken, and not when one of them waits

            while outstanding:
                answer = server.receive(3 * self.deadline_s + 10)  # its own deadline, three times, comes first
                if answer is None:
                    text = texts[min(outstanding)]
                    raise self._broke_off(text, f"its server ended{server.last_log_line()}")
                raise_if_missing(answer)
                text = texts[answer["id"]]
                recording = self._recording(text, answer, recording_path(folder, answer["id"]))
                outstanding.remove(answer["id"])
                yield text, recording
                send_more()

    def _speak_in_processes(self, lines: Mapping[str, str], jobs: int, folder: Path) -> Iterator[tuple[str, Recording]]:
        with ThreadPoolExecutor(jobs) as pool:
            futures = {
                pool.submit(self._speak_alone, number, text, line, folder): text
                for number, (text, line) in enumerate(lines.items())
            }
            try:
                for future in as_completed(futures):
                    yield futures.pop(future), future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _speak_alone(self, number: int, text: str, line: str, folder: Path) -> Recording:
        job = self._job(number, line, folder)
        answer: dict[str, Any] = {}
        for _ in range(3):  # as often as the server tries
            answer = run_once("say", [self._setup(folder, 1), job], self.deadline_s)
            raise_if_missing(answer)
            if answer["status"] != "failed":
                break
        return self._recording(text, answer, Path(job["path"]))

    def _recording(self, text: str, answer: Mapping[str, Any], path: Path) -> Recording:
        if answer["status"] == "failed":
            raise self._broke_off(text, answer["reason"])
        recording = None
        if answer["status"] == "ok":
            try:
                recording = read_wav(path) if self.driver == "espeak" else decode_any(path)
            except InputError as error:
                raise self._broke_off(text, f"its recording can't be read: {error.what}") from error
            path.unlink()
        if recording is None or not recording.samples.any():
            raise TrackError(
                f"the voice {self.label} finds nothing to speak in {text[:60]!r}",
                hint="It gave silence: write that text in words, or leave it out.",
            )
        return recording

    def _broke_off(self, text: str, reason: str) -> TrackError:
        return TrackError(
            f"the voice {self.label} broke off at {text[:60]!r}: {reason}",
            hint="Build again; if the same text fails again, reword it or choose another voice.",
        )

    def _job(self, number: int, line: str, folder: Path) -> dict[str, Any]:
        return {"id": number, "text": self.prefix + line, "path": str(recording_path(folder, number, self.driver))}

    def _setup(self, folder: Path, jobs: int) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "voice": self.voice_id,
            "property_rate": self.property_rate,
            "deadline_s": self.deadline_s,
            "jobs": jobs,
            "folder": str(folder),
        }


# --- which voices there are ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Inventory:
    """What pyttsx3 offers on this machine; `voices` by the name a user writes, `ids` to pyttsx3's own."""

    driver: str
    versions: str
    default: str
    voices: Mapping[str, Mapping[str, Any]]
    variants: Mapping[str, str]

    @property
    def ids(self) -> dict[str, str]:
        return {public: voice["id"] for public, voice in self.voices.items()}


class _IdleServer:
    """The server that said what voices there are, until somebody speaks; where nobody does, it ends with us."""

    def __init__(self) -> None:
        self.wanted = False
        self._server: deque[SpeechServer] = deque()

    def leave(self, server: SpeechServer) -> None:
        if self.wanted:
            self._server.append(server)
        else:
            server.close()

    def take(self) -> SpeechServer | None:
        try:
            return self._server.pop()
        except IndexError:
            return None


_idle_server = _IdleServer()
_inventory_lock = threading.Lock()


def _inventory() -> _Inventory:
    """What voices there are, asked for once."""
    with _inventory_lock:
        return _query_inventory()


@functools.cache  # a process sees one machine
def _query_inventory() -> _Inventory:
    driver = _DRIVERS.get(sys.platform, "espeak")
    with scratch_folder() as folder:
        asked = {"driver": driver, "folder": str(folder), "deadline_s": DEADLINE_S}
        offer = _query_server(asked) if FORKS else run_once("voices", [asked], 3 * DEADLINE_S)
    if offer.get("status") == "failed":
        raise missing_engine_error(offer["reason"])
    raise_if_missing(offer)
    voices: dict[str, Mapping[str, Any]] = {}
    for voice in offer["voices"]:
        public = voice["id"]
        if driver == "espeak":
            language = voice["languages"][0]
            public = language if language not in voices else voice["id"].rpartition("/")[2]
        voices[public] = voice
    versions = f"pyttsx3 {offer['pyttsx3']}, {offer['library']}"
    return _Inventory(driver, versions, offer["default"], voices, offer["variants"])


def _query_server(asked: Message) -> dict[str, Any]:
    """What a server offers, which may go on to speak; as `run_once` has it, where it doesn't answer."""
    stopping.check()
    server = SpeechServer()
    with ExitStack() as unless_left:
        unless_left.callback(server.close)
        server.send(asked)
        offer = server.receive(3 * DEADLINE_S)
        if offer is None:
            return {"status": "failed", "reason": f"its process ended{server.last_log_line()}"}
        if "voices" in offer:
            unless_left.pop_all()
            _idle_server.leave(server)
        return offer


def _find_espeak_voice(inventory: _Inventory, name: str) -> str:
    """The public id of `name`: a language, espeak's own id or a voice's name, with any variant; in any case."""
    base, plus, variant = name.partition("+")
    bases: dict[str, str] = {}
    for public, voice in inventory.voices.items():
        for alias in (public, voice["id"], voice["id"].rpartition("/")[2], voice["name"]):
            bases.setdefault(alias.casefold(), public)
    bases |= {public.casefold(): public for public in inventory.voices}
    variants = {known.casefold(): known for known in inventory.variants}
    found = bases.get(base.casefold())
    if found and not plus:
        return found
    if found and variant.casefold() in variants:
        return f"{found}+{variants[variant.casefold()]}"
    if not plus and base.casefold() in variants:  # a variant goes with a language
        raise missing_voice(f"pyttsx3:{name}", [f"pyttsx3:en-us+{variants[base.casefold()]}"])
    # nearest within the part that is wrong: any base goes with any variant
    known = [f"{found}+{v}" for v in inventory.variants] if found else [p + plus + variant for p in inventory.voices]
    raise missing_voice(f"pyttsx3:{name}", [f"pyttsx3:{k}" for k in known])


def _open_system_voice(inventory: _Inventory, name: str | None, rate: int, pitch: int | None) -> Pyttsx3Voice:
    """A voice of macOS or Windows. Their rates are passed on as they are: nobody has measured them."""
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
        driver=inventory.driver,
        voice_id=inventory.ids[public],
        language=_language(inventory, public),
        property_rate=rate,
    )


def _language(inventory: _Inventory, public: str) -> str:
    """What a voice speaks, like ``en-us``; empty where the system doesn't say, or says it by a number."""
    said = str((inventory.voices[public]["languages"] or [""])[0] or "").lower().replace("_", "-")
    return said if said[:2].isalpha() else ""


def _identity(inventory: _Inventory, *parts: str) -> str:
    system = f"{platform.system()} {platform.machine()}"
    if inventory.driver != "espeak":
        system += f" {platform.release()}"  # system voices change with the system
    return ", ".join((inventory.versions, system, *parts))


def _info(public: str, name: str, language: str, gender: str) -> VoiceInfo:
    return VoiceInfo(f"pyttsx3:{public}", name, language, gender, NOTES.get(public, ""))
