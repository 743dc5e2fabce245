"""Makes the sheet from which a person reads the sentences of a routine or script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..script import parse
from ..storage.cache import Cache, whole_file
from ..timeline.timing import is_number, spoken_texts, timing_of
from ..voices.reading_sheet import SHEET_NAME, extended, parse_sheet, sheet_text
from ..workspace import Workspace
from ..workspace.script_sources import check_flags_fit, load_source, script_layer
from ..workspace.settings_layers import resolve_for
from ..yaml_source import read_text


@dataclass(frozen=True, slots=True)
class WrittenSheet:
    path: Path
    sentences: int
    new: int


def texts_to_read(source: str, flags: Mapping[str, str | None], workspace: Workspace, cache: Cache) -> list[str]:
    """Every distinct sentence of a routine or script in the order of first use, with these flags for its words.

    Numbers that another voice speaks aren't among them.
    """
    loaded = load_source(source, flags, workspace, cache)
    script = parse(loaded.text, loaded.shown_as, loaded.name)
    check_flags_fit(loaded, script, flags)
    settings = resolve_for(script_layer(loaded, script), flags, workspace.layers())
    texts = spoken_texts(script, timing_of(settings))
    return [text for text in texts if settings.count_voice.voice is None or not is_number(text)]


def write_sheet(texts: list[str], out: Path) -> WrittenSheet:
    """Write a sheet, or add to it the sentences that it lacks. A folder, or a name without suffix, is where it lies.

    Raises InputError.
    """
    path = out / SHEET_NAME if out.is_dir() or not out.suffix else out
    try:
        before = parse_sheet(read_text(path, kind="a sheet"), str(path)) if path.exists() else {}
        sheet = extended(before, texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        if sheet != before:
            with whole_file(path) as file:
                file.write(sheet_text(sheet).encode())
    except OSError as error:
        hint = "name another file with -o"
        raise InputError(f"the sheet can't be written: {error}", where=str(path), hint=hint) from error
    return WrittenSheet(path, len(sheet), len(sheet) - len(before))
