"""Building several tracks with one command: while one is encoded, the next is spoken."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

from ..durations import format_ms
from ..errors import InputError, LengthError, SleepwardError
from ..system.stopping import StopToken
from ..system.waiting import wait_for
from ..voices import end_unused_speech
from ..workspace import Workspace
from ..workspace.script_sources import load_source
from .excerpt import excerpt
from .pipeline import load_background, prepare, read_spec, render
from .track import BuildContext, BuildResult, PreparedTrack
from .track_file import track_path


def build_several(
    sources: Sequence[str],
    flags: Mapping[str, str | None],
    out: str | None,
    workspace: Workspace,
    context: BuildContext,
    *,
    preview_ms: int | None = None,
) -> Generator[BuildResult | SleepwardError]:
    """Build each of `sources` (as the user names them) in order. Yields its result or its error, then goes on.

    `out` is the value of -o. With `preview_ms`, each is a preview of that length. Closing the iterator early stops the
    narration of the next track.
    """
    with _TracksAhead(sources, flags, out, workspace, context, preview_ms=preview_ms) as tracks:
        for number in range(len(sources)):
            try:
                prepared = tracks.take(number)
                shared = tracks.begin(number + 1)
                yield render(prepared, replace(context, shared=shared))
            except SleepwardError as error:
                yield error


class _TracksAhead:
    """The tracks of one command. Each is prepared when it is taken, or earlier in a thread."""

    def __init__(
        self,
        sources: Sequence[str],
        flags: Mapping[str, str | None],
        out: str | None,
        workspace: Workspace,
        context: BuildContext,
        *,
        preview_ms: int | None,
    ) -> None:
        self._sources, self._flags, self._out = sources, flags, out
        self._workspace, self._context, self._preview_ms = workspace, context, preview_ms
        self._taken: dict[Path, str] = {}
        self._stop = StopToken()
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="next-track")
        self._begun: dict[int, tuple[Future[PreparedTrack], list[str]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the narration of the next track at its next sentence."""
        self._stop.set()
        self._ahead.shutdown(cancel_futures=True)

    def begin(self, number: int) -> bool:
        """Prepare a track in a thread, unless it is a source named twice. Its notices appear when it is taken."""
        if number >= len(self._sources) or self._sources[number] in self._sources[:number]:
            return False
        notices: list[str] = []
        context = replace(self._context, jobs=1, notice=notices.append, progress=self._report)
        self._begun[number] = self._ahead.submit(self._prepare, number, context), notices
        return True

    def take(self, number: int) -> PreparedTrack:
        """A track that only has to be rendered. Raises SleepwardError if it can't be made."""
        if number not in self._begun:
            prepared = self._prepare(number, self._context)
            end_unused_speech()
            return load_background(prepared, self._context)
        future, notices = self._begun.pop(number)
        wait_for(future)
        for notice in notices:
            self._context.notice(notice)
        return load_background(future.result(), self._context)

    def _report(self, stage: str, done: int, total: int) -> None:
        self._stop.check()
        self._context.progress(stage, done, total)

    def _prepare(self, number: int, context: BuildContext) -> PreparedTrack:
        source = self._sources[number]
        loaded = load_source(source, self._flags, self._workspace, context.cache)
        spec = read_spec(loaded, self._flags, self._workspace)
        if self._preview_ms is not None:
            spec = excerpt(spec, self._preview_ms)
        path = track_path(self._out, spec.name, spec.settings.format)
        if (other := self._taken.setdefault(path, source)) != source:
            hint = "build them one by one, each with a file of its own (-o)"
            raise InputError(f"{source} and {other} would both become {path}", hint=hint)
        for note in spec.script.adapted:
            context.notice(note)
        try:
            return prepare(spec, path, context)
        except LengthError as error:
            if self._preview_ms is None:
                raise
            what = f"a preview of {format_ms(self._preview_ms)} has no room for its parts, as this voice speaks"
            raise LengthError(what, hint="give a longer --preview") from error
