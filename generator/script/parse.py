"""Script text to cues: every mark understood, every sentence with the line it stands on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn, TypeVar

from ..errors import ScriptError, nearest
from ..lengths import parse_duration, parse_hold
from ..model import (
    ROUND_NAMES,
    At,
    Breath,
    Breathe,
    Chime,
    Count,
    Cue,
    Group,
    Hold,
    HoldLength,
    Item,
    Pause,
    Say,
    Script,
    Where,
)
from . import marks
from .front_matter import split_front_matter
from .prose import MAX_SENTENCE, clean, ends_sentence, sentences

# Said aloud by `[breathe N]`: the first breath names what happens, the others only pace it.
FIRST_BREATH = ("Breathe in.", "And breathe out.")
NEXT_BREATHS = ("In.", "And out.")

_MARK = re.compile(r"(?<!\\)\[([^\[\]]*)\]")
_STRAY = re.compile(r"(?<!\\)[\[\]]")
_ESCAPE = re.compile(r"\\([\[\]#\\])")
_PHASE = re.compile(r"(in|out):(.*)", re.IGNORECASE)
_PAUSE = re.compile(r"(?=[\d.])(.*)")
T = TypeVar("T")


def parse(text: str, name: str, title: str = "") -> Script:
    """`text` as a Script; `name` stands in errors as the file's name, `title` is for a script that gives none.

    Raises ScriptError with ``name:line`` for unknown, nested or unclosed marks, text after ``[sleep]``,
    sentences without a word, and a script in which nothing happens.
    """
    head = split_front_matter(text, name)
    parser = _Parser(name, head.title or title or name)
    for number, line in enumerate(head.body.split("\n"), head.first_line):
        parser.line(number, line)
    parser.end()
    if not parser.cues:
        raise ScriptError("the script is empty", where=name, hint="write at least one sentence to speak")
    return Script(
        name=name,
        title=head.title,
        body=head.body,
        chapters=tuple(parser.chapters),
        cues=tuple(parser.cues),
        settings=head.settings,
        setting_lines=head.setting_lines,
        routine=head.routine,
        summary=head.summary,
        adapted=head.adapted,
    )


@dataclass
class _OpenHold:
    length: HoldLength | None
    written: str
    where: Where
    groups: list[Group] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    at: At | None = None
    marked: bool = False

    def close_group(self) -> None:
        if self.items:
            self.groups.append(Group(tuple(self.items), self.at))
            self.items = []
        elif self.at is not None:
            raise ValueError(f"nothing follows the [at …] of line {self.at.line}")


@dataclass
class _OpenBreathe:
    number: int | None
    where: Where
    breaths: list[Breath] = field(default_factory=list)
    started: bool = False


class _Parser:
    """Reads line by line; what is open (a hold, guided breaths, a sentence) is its only state."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.chapters: list[str] = []
        self.cues: list[Cue] = []
        self._first_title = title
        self._where = Where(1, 0)
        self._hold: _OpenHold | None = None
        self._breathe: _OpenBreathe | None = None
        self._pending: list[tuple[int, str]] = []
        self._paragraph = True
        self._asleep = False
        self._chapter_line = 1

    # --- lines -----------------------------------------------------------------------------------

    def line(self, number: int, raw: str) -> None:
        line = clean(raw)
        if not line:
            self._flush()
            self._paragraph = True
            return
        if self._asleep:
            self._fail(number, "nothing may follow [sleep]: the tail has begun", "move it before [sleep]")
        self._where = replace(self._where, line=number)
        if line.startswith("#"):
            self._chapter(number, line)
            return
        if phase := _PHASE.fullmatch(line):
            if self._breathe is None:
                self._fail(number, f"a line for a breath, {line!r}, outside [breathe]", "put [breathe] before it")
            self._breath_line(number, phase[1].lower(), phase[2].strip())
            return
        self._text_and_marks(number, line)
        if self._pending and ends_sentence(self._pending[-1][1]):
            self._flush()

    def end(self) -> None:
        self._flush()
        self._close_plain_breathe()
        if self._hold is not None:
            mark = f"[hold {self._hold.written}]" if self._hold.written else "[hold]"
            self._fail(self._hold.where.line, f"{mark} is never closed", "add [release] after its lines")
        if self._breathe is not None:
            self._fail(self._breathe.where.line, "[breathe] is never closed", "add [release] after its lines")

    def _chapter(self, number: int, line: str) -> None:
        self._flush()
        self._close_plain_breathe()
        self._refuse_open(number, "a chapter can't begin")
        self._refuse_empty_chapter()
        title = line.lstrip("#").strip()
        if not title:
            self._fail(number, "this chapter has no title", "write it as `# Title`")
        if _STRAY.search(title):
            self._fail(number, "a chapter's title can't hold marks", "put the mark on a line of its own")
        if not self.chapters and self.cues:
            self.chapters.append(self._first_title)
        self.chapters.append(_ESCAPE.sub(r"\1", title))
        self._where = Where(number, len(self.chapters) - 1)
        self._chapter_line = number
        self._paragraph = True

    def _text_and_marks(self, number: int, line: str) -> None:
        position = 0
        for mark in _MARK.finditer(line):
            self._text(number, line[position : mark.start()])
            self._flush()
            self._mark(number, mark[1].strip())
            position = mark.end()
        self._text(number, line[position:])

    # --- what is spoken ----------------------------------------------------------------------------

    def _text(self, number: int, text: str) -> None:
        if _STRAY.search(text):
            self._fail(number, "a bracket without its partner", r"write \[ for a bracket to be spoken")
        text = _ESCAPE.sub(r"\1", text).strip()
        if text:
            self._close_plain_breathe()
            if self._asleep:
                self._fail(number, "nothing may follow [sleep]: the tail has begun", "move it before [sleep]")
            if self._breathe is not None:
                self._fail(
                    number,
                    "only `in: …` and `out: …` lines belong between [breathe] and [release]",
                    "move this line before [breathe] or after [release]",
                )
            self._pending.append((number, text))

    def _flush(self) -> None:
        """Turn the text read so far into sentences; in a hold they are one line that stays together."""
        if not self._pending:
            return
        numbers = [number for number, _ in self._pending]
        lengths = [len(text) + 1 for _, text in self._pending]
        text = " ".join(text for _, text in self._pending)
        self._pending = []
        says: list[Say] = []
        at = 0
        for sentence in sentences(text):
            at = text.index(sentence, at)
            number = numbers[_part_of(at, lengths)]
            at += len(sentence)
            if not any(character.isalnum() for character in sentence):
                self._fail(
                    number, f"there is no word to speak in {sentence!r}", "write a sentence, or a pause like [4s]"
                )
            if len(sentence) > MAX_SENTENCE:
                what = f"this sentence has {len(sentence)} characters, more than the {MAX_SENTENCE} there can be"
                self._fail(number, what, "end sentences with a full stop, and begin the next with a capital letter")
            gap: Literal["sentence", "paragraph"] = "paragraph" if self._paragraph else "sentence"
            says.append(Say(sentence, replace(self._where, line=number), gap))
            self._paragraph = False
        self._add(*says, new_line=True)

    def _add(self, *items: Item | Hold, new_line: bool = False) -> None:
        if self._hold is None:
            if not self.chapters:
                self.chapters.append(self._first_title)
            self.cues.extend(items)
            return
        if new_line and not self._hold.marked and self._hold.length is not None:
            self._hold.close_group()  # without [at …] each line is placed on its own
        self._hold.items.extend(item for item in items if not isinstance(item, Hold))

    # --- marks -------------------------------------------------------------------------------------

    def _mark(self, number: int, mark: str) -> None:
        word, _, rest = mark.partition(" ")
        rest = rest.strip()
        if self._breathe is not None and word != "release":
            self._close_plain_breathe()
            if self._breathe is not None:
                self._fail(
                    number, f"[{mark}] can't stand between [breathe] and [release]", "close it with [release] first"
                )
        if self._asleep:
            self._fail(number, "nothing may follow [sleep]: the tail has begun", "move it before [sleep]")
        with_words = {
            "hold": self._open_hold,
            "release": self._release,
            "at": self._at,
            "breathe": self._open_breathe,
            "pose": self._pose,
        }
        if word in with_words:
            with_words[word](number, rest)
        elif word == "count":
            self._count(number, mark)
        elif mark == "chime":
            self._add(Chime(self._where), new_line=True)
        elif mark == "sleep":
            self._refuse_open(number, "[sleep] can't come")
            self._asleep = True
        elif _PAUSE.fullmatch(mark):
            self._pause(number, mark)
        else:
            self._unknown(number, mark, word)

    def _open_hold(self, number: int, rest: str) -> None:
        self._refuse_open(number, "a hold can't begin")
        length = self._guard(number, lambda: parse_hold(rest)) if rest else None
        self._hold = _OpenHold(length, rest, self._where)

    def _release(self, number: int, rest: str) -> None:
        if rest:
            self._fail(number, f"[release] takes nothing, but it has {rest!r}")
        if self._hold is not None:
            self._close_plain_breathe()  # it needs no [release]: this one is the hold's
        if self._breathe is not None:
            self._close_breathe()
        elif self._hold is not None:
            hold = self._hold
            self._guard(number, hold.close_group)
            self._hold = None
            self._add(Hold(hold.length, tuple(hold.groups), hold.where, hold.written))
            self._paragraph = True
        else:
            self._fail(number, "[release] closes nothing", "open a hold with [hold …] before it")

    def _at(self, number: int, rest: str) -> None:
        if self._hold is None:
            self._fail(number, "[at …] belongs inside a hold", "put it between [hold …] and [release]")
        if self._hold.length is None:
            self._fail(number, "[at …] needs a hold with a length", "write the length, like [hold 2 min]")
        if not self._hold.marked and len(self._hold.groups) > 0:
            # lines before the first [at …] begin with the hold, all together
            early = tuple(item for group in self._hold.groups for item in group.items) + tuple(self._hold.items)
            self._hold.groups, self._hold.items = [], list(early)
        self._hold.marked = True
        self._guard(number, self._hold.close_group)
        self._hold.at = self._guard(number, lambda: _parse_at(rest, number))
        self._paragraph = True

    def _open_breathe(self, number: int, rest: str) -> None:
        if rest and not rest.isdecimal():
            self._fail(number, f"[breathe {rest}] isn't a number of breaths", "write it like [breathe 6]")
        length = self._guard(number, lambda: parse_hold(f"{rest} breaths")) if rest else None
        self._breathe = _OpenBreathe(length.low if length else None, self._where)

    def _breath_line(self, number: int, phase: str, text: str) -> None:
        assert self._breathe is not None
        text = _ESCAPE.sub(r"\1", text)
        if _STRAY.search(text):
            self._fail(number, "the lines of a breath can't hold marks", "close it with [release] first")
        breaths = self._breathe.breaths
        self._breathe.started = True
        if phase == "in":
            breaths.append(Breath(text, "", number, number))
        elif breaths and not breaths[-1].exhale and breaths[-1].inhale_line == breaths[-1].exhale_line:
            breaths[-1] = replace(breaths[-1], exhale=text, exhale_line=number)
        else:
            breaths.append(Breath("", text, number, number))

    def _close_breathe(self) -> None:
        breathe = self._breathe
        assert breathe is not None
        line = breathe.where.line
        given = breathe.breaths
        if not given and breathe.number is None:
            self._fail(line, "[breathe] needs a number of breaths", "write [breathe 6], or lines `in: …` and `out: …`")
        number = breathe.number or len(given)
        if len(given) > number:
            self._fail(line, f"[breathe {number}] has lines for {len(given)} breaths", "make the number fit the lines")
        if given:
            breaths = tuple(given[index % len(given)] for index in range(number))
        else:
            words = [FIRST_BREATH] + [NEXT_BREATHS] * (number - 1)
            breaths = tuple(Breath(inhale, exhale, line, line) for inhale, exhale in words)
        self._breathe = None
        self._add(Breathe(breaths, breathe.where), new_line=True)
        self._paragraph = True

    def _close_plain_breathe(self) -> None:
        """`[breathe 6]` without lines of its own needs no [release]."""
        if self._breathe is not None and not self._breathe.started:
            self._close_breathe()

    def _count(self, number: int, mark: str) -> None:
        length = self._guard(number, lambda: parse_hold(mark))
        self._add(Count(length.low, length.silent, self._where), new_line=True)
        self._paragraph = True

    def _pose(self, number: int, rest: str) -> None:
        self._refuse_open(number, "[pose …] can't stand")
        words = rest.split()
        if len(words) != 2:
            self._fail(number, f"[pose {rest}] needs an id and a round", "write it like [pose figure-four right]")
        round_name = next((name for name in ROUND_NAMES if name == words[1]), None)
        if round_name is None:
            self._fail(number, f"{words[1]!r} isn't a round", f"the rounds are {', '.join(ROUND_NAMES)}")
        self._where = replace(self._where, pose=words[0], round=round_name)

    def _pause(self, number: int, mark: str) -> None:
        if self._hold is not None and self._hold.length is not None:
            self._fail(
                number,
                f"a pause, [{mark}], inside a hold of given length",
                "place lines with [at …], or write [hold] without a length",
            )
        if re.fullmatch(r"\d+\s*breaths?", mark):
            length = self._guard(number, lambda: parse_hold(mark))
            self._add(Pause(length.low, "breaths", self._where))
            return
        self._add(Pause(self._guard(number, lambda: parse_duration(mark)), "ms", self._where))

    def _unknown(self, number: int, mark: str, word: str) -> NoReturn:
        if word in ("pause", "wait", "rest", "silence"):
            self._fail(number, f"[{mark}] isn't a mark", "a pause is its length alone, like [5s]")
        near = nearest(word, marks.NAMES)
        hint = f"did you mean [{near[0]}]?" if near else r"write \[ for a bracket to be spoken"
        self._fail(number, f"[{mark}] isn't a mark", hint)

    def _refuse_empty_chapter(self) -> None:
        """A chapter but the last, which may be the tail's, needs something to happen in it."""
        if self.chapters and (not self.cues or self.cues[-1].where.chapter != len(self.chapters) - 1):
            self._fail(self._chapter_line, "nothing happens in this chapter", "write a sentence or a pause below it")

    # --- failing -------------------------------------------------------------------------------------

    def _refuse_open(self, number: int, what: str) -> None:
        if self._hold is not None:
            self._fail(
                number, f"{what} inside the hold of line {self._hold.where.line}", "close that hold with [release]"
            )

    def _guard(self, number: int, call: Callable[[], T]) -> T:
        """What `call` returns; its ValueError becomes a ScriptError at this line."""
        try:
            return call()
        except ValueError as error:
            self._fail(number, str(error))

    def _fail(self, number: int, what: str, hint: str | None = None) -> NoReturn:
        raise ScriptError(what, where=f"{self.name}:{number}", hint=hint)


def _part_of(position: int, lengths: list[int]) -> int:
    """Which of the joined parts, each `lengths` characters long, holds `position`."""
    for index, length in enumerate(lengths):
        if position < length:
            return index
        position -= length
    return len(lengths) - 1


def _parse_at(text: str, line: int) -> At:
    """``35%``, ``20s`` or ``-8s``. Raises ValueError."""
    if percent := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text):
        value = float(percent[1])
        if value >= 100:
            raise ValueError(f"[at {text}] lies outside the hold: write less than 100%")
        return At("percent", value, line)
    if not text:
        raise ValueError("[at] needs a place in the hold: write [at 35%], [at 20s] or [at -8s]")
    if text.startswith("-"):
        return At("from_end", parse_duration(text[1:]), line)
    return At("from_start", 0 if re.fullmatch(r"0+\s*s", text) else parse_duration(text), line)
