"""Parsers of settings for a file that a stranger may have written. They report missing styles and files at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SleepwardError
from ..settings import PARSERS, SETTINGS
from ..values import Cover, path_test
from .settings_layers import own_value

if TYPE_CHECKING:
    from .trusted_folders import Workspace


def parsers_in(folder: Path, workspace: Workspace) -> Mapping[str, Callable[[str], object]]:
    """PARSERS for a file in `folder` that a stranger may have written.

    They also refuse an unknown style, a missing file, an impossible background, and a file outside the folder. They
    raise ValueError with what to do.
    """
    in_folder = {name: _in_folder(name, folder) for name, info in SETTINGS.items() if info.names_files}
    return {**PARSERS, "style": _style_in(workspace), **in_folder}


def _style_in(workspace: Workspace) -> Callable[[str], object]:
    def parse(text: str) -> object:
        PARSERS["style"](text)
        with _as_value_error():
            workspace.template_folders(text)
        return text

    return parse


def _in_folder(name: str, folder: Path) -> Callable[[str], object]:
    def parse(text: str) -> object:
        with _as_value_error():
            value = own_value(name, text, "", folder)
        if isinstance(value, Cover) and value.file is not None and not path_test(value.file.is_file):
            raise ValueError(f"there is no picture {text[:60]!r}: write auto, none, or a file below this folder")
        return text

    return parse


@contextmanager
def _as_value_error() -> Iterator[None]:
    try:
        yield
    except SleepwardError as error:
        raise ValueError(f"{error.what}: {error.hint}" if error.hint else error.what) from error
