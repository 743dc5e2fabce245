"""Templates as Jinja reads them, each from its own folder, never through a link that leads out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from ..errors import ScriptError
from ..system.links import is_outside

TemplateFolder = tuple[Path, Path | None]
"""A folder of templates, and the one that its files must lie in, None where they may lie anywhere."""


def loader_of(folders: Sequence[TemplateFolder]) -> ChoiceLoader:
    """The first of `folders` that has a template wins. Reading one raises ScriptError where a link leads out."""
    return ChoiceLoader([_FolderLoader(*folder) for folder in folders])


class _FolderLoader(FileSystemLoader):
    def __init__(self, folder: Path, within: Path | None) -> None:
        super().__init__(folder)
        self._within = within

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        text, file, is_current = super().get_source(environment, template)
        if self._within is not None and is_outside(Path(file), self._within):
            hint = "put the template itself there, or delete the link"
            raise ScriptError(f"a link leads out of {self._within} here", where=file, hint=hint)
        return text, file, is_current
