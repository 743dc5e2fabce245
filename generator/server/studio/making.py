"""Makes what the studio's page asks for: tracks that join the library, previews, samples of voices and backgrounds."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from ...app.samples import sample_words_over
from ...app.studio import Wishes, plain_note
from ...build.excerpt import excerpt
from ...build.pipeline import load_background, prepare, render
from ...build.track import BuildContext, BuildResult, TrackSpec, shown_title, title_of
from ...build.track_file import track_path
from ...errors import InputError
from ...library.made_tracks import is_of_another, listed_in, note_tracks
from ...library.names import default_name, name_fault
from ...library.places import worded
from ...library.publishing import PAGE_NAME, publish
from ...model import Place
from ...storage.cache import Cache
from ...storage.leftovers import TemporaryFolder
from .jobs import Job, Made, Queue, Reporter

TITLE = "Made in the studio"
"""The title of its library."""

PREVIEW_MS = 60_000
MOST_SOUNDS = 30  # previews and samples that can still be played
_SPEAKING_POLL_S = 0.1


class Maker:
    """Makes tracks into `folder`, as many at once as there are cores, and one preview or sample beside them.

    Previews and samples have addresses below `address`. Raises InputError if another library lies in `folder`.
    """

    def __init__(self, folder: Path, cache: Cache, address: str) -> None:
        if is_of_another(listed_in(folder), TITLE):
            hint = "name another folder, or none: then it is output/studio"
            raise InputError("this is the folder of another library", where=str(folder), hint=hint)
        self._folder, self._cache, self._address = folder, cache, address
        self.tracks = Queue(os.cpu_count() or 1, "studio")
        self._sounds = Queue(1, "studio-sound")
        self._begun: dict[Path, Job] = {}
        self._sound_files: dict[str, Path] = {}
        self._scratch = TemporaryFolder("studio")
        self._adding, self._speaking, self._listing = threading.Lock(), threading.Lock(), threading.Lock()

    @property
    def has_tracks(self) -> bool:
        """Whether the library has any, so that there is a page of them."""
        return (self._folder / PAGE_NAME).is_file()

    def close(self) -> None:
        """End everything that is being made, and forget previews and samples."""
        self.tracks.close()
        self._sounds.close()
        self._scratch.close()

    # --- tracks -------------------------------------------------------------------------------------------

    def build(self, wishes: Wishes) -> Job:
        """Put a track into the queue, unless it is there. Raises what reading its routine raises.

        What differs from what is usual for the routine stands in its name and title.
        """
        place = Place(TITLE, tuple(worded(name, text) for name, text in wishes.flags.items()))
        spec = replace(wishes.spec(), place=place)
        path = self._path(wishes, spec)
        with self._adding:
            self._begun = {path: job for path, job in self._begun.items() if job.view.state in ("waiting", "working")}
            if path not in self._begun:
                self._begun[path] = self.tracks.add(shown_title(spec), partial(self._build, spec, path))
            return self._begun[path]

    def _path(self, wishes: Wishes, spec: TrackSpec) -> Path:
        """The track's file. Raises InputError where it can't have one, or the list has another routine's there."""
        said = [text if name == "length" else f"{name}-{text}" for name, text in wishes.flags.items()]
        name = default_name(wishes.routine, said)
        path = track_path(f"{self._folder}/", name, spec.settings.format)
        listed_as = path.relative_to(self._folder).as_posix()
        other = listed_in(self._folder).tracks.get(listed_as)
        fault = name_fault(listed_as)
        if other is not None and other.routine != spec.script.routine:
            fault = f"{other.routine} and {wishes.routine} would have the same file"
        if fault:
            raise InputError(fault, hint="build it with the command line, and name its file with -o")
        return path

    def _build(self, spec: TrackSpec, path: Path, reporter: Reporter) -> Made:
        for note in spec.script.adapted:
            reporter.notice(plain_note(note))
        built = self._written(spec, path, reporter)
        with self._listing:
            note_tracks(self._folder, TITLE, "", [(None, built)])
            publish(self._folder)
        return Made("/" + quote(path.relative_to(self._folder).as_posix()))

    def _written(self, spec: TrackSpec, path: Path, reporter: Reporter) -> BuildResult:
        """Build it. One track speaks at a time, as in a build of several; others are encoded meanwhile."""
        context = BuildContext(
            self._cache,
            1,
            shared=True,
            progress=reporter.progress,
            notice=lambda text: reporter.notice(plain_note(text)),
        )
        with self._alone_speaking(reporter):
            prepared = prepare(spec, path, context)
        return render(load_background(prepared, context), context)

    @contextmanager
    def _alone_speaking(self, reporter: Reporter) -> Iterator[None]:
        while not self._speaking.acquire(timeout=_SPEAKING_POLL_S):
            reporter.check()
        try:
            yield
        finally:
            self._speaking.release()

    # --- previews and samples -------------------------------------------------------------------------------

    def preview(self, wishes: Wishes) -> Job:
        """A minute with all the settings. Raises LengthError where a minute has no room for one."""
        spec = excerpt(wishes.spec(), PREVIEW_MS)

        def work(reporter: Reporter) -> Made:
            folder = self._new_folder()
            return self._heard(self._written(spec, folder / f"preview.{spec.settings.format}", reporter).path)

        return self._sounds.add(title_of(spec), work)

    def sample(self, wishes: Wishes, *, with_background: bool) -> Job:
        """Two sentences of the chosen voice, alone or over the chosen background."""
        background = wishes.value("background") if with_background else "none"
        spec = wishes.spec()

        def work(reporter: Reporter) -> Made:
            context = BuildContext(self._cache, 1, progress=reporter.progress)
            reporter.check()
            return self._heard(sample_words_over(background, spec, self._new_folder() / "sample.mp3", context, hint=""))

        return self._sounds.add(spec.voice.label, work)

    def sound_at(self, name: str) -> Path | None:
        """The file of a preview or sample by the end of its address; None if it is no longer there."""
        return self._sound_files.get(name)

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._scratch.path))

    def _heard(self, path: Path) -> Made:
        """The address of a new sound. The oldest is forgotten."""
        name = f"{path.parent.name}{path.suffix}"
        self._sound_files[name] = path
        while len(self._sound_files) > MOST_SOUNDS:
            shutil.rmtree(self._sound_files.pop(next(iter(self._sound_files))).parent, ignore_errors=True)
        return Made(f"{self._address}/{name}")
