"""What the engines share that speak only as a voice of the user's own, set in a ``[voices.NAME]`` table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ..errors import MissingToolError, SettingError
from ..system.stopping import StopToken, check
from ..system.waiting import POLL_S
from ..values import OwnVoice, path_test, with_home
from . import VoiceInfo

DIGEST_DIGITS = 16
CALM_WPM = 140  # the default rate, near that of the default voice

_T = TypeVar("_T")


# --- what they have no need of ------------------------------------------------------------------------


def expect_voice() -> None:
    """There is nothing to prepare."""


def list_voices() -> list[VoiceInfo]:
    """None: the user's own voices are listed from their tables."""
    return []


# --- their tables --------------------------------------------------------------------------------------


def needs_table(engine: str, name: str | None, example: Mapping[str, str]) -> MissingToolError:
    """The error for a voice of `engine` that is asked for without a table. `example` are the lines to write."""
    lines = ", ".join(f'{key} = "{value}"' for key, value in {"engine": engine, **example}.items())
    return MissingToolError(
        f"there is no voice {engine}:{name or ''}: this engine speaks as a voice of your own",
        hint=f"Write into sleepward.toml: [voices.NAME], and below it {lines}; then ask for --voice NAME.",
    )


def required(own: OwnVoice, key: str, what: str) -> str:
    """The value of a key that the table must have. Raises SettingError."""
    value = own.text(key)
    if value is None:
        raise SettingError(f"[voices.{own.name}] needs {key}", where=own.where, hint=f"{key} is {what}")
    return value


def positive(own: OwnVoice, key: str, default: float) -> float:
    """A number above 0. Raises SettingError."""
    text = own.text(key)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingError(
            f"[voices.{own.name}] can't take {text!r} as {key}", where=own.where_of(key), hint="write a number above 0"
        )
    return value


def existing_file(own: OwnVoice, key: str, what: str) -> Path:
    """The file that a key names. Raises SettingError if there is none."""
    path = own.path(required(own, key, what))
    if not path_test(path.is_file):
        raise SettingError(f"there is no file {path}", where=own.where_of(key), hint=f"{key} is {what}")
    return path


def refuse_rate(own: OwnVoice, rate: int | None, why: str) -> None:
    """Raise SettingError if a rate is asked of a voice that can't change it."""
    if rate is not None:
        raise SettingError(f"the voice {own.name} can't speak at rate {rate}", where=own.where_of("rate"), hint=why)


def refuse_pitch(own: OwnVoice, pitch: int | None, why: str) -> None:
    """Raise SettingError if a pitch is asked of a voice that can't change it."""
    if pitch is not None:
        raise SettingError(f"the voice {own.name} can't change its pitch", where=own.where_of("pitch"), hint=why)


# --- files ---------------------------------------------------------------------------------------------


def digest_of(path: Path) -> str:
    """A short hash of a file's content; of a folder, that of all files in it. Raises OSError."""
    if path.is_dir():
        whole = hashlib.sha256()
        for each in sorted(path.rglob("*")):
            if each.is_file():
                whole.update(f"{each.relative_to(path).as_posix()} {digest_of(each)}\n".encode())
        return whole.hexdigest()[:DIGEST_DIGITS]
    status = path.stat()
    return _file_digest(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4_096)
def _file_digest(path: Path, _size: int, _mtime_ns: int) -> str:
    """Size and time are there so that a changed file is hashed again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGEST_DIGITS]


# --- speaking ------------------------------------------------------------------------------------------


def in_parallel(work: Callable[[int, str, StopToken], _T], texts: Sequence[str], jobs: int) -> Iterator[tuple[str, _T]]:
    """Yield each text with what `work` makes of its number and the text, `jobs` at a time, in any order.

    Only a few results wait to be taken, so memory doesn't grow with the texts. If the iterator is closed, or this
    process is to stop, the token that `work` is given is set, and all of it has ended before this returns.
    """
    stop = StopToken()
    waiting = iter(enumerate(texts))
    pending: dict[Future[_T], str] = {}
    with ThreadPoolExecutor(jobs, thread_name_prefix="voice") as pool:

        def submit_more() -> None:
            while len(pending) < 2 * jobs and (following := next(waiting, None)) is not None:
                pending[pool.submit(work, *following, stop)] = following[1]

        try:
            submit_more()
            while pending:
                check()
                done, _ = wait(pending, POLL_S, FIRST_COMPLETED)
                for future in done:
                    yield pending.pop(future), future.result()
                submit_more()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def expand_home(word: str) -> str:
    return str(with_home(word)) if word.startswith("~") else word
