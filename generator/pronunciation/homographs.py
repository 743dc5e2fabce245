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

_ALIKE = {"adverb": "adjective", "adjective": "noun", "noun": "adjective", "past": "verb"}
_FEEL = frozenset({"feel", "feels", "felt"})
_VERY = frozenset("very so too as quite this that how really more".split())
_LIDS = frozenset("eye eyes lid lids eyelid eyelids lips mouth hand hands palms fists throat door doors".split())
_RELIEVED = frozenset("relieving chimes chime releasing removing".split())  # "wind relieving pose"
_BLOWN = frozenset("in through blows and of".split())
_KNOTS = frozenset("tie knot string archer arrow strap draw drawn ribbon violin".split())
_BOWED = frozenset("take deep head bend forward slight small respectful".split())
_LEADEN = frozenset("weight weights pipe blanket vest apron shot pencil ball balls".split())
_WEIGHED = frozenset("heavy filled weighted turn turned turns weighs".split())
_TORN = frozenset(
    "muscle ligament tendon cartilage meniscus labral labrum cuff fabric cloth paper sheet wear hamstring calf skin "
    "rotator".split()
)
_TINY = frozenset(  # what is told of as minute
    "movement motion change adjustment shift detail amount difference circle particle sensation rock sway wobble wave "
    "nod tremor degree bit fraction pulse release".split()
)
_TIMED = NUMBERS | frozenset("per half another last every each by final next full quarter".split())
_WINDING = frozenset("around round up tight tightly twice once".split())
_WINDING_OR_PLACE = frozenset("down about through into".split())
_COUNTED = frozenset("two on in with at of no any as".split())


def part_of_speech(tokens: Sequence[str], index: int, parts: Collection[str]) -> str:
    """The part of speech of the word at `index` of a sentence, one of `parts`.

    `tokens` are the sentence's words in lower case, and its marks. `parts` are those in which the word is said in its
    own way: verb, noun, adjective, adverb, past.
    """
    place = Place(tokens, index)
    word = re.sub(r"['’]s?$", "", tokens[index])
    special = _SPECIAL.get(word) or _SPECIAL.get(word.removesuffix("s"))
    part = (special(place) if special else None) or place.part(parts)
    if part not in parts:
        part = _ALIKE.get(part, part)
    return part if part in parts else next(iter(parts))


def _close(place: Place) -> str | None:
    if place.behind in ("to", "together", "by", "enough", "beside", "behind"):
        told = place.before in MODALS - {"not"} or place.before in _LIDS or _is_let(place)
        return "verb" if told or (place.begins and place.behind == "together") else "adjective"
    if place.before in _LIDS:
        return "verb"
    if place.at(-1) in _VERY | BE or (place.before in BE - _FEEL and not place.governed):
        return "adjective"
    if place.ends and is_plural(place.before) and not place.governed:
        return "adjective"  # "hips close"
    if place.at(-1) == "the" and (place.ends or place.behind == "of"):
        return "verb"  # the noun, "at the close of the day", has the verb's sound
    return None


def _is_let(place: Place) -> bool:
    """Whether the word follows what is let, with nothing between: "let the day close behind you"."""
    return place.clause_before[:1] == ["let"] and Place(place.words, place.index - 1).in_noun_phrase


def _live(place: Place) -> str | None:
    if place.at(-1) in ("that", "who", "which"):
        return "verb"
    return "adjective" if place.before in COPULAS or (place.in_noun_phrase and not place.ends) else "verb"


def _lives(place: Place) -> str | None:
    return "noun" if place.in_noun_phrase or place.before in PREPOSITIONS | NUMBERS else "verb"


def _read(place: Place) -> str | None:
    done = any(word in TEMPORAL for word in place.words[place.index + 1 :])
    if place.before in HAVE | {"he", "she", "it"} or place.before in COPULAS - _FEEL:
        return "past"
    return "past" if done and place.before in SUBJECTS else "verb"


def _wind(place: Place) -> str | None:
    if place.behind in ("down", "up") and not place.in_noun_phrase:
        return "verb"
    blows = place.begins and (place.ends or place.behind in COPULAS | HAVE | _BLOWN)
    joined = place.before in ("and", "or") and place.behind in ("on", "in", "over", "outside", "from")
    if blows or joined or place.behind in _RELIEVED or place.before in ("as", "like"):
        return "noun"
    return "verb" if place.before in SUBJECTS_AFTER_LET else None


def _bow(place: Place) -> str | None:
    """`noun` is the bow that is tied or drawn, and the posture; the bow that one makes sounds like the verb."""
    around = set(place.words)
    if place.behind in ("pose", "tie", "string", "legs", "legged") or (place.behind == "and" and "arrow" in around):
        return "noun"
    if place.in_noun_phrase:
        return "verb" if around & _BOWED and not around & _KNOTS else "noun"
    return "verb" if place.is_verb() or place.begins else "noun"


def _lead(place: Place) -> str | None:
    """`noun` is the metal; to be in the lead sounds like the verb."""
    if place.at(-1) in ("as", "like", "of", "molten", "melted", "heavy") or place.behind in _LEADEN:
        return "noun"
    weighed = place.before in ("with", "into", "to") and _WEIGHED.intersection(place.words)
    if (weighed and (place.ends or place.behind in JOINING)) or (place.begins and place.behind in COPULAS):
        return "noun"
    return "verb"


def _tear(place: Place) -> str | None:
    """`noun` is the tear that is wept; the one in a cloth or a muscle sounds like the verb."""
    if _TORN.intersection(place.words):
        return "verb"
    if place.behind in ("drop", "drops", "duct", "ducts", "film"):
        return "noun"
    if place.word == "tears":
        return "verb" if place.before in ("it", "that", "which", "he", "she") else "noun"
    return "noun" if place.in_noun_phrase else None


def _minute(place: Place) -> str | None:
    """`adjective` is tiny."""
    if place.word == "minutes" or place.at(-1) in _TIMED or re.search(r"(?:teen|ty)$", place.at(-1)):
        return "noun"
    told_of = place.before in COPULAS | {"it", "them"} and place.ends and not place.in_noun_phrase
    if told_of or place.behind.removesuffix("s") in _TINY:
        return "adjective"
    if place.at(-1) == "more":
        return "noun" if place.at(-2) in NUMBERS | {"a", "few", "some"} else "adjective"
    return "adjective" if place.at(-1) in ("very", "so", "most", "these", "those", "tiny", "small", "even") else "noun"


def _wound(place: Place) -> str | None:
    """`past` is that of to wind."""
    if place.behind in _WINDING or (place.behind in _WINDING_OR_PLACE and not place.in_noun_phrase):
        return "past"
    acted = place.before in SUBJECTS | {"he", "she"} and place.behind in OBJECTS
    return "past" if acted or place.at(-1) in ("tightly", "loosely") else "noun"


def _present(place: Place) -> str | None:
    if place.in_noun_phrase or place.before in BE or place.at(-1) in ("at", "be", "more", "fully"):
        return "noun"
    return None if place.behind in OBJECTS or place.before in MODALS | SUBJECTS else "noun"


def _content(place: Place) -> str | None:
    told = place.before in BE or place.behind in ("to", "with") or place.at(-1) in ("so", "quite", "very", "deeply")
    if told or place.at(-1) == "and":
        return "adjective"
    return "noun" if place.in_noun_phrase or place.behind in ("of", "is") else "adjective"


def _adjective_or_verb(place: Place) -> str | None:
    """Separate, alternate, moderate: an adjective before a noun, where it isn't told to be done."""
    if place.before in COPULAS - _FEEL or place.at(-1) in _COUNTED:
        return "adjective"
    if place.ends and place.before in BE - _FEEL:
        return "adjective"
    listed = place.ends and "and" in place.clause_before and place.before not in JOINING | _FEEL
    if listed and not place.in_noun_phrase:
        return "verb"  # "right and left alternate"
    if place.begins and not (place.ends or place.behind in OBJECTS | PREPOSITIONS | JOINING or is_adverb(place.behind)):
        # "Alternate nostril breathing." names a thing; "Alternate sides." tells to do something
        alone = not place.at(2) or place.at(2) in MARKS | PREPOSITIONS | JOINING
        return "verb" if alone and is_plural(place.behind) else "adjective"
    return None


def _perfect(place: Place) -> str | None:
    return "verb" if place.before == "to" or (place.begins and place.behind in DETERMINERS) else "adjective"


def _coordinate(place: Place) -> str | None:
    return "verb" if place.begins and not place.ends else None


_SPECIAL: Mapping[str, Callable[[Place], str | None]] = {
    "close": _close, "live": _live, "lives": _lives, "read": _read, "wind": _wind, "bow": _bow, "lead": _lead,
    "tear": _tear, "minute": _minute, "wound": _wound, "present": _present, "content": _content,
    **dict.fromkeys(("separate", "alternate", "moderate", "deliberate", "articulate"), _adjective_or_verb),
    "perfect": _perfect, "coordinate": _coordinate,
}  # fmt: skip
