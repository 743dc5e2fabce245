"""Sides in words: limbs that could be the right or the left one, and sides written out in a pose's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_ARM = ("hand", "arm", "elbow", "shoulder", "wrist", "palm", "forearm", "armpit", "ear")
_LEG = ("knee", "leg", "foot", "ankle", "hip", "thigh", "shin", "heel", "calf", "buttock")
# After one of these words it is clear which limb is meant, or either one will do.
_TELLS_WHICH = (
    "right", "left", "both", "each", "either", "every", "no", "any", "a", "an", "one", "another", "other", "that",
    "this", "its", "same", "own", "top", "upper", "bottom", "lower", "under", "free", "front", "back", "rear", "outer",
    "inner", "bent", "long", "straight", "open", "heavy", "far", "near", "nearer", "farther", "opposite",
)  # fmt: skip
_STATE = re.compile(r"\w{3,}(?:ed|ing)")  # crossed, lifted, hanging, resting
_LIMB = re.compile(rf"\b({'|'.join(_ARM + _LEG)})\b(?![-'’])", re.IGNORECASE)
_PART = re.compile(r"\s+(?:bones?|blades?|joints?|width|height|creases?|sockets?)\b")
# "the leg on top", "the hand that rests": the listener feels which one is meant
_TELLS_WHICH_AFTER = re.compile(
    r"\s+(?:on top|on your|on the|that|which|nearest|across|underneath|beneath|below|above|of the)\b"
)
_SIDED_LIMB = re.compile(rf"\b(?:right|left)\s+({'|'.join(_ARM + _LEG)}|toe|finger)s?\b", re.IGNORECASE)
_IF = re.compile(r"\W*(?:if|when|where)\b", re.IGNORECASE)
_SOFTENS = re.compile(r"\b(?:breath|breathe|exhale|inhale|soften|loosen|soft|loose|heavy|warm|ease)s?\b", re.IGNORECASE)

_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_SPOKEN_STRING = re.compile(r"(?<![=!]=)(?<![=!]= )(?<!\[)(?<!, )(['\"])(.*?)\1", re.DOTALL)
_SIDE = re.compile(r"\b(right|left)\b", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def limb_without_side(sentence: str) -> str | None:
    """The first limb in a sentence of a sided round that could be the right or the left one; None if all are clear.

    A limb is clear by its side, by a word before it ("both", "that", "the bent"), by touch ("the leg on top"), or by a
    limb named with its side earlier in the sentence: "Bend the left knee, the foot flat". In a sentence that begins
    with "if" that limb may come later: "If the shoulder is easy, let the right arm rest". A hip or shoulder that only
    softens with the breath is the one that the listener feels.
    """
    for limb in _LIMB.finditer(sentence):
        before = sentence[: limb.start()]
        word = before.split()[-1].strip(",.;:").lower() if before.split() else ""
        if word in _TELLS_WHICH or _STATE.fullmatch(word):
            continue
        if _PART.match(sentence, limb.end()) or _TELLS_WHICH_AFTER.match(sentence, limb.end()):
            continue
        where = sentence if _IF.match(sentence) else before
        if any(_same_limb_kind(named[1], limb[1]) for named in _SIDED_LIMB.finditer(where)):
            continue
        if limb[1].lower() in ("hip", "shoulder") and _SOFTENS.search(sentence):
            continue
        return limb[1]
    return None


def _same_limb_kind(one: str, other: str) -> bool:
    """Whether both belong to an arm, or both to a leg."""
    arm = (*_ARM, "finger")
    return (one.lower() in arm) == (other.lower() in arm)


def literal_sides(text: str) -> Iterator[str]:
    """Each right or left written out in a pose's Jinja text, with the words around it; comparisons don't count."""
    shown = _EXPRESSION.sub(lambda tag: " ".join(said[2] for said in _SPOKEN_STRING.finditer(tag[1])) or "…", text)
    for line in _STATEMENT.sub(" ", shown).split("\n"):
        for side in _SIDE.finditer(line):
            yield " ".join(line[max(side.start() - 30, 0) : side.end() + 30].split())


def with_sides_swapped(sentence: str) -> str:
    """`sentence` with right for left and left for right."""
    other = {"right": "left", "left": "right", "Right": "Left", "Left": "Right"}
    return _SIDE.sub(lambda side: other.get(side[0], side[0]), sentence)
