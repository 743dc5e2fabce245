"""Numbers in words, by the package num2words. Pure."""

from __future__ import annotations

from functools import lru_cache

ONES = "zero one two three four five six seven eight nine".split()
MAX_DIGITS = 15  # longer ones are no numbers that anybody says

_FRACTIONS = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters"), 5: ("fifth", "fifths"),
              6: ("sixth", "sixths"), 8: ("eighth", "eighths")}  # fmt: skip
VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip


def cardinal(digits: str) -> str:
    """A whole number or decimal, as written, in words without hyphens or commas: "1,250" and "2.5"."""
    plain = digits.replace(",", "")
    whole, point, decimals = plain.partition(".")
    if not point:
        return _spoken(int(whole), "cardinal")
    said = f"point {' '.join(ONES[int(digit)] for digit in decimals)}"
    return f"{_spoken(int(whole), 'cardinal')} {said}" if whole else said


def ordinal(digits: str) -> str:
    """A place in an order: "third" for 3."""
    return _spoken(int(digits.replace(",", "")), "ordinal")


def year(digits: str) -> str:
    """A year: "nineteen eighty five"."""
    return _spoken(int(digits), "year")


def digit_by_digit(digits: str) -> str:
    return " ".join(ONES[int(digit)] for digit in digits)


def fraction(upper: int, lower: int) -> str | None:
    """A share of one in words, "three quarters"; None if people don't say it that way."""
    if not 0 < upper < lower or lower not in _FRACTIONS:
        return None
    one, many = _FRACTIONS[lower]
    if upper == 1:
        return one if lower in (2, 4) else f"one {one}"
    return f"{cardinal(str(upper))} {many}"


@lru_cache(maxsize=1_024)
def _spoken(number: int, kind: str) -> str:
    from num2words import num2words  # 25 ms, and most tracks have no digit in them

    said: str = num2words(number, to=kind)
    return said.replace(",", "").replace("-", " ")
