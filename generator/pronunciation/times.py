"""Times of day, dates, decades and the counts of a breath, put into words. Pure."""

from __future__ import annotations

import re

from . import numbers
from .alphabets import letter_names
from .draft import PLACEHOLDER, Draft, UnsayableError
from .lexicon import Pronunciation
from .remarks import Words

_DASH = "[-–—−]"
_MONTHS = {
    "Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "May": "May", "Jun": "June", "Jul": "July",
    "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}  # fmt: skip
_MONTH = "|".join(sorted({*_MONTHS, *_MONTHS.values()}, key=len, reverse=True))
_TENS = {"20": "twenties", "30": "thirties", "40": "forties", "50": "fifties", "60": "sixties", "70": "seventies",
         "80": "eighties", "90": "nineties"}  # fmt: skip
_LISTED = re.compile(
    rf"(?<![\w.,:/-])\d{{1,3}}(?:(?:{_DASH}\d{{1,3}}){{2,}}|(?::\d{{1,3}}){{2,}}|(?:/\d{{1,4}}){{2,}}|(?:x\d{{1,3}}){{2,}})(?![\w/:-])"
)
_ISO_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?![\w-])")
_PHONE = re.compile(r"(?<![\w-])(?:\d{3}-)?\d{3}-\d{4}(?![\w-])")
_HALF_DAY = re.compile(r"(?<=\d)\s?([aApP])\.?\s?[mM](?:\.(?!\W*$))?(?!\w)")
_HOUR_BEFORE = re.compile(r"(?<![\w.:])(?:1[0-2]|0?[1-9])(?::[0-5]\d)?$")
_CLOCK = re.compile(rf"(?<![\w.:])(\d{{1,2}}):(\d{{2}})(?![\d:])(?=([{PLACEHOLDER}])?)")
_SHORT_DURATION = re.compile(
    r"(?<![\w.])(?:(\d{1,2})\s?h(?:rs?)?\s?)?(\d{1,2})\s?m(?:in)?\s?(\d{1,2})\s?s(?:ec)?(?!\w)"
)
_HOURS_AND_MINUTES = re.compile(r"(?<![\w.])(\d{1,2})h\s?(\d{2})(?:m(?:in)?)?(?!\w)")
_RATIO = re.compile(r"(?<![\w.:])(\d{1,2}(?:\.\d)?)\s?:\s?(\d(?:\.\d)?)(?![\d:])")
_LASTS = re.compile(r"\b(?:for|hold|rest|wait|pause|lasts|after|about|to)\s$", re.IGNORECASE)
_DECADE = re.compile(r"(?<![\w.,])(?:['’](\d0)|(\d\d)(\d0)|(\d0))['’]?s\b")
_AGED = re.compile(r"\b(?:your|their|my|our|his|her|early|mid|late)[\s-]$", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:%\w-])(?:,?\s(\d{{4}})(?!\w))?")
_MONTH_YEAR = re.compile(rf"\b({_MONTH})\.?\s((?:19|20)\d\d)(?![\w%])")
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?"
_DAYS = re.compile(rf"\b{_DAY}\s?[-–]\s?{_DAY}(?!\w)")
_DAY_MONTH = re.compile(
    rf"(?<![\w.:])(the\s)?(\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?({_MONTH})\b\.?(?:,?\s(\d{{4}})(?!\w))?"
)
_ROUND_THE_CLOCK = re.compile(r"(?<![\w/])24/7(?![\w/])")


def say_times(draft: Draft) -> None:
    """Put what consists of several numbers into words: 10:30 p.m., 4-7-8, Jan. 3, the 1990s."""
    draft.replace(_ROUND_THE_CLOCK, lambda match: Words("twenty four seven"))
    draft.replace(_ISO_DATE, _iso_date)
    draft.replace(_PHONE, lambda match: Words(", ".join(map(numbers.digit_by_digit, match[0].split("-")))))
    draft.replace(_SHORT_DURATION, lambda match: Words(_duration(int(match[1] or 0), int(match[2]), int(match[3]))))
    draft.replace(_HOURS_AND_MINUTES, lambda match: Words(_duration(int(match[1]), int(match[2]), 0)))
    draft.replace(_LISTED, _listed)
    draft.replace(_HALF_DAY, _half_day)
    draft.replace(_CLOCK, _clock)
    draft.replace(_RATIO, lambda match: Words(f"{numbers.cardinal(match[1])} to {numbers.cardinal(match[2])}"))
    draft.replace(_DAYS, lambda match: Words(f"{_day(match[1])} to {_day(match[2])}"))
    draft.replace(_MONTH_YEAR, lambda match: Words(f"{_MONTHS.get(match[1], match[1])} {numbers.year(match[2])}"))
    draft.replace(_MONTH_DAY, _month_day)
    draft.replace(_DAY_MONTH, _day_month)
    draft.replace(_DECADE, _decade)


def _clock(match: re.Match[str]) -> Words | None:
    hour, minutes = int(match[1]), int(match[2])
    if minutes == 0 and re.match(r"\s?(?:min|hour|hr)", match.string[match.end() :]):
        return Words(numbers.cardinal(match[1]))  # "1:00 minute"
    if (
        match[3] is None
        and minutes < 60
        and _LASTS.search(match.string[: match.start()])
        and not re.search(r"\babout\s$", match.string[: match.start()])
    ):
        return Words(_duration(0, hour, minutes))
    if hour > 24 or minutes > 59:
        return Words(f"{numbers.cardinal(match[1])} to {numbers.cardinal(match[2])}")
    said = numbers.cardinal(str(hour))
    if minutes:
        said += f" {'oh ' if minutes < 10 else ''}{numbers.cardinal(str(minutes))}"
    elif match[3] is None:
        said += " o'clock"
    return Words(said)


def _half_day(match: re.Match[str]) -> Words | None:
    if not _HOUR_BEFORE.search(match.string[: match.start()]):
        return None
    letters = f"{match[1].lower()}m"
    return Words(" ".join(letters), Pronunciation(" ".join(letters.upper()), letter_names(letters)), noted=False)


def _duration(hours: int, minutes: int, seconds: int) -> str:
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    said = [f"{numbers.cardinal(str(n))} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n]
    return " and ".join([" ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said) or "zero seconds"


def _listed(match: re.Match[str]) -> Words:
    if "/" in match[0]:
        raise UnsayableError(f"“{match[0]}” may be a date in two orders: write it in words", 0)
    parts = re.split(rf"{_DASH}|[:x]", match[0])
    if ":" in match[0] and len(parts) == 3 and all(len(part) == 2 for part in parts[1:]):
        return Words(_duration(*map(int, parts)))
    return Words(" ".join(numbers.cardinal(part) for part in parts))


def _iso_date(match: re.Match[str]) -> Words | None:
    month, day = int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise UnsayableError(f"“{match[0]}” isn't a date: write it in words", 0)
    name = list(dict.fromkeys(_MONTHS.values()))[month - 1]
    return Words(f"{name} {numbers.ordinal(str(day))} {numbers.year(match[1])}")


def _month_day(match: re.Match[str]) -> Words | None:
    if not 1 <= int(match[2]) <= 31:
        return None
    behind = match.string[match.end() :]
    if match[1] == "May" and not match[3] and re.match(r"\s[a-z]", behind):
        return None  # "May 5 breaths be enough"
    return Words(_MONTHS.get(match[1], match[1]) + f" {numbers.ordinal(match[2])}" + _of_year(match[3]))


def _day_month(match: re.Match[str]) -> Words | None:
    if not 1 <= int(match[2]) <= 31 or (match[3] == "May" and not match[4] and not match[1]):
        return None
    return Words(f"the {numbers.ordinal(match[2])} of {_MONTHS.get(match[3], match[3])}{_of_year(match[4])}")


def _day(short: str) -> str:
    return next(name for name in _DAY_NAMES if name.startswith(short[:3]))


def _of_year(year: str | None) -> str:
    return f" {numbers.year(year)}" if year else ""


def _decade(match: re.Match[str]) -> Words | None:
    century, tens = match[2], match[1] or match[3] or match[4]
    said = _TENS.get(tens)
    before, behind = match.string[: match.start()], match.string[match.end() :]
    years = _AGED.search(before) or (
        re.search(r"\b[Tt]he\s$", before) and re.match(r"\s(?:were|are|was|is|had)\b", behind)
    )
    if said is None or (match[4] and not years):
        return None
    return Words(f"{numbers.cardinal(century)} {said}" if century else said)
