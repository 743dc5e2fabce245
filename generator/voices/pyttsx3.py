"""The pyttsx3 engine: espeak-ng on Linux, the system's own voices on macOS and Windows.

pyttsx3 itself runs in other processes only; `_pyttsx3_server.py` says why.
"""

from __future__ import annotations

import math
import platform
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, SettingError, SleepwardError, TrackError
from ..system import stopping
from ..system.waiting import as_completed
from . import VoiceInfo, missing_voice, speakable
from ._pyttsx3_inventory import Inventory, find_espeak_voice, idle_server, load_inventory
from ._pyttsx3_link import (
    DEADLINE_S,
    FORKS,
    SpeechServer,
    decode_any,
    raise_if_missing,
    read_wav,
    recording_path,
    run_once,
    scratch_folder,
)

if TYPE_CHECKING:
    from ..model import Recording
    from . import Voice

__all__ = ["Pyttsx3Voice", "expect_voice", "list_voices", "open_voice"]

DEFAULT_ESPEAK = "en-us+klatt4"  # the soft voice that is understood best over a loud bed: docs/sound.md
ESPEAK_MIN_RATE = 80  # for lower rates espeak-ng silently speaks at 80
# At its full amplitude of 100 klatt4 clips (measured: 95 samples in one sentence); at 60 the loudest stays 3 dB below.
ESPEAK_AMPLITUDE = 60
MAX_OUTSTANDING = 64  # few enough lines that no pipe to or from the server fills up

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


def expect_voice() -> None:
    """Start to query the voices, which takes a process and 0.2 s. The first voice to speak reuses that process."""
    idle_server.wanted = FORKS

    def query() -> None:
        with suppress(SleepwardError, stopping.StoppedError):  # `open_voice` will raise it
            load_inventory()

    threading.Thread(target=query, name="voices").start()


def open_voice(name: str | None, *, rate: int, pitch: int | None) -> Voice:
    """The voice `name`, or the default: see :func:`generator.voices.open_voice`."""
    inventory = load_inventory()
    if inventory.driver != "espeak":
        return _open_system_voice(inventory, name, rate, pitch)
    public = find_espeak_voice(inventory, name or DEFAULT_ESPEAK)
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
        listed.append(_info(public, voice["name"], language, gender))
        if public == "en-us":
            for variant, own_gender in inventory.variants.items():
                combined = f"{public}+{variant}"
                listed.append(_info(combined, f"{voice['name']}, {variant}", language, own_gender or gender))
    return listed


@dataclass(frozen=True, slots=True)
class Pyttsx3Voice:
    """One voice of pyttsx3 with its rate and pitch: a :class:`generator.voices.Voice`.

    `prefix` goes before every text. On espeak-ng it holds the embedded commands for amplitude, rate and pitch, since
    properties get lost now and then. `property_rate` is for drivers without such commands.
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
        speak_lines = self._speak_through_server if self.forks else self._speak_in_processes
        with scratch_folder() as folder:
            yield from speak_lines(lines, max(1, jobs), folder)

    def phonemes_of(self, lines: Sequence[str]) -> list[str]:
        """What espeak-ng makes of each line, in its own names of phonemes. Raises TrackError if it isn't espeak-ng."""
        if self.driver != "espeak":
            raise TrackError(f"the voice {self.label} doesn't tell its phonemes")
        with scratch_folder() as folder:
            answer = run_once("phonemes", [self._setup(folder, 1), {"texts": list(lines)}], self.deadline_s)
        raise_if_missing(answer)
        if "phonemes" not in answer:
            raise TrackError(f"the voice {self.label} didn't tell its phonemes: {answer.get('reason', 'no answer')}")
        return [str(each) for each in answer["phonemes"]]

    def _speak_through_server(
        self, lines: Mapping[str, str], jobs: int, folder: Path
    ) -> Iterator[tuple[str, Recording]]:
        texts = list(lines)
        waiting = deque(range(len(texts)))
        outstanding: set[int] = set()
        children = jobs + 1 if jobs > 1 else 1  # one more than cores, because engines wait for their own threads
        with closing(idle_server.take() or SpeechServer()) as server:
            server.send(self._setup(folder, children))

            def send_more() -> None:
                while waiting and len(outstanding) < MAX_OUTSTANDING:
                    number = waiting.popleft()
                    outstanding.add(number)
                    server.send(self._job(number, lines[texts[number]], folder))

            send_more()
            import numpy  # noqa: F401, ICN001 - imported while the first sentences are spoken, not when one is done

            while outstanding:
                answer = server.receive(3 * self.deadline_s + 10)  # longer than the server's own three attempts
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
        for _ in range(3):  # like the server's ATTEMPTS
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
        driver=inventory.driver,
        voice_id=inventory.ids[public],
        language=_language(inventory, public),
        property_rate=rate,
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


def _info(public: str, name: str, language: str, gender: str) -> VoiceInfo:
    return VoiceInfo(f"pyttsx3:{public}", name, language, gender, NOTES.get(public, ""))
