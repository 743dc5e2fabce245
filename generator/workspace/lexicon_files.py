"""Finding the lexicon files and merging their entries."""

from __future__ import annotations

from ..pronunciation.lexicon import FILE_NAME, Lexicon, is_english, merged_lexicon
from ..yaml_source import read_text
from .trusted_folders import Workspace


def load_lexicon(language: str, workspace: Workspace) -> Lexicon:
    """The lexicon for a voice of `language` (like ``en-us``; empty if unknown).

    It merges the built-in entries, which are for English, then the user's, then those of the folders, ending with the
    first folder's. For each word the last entry wins. Raises DefinitionError with every fault of a file, and InputError
    if it can't be read.
    """
    built_in = [workspace.built_in_templates() / FILE_NAME] if is_english(language) else []
    return merged_lexicon(
        tuple(
            (read_text(path, kind="a lexicon"), str(path)) for path in (*built_in, *workspace.own_lexicons(FILE_NAME))
        )
    )
