"""Digests of everything that a track is made from, by kind: where none has changed, neither has the track."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cache as remember
from pathlib import Path

from .. import __version__
from ..beds import bed_identity
from ..build.fingerprint import SCHEMA
from ..settings import Settings
from ..storage.cache import content_key
from ..system import ffmpeg
from ..values import Background, Cover
from ..workspace import Workspace
from ..workspace.lexicons import load_lexicon

KINDS: Mapping[str, str] = {
    "routine": "its routine",
    "script": "its script",
    "poses": "a pose",
    "templates": "a template",
    "lexicon": "the lexicon",
    "settings": "a setting",
    "voice": "the voice",
    "background": "the background",
    "encoder": "the encoder",
    "program": "sleepward itself",
    "shown": "what players show",
}
"""What has changed, in words."""

_ELSEWHERE = ("voice", "background", "cover")
_DIGITS = 16  # of a digest: two of a library's inputs that differ look alike once in 10^19 times


def digest(*parts: object) -> str:
    return content_key(*parts)[:_DIGITS]


def settings_digest(settings: Settings) -> str:
    """Of all that holds, in the one form it has however it was written; what has a digest of its own is left out."""
    kept = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name not in _ELSEWHERE}
    return digest(json.dumps(kept, sort_keys=True))


class Inputs:
    """Digests of what is read for the tracks of one library, in its `workspace`: each file is read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[tuple[object, ...], str] = {}

    def of_file(self, path: Path) -> str:
        """Of a file's content; empty where it is gone, which whoever reads it says."""
        return self._once(("file", path), lambda: _file_digest(path))

    def of_files(self, paths: Iterable[Path]) -> str:
        return digest(*(f"{path.name} {self.of_file(path)}" for path in sorted(paths)))

    def of_templates(self, style: str) -> str:
        """Of all templates that may have a part in a style, in the order in which they are searched."""

        def made() -> str:
            folders = self._workspace.template_folders(style)
            return digest(*(_folder_digest(folder, lambda path: path.is_file()) for folder, _ in folders))

        return self._once(("templates", style), made)

    def of_lexicon(self, language: str) -> str:
        entries = load_lexicon(language, self._workspace).entries
        return digest(repr(sorted(entries.items())))

    def of_background(self, background: Background, breath_ms: int, inhale_ms: int) -> str:
        def made() -> str:
            return digest(bed_identity(background, breath_ms, inhale_ms))

        return self._once(("background", background, breath_ms, inhale_ms), made)

    def of_shown(self, album: str, cover: Cover) -> str:
        """Of what players show besides the script's own title and summary."""
        return digest(album, str(cover), "" if cover.file is None else self.of_file(cover.file))

    def _once(self, what: tuple[object, ...], make: Callable[[], str]) -> str:
        if what not in self._known:
            self._known[what] = make()
        return self._known[what]


@remember
def encoder_digest() -> str:
    return digest(ffmpeg.identity())


@remember
def program_digest() -> str:
    """Of the program's own text: another version may word, place or mix the same things otherwise."""
    package = Path(__file__).parent.parent
    return digest(__version__, SCHEMA, _folder_digest(package, lambda path: path.suffix == ".py"))


def _folder_digest(folder: Path, wanted: Callable[[Path], bool]) -> str:
    found = sorted(path for path in folder.rglob("*") if wanted(path))
    return digest(*(f"{path.relative_to(folder).as_posix()} {_file_digest(path)}" for path in found))


def _file_digest(path: Path) -> str:
    try:
        return digest(path.read_bytes().hex())
    except OSError:
        return ""
