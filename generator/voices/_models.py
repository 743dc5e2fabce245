"""What the engines share that load a model of the user's: Piper and Kokoro. It runs in a process apart, which stays."""

from __future__ import annotations

import json
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

from ..errors import MissingToolError, SettingError
from ..model import Recording
from ..system.stopping import check
from ..system.waiting import POLL_S
from ..values import OwnVoice
from . import speakable
from ._failures import require_speech, server_broke_off, without_words
from ._processor import processor_class
from ._pyttsx3_link import scratch_folder

_SERVER = Path(__file__).with_name("_model_server.py")
DEADLINE_S = 120.0  # for one sentence; Kokoro needs the time of the sentence itself on one core
LOAD_DEADLINE_S = 120.0
SHUTDOWN_TIMEOUT_S = 5.0

Setup = Mapping[str, Any]


def package_versions(engine: str, package: str, module: str) -> str:
    """The versions that the sound depends on. Raises MissingToolError if the package isn't installed."""
    if util.find_spec(module) is None:
        raise MissingToolError(
            f"the engine {engine} needs the package {package}, which isn't installed",
            hint=f"{sys.executable} -m pip install 'sleepward[{engine}]'",
        )
    versions = ", ".join(f"{each} {metadata.version(each)}" for each in (package, "onnxruntime", "numpy"))
    return f"{versions}, {platform.system()} {platform.machine()} {processor_class()}"


def speed_for(own: OwnVoice, rate: int, natural_wpm: float, slowest: float, fastest: float) -> float:
    """How much faster than by itself the model must speak, for `rate` words a minute. Raises SettingError."""
    speed = rate / natural_wpm
    if not slowest <= speed <= fastest:
        low, high = -(-natural_wpm * slowest // 1), natural_wpm * fastest // 1
        raise SettingError(
            f"the voice {own.name} can't speak at rate {rate}",
            where=own.where_of("rate"),
            hint=f"its model speaks {low:g} to {high:g} words a minute; --pace makes the pauses longer",
        )
    return round(speed, 4)


@dataclass(frozen=True, slots=True)
class ModelVoice:
    """A model as a :class:`generator.voices.Voice`. `setup` are the settings for the process, as (key, value)."""

    label: str
    identity: str
    language: str
    rate_wpm: int
    setup: tuple[tuple[str, Any], ...]
    deadline_s: float = DEADLINE_S
    phonemes: str | None = None

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        lines = {text: self._line(text) for text in dict.fromkeys(texts)}
        if not lines:
            return
        jobs = min(max(1, jobs), len(lines))
        with scratch_folder() as folder, closing(_ModelProcess({**dict(self.setup), "jobs": jobs}, folder)) as process:
            self._load(process)
            waiting = iter(enumerate(lines))
            outstanding: dict[int, str] = {}

            def send_more() -> None:
                while len(outstanding) < 2 * jobs and (following := next(waiting, None)) is not None:
                    number, text = following
                    outstanding[number] = text
                    process.send({"id": number, "text": lines[text], "path": str(folder / f"{number}.f32")})

            send_more()
            while outstanding:
                answer = process.receive(self.deadline_s)
                if answer is None:
                    reason = process.last_words() or f"it didn't finish in {self.deadline_s:g} s"
                    raise server_broke_off(self.label, next(iter(outstanding.values())), reason)
                text = outstanding.pop(answer["id"])
                send_more()
                yield text, self._recording(text, answer, folder / f"{answer['id']}.f32")

    def _line(self, text: str) -> str:
        line = speakable(text)
        if not any(map(str.isalnum, line)):
            raise without_words(self.label, text)
        return line.replace("[[", "[ [").replace("[[", "[ [")  # Piper would take what follows for phonemes

    def _load(self, process: _ModelProcess) -> None:
        answer = process.receive(LOAD_DEADLINE_S)
        if answer is None or "missing" in answer:
            reason = answer["missing"] if answer else process.last_words() or "its process didn't answer"
            hint = "Is the file whole, and of this engine?"
            raise MissingToolError(f"the model of the voice {self.label} can't be loaded: {reason[:400]}", hint=hint)

    def _recording(self, text: str, answer: Mapping[str, Any], path: Path) -> Recording:
        import numpy as np

        if answer["status"] == "failed":
            raise server_broke_off(self.label, text, answer["reason"])
        samples = np.fromfile(path, "<f4") if answer["status"] == "ok" else np.zeros(0, np.float32)
        path.unlink(missing_ok=True)
        if not np.isfinite(samples).all():
            raise server_broke_off(self.label, text, "its model gave no numbers")
        return require_speech(self.label, text, Recording(samples.astype(np.float32).reshape(-1, 1), answer["rate"]))


class _ModelProcess:
    """A process with a loaded model. It ends when it is closed, or when this process ends.

    Its libraries' temporary files, like phonemizer's copy of espeak-ng, lie in `folder`.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe that nobody reads would fill up; closed in `close`
        flag = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", None)  # of Windows
        apart: dict[str, Any] = {"start_new_session": True} if flag is None else {"creationflags": flag}
        # -P, because the working folder may contain another piper.py
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))},
            **apart,  # so that Ctrl-C doesn't reach it
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="model's answers", daemon=True)
        self._reader.start()
        self.send(setup)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(b"")

    def send(self, message: Setup) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # `receive` notices that the process has ended
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, deadline_s: float) -> dict[str, Any] | None:
        """The next answer; None if the process has ended, or gave none in time. Raises StoppedError."""
        until_s = time.monotonic() + deadline_s
        while True:
            check()
            with suppress(queue.Empty):
                line = self._answers.get(timeout=POLL_S)
                check()
                answer: dict[str, Any] | None = json.loads(line) if line else None
                return answer
            if time.monotonic() > until_s:
                return None

    def last_words(self) -> str:
        """How it ended, with the last line of its stderr; empty if it goes on."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(1)
            self._log.seek(0)
            said = self._log.read().decode(errors="replace").strip().splitlines()
            return f"its process ended with code {code}{': ' if said else ''}{''.join(said[-1:])[:200]}"
        return ""

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(SHUTDOWN_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
