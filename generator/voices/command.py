"""The command engine: any program that makes a sound file of a text file, set in a ``[voices.NAME]`` table.

The program is started once for each sentence, without a shell. It has a session of its own, so that all that it has
started ends with it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import InputError, MissingToolError, SettingError, did_you_mean
from ..system import ffmpeg
from ..system.stopping import StopToken
from ..system.waiting import POLL_S
from ..values import OwnVoice, path_test
from . import speakable
from ._failures import broke_off, require_speech
from ._own_engines import (
    CALM_WPM,
    digest_of,
    expand_home,
    expect_voice,
    in_parallel,
    list_voices,
    needs_table,
    positive,
    refuse_pitch,
    refuse_rate,
    required,
)
from ._pyttsx3_link import scratch_folder
from ._recordings import read_recording

if TYPE_CHECKING:
    from ..model import Recording
    from . import Voice

__all__ = ["OWN_KEYS", "CommandVoice", "expect_voice", "list_voices", "open_own_voice", "open_voice"]

EXAMPLE = "prog {text_file} {wav}"
OWN_KEYS: Mapping[str, str] = {
    "command": f'a program with its arguments, like "{EXAMPLE}"',
    "voice": "what stands for {voice} in the command",
    "rate": "words per minute, for {rate} in the command",
    "pitch": "0 to 99, for {pitch} in the command",
    "language": "the language of the voice, like en-us",
    "deadline_s": "how many seconds one sentence may take",
    "depends": "further files or folders that make the sound, like a model: one, or a list",
}
DEADLINE_S = 60.0  # for one sentence; a large model is loaded anew for each
_VERSION = 1  # part of the identity: goes up whenever the same program would give another sound
_PLACEHOLDERS = ("text_file", "wav", "voice", "rate", "pitch")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SHOWN_LINES = 3  # of what the program said last


def open_voice(name: str | None, **_: object) -> Voice:
    """Raises MissingToolError: there is no voice without a table."""
    raise needs_table("command", name, {"command": EXAMPLE})


def open_own_voice(own: OwnVoice, *, rate: int | None, pitch: int | None) -> CommandVoice:
    """The voice of a table: see :class:`generator.voices.OwnVoiceEngine`."""
    words = _words_of(own)
    used = {name for word in words for name in _PLACEHOLDER.findall(word)}
    voice = own.text("voice")
    if (voice is None) == ("voice" in used):
        what = "has {voice}, but no voice is given" if voice is None else "has no {voice}, so the voice isn't used"
        raise SettingError(f"the command of [voices.{own.name}] {what}", where=own.where_of("voice"), hint=_hint(own))
    if "rate" not in used:
        refuse_rate(own, rate, "its command has no {rate} for it: write one there, or leave the rate out")
    if "pitch" not in used:
        refuse_pitch(own, pitch, "its command has no {pitch} for it: write one there, or leave the pitch out")
    program = _program(own, words[0])
    given = {
        "voice": voice or "",
        "rate": str(rate or CALM_WPM) if "rate" in used else "",
        "pitch": str(50 if pitch is None else pitch) if "pitch" in used else "",
    }
    return CommandVoice(
        label=own.name,
        identity=_identity(own, program, words[1:], given),
        language=own.text("language") or "",
        rate_wpm=rate or CALM_WPM if "rate" in used else None,
        words=(str(program), *(_PLACEHOLDER.sub(partial(_filled, given), expand_home(word)) for word in words[1:])),
        folder=own.folder,
        deadline_s=positive(own, "deadline_s", DEADLINE_S),
    )


@dataclass(frozen=True, slots=True)
class CommandVoice:
    """A program as a :class:`generator.voices.Voice`. It runs in `folder`, which is that of its settings file.

    `words` are the program's path and its arguments, in which ``{text_file}`` and ``{wav}`` are left to fill.
    """

    label: str
    identity: str
    language: str
    rate_wpm: int | None
    words: tuple[str, ...]
    folder: str
    deadline_s: float = DEADLINE_S
    phonemes: str | None = None

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        lines = {text: speakable(text) for text in dict.fromkeys(texts)}
        with scratch_folder() as folder:

            def work(number: int, text: str, stop: StopToken) -> Recording:
                return self._speak(text, lines[text], folder / str(number), stop)

            yield from in_parallel(work, list(lines), max(1, jobs))

    def _speak(self, text: str, line: str, base: Path, stop: StopToken) -> Recording:
        text_file, wav = base.with_suffix(".txt"), base.with_suffix(".wav")
        text_file.write_text(line + "\n", encoding="utf-8")
        files = {"text_file": str(text_file), "wav": str(wav)}
        words = [self.words[0], *(_PLACEHOLDER.sub(partial(_filled, files), word) for word in self.words[1:])]
        with text_file.open("rb") as stdin, tempfile.TemporaryFile() as log:
            reason = self._run(words, stdin, log, stop)
            said = _last_lines(log)
        if reason is None and not wav.is_file():
            reason = "its program wrote no {wav}"
        if reason is not None:
            hint = "Run it by hand to see more; its command is in sleepward.toml."
            raise broke_off(self.label, text, f"{reason}{': ' if said else ''}{said}", hint)
        try:
            recording = read_recording(wav)
        except InputError as error:
            raise broke_off(self.label, text, f"its {{wav}} can't be read: {error.what}") from error
        finally:
            wav.unlink()
            text_file.unlink()
        return require_speech(self.label, text, recording)

    def _run(self, words: Sequence[str], stdin: IO[bytes], log: IO[bytes], stop: StopToken) -> str | None:
        """Run the program to its end. Returns why it failed; None if it didn't. Raises StoppedError."""
        try:
            process = subprocess.Popen(
                words, stdin=stdin, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        except OSError as error:
            return f"its program can't be started ({error.strerror})"
        until_s = time.monotonic() + self.deadline_s
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(POLL_S)
                    break
                stop.check()
                if time.monotonic() > until_s:
                    return f"it didn't finish in {self.deadline_s:g} s"
        finally:
            _end(process)
        if code < 0:
            return f"its program was ended by signal {-code}"
        return f"its program ended with code {code}" if code else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_lines(log: IO[bytes]) -> str:
    log.seek(max(0, log.seek(0, os.SEEK_END) - 4_096))
    lines = log.read().decode(errors="replace").splitlines()
    shown = " / ".join([line.strip() for line in lines if line.strip()][-_SHOWN_LINES:])
    return "".join(c for c in shown if c.isprintable())[-400:]


# --- the command ---------------------------------------------------------------------------------------


def _words_of(own: OwnVoice) -> list[str]:
    """The command's words. Raises SettingError if it can't be split, or lacks {wav}, or has an unknown {name}."""
    command, where, of = required(own, "command", OWN_KEYS["command"]), own.where_of("command"), f"[voices.{own.name}]"
    try:
        words = shlex.split(command)
    except ValueError as error:
        hint = "close each quote"
        raise SettingError(
            f"the command of [voices.{own.name}] can't be read: {error}", where=where, hint=hint
        ) from error
    found = _PLACEHOLDER.findall(command)
    for name in found:
        if name not in _PLACEHOLDERS:
            hint = did_you_mean(name, _PLACEHOLDERS)
            if name == "text":  # it could look like an option, and others may read it in the list of processes
                hint = "the text is in the file {text_file}, and on standard input"
            raise SettingError(f"the command of {of} has an unknown {{{name}}}", where=where, hint=hint)
    if not words or "wav" not in found:
        what = f"the command of {of} has no {{wav}}, the file that it must write"
        raise SettingError(what, where=where, hint=_hint(own))
    return words


def _hint(own: OwnVoice) -> str:
    return f'like [voices.{own.name}] and below it engine = "command", command = "{EXAMPLE} {{voice}}", voice = "low"'


def _program(own: OwnVoice, word: str) -> Path:
    """The file of a program: by its path from the table's folder, or else on PATH. Raises MissingToolError."""
    word = expand_home(word)
    has_folder = any(each in word for each in (os.sep, os.altsep) if each)
    found = shutil.which(str(Path(own.folder) / word)) if has_folder else shutil.which(word)
    if found is None:
        raise MissingToolError(
            f"the program {word!r} of the voice {own.name} isn't there, or can't be run",
            hint=f"Install it, or write its path into {own.where_of('command')}.",
        )
    return Path(found)


def _filled(values: Mapping[str, str], placeholder: re.Match[str]) -> str:
    """The value of a placeholder; the placeholder itself if `values` lacks it."""
    return values.get(placeholder[1], placeholder[0])


def _identity(own: OwnVoice, program: Path, words: Sequence[str], given: Mapping[str, str]) -> str:
    """The program and its arguments, with the content of every file among them instead of its path."""
    parts = [f"{program.name} {digest_of(program)}"]
    for word in words:
        option, equals, value = word.rpartition("=")
        file = own.path(value)
        is_file = bool(value) and not _PLACEHOLDER.search(value) and path_test(file.is_file)
        parts.append(f"{option}{equals}{file.name} {digest_of(file)}" if is_file else word)
    for text in own.texts("depends"):
        path = own.path(text)
        if not path_test(path.exists):
            raise SettingError(
                f"there is no {path}", where=own.where_of("depends"), hint=f"depends is {OWN_KEYS['depends']}"
            )
        parts.append(f"{path.name} {digest_of(path)}")
    settings = ", ".join(f"{name} {value}" for name, value in given.items() if value)
    return f"command {_VERSION}, {' | '.join(parts)}, {settings}, read by {ffmpeg.identity()}"
