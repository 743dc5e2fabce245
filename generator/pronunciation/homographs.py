"""Which part of speech a word is that is spelled alike in two, and said differently. Pure.

Most follow from the grammar around them, `grammar.py`. Some need to know what is spoken of: lead, tear, bow, minute.
`benchmarks/said.py` measures this beside the tagger of the neural voice's package, which takes 140 MB with its lexicon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from .grammar import (
    BE,
    COPULAS,
    DETERMINERS,
    HAVE,
    JOINING,
    MARKS,
    MODALS,
    NUMBERS,
    OBJECTS,
    PREPOSITIONS,
    SUBJECTS,
    SUBJECTS_AFTER_LET,
    TEMPORAL,
    Place,
    is_adverb,
    is_plural,
)


def part_of_speech(tokens: Sequence[str], index: int, parts: Collection[str]) -> str:
    """The part of speech of the word at `index` of a sentence, one of `parts`.

    `tokens` are the sentence's words in lower case, and its marks. `parts` are those in which the word is said in its
    own way: verb, noun, adjective, adverb, past.
    """
    place = Place(tokens, index)
    word = re.sub(r"['’]s?$", "", tokens[index])
    special = _SPECIAL.get(word) or _SPECIAL.get(word.removesuffix("s"))
    part = (special(place) if special else None) or place.part(parts)
    if part in parts:
        return part
    alike = {"adverb": "adjective", "adjective": "noun", "noun": "adjective", "past": "verb"}
    return alike.get(part, part) if alike.get(part, part) in parts else next(iter(parts))


# --- words that grammar alone doesn't tell apart ----------------------------------------------------------


_LIDS = frozenset("eye eyes lid lids eyelid eyelids lips mouth hand hands palms fists throat door doors".split())


def _close(place: Place) -> str | None:
    if place.behind in ("to", "together", "by", "enough", "beside", "behind"):
        told = (
            place.before in MODALS - {"not"} or place.before in _LIDS or (place.begins and place.behind == "together")
        )
        return "verb" if told else "adjective"
    if place.before in _LIDS:
        return "verb"
    if place.at(-1) in ("very", "so", "too", "as", "quite", "this", "that", "how", "really", "more"):
        return "adjective"
    if place.at(-1) in BE - {"let"} or (place.before in BE - {"feel", "feels", "felt"} and not place.governed):
        return "adjective"
    if place.at(-1) == "the" and (place.ends or place.behind == "of"):
        return "verb"  # "at the close of the day" has the verb's sound
    return None


def _live(place: Place) -> str | None:
    if place.at(-1) in ("that", "who", "which"):
        return "verb"
    if place.before in COPULAS or (place.in_noun_phrase and not place.ends):
        return "adjective"
    return "verb"


def _lives(place: Place) -> str | None:
    return "noun" if place.in_noun_phrase or place.before in PREPOSITIONS | NUMBERS else "verb"


def _read(place: Place) -> str | None:
    before = place.before
    if before in HAVE or before in COPULAS - {"feel", "feels"} or (place.at(1) == "aloud" and place.before in COPULAS):
        return "past"
    if before in ("he", "she", "it") or (
        any(word in TEMPORAL | {"yesterday", "ago"} for word in place.words[place.index + 1 :]) and before in SUBJECTS
    ):
        return "past"
    return "verb"


def _wind(place: Place) -> str | None:
    if place.behind in ("down", "up") and not place.in_noun_phrase:
        return "verb"
    if place.behind in ("relieving", "chimes", "chime", "releasing", "removing"):
        return "noun"
    if place.begins and place.behind in COPULAS | HAVE | {"in", "through", "blows", "chimes", "and", "of"}:
        return "noun"
    if place.before in SUBJECTS_AFTER_LET | {"as", "like"}:
        return "verb" if place.before in SUBJECTS_AFTER_LET else "noun"
    if place.begins and place.ends:
        return "noun"
    return None


def _bow(place: Place) -> str | None:
    """`noun` is the bow that is tied or drawn, and the posture; the bow that one makes sounds like the verb."""
    around = set(place.words)
    if place.behind in ("pose", "tie", "string", "legs", "legged", "and") and place.behind != "and":
        return "noun"
    if place.behind == "and" and "arrow" in around:
        return "noun"
    if place.in_noun_phrase:
        if around & {"take", "deep", "head", "bend", "forward", "slight", "small", "respectful"} and not around & {
            "tie",
            "knot",
            "string",
            "archer",
            "arrow",
            "strap",
            "draw",
            "drawn",
            "ribbon",
        }:
            return "verb"
        return "noun"
    return "verb" if place.is_verb() or place.begins else "noun"


def _lead(place: Place) -> str | None:
    """`noun` is the metal; to be in the lead sounds like the verb."""
    around = set(place.words)
    if place.at(-1) in ("as", "like", "of", "molten", "melted", "heavy") or place.behind in (
        "weight",
        "weights",
        "pipe",
        "blanket",
        "vest",
        "apron",
        "shot",
        "pencil",
        "ball",
        "balls",
    ):
        return "noun"
    if (
        place.before in ("with", "into", "to")
        and around & {"heavy", "filled", "weighted", "turn", "turned", "turns", "weighs"}
        and (place.ends or place.behind in JOINING)
    ):
        return "noun"
    if place.begins and place.behind in COPULAS:
        return "noun"
    return "verb"


def _tear(place: Place) -> str | None:
    """`noun` is the tear that is wept; the one in a cloth or a muscle sounds like the verb."""
    around = set(place.words)
    torn = {
        "muscle",
        "ligament",
        "tendon",
        "cartilage",
        "meniscus",
        "labral",
        "labrum",
        "cuff",
        "fabric",
        "cloth",
        "paper",
        "sheet",
        "acl",
        "wear",
        "hamstring",
        "calf",
        "skin",
        "rotator",
    }
    if around & torn:
        return "verb"
    if place.behind in ("drop", "drops", "duct", "ducts", "film"):
        return "noun"
    if place.word == "tears":
        return "verb" if place.before in ("it", "that", "which", "he", "she") else "noun"
    return None if not place.in_noun_phrase else "noun"


# What is told of as minute.
_TINY = frozenset(
    "movement motion change adjustment shift detail amount difference circle particle sensation rock sway wobble wave "
    "nod tremor degree bit fraction pulse release".split()
)


def _minute(place: Place) -> str | None:
    """`adjective` is tiny."""
    if place.word == "minutes":
        return "noun"
    if place.at(-1) in NUMBERS | {
        "per",
        "half",
        "another",
        "last",
        "every",
        "each",
        "by",
        "final",
        "next",
        "full",
        "quarter",
    } or re.search(r"(?:teen|ty)$", place.at(-1)):
        return "noun"
    if place.behind.removesuffix("s") in _TINY or (
        place.before in COPULAS | {"it", "them"} and place.ends and not place.in_noun_phrase
    ):
        return "adjective"
    if place.at(-1) == "more" and place.at(-2) in NUMBERS | {"a", "few", "some"}:
        return "noun"
    if place.at(-1) in ("very", "so", "most", "more", "these", "those", "tiny", "small", "even"):
        return "adjective"
    return "noun"


def _wound(place: Place) -> str | None:
    """`past` is that of to wind."""
    if place.behind in (
        "around",
        "round",
        "up",
        "tight",
        "tightly",
        "down",
        "about",
        "through",
        "into",
        "twice",
        "once",
    ) and not (place.in_noun_phrase and place.behind in ("down", "through", "about", "into")):
        return "past"
    if place.at(-1) in ("tightly", "loosely", "over", "un", "re") or (
        place.before in SUBJECTS and place.behind in OBJECTS and "strap" in place.words
    ):
        return "past"
    return "noun"


def _present(place: Place) -> str | None:
    if place.in_noun_phrase or place.before in BE or place.at(-1) in ("at", "be", "more", "fully"):
        return "noun"
    return None if place.behind in OBJECTS or place.before in MODALS | SUBJECTS else "noun"


def _content(place: Place) -> str | None:
    if (
        place.before in BE | {"be", "being"}
        or place.behind in ("to", "with")
        or place.at(-1) in ("so", "quite", "very", "deeply", "and")
    ):
        return "adjective"
    return "noun" if place.in_noun_phrase or place.behind in ("of", "is") else "adjective"


def _adjective_or_verb(place: Place) -> str | None:
    """Separate, alternate, moderate: an adjective before a noun, where it isn't told to be done."""
    if place.before in COPULAS - {"feel", "feels", "felt"} or place.at(-1) in (
        "two",
        "on",
        "in",
        "with",
        "at",
        "of",
        "no",
        "any",
        "as",
    ):
        return "adjective"
    if place.before in BE and place.before not in ("feel", "feels", "felt", "let") and place.ends:
        return "adjective"
    if (
        place.begins
        and not place.ends
        and place.behind not in OBJECTS | PREPOSITIONS | JOINING
        and not is_adverb(place.behind)
    ):
        # "Alternate nostril breathing." names a thing; "Alternate sides." tells to do something
        return (
            "verb"
            if is_plural(place.behind)
            and (place.at(2) in MARKS or place.at(2) in PREPOSITIONS | JOINING or not place.at(2))
            else "adjective"
        )
    return None


def _perfect(place: Place) -> str | None:
    return "verb" if place.before == "to" or (place.begins and place.behind in DETERMINERS) else "adjective"


_SPECIAL: Mapping[str, Callable[[Place], str | None]] = {
    "close": _close, "live": _live, "lives": _lives, "read": _read, "wind": _wind, "bow": _bow, "lead": _lead,
    "tear": _tear, "minute": _minute, "wound": _wound, "present": _present, "content": _content,
    **dict.fromkeys(("separate", "alternate", "moderate", "deliberate", "articulate"), _adjective_or_verb),
    "perfect": _perfect, "coordinate": lambda place: "verb" if place.begins and not place.ends else None,
}  # fmt: skip
