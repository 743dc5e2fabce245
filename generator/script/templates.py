"""Jinja's loader of templates. It follows no link that leads out of a folder which isn't trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from ..errors import ScriptError
from ..system.symlinks import is_outside

TemplateFolder = tuple[Path, Path | None]
"""A folder of templates, and the folder that their files must lie in; None if they may lie anywhere."""


def loader_of(folders: Sequence[TemplateFolder]) -> ChoiceLoader:
    """A loader that takes each template from the first of `folders` that has it.

    Reading one raises ScriptError if a link leads out of the folder it must lie in.
    """
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
