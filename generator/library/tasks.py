"""Runs one build task, in any process and on any machine: its script becomes a track in the store."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..build.fingerprint import sound_fingerprint
from ..build.pipeline import build, plan_track
from ..build.speakers import open_count_voice, open_speaker
from ..build.track import BuildContext, TrackSpec
from ..errors import FULL_DISK, LengthError, SleepwardError, TrackError, shortage
from ..script import parse
from ..storage.leftovers import TemporaryFolder
from ..system.ffmpeg import identity as encoder_identity
from .protocols import BuildTask, TaskResult, TaskState, TrackStore


def run_task(task: BuildTask, store: TrackStore, context: BuildContext) -> TaskResult:
    """Build the track, or find it unchanged; with `only_plan`, plan it alone.

    A failure is returned in the result, so it never stops another track. The CPU time includes ffmpeg and the voices.
    """
    started_s, cpu_before_s = time.monotonic(), _cpu_s()
    with _captured_log() as notes:
        try:
            result = _plan(task, context) if task.only_plan else _make(task, store, context)
        except SleepwardError as error:
            result = failed_result(task.name, error)
        except Exception as error:  # noqa: BLE001  # a bug that hits one track must not stop the others
            found = shortage(error) or TrackError(f"{type(error).__name__}: {error}")
            result = replace(failed_result(task.name, found), disk_full=_is_disk_full(error))
    return replace(
        result,
        elapsed_s=round(time.monotonic() - started_s, 3),
        cpu_s=round(_cpu_s() - cpu_before_s, 3),
        notes=tuple(notes),
    )


def failed_result(name: str, error: SleepwardError) -> TaskResult:
    """The result for the track `name`, which `error` prevents."""
    return TaskResult(
        name,
        "failed",
        error=error.what,
        where=error.where or "",
        hint=error.hint or "",
        exit_code=error.exit_code,
        is_of_length=isinstance(error, LengthError),
        disk_full=_is_disk_full(error),
    )


def _plan(task: BuildTask, context: BuildContext) -> TaskResult:
    planned = plan_track(_read_spec(task), context)
    facts = planned.plan
    return TaskResult(
        task.name, "planned", task.key, bytes=facts["bytes_estimate"], duration_ms=planned.timeline.duration_ms
    )


def _make(task: BuildTask, store: TrackStore, context: BuildContext) -> TaskResult:
    spec = _read_spec(task)
    path = store.path_of(task.name)
    if path is not None:
        return _build_at(task, spec, path, context)
    with TemporaryFolder("track") as folder:
        made = folder / Path(task.name).name
        if store.key_of(task.name) == task.key:  # the sound is there; the tags may differ
            store.fetch(task.name, str(made))
        result = _build_at(task, spec, made, context)
        if result.state != "unchanged":
            store.put(task.name, str(made), task.key)
    return result


def _build_at(task: BuildTask, spec: TrackSpec, path: Path, context: BuildContext) -> TaskResult:
    built = build(spec, path, context)
    state: TaskState = "retitled" if built.retitled else "made" if built.fresh else "unchanged"
    return TaskResult(task.name, state, task.key, built.bytes, built.sha256(), built.duration_ms)


def _read_spec(task: BuildTask) -> TrackSpec:
    """The track's specification. Raises TrackError if this machine would produce a different track than the leader."""
    script = parse(task.text, task.shown_as, task.stem)
    settings = task.settings
    voice, count_voice = open_speaker(settings), open_count_voice(settings)
    spec = TrackSpec(script, task.stem, settings, voice, task.lexicon, task.place, count_voice)
    if sound_fingerprint(spec).key != task.key:
        what = f"this worker would make a different sound: its voice is {voice.identity}, its encoder"
        hint = "install the same versions of sleepward and its packages there as on the machine that runs batch"
        raise TrackError(f"{what} is {encoder_identity()}", where=task.name, hint=hint)
    return spec


def _is_disk_full(error: BaseException) -> bool:
    """Whether a full disk is the root cause."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL_DISK:
            return True
        cause = cause.__cause__
    return False


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class _LogCapture(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    """The messages logged inside the block. The leader prints them with the result."""
    log, handler = logging.getLogger("sleepward"), _LogCapture()
    log.addHandler(handler)
    before, log.propagate = log.propagate, False
    try:
        yield handler.texts
    finally:
        log.propagate = before
        log.removeHandler(handler)
