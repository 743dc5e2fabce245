"""Runs on a Dask worker: reports its identity, runs one task, stops on request."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..settings import Settings
from ..system.stopping import StopToken
from ..values import VoiceChoice, voice_name
from .protocols import BuildTask, TaskResult, TrackStore

if TYPE_CHECKING:
    from ..build.track import BuildContext

TaskFunction = Callable[[BuildTask, TrackStore, "BuildContext"], TaskResult]
ChosenVoice = tuple[VoiceChoice | None, int | None, int | None]
"""`voice`, `rate` and `pitch`, as settings hold them."""

# A track's bytes depend on these packages. Dask is here because both ends must speak the same protocol.
_PACKAGES = ("numpy", "soxr", "pydub", "pillow", "mutagen", "distributed")

_stop_tokens: dict[str, StopToken] = {}  # by the token of the batch
_running: dict[str, int] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class BatchContext:
    """What all tasks of one batch share. `cache_folder` None stands for the worker's own, as on another machine."""

    token: str
    store: TrackStore
    cache_folder: Path | None
    task_function: TaskFunction | None = None  # None: build the track


# --- identity ------------------------------------------------------------------------------------------


def identity(voices: Iterable[ChosenVoice]) -> dict[str, str]:
    """Everything outside a task that a track's bytes depend on: a name to a value, both as errors print them."""
    from ..build.fingerprint import SCHEMA
    from ..system import ffmpeg

    return {
        "sleepward": f"{__version__}, schema {SCHEMA}",
        "encoder": _or_reason(ffmpeg.identity),
        "machine": f"{platform.system()} {platform.machine()}",
        **{
            name: metadata.version(name) if util.find_spec(_IMPORT_NAMES.get(name, name)) else "none"
            for name in _PACKAGES
        },
        **{
            f"voice {voice_name(voice) if voice else 'by default'} at {rate or 'its own'}": _voice(voice, rate, pitch)
            for voice, rate, pitch in voices
        },
    }


_IMPORT_NAMES = {"pillow": "PIL"}


def _voice(voice: VoiceChoice | None, rate: int | None, pitch: int | None) -> str:
    from ..voices import open_voice
    from ..voices.narration import voice_identity

    return _or_reason(lambda: voice_identity(open_voice(voice, rate=rate, pitch=pitch)))


def _or_reason(what: Callable[[], str]) -> str:
    """The identity that `what` returns, or the reason why there is none."""
    from ..errors import SleepwardError

    try:
        return what()
    except SleepwardError as error:
        return f"none ({error.what})"


def chosen_voices(settings: Settings) -> list[ChosenVoice]:
    from ..voices import other_voice

    voices: list[ChosenVoice] = [(settings.voice, settings.rate, settings.pitch)]
    if settings.count_voice.voice is not None:
        voices.append(other_voice(settings.count_voice.voice, settings.rate))
    return voices


def describe_worker(voices: Iterable[ChosenVoice], store: TrackStore, probe: str) -> tuple[dict[str, str], str]:
    """This worker's identity, and the content of the file `probe` in the store, or why it can't be read."""
    try:
        content = (store.read(probe) or b"").decode()
    except Exception as error:  # noqa: BLE001  # any error is a reason to refuse this worker
        content = str(error)
    return identity(voices), content


# --- tasks ---------------------------------------------------------------------------------------------


def run_on_worker(task: BuildTask, batch: BatchContext, threads: int) -> TaskResult:
    """Run one task on `threads` cores: from its script to a whole file in the store."""
    from ..build.track import BuildContext
    from ..storage.cache import Cache, default_folder

    stop_token = _stop_tokens.setdefault(batch.token, StopToken())
    with _lock:
        _running[batch.token] = _running.get(batch.token, 0) + 1
    try:
        stop_token.check()
        cache = Cache(batch.cache_folder or default_folder())
        context = BuildContext(cache, jobs=threads, progress=lambda stage, done, total: stop_token.check())
        return (batch.task_function or _default_task_function())(task, batch.store, context)
    finally:
        with _lock:
            _running[batch.token] -= 1


def _default_task_function() -> TaskFunction:
    from .tasks import run_task

    return run_task


def stop(token: str) -> int:
    """Ask this batch's tasks to stop at their next step. Returns how many are still running."""
    _stop_tokens.setdefault(token, StopToken()).set()
    return _running.get(token, 0)
