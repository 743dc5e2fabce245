"""Which lexicon files hold, and their entries together."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..pronunciation.lexicon import FILE_NAME, Lexicon, is_english, merged
from ..yaml_source import decode
from .folders import here
from .resources import own_templates


def load_lexicon(language: str) -> Lexicon:
    """The entries that hold for a voice of `language` (like ``en-us``; empty where it isn't known).

    The built-in ones, which are for English, then the user's own, then those `here`, the first folder's last: by
    entry, the last wins. Raises DefinitionError with every fault of a file, and InputError where it can't be read.
    """
    import platformdirs

    built_in = [own_templates() / FILE_NAME] if is_english(language) else []
    user = Path(platformdirs.user_config_dir("sleepward", appauthor=False)) / FILE_NAME
    own = [path for path in (user, *(folder / FILE_NAME for folder in reversed(here()))) if path.exists()]
    return merged(tuple((_text_of(path), str(path)) for path in (*built_in, *own)))


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        what = f"this can't be read: {error.strerror or error}"
        raise InputError(what, where=str(path), hint="a lexicon is a text file: mend it, or move it away") from error
    return decode(data, str(path), kind="a lexicon")
