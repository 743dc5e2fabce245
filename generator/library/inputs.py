"""Digests of everything that a track is made from, by kind: where none has changed, neither has the track.

Files are read once per run, however many tracks use them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import cache as remember
from pathlib import Path

from .. import __version__
from ..beds import bed_identity, parse_background
from ..build.fingerprint import SCHEMA
from ..settings import Settings
from ..storage.cache import content_key
from ..system import ffmpeg
from ..workspace import resources
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


@remember
def file_digest(path: Path) -> str:
    """Of a file's content; empty where it is gone, which whoever reads it says."""
    try:
        return digest(path.read_bytes().hex())
    except OSError:
        return ""


def files_digest(paths: Iterable[Path]) -> str:
    return digest(*(f"{path.name} {file_digest(path)}" for path in sorted(paths)))


@remember
def templates_digest(style: str) -> str:
    """Of all templates that may have a part in a style, in the order in which they are searched."""
    folders = resources.template_folders(style)
    return digest(*(_folder_digest(folder, lambda path: path.is_file()) for folder in folders))


@remember
def lexicon_digest(language: str) -> str:
    return digest(repr(sorted(load_lexicon(language).entries.items())))


@remember
def background_digest(background: str, breath_ms: int, inhale_ms: int) -> str:
    return digest(bed_identity(parse_background(background), breath_ms, inhale_ms))


@remember
def encoder_digest() -> str:
    return digest(ffmpeg.identity())


@remember
def program_digest() -> str:
    """Of the program's own text: another version may word, place or mix the same things otherwise."""
    package = Path(__file__).parent.parent
    return digest(__version__, SCHEMA, _folder_digest(package, lambda path: path.suffix == ".py"))


def shown_digest(album: str, cover: str) -> str:
    """Of what players show besides the script's own title and summary."""
    return digest(album, cover, "" if cover in ("auto", "none") else file_digest(Path(cover)))


def _folder_digest(folder: Path, wanted: Callable[[Path], bool]) -> str:
    found = sorted(path for path in folder.rglob("*") if wanted(path))
    return digest(*(f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in found))
