"""What a library's track is made of, known before its script is written, as named parts of a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache as remember
from pathlib import Path

from .. import __version__
from ..build.fingerprint import SCHEMA, background_part
from ..model import Place
from ..settings import Settings
from ..storage.cache import content_key
from ..values import Cover
from ..workspace import Workspace
from ..workspace.lexicon_files import load_lexicon

PARTS: Mapping[str, str] = {
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
"""The parts of such a fingerprint, and how a dry run says that one has changed."""


class Inputs:
    """The parts of the fingerprints of one library's tracks, in its `workspace`: each file is read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[tuple[object, ...], str] = {}

    def of_file(self, path: Path) -> str:
        """Of a file's content; empty where it is gone, which whoever reads it says."""
        return self._once(("file", path), lambda: _file_digest(path))

    def of_files(self, paths: Iterable[Path]) -> str:
        return content_key(*(f"{path.name} {self.of_file(path)}" for path in sorted(paths)))

    def of_templates(self, style: str) -> str:
        """Of all templates that may have a part in a style, in the order in which they are searched."""

        def made() -> str:
            folders = self._workspace.template_folders(style)
            return content_key(*(_folder_digest(folder, lambda path: path.is_file()) for folder, _ in folders))

        return self._once(("templates", style), made)

    def of_lexicon(self, language: str) -> str:
        entries = load_lexicon(language, self._workspace).entries
        return repr(sorted(entries.items()))

    def of_background(self, settings: Settings) -> str:
        what = ("background", settings.background, settings.breath_ms, settings.inhale_ms)
        return self._once(what, lambda: background_part(settings))

    def of_shown(self, place: Place, cover: Cover) -> str:
        """Of what players show besides the script's own title and summary."""
        return content_key(repr(place), str(cover), "" if cover.file is None else self.of_file(cover.file))

    def _once(self, what: tuple[object, ...], make: Callable[[], str]) -> str:
        if what not in self._known:
            self._known[what] = make()
        return self._known[what]


@remember
def program_part() -> str:
    """The program's own text: another version may word, place or mix the same things otherwise."""
    package = Path(__file__).parent.parent
    return content_key(__version__, SCHEMA, _folder_digest(package, lambda path: path.suffix == ".py"))


def _folder_digest(folder: Path, wanted: Callable[[Path], bool]) -> str:
    found = sorted(path for path in folder.rglob("*") if wanted(path))
    return content_key(*(f"{path.relative_to(folder).as_posix()} {_file_digest(path)}" for path in found))


def _file_digest(path: Path) -> str:
    try:
        return content_key(path.read_bytes())
    except OSError:
        return ""
