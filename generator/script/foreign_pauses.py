"""Pauses as other programs have them written, and the mark that each stands for here. Pure."""

from __future__ import annotations

import re

_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)
_BY_WORD = {word: str(number) for number, word in enumerate(_WORDS, 1)} | {
    "a": "1", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "half a": "0.5", "a half": "0.5",
}  # fmt: skip
_NAMES = "pause|wait|silence|break|slnc"
_UNIT = "ms|milliseconds?|minutes?|mins?|m|seconds?|secs?|s|breaths?"
_LENGTH = (
    rf"(?P<{{0}}>\d+(?:\.\d+)?|{'|'.join(sorted(_BY_WORD, key=len, reverse=True))})[\s-]*(?P<{{1}}>{_UNIT})(?![^\W_])"
)
_SPOKEN_PAUSE = (
    rf"(?:(?:{_NAMES})\b\s*(?:[:=]|for|of)?\s*(?:about\s+)?{_LENGTH.format('n1', 'u1')}"
    rf"|{_LENGTH.format('n2', 'u2')}\s+(?:{_NAMES})"
    rf"|(?P<bare>(?:(?:a|short|long|brief|small)\s+)*(?:{_NAMES})(?:\s+here)?))"
    r"\s*\.?"
)
FOREIGN = re.compile(
    r"<(?:break|pause)\b(?P<attributes>[^<>]*)>(?:\s*</(?:break|pause)>)?"
    r"|\[\[\s*slnc\s+(?P<slnc>\d+)\s*\]\]|<#(?P<hash>\d+(?:\.\d+)?)#>"
    rf"|(?P<open>\(|\{{|\*{{1,3}}|_{{1,3}}|<)\s*{_SPOKEN_PAUSE}\s*(?:\)|\}}|\*{{1,3}}|_{{1,3}}|>)",
    re.IGNORECASE,
)
"""A pause in SSML, in round or curly brackets, in asterisks; macOS's `[[slnc 2000]]`, `<#2#>`."""

_TIME = re.compile(r"\btime\s*=\s*[\"'“”]?\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)\b", re.IGNORECASE)
_IN_BRACKETS = re.compile(rf"(?:rest\b\s*(?:[:=]|for)?\s*{_LENGTH.format('n3', 'u3')})|{_SPOKEN_PAUSE}", re.IGNORECASE)


def mark_of(match: re.Match[str]) -> str | None:
    """The length for our mark `[LENGTH]`, "10s" or "5 breaths"; None if the pause has no length that is sure."""
    if match["slnc"]:
        return f"{int(match['slnc'])}ms"
    if match["hash"]:
        return f"{match['hash']}s"
    if match["attributes"] is not None:
        time = _TIME.search(match["attributes"])
        return None if time is None else f"{'0' if time[1].startswith('.') else ''}{time[1]}{time[2].lower()}"
    return _length(match["n1"] or match["n2"], match["u1"] or match["u2"])


def mark_in_brackets(mark: str) -> str | None:
    """The same for what stands in square brackets, `[pause 5s]`; None for anything that isn't a pause with a length."""
    match = _IN_BRACKETS.fullmatch(mark.strip())
    if match is None:
        return None
    return _length(match["n1"] or match["n2"] or match["n3"], match["u1"] or match["u2"] or match["u3"])


def _length(number: str | None, unit: str | None) -> str | None:
    if not number or not unit:
        return None
    amount, unit = _BY_WORD.get(number.lower(), number), unit.lower()
    if unit.startswith("breath"):
        return f"{amount} breath{'' if amount == '1' else 's'}" if amount.isdecimal() else None
    return f"{amount}{'ms' if unit.startswith('mil') or unit == 'ms' else unit[0]}"
