"""The cache of rendered scripts.

Compiling the templates takes 0.15 s of CPU time, a third of an unchanged build.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SleepwardError
from ..storage.cache import content_key
from ..storage.code_key import files_key

if TYPE_CHECKING:
    from ..storage.cache import Cache

KIND = "scripts"


def cached_script(
    made_of: Sequence[object], template_folders: Sequence[Path], cache: Cache, render: Callable[[], str]
) -> str:
    """The script that `render` returns; from the cache if it was rendered before from the same inputs.

    The inputs are `made_of` (plain values and frozen dataclasses), the files in `template_folders`, and the code.
    A script is stored if no template changed meanwhile. Raises what `render` does.
    """
    key = _key(made_of, template_folders)
    if key is None:
        return render()
    stored = cache.get(KIND, key)
    if stored is not None:
        with suppress(UnicodeDecodeError):  # a broken entry: rendered again
            return str(stored, "utf-8")
    script = render()
    if _key(made_of, template_folders) == key:
        with suppress(SleepwardError, UnicodeEncodeError):  # a script that can't be stored is rendered again next time
            cache.put(KIND, key, script.encode())
    return script


def _key(made_of: Sequence[object], template_folders: Sequence[Path]) -> str | None:
    """None if a template can't be read or is a link: a link's target is checked each time."""
    try:
        templates = files_key(file for folder in template_folders for file in sorted(_files(folder)))
    except OSError:
        return None
    return None if templates is None else content_key(templates, *map(ascii, made_of))


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder. Raises OSError if a file or folder is a link."""
    for where, folders, files in os.walk(folder):
        if any(os.path.islink(os.path.join(where, name)) for name in (*folders, *files)):  # noqa: PTH114, PTH118 - quick
            raise OSError
        yield from (Path(where, name) for name in files)
