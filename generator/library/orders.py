"""One order carried out, in whatever process and on whatever machine: the script in it becomes a track in a store."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..build.fingerprint import sound_fingerprint
from ..build.pipeline import build, plan_track
from ..build.track import BuildContext, TrackSpec
from ..errors import LengthError, SleepwardError, TrackError
from ..script import parse
from ..system.ffmpeg import identity as encoder_identity
from ..voices import open_voice
from .work import Order, Result, State, Store


def carry_out(order: Order, store: Store, context: BuildContext) -> Result:
    """Make the track, or find it unchanged; or only plan it, where that is all the order asks for.

    Whatever goes wrong with the track is in the result: it never stops another. The figures count what its own
    ffmpegs and voices took too.
    """
    started_s, cpu_before_s = time.monotonic(), _cpu_s()
    with _heard() as notes:
        try:
            result = _planned(order, context) if order.only_plan else _made(order, store, context)
        except SleepwardError as error:
            result = failure(order.name, error)
        except Exception as error:  # noqa: BLE001  # a mistake of ours in one track spares the others
            what = f"{type(error).__name__}: {error}"
            result = Result(order.name, "failed", error=what, exit_code=1, disk_full=_is_full(error))
    return replace(
        result,
        elapsed_s=round(time.monotonic() - started_s, 3),
        cpu_s=round(_cpu_s() - cpu_before_s, 3),
        notes=tuple(notes),
    )


def failure(name: str, error: SleepwardError) -> Result:
    """What there is to tell of the track `name`, which `error` keeps from being made."""
    return Result(
        name,
        "failed",
        error=error.what,
        where=error.where or "",
        hint=error.hint or "",
        exit_code=error.exit_code,
        is_of_length=isinstance(error, LengthError),
        disk_full=_is_full(error),
    )


def _planned(order: Order, context: BuildContext) -> Result:
    planned = plan_track(_spec(order), context)
    facts = planned.plan
    return Result(
        order.name, "planned", order.key, bytes=facts["bytes_estimate"], duration_ms=planned.timeline.duration_ms
    )


def _made(order: Order, store: Store, context: BuildContext) -> Result:
    spec = _spec(order)
    path = store.path_of(order.name)
    if path is not None:
        return _built(order, spec, path, context)
    with tempfile.TemporaryDirectory(prefix="sleepward-") as folder:
        made = Path(folder) / Path(order.name).name
        if store.key_of(order.name) == order.key:  # its sound is there; its tags may be others
            store.fetch(order.name, str(made))
        result = _built(order, spec, made, context)
        if result.state != "unchanged":
            store.put(order.name, str(made), order.key)
    return result


def _built(order: Order, spec: TrackSpec, path: Path, context: BuildContext) -> Result:
    built = build(spec, path, context)
    state: State = "retitled" if built.retitled else "made" if built.fresh else "unchanged"
    return Result(order.name, state, order.key, built.bytes, built.sha256(), built.duration_ms)


def _spec(order: Order) -> TrackSpec:
    """The order, read. Raises TrackError where its track would be another one here than where it was ordered."""
    script = parse(order.text, order.shown_as, order.stem)
    settings = order.settings
    voice = open_voice(settings.voice, rate=settings.rate, pitch=settings.pitch)
    spec = TrackSpec(script, order.stem, settings, voice, order.lexicon, order.album)
    if sound_fingerprint(spec).key != order.key:
        what = f"this worker would make another sound of it: its voice is {voice.identity}, its encoder"
        hint = "give it the same version of sleepward, and of its packages, as where the library is built from"
        raise TrackError(f"{what} {encoder_identity()}", where=order.name, hint=hint)
    return spec


def _is_full(error: BaseException) -> bool:
    """Whether a disk without room is at the bottom of it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        cause = cause.__cause__
    return False


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class _Notes(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What is logged meanwhile: it is told with the result, by whoever has the terminal."""
    log, handler = logging.getLogger("sleepward"), _Notes()
    log.addHandler(handler)
    before, log.propagate = log.propagate, False
    try:
        yield handler.texts
    finally:
        log.propagate = before
        log.removeHandler(handler)
