"""Which lexicon files hold, and their entries together."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..pronunciation.lexicon import FILE_NAME, Lexicon, is_english, merged_lexicon
from ..yaml_source import decode
from .workspace import Workspace


def load_lexicon(language: str, workspace: Workspace) -> Lexicon:
    """The entries that hold for a voice of `language` (like ``en-us``; empty where it isn't known).

    The built-in ones, which are for English, then the user's own, then those of the folders, the first folder's last:
    by entry, the last wins. Raises DefinitionError with every fault of a file, and InputError where it can't be read.
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
        raise InputError(what, where=str(path), hint="a lexicon is a text file: mend it, or move it away") from error
    return decode(data, str(path), kind="a lexicon")
