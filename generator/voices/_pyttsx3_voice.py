"""A voice that speaks through pyttsx3, in processes of its own; `_pyttsx3_server.py` says why."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, TrackError
from ..system.waiting import as_completed
from . import speakable
from ._failures import gave_silence, require_speech, server_broke_off
from ._pyttsx3_link import (
    DEADLINE_S,
    FORKS,
    SpeechServer,
    raise_if_missing,
    read_wav,
    recording_path,
    run_once,
    scratch_folder,
    servers,
)
from ._recordings import read_recording

if TYPE_CHECKING:
    from ..model import Recording

ATTEMPTS = 3  # at one sentence, as in the server
MAX_OUTSTANDING = 64  # few enough lines that no pipe to or from the server fills up
MAX_WORKERS = 2  # that stay, of 65 MB each: so the whole build stays below 450 MB on any number of cores
MAX_PER_PROCESS = 32  # sentences: a process that loads a second speaks them in three
TELLS_PHONEMES = ("espeak", "hibari")
WRITES_WAV = ("espeak", "hibari")  # drivers whose files are plain WAV on every system


def load_ahead(driver: str, voice_id: str) -> Callable[[], None]:
    """Start a server that loads a voice already; a voice that takes it over sends the rest. Raises nothing.

    Returns what ends it, where no voice has taken it.
    """
    key = _loaded_key(driver, voice_id)
    if FORKS and key not in servers:
        with suppress(OSError):  # it will be met again, and told, when a voice speaks
            server = SpeechServer()
            server.send({"driver": driver, "voice": voice_id})
            servers.put(key, server)
    return partial(servers.end, key)


def _loaded_key(driver: str, voice_id: str | None) -> str:
    return json.dumps([driver, voice_id])


@dataclass(frozen=True, slots=True)
class Pyttsx3Voice:
    """One voice of pyttsx3 with its rate and pitch: a :class:`generator.voices.Voice`.

    `prefix` goes before every text. On espeak-ng it holds the embedded commands for amplitude, rate and pitch, since
    properties get lost now and then. `properties` are for drivers that have no such commands. `workers_stay` where the
    driver takes long to load and keeps no state: then a child speaks many sentences, and the server outlives a track.
    """

    label: str
    identity: str
    rate_wpm: int
    driver: str
    voice_id: str | None
    language: str = ""
    phonemes: str | None = None
    prefix: str = ""
    properties: tuple[tuple[str, float], ...] = ()
    deadline_s: float = DEADLINE_S
    forks: bool = FORKS
    workers_stay: bool = False

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        lines = {text: speakable(text) for text in dict.fromkeys(texts)}
        if not lines:
            return iter(())
        speak_lines = self._speak_through_server if self.forks else self._speak_in_processes
        return speak_lines(lines, max(1, jobs))

    def phonemes_of(self, lines: Sequence[str]) -> list[str]:
        """What the engine makes of each line, in its alphabet. Raises TrackError if it doesn't tell."""
        if self.driver not in TELLS_PHONEMES:
            raise TrackError(f"the voice {self.label} doesn't tell its phonemes")
        with scratch_folder() as folder:
            given = [self._setup(folder, 1), {"texts": [speakable(line) for line in lines]}]
            answer = run_once("phonemes", given, self.deadline_s + len(lines))[-1]
        raise_if_missing(answer)
        if "phonemes" not in answer:
            raise TrackError(f"the voice {self.label} didn't tell its phonemes: {answer.get('reason', 'no answer')}")
        return [str(each) for each in answer["phonemes"]]

    def _speak_through_server(self, lines: Mapping[str, str], jobs: int) -> Iterator[tuple[str, Recording]]:
        texts = list(lines)
        waiting = deque(range(len(texts)))
        outstanding: set[int] = set()
        key = self._server_key(jobs)
        with ExitStack() as cleanup:
            server = servers.take(key) or self._new_server(jobs)
            cleanup.callback(server.close)

            def send_more() -> None:
                while waiting and len(outstanding) < MAX_OUTSTANDING:
                    number = waiting.popleft()
                    outstanding.add(number)
                    server.send(self._job(number, lines[texts[number]], server.folder))

            send_more()
            import numpy  # noqa: F401, ICN001 - imported while the first sentences are spoken, not when one is done

            while outstanding:
                answer = server.receive(3 * self.deadline_s + 10)  # longer than the server's own three attempts
                if answer is None:
                    text = texts[min(outstanding)]
                    raise server_broke_off(self.label, text, f"its server ended{server.last_log_line()}")
                raise_if_missing(answer)
                text = texts[answer["id"]]
                recording = self._recording(text, answer, recording_path(server.folder, answer["id"]))
                outstanding.remove(answer["id"])
                yield text, recording
                send_more()
            if self.workers_stay:
                cleanup.pop_all()
                server.send({})  # none for a while
                servers.put(key, server)

    def _server_key(self, jobs: int) -> str:
        return json.dumps([self.driver, self.voice_id, self.deadline_s, jobs])

    def _new_server(self, jobs: int) -> SpeechServer:
        server = servers.take(_loaded_key(self.driver, self.voice_id)) or servers.take(self.driver) or SpeechServer()
        # one child more than cores for espeak-ng, because its engines wait for their own threads
        children = min(jobs, MAX_WORKERS) if self.workers_stay else jobs + 1 if jobs > 1 else 1
        server.send(self._setup(server.folder, children))
        return server

    def _speak_in_processes(self, lines: Mapping[str, str], jobs: int) -> Iterator[tuple[str, Recording]]:
        texts = list(lines)
        size = min(MAX_PER_PROCESS, ceil(len(texts) / jobs)) if self.workers_stay else 1
        with scratch_folder() as folder, ThreadPoolExecutor(jobs) as pool:
            futures = [
                pool.submit(self._speak_some, range(first, min(first + size, len(texts))), texts, lines, folder)
                for first in range(0, len(texts), size)
            ]
            try:
                for future in as_completed(futures):
                    yield from future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _speak_some(
        self, numbers: range, texts: Sequence[str], lines: Mapping[str, str], folder: Path
    ) -> list[tuple[str, Recording]]:
        """Speak the texts of these `numbers` in one process, each up to three times like the server."""
        spoken: dict[int, dict[str, Any]] = {}
        for _ in range(ATTEMPTS):
            missing = [number for number in numbers if spoken.get(number, {"status": "failed"})["status"] == "failed"]
            if not missing:
                break
            jobs = [self._job(number, lines[texts[number]], folder) for number in missing]
            for answer in run_once("say", [self._setup(folder, 1), *jobs], self.deadline_s * len(jobs)):
                raise_if_missing(answer)
                spoken[answer.get("id", missing[0])] = answer
        nothing = {"status": "failed", "reason": "its process ended before it"}
        return [
            (
                texts[number],
                self._recording(
                    texts[number], spoken.get(number, nothing), recording_path(folder, number, self.driver)
                ),
            )
            for number in numbers
        ]

    def _recording(self, text: str, answer: Mapping[str, Any], path: Path) -> Recording:
        if answer["status"] == "failed":
            raise server_broke_off(self.label, text, answer["reason"])
        if answer["status"] != "ok":
            raise gave_silence(self.label, text)
        try:
            recording = read_wav(path) if self.driver in WRITES_WAV else read_recording(path)
        except InputError as error:
            raise server_broke_off(self.label, text, f"its recording can't be read: {error.what}") from error
        path.unlink()
        return require_speech(self.label, text, recording)

    def _job(self, number: int, line: str, folder: Path) -> dict[str, Any]:
        path = recording_path(folder, number, self.driver)
        return {"id": number, "text": self.prefix + line, "path": str(path), "properties": dict(self.properties)}

    def _setup(self, folder: Path, jobs: int) -> dict[str, Any]:
        return {
            "driver": self.driver,
            "voice": self.voice_id,
            "deadline_s": self.deadline_s,
            "jobs": jobs,
            "workers_stay": self.workers_stay,
            "folder": str(folder),
        }
