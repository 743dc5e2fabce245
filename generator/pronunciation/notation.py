"""All rules for what isn't plain words, in their order: one sentence as written to what is said. Pure."""

from __future__ import annotations

import re

from .abbreviations import say_abbreviations, say_letters
from .draft import Draft
from .letters import folded
from .lexicon import Lexicon, Pronunciation, normalized
from .markdown import unmark
from .quantities import say_quantities
from .remarks import Words
from .sanskrit import is_sanskrit, sanskrit_sound
from .signs import refuse_the_rest, say_links, say_signs
from .times import say_times

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def written_out(text: str, words: Lexicon, signs: Lexicon) -> Draft:
    """A sentence in words. Entries of `signs` come before all rules; Sanskrit that isn't in `words` is said by rule."""
    draft = Draft(text)
    if signs.pattern is not None:
        draft.replace(signs.pattern, lambda match: _own(signs, match[0]))
    draft.replace(_WORD, lambda match: _sanskrit(words, match[0]))
    draft.fold()
    say_links(draft)
    unmark(draft)
    say_abbreviations(draft)
    say_times(draft)
    say_quantities(draft)
    say_signs(draft)
    say_letters(draft)
    refuse_the_rest(draft)
    return draft


def _own(signs: Lexicon, written: str) -> Words | None:
    entry = signs.entries.get(normalized(written))
    return None if entry is None else Words(entry.say or written, entry, noted=False)


def _sanskrit(known: Lexicon, written: str) -> Words | None:
    """A word in IAST, whose marks say how it sounds."""
    plain = folded(written)
    if not is_sanskrit(written) or normalized(plain) in known.entries or known.sibling(plain):
        return None
    return Words(plain, Pronunciation(espeak=sanskrit_sound(written)), noted=False)
