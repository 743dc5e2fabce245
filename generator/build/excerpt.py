"""The excerpt that a preview plays: parts of a track's script, with all of its settings. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..durations import format_ms, whole_seconds_up
from ..errors import LengthError
from ..model import Cue, Hold, HoldGroup, HoldLength, HoldOffset, Item, Pause, Say, Script
from ..settings import MIN_TAIL_MS
from ..timeline.timing import CHIME_MS
from .fitting import estimated_clips_ms, least_estimated_ms
from .track import TrackSpec

ENTRY_SENTENCES = (8, 7, 6, 5, 4, 3, 2)
SENTENCES = (  # of the arrival, the entry and the end: the first for which there is room
    *((arrival, entry, end) for arrival, end in ((2, 2), (1, 2), (1, 1)) for entry in ENTRY_SENTENCES),
    *((1, 1, 2), (1, 1, 1)),
)
SPEECH_MARGIN = 1.2  # a voice may take so much longer than estimated
MOST_PAUSE_MS = 3_000  # a preview leaves no time to move
SILENCE_MS = 2_000  # at least, after each line in a hold

C = TypeVar("C", bound="Cue | Item")


def excerpt(spec: TrackSpec, length_ms: int) -> TrackSpec:
    """A track of `length_ms`: how the arrival ends, an entry, its hold cut short, the last words, and the fade.

    The hold keeps its first line and the one that announces its end. Only what is heard is spoken. Raises LengthError
    if `length_ms` has no room for them.
    """
    settings = replace(spec.settings, tail=MIN_TAIL_MS, length=length_ms - MIN_TAIL_MS)
    of_track = replace(spec, settings=settings, name=f"{spec.name}-preview", shortenable=None)
    shortest_ms = 0
    for cues in _choices(spec):
        script = _script_of(spec.script, cues, length_ms)
        tried = replace(of_track, script=script)
        least_ms = least_estimated_ms(tried, SPEECH_MARGIN)
        if least_ms <= length_ms - MIN_TAIL_MS:
            return tried
        shortest_ms = min(shortest_ms or least_ms, least_ms)
    needed = format_ms(whole_seconds_up(shortest_ms + MIN_TAIL_MS))
    raise LengthError(f"a preview of {format_ms(length_ms)} has no room for its parts", hint=f"give --preview {needed}")


def _choices(spec: TrackSpec) -> Iterator[list[Cue]]:
    """The cues of each excerpt there could be, the best one first."""
    cues, clips_ms = spec.script.cues, estimated_clips_ms(spec)
    holds = [at for at, cue in enumerate(cues[:-1]) if isinstance(cue, Hold) and cue.length is not None]
    for at in sorted(holds, key=lambda at: -_lines_kept(cues[at])):
        hold, before = cues[at], _words_before(cues, at)
        assert isinstance(hold, Hold)
        entry = before[:-1] if before and isinstance(before[-1], Pause) else before
        arrival = [cue for cue in _words(cues[: at - len(before)]) if cue.where.chapter == 0]
        for arriving, entering, ending in SENTENCES:
            yield [
                *_last(arrival, arriving),
                *_last(entry, entering),
                _cut_short(hold, spec, clips_ms),
                *_ending(cues, ending, clips_ms),
            ]
    if not holds:
        for _, entering, ending in SENTENCES:
            end = _ending(cues, ending, clips_ms)
            said = _words(cues)
            yield [*_last(said[: len(said) - len(end) + 1], entering), *end]  # it ends in a hold of its own


def _words(cues: Sequence[Cue]) -> list[Cue]:
    """The sentences and pauses among `cues`, the pauses cut short."""
    return [
        replace(cue, length=min(cue.length, MOST_PAUSE_MS)) if isinstance(cue, Pause) and cue.unit == "ms" else cue
        for cue in cues
        if isinstance(cue, Say | Pause)
    ]


def _words_before(cues: Sequence[Cue], at: int) -> list[Cue]:
    """The sentences and pauses of the same round that lead to the hold at `at`."""
    found: list[Cue] = []
    for cue in reversed(cues[:at]):
        if not isinstance(cue, Say | Pause) or cue.where.chapter != cues[at].where.chapter:
            break
        found.append(cue)
    return _words(found[::-1])


def _last(cues: Sequence[Cue], sentences: int) -> list[Cue]:
    """The end of `cues`, from the last but `sentences` on."""
    places = [at for at, cue in enumerate(cues) if isinstance(cue, Say)]
    return list(cues[places[-sentences:][0] :]) if places else []


def _lines_kept(cue: Cue) -> int:
    """How many of its first line and its announcement a hold has."""
    return len(_groups_kept(cue)) if isinstance(cue, Hold) else 0


def _groups_kept(hold: Hold) -> list[HoldGroup]:
    """The hold's first line, said as it begins, and the one that announces its end."""
    said = [group for group in hold.groups if all(isinstance(item, Say | Pause) for item in group.items)]
    ready = [group for group in said if group.leads_to_end][-1:]
    first = [HoldGroup(group.items[:1]) for group in said if group not in ready and isinstance(group.items[0], Say)][:1]
    return [*first, *ready]


def _cut_short(hold: Hold, spec: TrackSpec, clips_ms: dict[str, int]) -> Hold:
    """The hold with these lines alone, as short as they allow, and able to stretch."""
    groups = [_sooner(group, clips_ms) for group in _groups_kept(hold)]
    ready_ms = sum(int(group.at.value) for group in groups if group.at is not None)
    first_ms = sum(_said_ms(group.items, clips_ms) for group in groups if group.at is None)
    bell_ms = CHIME_MS if spec.settings.chime is not None else 0
    return _elastic(hold, groups, first_ms + ready_ms + bell_ms)


def _sooner(group: HoldGroup, clips_ms: dict[str, int]) -> HoldGroup:
    """An announcement with no more silence after it than a preview has elsewhere."""
    if group.at is None:
        return group
    return replace(group, at=replace(group.at, value=min(group.at.value, _said_ms(group.items, clips_ms))))


def _ending(cues: Sequence[Cue], sentences: int, clips_ms: dict[str, int]) -> list[Cue]:
    """The last words, in their hold or before one, which stretches to the wanted length."""
    *rest, last = cues
    if isinstance(last, Hold):
        items = [item for group in last.groups for item in group.items if isinstance(item, Say)][-sentences:]
        before = [] if items else _last(_words(rest), sentences)
        groups = [HoldGroup(tuple(items))] if items else []
        return [*before, _elastic(last, groups, _said_ms(items, clips_ms) or SILENCE_MS)]
    words = _last(_words(cues), sentences)
    return [*words, _elastic(Hold(None, (), last.where), [], SILENCE_MS)]


def _elastic(hold: Hold, groups: Sequence[HoldGroup], least_ms: int) -> Hold:
    least_ms = whole_seconds_up(least_ms)  # a plan shows it as it would be written
    length = HoldLength("ms", least_ms, least_ms + 3_600_000)
    return replace(hold, length=length, groups=_anchored(groups), text=format_ms(least_ms), company=None)


def _anchored(groups: Sequence[HoldGroup]) -> tuple[HoldGroup, ...]:
    """`groups` without an `[at …]` begin with the hold, also where no other has one."""
    return tuple(
        replace(group, at=HoldOffset("from_start", 0, group.items[0].where.line)) if group.at is None else group
        for group in groups
    )


def _said_ms(items: Sequence[Item], clips_ms: dict[str, int]) -> int:
    return round(sum(clips_ms[item.text] + SILENCE_MS for item in items if isinstance(item, Say)) * SPEECH_MARGIN)


def _script_of(script: Script, cues: Sequence[Cue], length_ms: int) -> Script:
    """The script of these cues, with the chapters that they lie in."""
    used = sorted({cue.where.chapter for cue in cues})
    number = {chapter: at for at, chapter in enumerate(used)}
    return replace(
        script,
        title=f"{script.title}, a preview" if script.title else "",
        body=f"[a preview of {format_ms(length_ms)}]\n{script.body}",  # no script: another key than the whole track's
        chapters=tuple(script.chapters[chapter] for chapter in used),
        cues=tuple(_moved(cue, number[cue.where.chapter]) for cue in cues),
    )


def _moved(cue: C, chapter: int) -> C:
    """The cue in another chapter, with what lies in it."""
    changes: dict[str, Any] = {"where": replace(cue.where, chapter=chapter)}
    if isinstance(cue, Hold):
        changes["groups"] = tuple(
            replace(group, items=tuple(_moved(item, chapter) for item in group.items)) for group in cue.groups
        )
    return replace(cue, **changes)
