"""Finding the lexicon files and merging their entries."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..pronunciation.lexicon import FILE_NAME, Lexicon, is_english, merged_lexicon
from ..yaml_source import decode
from .trusted_folders import Workspace


def load_lexicon(language: str, workspace: Workspace) -> Lexicon:
    """The lexicon for a voice of `language` (like ``en-us``; empty if unknown).

    It merges the built-in entries, which are for English, then the user's, then those of the folders, ending with the
    first folder's. For each word the last entry wins. Raises DefinitionError with every fault of a file, and InputError
    if it can't be read.
    """
    built_in = [workspace.built_in_templates() / FILE_NAME] if is_english(language) else []
    return merged_lexicon(
        tuple((_text_of(path), str(path)) for path in (*built_in, *workspace.own_lexicons(FILE_NAME)))
    )


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"this can't be read: {error.strerror or error}"
        raise InputError(what, where=str(path), hint="a lexicon is a text file: repair it, or move it away") from error
    return decode(data, str(path), kind="a lexicon")
