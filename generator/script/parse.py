"""Script text parsed to cues, each with the line that it stands on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Literal

from ..durations import parse_duration, parse_hold
from ..errors import ScriptError
from ..model import ROUND_NAMES, Chime, Count, Cue, CuePlace, Item, Pause, Say, Script, ScriptNote
from ..pronunciation.sentences import LIST_MARK, MAX_SENTENCE, QUOTE_MARK, RULE, ends_sentence, sentences
from ..pronunciation.unseen import clean, direction_mark, joined_over_lines
from . import mark_table
from .fault_recorder import FaultRecorder
from .faults import combined
from .front_matter import split_front_matter
from .open_blocks import OpenBreathe, OpenHold, parse_at, parse_every

_MARK = re.compile(r"(?<!\\)\[([^\[\]]*)\]")
_BRACKET = re.compile(r"(?<!\\)[\[\]]")
_ESCAPE = re.compile(r"\\([\[\]#\\])")
_CHAPTER = re.compile(r"#(?!\d)")  # "#3" is a number
_PHASE = re.compile(r"(in|out):(.*)", re.IGNORECASE)
_MAY_PAUSE = re.compile(r"pause|wait|silence|break|slnc|rest|<#", re.IGNORECASE)
_PAUSE = re.compile(r"(?=[\d.])(.*)")


def parse(text: str, name: str, title: str = "") -> Script:
    """`text` as a Script. `name` is the file's name in errors; `title` names a first chapter without a heading.

    Raises ScriptError with ``name:line:column`` for unknown, nested or unclosed marks, text after ``[sleep]``,
    sentences without a word, and an empty script; ScriptFaultsError for several faults.
    """
    head = split_front_matter(text, name)
    lines = head.body.split("\n")
    parser = _Parser(name, head.title or title or name, dict(enumerate(lines, head.first_line)))
    for number, line in enumerate(lines, head.first_line):
        parser.line(number, line)
    parser.end()
    if parser.faults:
        raise combined(parser.faults)
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
        first_line=head.first_line,
        notes=tuple(parser.notes),
    )


def _foreign_pauses(line: str) -> Mapping[tuple[int, int], str | None]:
    """The pauses of a line that are written as for other programs: their place, and the length for our mark."""
    from .foreign_pauses import FOREIGN, mark_in_brackets, mark_of  # few scripts have any

    found = {mark.span(): mark_of(mark) for mark in FOREIGN.finditer(line)}
    for mark in _MARK.finditer(line):
        if (length := mark_in_brackets(mark[1])) is not None:
            found.setdefault(mark.span(), length)
    return found


class _Parser(FaultRecorder):
    """Reads line by line. Its state is what is open: a hold, guided breaths, a sentence.

    A line with a fault is left out. From there to the next chapter it isn't certain what is open.
    """

    def __init__(self, name: str, title: str, lines: Mapping[int, str]) -> None:
        super().__init__(name)
        self._lines = lines
        self._written = ""  # the mark or text that is being read
        self._begins = 0  # where it begins in its line
        self.chapters: list[str] = []
        self.cues: list[Cue] = []
        self.notes: list[ScriptNote] = []
        self._raw = ""
        self._default_title = title
        self._where = CuePlace(1, 0)
        self._hold: OpenHold | None = None
        self._breathe: OpenBreathe | None = None
        self._pending: list[tuple[int, str]] = []
        self._glued: set[int] = set()  # the parts of it that end within a word
        self._soft_end = False  # the last line ends with a soft hyphen
        self._paragraph = True
        self._sleep_seen = False
        self._chapter_line = 1

    # --- lines -----------------------------------------------------------------------------------

    def line(self, number: int, raw: str) -> None:
        if (mark := direction_mark(raw)) is not None:
            what = "a mark that turns the reading direction, which can't be seen and isn't spoken"
            self._add_fault(number, what, "delete it, or type the line anew", mark + 1)
            return
        self._raw = raw
        self._written, self._begins = "", 0
        self._collecting_faults(lambda: self._line(number, clean(raw)))
        self._soft_end = raw.rstrip().endswith("\u00ad")

    def end(self) -> None:
        self._collecting_faults(self._end)

    def _line(self, number: int, line: str) -> None:
        if not line:
            self._flush()
            self._paragraph = True
            return
        self._refuse_after_sleep(number)
        self._where = self._where.at_line(number)
        if _CHAPTER.match(line):
            self._chapter(number, line)
            return
        if RULE.fullmatch(line):
            self._flush()
            self._paragraph = True
            self._note(number, line, "isn't said as it is written: it is Markdown's, and ends a paragraph")
            return
        if LIST_MARK.match(line) or QUOTE_MARK.match(line):
            self._flush()  # each item of a list is a sentence of its own
        if phase := _PHASE.fullmatch(line):
            self._breath_line(number, phase[1].lower(), phase[2].strip())
            return
        self._text_and_marks(number, line)
        if self._pending and ends_sentence(self._pending[-1][1]):
            self._flush()

    def _end(self) -> None:
        self._flush()
        self._close_breathe_without_lines()
        if self._hold is not None:
            mark = f"[hold {self._hold.written}]" if self._hold.written else "[hold]"
            self._fail_misplaced(self._hold.where.line, f"{mark} is never closed", "add [release] after its lines")
        if self._breathe is not None:
            self._fail_misplaced(self._breathe.where.line, "[breathe] is never closed", "add [release] after its lines")

    def _chapter(self, number: int, line: str) -> None:
        self._flush()
        self._close_breathe_without_lines()
        self._refuse_open(number, "a chapter can't begin")
        self._refuse_empty_chapter()
        title = line.lstrip("#").strip()
        if not title:
            self._fail(number, "this chapter has no title", "write it as `# Title`")
        if _BRACKET.search(title):
            self._fail(number, "a chapter's title can't hold marks", "put the mark on a line of its own")
        if not self.chapters and self.cues:
            self.chapters.append(self._default_title)
        self.chapters.append(_ESCAPE.sub(r"\1", title))
        self._where = CuePlace(number, len(self.chapters) - 1)
        self._chapter_line = number
        self._paragraph = True
        self._after_fault = False

    def _text_and_marks(self, number: int, line: str) -> None:
        position = 0
        foreign = _foreign_pauses(line) if _MAY_PAUSE.search(line) else {}
        marks = {mark.span(): mark[1].strip() for mark in _MARK.finditer(line)}
        for start, end in sorted({*foreign, *marks}):
            if start < position:
                continue  # "[[slnc 2000]]" has a mark of ours in it
            self._text(number, line[position:start])
            self._flush()
            self._reads(line[start:end])
            if (start, end) in foreign:
                self._foreign_pause(number, line[start:end], foreign[start, end])
            else:
                self._mark(number, marks[start, end])
            position = end
        self._text(number, line[position:])

    def _foreign_pause(self, number: int, written: str, length: str | None) -> None:
        """A pause written as for another program: taken as ours if its length is sure, with a note."""
        if length is None:
            self._fail(number, f"{written} isn't a mark", "a pause is its length alone, like [5s]")
        self._mark(number, length)
        self._note(number, written, f"isn't said as it is written: it is taken as [{length}], our mark for a pause")

    def _reads(self, written: str) -> None:
        """Remember where in its line the part stands that is read next, for a fault in it."""
        at = self._raw.find(written, self._begins + len(self._written))
        if at >= 0:
            self._written, self._begins = written, at

    def _column(self, number: int) -> int:
        if self._lines[number] == self._raw and self._written:
            return self._begins + 1
        return self._column_of(number, "[hold")

    def _column_of(self, number: int, written: str) -> int:
        """Where `written`, or else the first letter, stands in a line."""
        raw = self._lines[number]
        return raw.find(written) + 1 or len(raw) - len(raw.lstrip()) + 1

    def _note(self, number: int, written: str, what: str) -> None:
        column = self._raw.find(written) + 1 or len(self._raw) - len(self._raw.lstrip()) + 1
        self.notes.append(ScriptNote(number, column, f"“{written}” {what}"))

    # --- what is spoken ----------------------------------------------------------------------------

    def _text(self, number: int, text: str) -> None:
        if bracket := _BRACKET.search(text):
            self._reads(text[bracket.start() : bracket.end() + 1])
            self._fail(number, *mark_table.unpaired_bracket(bracket[0], text[bracket.end() :]))
        text = _ESCAPE.sub(r"\1", text).strip()
        if text:
            self._close_breathe_without_lines()
            self._refuse_after_sleep(number)
            if self._breathe is not None:
                self._fail_misplaced(
                    number,
                    "only `in: …` and `out: …` lines belong between [breathe] and [release]",
                    "move this line before [breathe] or after [release]",
                )
            self._join_broken_word(text)
            self._pending.append((number, text))

    def _join_broken_word(self, following: str) -> None:
        """Take the hyphen from a word that goes on here. It is joined in `_flush`."""
        if not self._pending:
            return
        last_number, last = self._pending[-1]
        joined = joined_over_lines(last, following, soft=self._soft_end)
        if joined is not None:
            self._pending[-1] = (last_number, joined)
            self._glued.add(len(self._pending) - 1)

    def _flush(self) -> None:
        """Turn the text read so far into sentences. In a hold they stay together as one line."""
        if not self._pending:
            return
        numbers = [number for number, _ in self._pending]
        parts = [text if index in self._glued else f"{text} " for index, (_, text) in enumerate(self._pending)]
        lengths = [len(part) for part in parts]
        text = "".join(parts).rstrip()
        self._pending = []
        self._glued = set()
        spoken: list[Say] = []
        at = 0
        for sentence in sentences(text):
            at = text.index(sentence, at)
            number = numbers[_part_of(at, lengths)]
            at += len(sentence)
            if fault := _sentence_fault(sentence):
                self._add_fault(number, *fault, column=self._column_of(number, sentence[:20]))
                continue
            gap: Literal["sentence", "paragraph"] = "paragraph" if self._paragraph else "sentence"
            spoken.append(Say(sentence, self._where.at_line(number), gap))
            self._paragraph = False
        if spoken:
            self._add_items(*spoken)

    def _add_items(self, *items: Item, new_line: bool = True) -> None:
        if self._hold is None:
            self._add_cues(*items)
        else:
            add = partial(self._hold.add, *items, new_line=new_line)
            self._converted(items[0].where.line, add, self._fail_misplaced)

    def _add_cues(self, *cues: Cue) -> None:
        if not self.chapters:
            self.chapters.append(self._default_title)
        self.cues.extend(cues)

    # --- marks -------------------------------------------------------------------------------------

    def _mark(self, number: int, mark: str) -> None:
        word, _, rest = mark.partition(" ")
        rest = rest.strip()
        if word != "release":
            self._close_breathe_without_lines()
            if self._breathe is not None:
                what = f"[{mark}] can't stand between [breathe] and [release]"
                self._fail_misplaced(number, what, "close it with [release] first")
        self._refuse_after_sleep(number)
        with_words = {
            "hold": self._open_hold,
            "release": self._release,
            "at": self._at,
            "every": self._every,
            "breathe": self._open_breathe,
            "pose": self._pose,
        }
        if word in with_words:
            with_words[word](number, rest)
        elif word == "count":
            self._count(number, mark)
        elif mark == "chime":
            self._add_items(Chime(self._where))
        elif mark == "sleep":
            self._refuse_open(number, "[sleep] can't come")
            self._sleep_seen = True
        elif _PAUSE.fullmatch(mark):
            self._pause(number, mark)
        else:
            self._fail(number, f"[{mark}] isn't a mark", mark_table.suggestion(word, rest))

    def _open_hold(self, number: int, rest: str) -> None:
        self._refuse_open(number, "a hold can't begin")
        length = self._converted(number, lambda: parse_hold(rest)) if rest else None
        self._hold = OpenHold(length, rest, self._where)

    def _release(self, number: int, rest: str) -> None:
        if rest:
            self._fail(number, f"[release] takes nothing, but it has {rest!r}", "write [release] alone")
        if self._hold is not None:
            self._close_breathe_without_lines()  # this [release] closes the hold: breaths without lines need none
        if self._breathe is not None:
            self._close_breathe()
        elif self._hold is not None:
            hold, self._hold = self._hold, None
            self._add_cues(self._converted(number, hold.close, self._fail_misplaced))
            self._paragraph = True
        else:
            self._fail_misplaced(number, "[release] closes nothing", "open a hold with [hold …] before it")

    def _at(self, number: int, rest: str) -> None:
        hold = self._hold
        if hold is None:
            self._fail_misplaced(number, "[at …] belongs inside a hold", "put it between [hold …] and [release]")
        at = self._converted(number, lambda: parse_at(rest, number))
        self._converted(number, lambda: hold.begin_at(at), self._fail_misplaced)
        self._paragraph = True

    def _every(self, number: int, rest: str) -> None:
        hold = self._hold
        if hold is None:
            self._fail_misplaced(number, "[every …] belongs inside a hold", "put it between [hold …] and [release]")
        every_ms = self._converted(number, lambda: parse_every(rest))
        self._converted(number, lambda: hold.begin_company(every_ms), self._fail_misplaced)

    def _open_breathe(self, number: int, rest: str) -> None:
        if rest and not rest.isdecimal():
            self._fail(number, f"[breathe {rest}] isn't a number of breaths", "write it like [breathe 6]")
        length = self._converted(number, lambda: parse_hold(f"{rest} breaths")) if rest else None
        self._breathe = OpenBreathe(length.low if length else None, self._where)

    def _breath_line(self, number: int, phase: str, text: str) -> None:
        if self._breathe is None:
            what = f"a line for a breath, '{phase}: {text}', outside [breathe]"
            self._fail_misplaced(number, what, "put [breathe] before it")
        if _BRACKET.search(text):
            self._fail(number, "the lines of a breath can't hold marks", "close it with [release] first")
        self._breathe.add(phase, _ESCAPE.sub(r"\1", text), number)

    def _close_breathe(self) -> None:
        breathe, self._breathe = self._breathe, None
        assert breathe is not None
        self._add_items(self._converted(breathe.where.line, breathe.close))
        self._paragraph = True

    def _close_breathe_without_lines(self) -> None:
        """Close `[breathe 6]`: without lines of its own it needs no [release]."""
        if self._breathe is not None and not self._breathe.has_lines:
            self._close_breathe()

    def _count(self, number: int, mark: str) -> None:
        length = self._converted(number, lambda: parse_hold(mark))
        self._add_items(Count(length.low, length.silent, self._where))
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
            if not self._is_closed(number):
                what = f"[hold {self._hold.written}] is never closed"
                hint = f"add [release] after its lines, before the pause [{mark}] of line {number}"
                self._fail_misplaced(self._hold.where.line, what, hint)
            self._fail_misplaced(
                number,
                f"a pause, [{mark}], inside a hold of given length",
                "place lines with [at …], or write [hold] without a length",
            )
        if re.fullmatch(r"\d+\s*breaths?", mark):
            length = self._converted(number, lambda: parse_hold(mark))
            self._add_items(Pause(length.low, "breaths", self._where), new_line=False)
            return
        self._add_items(Pause(self._converted(number, lambda: parse_duration(mark)), "ms", self._where), new_line=False)

    # --- failing -------------------------------------------------------------------------------------

    def _refuse_open(self, number: int, what: str) -> None:
        if self._after_fault:
            self._hold = None  # its [release] may stand on a line with a fault
        if self._hold is not None:
            line = self._hold.where.line
            self._fail_misplaced(number, f"{what} inside the hold of line {line}", "close that hold with [release]")

    def _is_closed(self, number: int) -> bool:
        """Whether a [release] follows on this line or below, before anything that can't stand in a hold."""
        for line in (raw for at, raw in self._lines.items() if at >= number):
            if _CHAPTER.match(line):
                return False
            words = [mark[1].strip().partition(" ")[0] for mark in _MARK.finditer(line)]
            if found := next((word for word in words if word in ("release", "hold", "pose", "sleep")), ""):
                return found == "release"
        return False

    def _refuse_empty_chapter(self) -> None:
        """Every chapter needs a cue, except the last: that may be the tail's."""
        if (
            self.chapters
            and (not self.cues or self.cues[-1].where.chapter != len(self.chapters) - 1)
            and not self._after_fault
        ):
            self._add_fault(
                self._chapter_line, "nothing happens in this chapter", "write a sentence or a pause below it"
            )

    def _refuse_after_sleep(self, number: int) -> None:
        if self._sleep_seen:
            self._fail_misplaced(number, "nothing may follow [sleep]: the tail has begun", "move it before [sleep]")


def _sentence_fault(sentence: str) -> tuple[str, str] | None:
    """Why the sentence can't be spoken or followed, and what to do; None for a good one."""
    if not any(character.isalnum() for character in sentence):
        return f"there is no word to speak in {sentence!r}", "write a sentence, or a pause like [4s]"
    if len(sentence) > MAX_SENTENCE:
        what = f"this sentence has {len(sentence)} characters, more than the {MAX_SENTENCE} there can be"
        return what, "end sentences with a full stop, and begin the next with a capital letter"
    return None


def _part_of(position: int, lengths: list[int]) -> int:
    """The index of the joined part that holds `position`; `lengths` are the parts' lengths in characters."""
    for index, length in enumerate(lengths):
        if position < length:
            return index
        position -= length
    return len(lengths) - 1
