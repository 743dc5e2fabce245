"""Numbers with their units, ranges, fractions, ratios, times and dates, put into words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import numbers
from .draft import Draft, UnsayableError
from .remarks import Words

# Units by how they are written: one of them, and several.
UNITS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("s", "sec", "secs"), ("second", "seconds")),
    **dict.fromkeys(("min", "mins", "mn"), ("minute", "minutes")),
    **dict.fromkeys(("h", "hr", "hrs"), ("hour", "hours")),
    "ms": ("millisecond", "milliseconds"),
    **dict.fromkeys(("wk", "wks"), ("week", "weeks")),
    **dict.fromkeys(("yr", "yrs"), ("year", "years")),
    "mm": ("millimeter", "millimeters"),
    "cm": ("centimeter", "centimeters"),
    "km": ("kilometer", "kilometers"),
    "in": ("inch", "inches"),
    "ft": ("foot", "feet"),
    **dict.fromkeys(("yd", "yds"), ("yard", "yards")),
    **dict.fromkeys(("mi",), ("mile", "miles")),
    "g": ("gram", "grams"),
    **dict.fromkeys(("kg", "kgs"), ("kilogram", "kilograms")),
    "mg": ("milligram", "milligrams"),
    **dict.fromkeys(("lb", "lbs"), ("pound", "pounds")),
    "oz": ("ounce", "ounces"),
    **dict.fromkeys(("ml", "mL"), ("milliliter", "milliliters")),
    **dict.fromkeys(("l", "L"), ("liter", "liters")),
    "bpm": ("beat per minute", "beats per minute"),
    **dict.fromkeys(("Hz", "hz"), ("hertz", "hertz")),
    "kHz": ("kilohertz", "kilohertz"),
    "dB": ("decibel", "decibels"),
    "kcal": ("kilocalorie", "kilocalories"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "%": ("percent", "percent"),
}
_NEEDS_NO_NOTE = ("°", "%")
_MONEY = {"$": ("dollar", "dollars", "cents"), "£": ("pound", "pounds", "pence"), "€": ("euro", "euros", "cents")}
_SIGNS = {
    "~": "about", "≈": "about", "≥": "at least", "≤": "at most", ">": "more than", "<": "less than",
    "±": "plus or minus", "+": "plus", "-": "minus", "−": "minus",
}  # fmt: skip
# Nouns that a share is one of: "half a minute". Before any other noun it stands alone: "half way", "quarter turn".
_MEASURES = "minute|second|hour|day|week|month|year|breath|inch|foot|mile|yard|meter|metre|centimeter|cup|glass|pound"
PER_NOUNS = "day|week|month|min|minute|hour|side|set|round|session"

_VULGAR = f"[{''.join(numbers.VULGAR)}]"
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_VALUE = rf"(?:\d+[ -]?{_VULGAR}|\d+[ -]\d{{1,2}}[/⁄]\d{{1,2}}|{_VULGAR}|\d{{1,3}}[/⁄]\d{{1,3}}|{_NUMBER})"
_UNIT = "|".join(re.escape(unit).replace("°", r"°\s?") for unit in sorted(UNITS, key=len, reverse=True))
_ANY_UNIT = rf"(?:{_UNIT}|m)"
_DASH = "[-–—−]"
_QUANTITY = re.compile(
    rf"(?P<sign>(?<![^\s(\[\"“‘'])(?:[~≈≥≤<>±]\s?|[-+−]))?(?P<money>[$£€])?(?<![\w.,:/⁄])(?P<low>{_VALUE})(?![\d/⁄])"
    rf"(?:(?:°|%|\s?{_ANY_UNIT}(?![\w'’]))?\s?{_DASH}\s?[$£€]?(?P<high>{_VALUE})(?![\d/⁄]))?(?P<more>\+(?!\s?\d))?"
    rf"(?:\s?(?P<times>[x×])(?![^\W\d_])|(?P<joint>[\s-]?)(?P<unit>{_ANY_UNIT})(?![\w'’])(?:\.(?=\s*[\w,;:(]))?)?"
    rf"(?:\s?/\s?(?P<per>{PER_NOUNS})\b)?(?![^\W\d_])"
)
_FRACTION_NOUN = re.compile(rf"\s(?:({_MEASURES})\b(?!-)|(of)\b)")
_NOUN_FOLLOWS = re.compile(
    r"[\s-](?!(?:of|in|on|at|or|and|to|per|each|with|for|then|before|after|from|off|apart|long|more|later|ago|total|"
    r"away|left|remain|remaining|pass|go|up|down|wide|high|is|are|if|as|by|here|there|was|will|may|can)\b)[a-z]"
)
_DETERMINED = re.compile(r"\b(?:an?|another|each|every|this|that|the|your|one|per)\s$", re.IGNORECASE)
_A_DETERMINER = re.compile(r"\b(?:an?|another|one|the|each|every|this|that|your|any|about an?)\s$", re.IGNORECASE)
_INCHES_FOLLOW = re.compile(
    r"\s(?:apart|wide|long|away|up|down|high|tall|thick|deep|forward|back|above|below|from|to)\b"
)
_COUNTED_BREATH = re.compile(r"\b(?:breathe|breath|inhale|count|counts|in|out)\b", re.IGNORECASE)

_ORDINAL = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)(?!\w)", re.IGNORECASE)
_NUMBERED = re.compile(r"(?<!\w)(#\s?|[Nn]os?\.\s?)(?=\d)")
_MIXED = re.compile(rf"(\d+)[ -]?(?:({_VULGAR})|(?<=[ -])(\d{{1,2}})[/⁄](\d{{1,2}}))")
_ONE_OF = re.compile(r"\b(?:round|set|stage|step|part|level|day|week|side|night)\s$", re.IGNORECASE)
_YEAR_BEFORE = re.compile(r"\b(?:in|since|of|from|until|by|before|after|around|year)\s$", re.IGNORECASE)
_TIMES_BEHIND = re.compile(
    r"(?<=[^\W\d_]\s)[x×]\s?(\d{1,3})(?=\s*(?:[.,;:!?)]|$))|(?<=[^\W\d_]\s)[x×](\d{1,3})(?![\w.])"
)
_CODE = re.compile(rf"(?<![\w'’])[A-Z]\d{{1,2}}(?:\s?(?:{_DASH}|/)\s?[A-Z]?\d{{1,2}})*(?![\w])")
_NUMBER_LETTER = re.compile(r"(?<![\w.,])(\d{1,3})([A-KM-Z])(?![\w'’])")
_WORD_NUMBER = re.compile(r"(?<=[A-Za-z])(\d{1,4})(?!\w)")
_SAID_TWICE = re.compile(r"\b([a-z]+(?:[ -][a-z]+)?)\s\((\d{1,3})\)", re.IGNORECASE)
_LEFT_OVER = re.compile(r"[0-9]+")
_ROMAN = {
    "I": 1,
    "II": 2,
    "III": 3,
    "IV": 4,
    "V": 5,
    "VI": 6,
    "VII": 7,
    "VIII": 8,
    "IX": 9,
    "X": 10,
    "XI": 11,
    "XII": 12,
}
_RULERS = frozenset("Henry Louis Charles Elizabeth George William Edward James Philip Pius Benedict Catherine".split())
_ROMAN_AFTER = re.compile(
    r"\b(?P<word>(?:Warrior|Virabhadrasana|Part|Chapter|Level|Stage|Phase|Series|Pose|Week|Day|Type|Version|Side|Act|"
    r"Book|Lesson|Session|Step|Cycle|Variation|Twist|Marichyasana|Eka Pada)\s)"
    r"(?P<numeral>I{1,3}|IV|VI{0,3}|IX|XI{0,2}|X)(?![\w'’])"
    r"|(?P<name>[A-Z][a-z]+\s)(?P<from_two>I{2,3}|IV|VI{1,3}|IX|XI{1,2})(?![\w'’])"
)  # fmt: skip
_FEET_OR_MINUTES = re.compile(r"(?<=\d)\s?['’′](?![\w])|(?<=\d)\s?[\"″](?!\w)|[′″]")


def say_quantities(draft: Draft) -> None:
    """Put every number of a sentence into words, with what belongs to it."""
    draft.replace(_SAID_TWICE, _said_twice)
    draft.replace(_ORDINAL, lambda match: numbers.ordinal(match[1]))
    draft.replace(_NUMBERED, lambda match: Words("numbers " if match[1].lower().startswith("nos") else "number "))
    draft.replace(_ROMAN_AFTER, _roman)
    draft.replace(_CODE, _code)
    draft.replace(_NUMBER_LETTER, _number_letter)
    draft.replace(_TIMES_BEHIND, lambda match: Words(f"{_times(match[1] or match[2])}"))
    draft.replace(_FEET_OR_MINUTES, _feet_or_minutes)
    for _ in range(2):  # "2x30"
        draft.replace(_QUANTITY, _quantity)
    draft.replace(_WORD_NUMBER, lambda match: f" {numbers.cardinal(match[1])}")
    draft.replace(_LEFT_OVER, lambda match: Words(numbers.digit_by_digit(match[0])))


# --- a quantity ----------------------------------------------------------------------------------------


def _quantity(match: re.Match[str]) -> Words | None:
    before, behind = match.string[: match.start()], match.string[match.end() :]
    low, high, unit = match["low"], match["high"], (match["unit"] or "").replace(" ", "").replace("\u00a0", "")
    if unit == "m":
        raise UnsayableError(f"“{match[0].strip()}”: m may be meters or minutes: write the word", 0)
    if unit == "in" and not _means_inches(match, before, behind):
        return Words(f"{_signed(match, _amount(low, high))} in", noted=bool(high))
    if match["money"]:
        return Words(_signed(match, _money(match["money"], low, high)), noted=False)
    if match["times"]:
        said = f"{_amount(low, high)} {'time' if low == '1' and not high else 'times'}"
        return Words(_with_per(_signed(match, said), match["per"]))
    if unit:
        said = _with_unit(match, unit, before, behind)
        return Words(
            _with_per(_signed(match, said), match["per"]),
            noted=bool(high or match["sign"]) or unit not in _NEEDS_NO_NOTE,
        )
    said = _amount(low, high, before, behind, more=bool(match["more"]))
    plain = not high and not match["sign"] and not match["more"] and re.fullmatch(_NUMBER, low) is not None
    return Words(_with_per(_signed(match, said), match["per"]), noted=not plain)


def _with_unit(match: re.Match[str], unit: str, before: str, behind: str) -> str:
    one, many = UNITS[unit]
    low, high = match["low"], match["high"]
    share = None if high else _share(low)
    if share is not None and unit not in ("%", "°"):
        return _share_of(share, one, article=not _A_DETERMINER.search(before))
    headed = not before.strip("\"'“‘( ") or _DETERMINED.search(before)  # "10 min body scan", "a 30 s hold"
    describes = match["joint"] == "-" or (headed and _NOUN_FOLLOWS.match(behind))
    single = describes or (low == "1" and not high and not match["more"])
    return f"{_amount(low, high, more=bool(match['more']))} {one if single else many}"


def _means_inches(match: re.Match[str], before: str, behind: str) -> bool:
    dotted = match[0].endswith(".") or behind.startswith(".")
    if _INCHES_FOLLOW.match(behind) or match["joint"] == "-":
        return True
    return dotted and not _COUNTED_BREATH.search(before + behind)


def _signed(match: re.Match[str], said: str) -> str:
    sign = (match["sign"] or "").strip()
    return f"{_SIGNS[sign]} {said}" if sign else said


def per(noun: str) -> str:
    """What a quantity is for each of: "a day", "per side"."""
    return f"a {noun}" if noun in ("day", "week", "month") else f"per {'minute' if noun == 'min' else noun}"


def _with_per(said: str, noun: str | None) -> str:
    return f"{said} {per(noun)}" if noun else said


def _times(digits: str) -> str:
    return f"{numbers.cardinal(digits)} {'time' if digits == '1' else 'times'}"


def _amount(low: str, high: str | None, before: str = "", behind: str = "", *, more: bool = False) -> str:
    if high is None:
        said = _value(low, before, behind)
    elif low == high:
        said = f"{_value(low)} {_value(high)}"  # 90-90
    else:
        said = f"{_value(low)} to {_value(high)}"
    return f"{said} or more" if more else said


def _share(written: str) -> tuple[int, int] | None:
    """The two numbers of a share below one, ½ or 1/2; None for anything else."""
    if written in numbers.VULGAR:
        return numbers.VULGAR[written]
    parts = re.fullmatch(r"(\d{1,3})[/⁄](\d{1,3})", written)
    if parts is None or numbers.fraction(int(parts[1]), int(parts[2])) is None:
        return None
    return int(parts[1]), int(parts[2])


def _share_of(share: tuple[int, int], one: str, *, article: bool) -> str:
    """A share of a unit: "half a minute", "three quarters of an hour"; "half minute" behind an article."""
    said = numbers.fraction(*share) or ""
    if not article:
        return f"{said} {one}"
    an = "an" if one[0] in "aeiou" or one.startswith("hour") else "a"
    if share == (1, 2):
        return f"half {an} {one}"
    return f"{'a ' if said == 'quarter' else ''}{said} of {an} {one}"


def _value(written: str, before: str = "", behind: str = "") -> str:
    """A number as written in words. What stands `before` and `behind` it decides how a share or a year is said."""
    if mixed := _MIXED.fullmatch(written):
        share = numbers.VULGAR[mixed[2]] if mixed[2] else (int(mixed[3]), int(mixed[4]))
        said = numbers.fraction(*share)
        if said is None:
            raise UnsayableError(f"“{written}” isn't a number: write it in words", 0)
        return f"{numbers.cardinal(mixed[1])} and {'a ' if said in ('half', 'quarter') else ''}{said}"
    if not re.fullmatch(_NUMBER, written):
        return _with_slash(written, before, behind)
    if re.fullmatch(r"0\d+|\d{16,}", written):
        return numbers.digit_by_digit(written)
    if (
        re.fullmatch(r"1[1-9]\d\d|20\d\d", written)
        and _YEAR_BEFORE.search(before)
        and not re.match(r"\s[a-z]+s\b", behind)
    ):
        return numbers.year(written)
    return numbers.cardinal(written)


def _with_slash(written: str, before: str, behind: str) -> str:
    """A share, a mark out of ten, or a number of so many: ½, 8/10, "round 2/3"."""
    parts = re.fullmatch(r"(\d{1,3})[/⁄](\d{1,3})", written)
    if parts is not None and _ONE_OF.search(before):
        return f"{numbers.cardinal(parts[1])} of {numbers.cardinal(parts[2])}"
    share = _share(written)
    if share is not None:
        return _bare_share(share, before, behind)
    assert parts is not None  # else it is one of the vulgar fractions, which are shares
    return _two_numbers(int(parts[1]), int(parts[2]), written)


def _bare_share(share: tuple[int, int], before: str, behind: str) -> str:
    said = numbers.fraction(*share) or ""
    noun = _FRACTION_NOUN.match(behind)
    if _A_DETERMINER.search(before) or noun is None:
        return said
    if noun[2]:
        return f"a {said}" if said == "quarter" else said
    an = "an" if noun[1][0] in "aeiou" or noun[1] == "hour" else "a"
    if share == (1, 2):
        return f"half {an}"
    return f"{'a ' if said == 'quarter' else ''}{said} of {an}"


def _two_numbers(upper: int, lower: int, written: str) -> str:
    """What 8/10, 50/50 or 120/80 mean."""
    both = numbers.cardinal(str(upper)), numbers.cardinal(str(lower))
    if upper == lower and upper > 10:
        return " ".join(both)
    if upper <= lower <= 100:
        return " out of ".join(both)
    if upper >= 60 and lower >= 30:
        return " over ".join(both)
    raise UnsayableError(f"“{written}” may be a date, a ratio or a fraction: write it in words", 0)


def _money(sign: str, low: str, high: str | None) -> str:
    one, many, small = _MONEY[sign]
    whole, _, cents = low.replace(",", "").partition(".")
    if high or not cents or len(cents) != 2:
        return f"{_amount(low, high)} {one if low == '1' and not high else many}"
    said = f"{numbers.cardinal(whole or '0')} {one if whole == '1' else many}"
    return said if cents == "00" else f"{said} and {numbers.cardinal(str(int(cents)))} {small}"


# --- letters with numbers ----------------------------------------------------------------------------------


def _code(match: re.Match[str]) -> Words:
    """Codes of vertebrae and the like: "L five S one" for L5/S1 and L5-S1, "C one to C seven" for C1-C7."""
    said: list[str] = []
    last = ""
    for sign, letter, digits in re.findall(rf"({_DASH}|/)?\s?([A-Z]?)(\d{{1,2}})", match[0]):
        if sign and sign != "/" and letter in ("", last):
            said.append("to")
        said += [*([letter] if letter else []), numbers.cardinal(digits)]
        last = letter or last
    return Words(" ".join(said))


def _roman(match: re.Match[str]) -> Words:
    """Roman numbers behind a name: Warrior II as "Warrior two", Henry VIII as "Henry the eighth"."""
    number = str(_ROMAN[match["numeral"] or match["from_two"]])
    if match["name"] and match["name"].strip() in _RULERS:
        return Words(f"{match['name']}the {numbers.ordinal(number)}")
    return Words(f"{match['word'] or match['name']}{numbers.cardinal(number)}")


def _said_twice(match: re.Match[str]) -> Words | None:
    """A number in words with its digits behind it: "five (5)"."""
    said = match[1].lower().replace("-", " ").split()
    number = numbers.cardinal(match[2]).split()
    return Words(match[1]) if said[-len(number) :] == number else None


def _number_letter(match: re.Match[str]) -> Words:
    return Words(f"{numbers.cardinal(match[1])} {match[2]}")


def _feet_or_minutes(match: re.Match[str]) -> str | None:
    sign = match[0].strip()
    before = match.string[: match.start()]
    if sign in "'’" and re.search(r"(?:^|[\s(])['‘]", before):
        return None  # it closes a quotation
    if sign == '"' and before.count('"') % 2:
        return None
    units = "feet or minutes" if sign in "'’′" else "inches or seconds"
    raise UnsayableError(f"“{sign}” may be {units}: write the word", 0)
