"""Reads a library file into resolved tracks, with every fault at its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ..definition.library_reading import read_library
from ..errors import InputError, SleepwardError
from ..values import path_test
from ..workspace import Workspace
from ..workspace.parsers import parsers_in
from ..yaml_source import read_text
from .fault_report import FaultReport
from .names import collisions, name_fault
from .places import places_of
from .requested_tracks import LocatedText, RequestedTrack, requested_tracks
from .resolver import ResolvedTrack, TrackResolver

if TYPE_CHECKING:
    from ..yaml_source import YamlSource


@dataclass(frozen=True, slots=True)
class Library:
    """A library file that was read. `tracks` are the chosen ones in the order of the file; `names` are all tracks'."""

    path: Path
    title: str
    year: str
    output: str
    tracks: tuple[ResolvedTrack, ...]
    names: frozenset[str]
    resolver: TrackResolver
    fault_report: FaultReport


def open_library(path: Path, only: str | None = None, jobs: int = 1) -> Library:
    """Read a library file, with the tracks whose names match the pattern `only`. Nothing is built.

    `jobs` voices speak at a time what has to be heard to fit a length.

    Raises DefinitionError with every fault at its line, and other SleepwardErrors for faults outside the library.
    """
    folder, workspace = path.parent, Workspace.beside(path)
    file, source = read_library(
        read_text(path),
        str(path),
        known_settings=parsers_in(folder, workspace),
        known_routines=workspace.routine_names(),
        check_script=lambda script: _must_be_script(folder, script),
    )
    if not (folder / file.output).resolve().is_relative_to(folder.resolve()):
        source.fault(
            _offset_in(source, "output"), "this leads out of the library's folder: choose one inside, or give -o"
        )
    defaults = {name: LocatedText(value, _offset_in(source, "defaults", name)) for name, value in file.defaults.items()}
    resolver = TrackResolver(folder, workspace, defaults, jobs)
    fault_report = FaultReport(source, defaults)
    tracks = []
    requests = requested_tracks(file, source)
    if not requests:
        source.fault(_offset_in(source, "exclude"), "every track is excluded, so no track is left: exclude fewer")
    titles = [_title_of(requested, resolver) for requested in requests]
    for requested, place in zip(requests, places_of(requests, titles, file.title, file.year), strict=True):
        try:
            tracks.append(resolver.resolve(requested, place))
        except SleepwardError as error:
            fault_report.note(error, requested)
    _check_names(tracks, source)
    fault_report.raise_faults()
    names = frozenset(track.name for track in tracks)
    chosen = tuple(track for track in tracks if only is None or fnmatchcase(track.name, only))
    if not chosen:
        hint = "* matches anything, as in 'deep-hip-opening/*'"
        raise InputError(f"none of the {len(names)} tracks matches {only!r}", where="--names", hint=hint)
    return Library(path, file.title, file.year, str(folder / file.output), chosen, names, resolver, fault_report)


def _title_of(requested: RequestedTrack, resolver: TrackResolver) -> str:
    """The title of what it practises; empty where that can't be read, which resolving it reports."""
    try:
        return resolver.title_of(requested)
    except SleepwardError:
        return ""


def _offset_in(source: YamlSource, *loc: str) -> int:
    node = source.find(loc)
    return node.start if node else 0


def _must_be_script(folder: Path, script: str) -> None:
    path = folder / script
    if not path_test(path.is_file):
        raise ValueError(f"this folder has no file {script!r}: check its name")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{script!r} is a link that leads out of this folder: put the file itself here")


def _check_names(tracks: Sequence[ResolvedTrack], source: YamlSource) -> None:
    for track in tracks:
        if fault := name_fault(track.name):
            source.fault(track.requested.offset, f"{fault}: rename it with 'names' or 'name'")
    for index, earlier in collisions([track.name for track in tracks]):
        requested, other = tracks[index].requested, tracks[earlier].requested
        differing = [name for name in requested.settings if requested.settings[name] != other.settings.get(name)]
        at = requested.offset_of(differing[0]) if differing and requested.offset == other.offset else requested.offset
        line = source.line_of(other.offset)
        what = f"the name {tracks[index].name} collides with the track of line {line}"
        source.fault(at, f"{what}: rename one of them with 'names' or 'name'")
