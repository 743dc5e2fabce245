"""Jinja's loader of templates. It follows no link that leads out of a folder which isn't trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, TemplateNotFound
from jinja2.loaders import split_template_path

from ..errors import ScriptError
from ..system.symlinks import is_outside
from ..values import path_test
from ..yaml_source import read_text
from .template_steps import spend_for_source

TemplateFolder = tuple[Path, Path | None]
"""A folder of templates, and the folder that their files must lie in; None if they may lie anywhere."""


def loader_of(folders: Sequence[TemplateFolder]) -> ChoiceLoader:
    """A loader that takes each template from the first of `folders` that has it.

    Reading one raises ScriptError if a link leads out of the folder it must lie in, and what `read_text` raises.
    """
    return ChoiceLoader([_FolderLoader(*folder) for folder in folders])


class _FolderLoader(BaseLoader):
    def __init__(self, folder: Path, within: Path | None) -> None:
        self._folder, self._within = folder, within

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self._folder.joinpath(*split_template_path(template))
        if not path_test(path.is_file):
            raise TemplateNotFound(template)
        if self._within is not None and is_outside(path, self._within):
            hint = "put the template itself there, or delete the link"
            raise ScriptError(f"a link leads out of {self._within} here", where=str(path), hint=hint)
        read_ns = _modified_ns(path)
        text = read_text(path, kind="a template")
        spend_for_source(text)
        return text, str(path), lambda: _modified_ns(path) == read_ns

    def list_templates(self) -> list[str]:
        return [path.name for path in self._folder.glob("*.j2")]


def _modified_ns(path: Path) -> int | None:
    """When a file was changed, since the epoch; None if it isn't there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
