"""Rules for a parsed script: its sentences in their places, its holds with their lines, the whole track."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import assert_never

from ..durations import format_ms
from ..model import Breathe, Chime, Count, Cue, CuePlace, Hold, Pause, Say, Script, cues_with_words
from ..timeline.fit import shortest_ms
from ..timeline.timing import Timing
from .estimates import WORDS_PER_MINUTE, items_ms, start_ms
from .findings import Finding
from .practice import props_in
from .sentences import MIN_READING_EASE, broken_rules, fragment, is_named_part, reading_ease, words
from .shape import shape_findings
from .sides import limb_without_side, with_sides_swapped

MAX_TIMES = 2
CALL_WORDS = 4  # a sentence this short, "Now the left knee.", may be said any number of times
NAMED_IN_A_ROW = 5  # so many bare names of parts, one after another, lead attention through the body

_HEAD = re.compile(r"\bhead\b", re.IGNORECASE)
_PLACES_TO_BE = frozenset({"mat", "wall"})  # named as where one is, not as what one uses
_PUT_AWAY = re.compile(r"\b(?:push|put|draw|slide|take|set|move)\b[^,]*?\b(?:aside|away|out)\b", re.IGNORECASE)
_WHERE_IT_LIES = re.compile(
    r"\b(?:beside|near|next to|at the|toward|ahead|within reach|up|behind your|in front)\b", re.IGNORECASE
)
_ANY_PROP = re.compile(r"\b(?:any|your own) \w+", re.IGNORECASE)


def script_findings(
    script: Script,
    timing: Timing = Timing(),  # noqa: B008  # it is frozen
    *,
    setting: str = "bed",
    style: str = "gentle",
) -> Iterator[Finding]:
    """All findings in what a script speaks, each with the pose in which it is said.

    `timing` has the lengths of breaths and counts, and the pace. `setting` is the routine's: in bed there is a pillow
    for the head, which needn't be fetched. The `style` spare may be silent for longer.
    """
    spoken = [*_spoken(script.cues)]
    for text, where in spoken:
        yield from sentence_findings(text, where)
    yield from _fragments([cue for cue in cues_with_words(script.cues) if isinstance(cue, Say)])
    yield from _hard_to_read(spoken)
    yield from _props_not_named(spoken, script, setting)
    yield from _unused_props(spoken)
    yield from _props_out_of_reach(spoken)
    yield from _said_too_often(script)
    yield from shape_findings(script, timing, style)
    holds = [cue for cue in script.cues if isinstance(cue, Hold)]
    for hold in holds:
        if message := _overfull(hold, timing):
            yield Finding("hold-too-full", message, pose=hold.where.pose, line=hold.where.line)
    yield from _holds_without_end(script.cues)
    yield from _unpaired_holds(holds)


def mirror_findings(script: Script, mirrored: Script) -> Iterator[Finding]:
    """Sentences that aren't in the mirrored script, which begins with the other side, with right and left swapped."""
    there = {text for text, _ in _spoken(mirrored.cues)}
    for text, where in _spoken(script.cues):
        if with_sides_swapped(text) not in there:
            message = "with --first-side its right and left aren't exchanged: a template or a pose names a side itself"
            yield replace(_finding_at(where, "literal-side", message, text), line=0)


def sentence_findings(text: str, where: CuePlace) -> Iterator[Finding]:
    """The findings in one sentence, spoken at `where`."""
    for rule, message in broken_rules(text):
        yield _finding_at(where, rule, message, text)
    if where.round in ("right", "left") and (limb := limb_without_side(text)):
        message = f"which {limb} isn't said: name its side, or tell it by touch, like 'the {limb} on top'"
        yield _finding_at(where, "limb-without-side", message, text)


def _finding_at(where: CuePlace, rule: str, message: str, quote: str = "") -> Finding:
    return Finding(rule, message, quote=quote, pose=where.pose, line=where.line)


# --- sentences -----------------------------------------------------------------------------------------


def _spoken(cues: Sequence[Cue]) -> Iterator[tuple[str, CuePlace]]:
    for cue in cues_with_words(cues):
        match cue:
            case Say():
                yield cue.text, cue.where
            case Breathe():
                for breath in cue.breaths:
                    yield from ((text, cue.where) for text in (breath.inhale, breath.exhale) if text)


def _fragments(says: Sequence[Say]) -> Iterator[Finding]:
    """Sentences that aren't whole.

    In a way through the body parts are named without a verb: seventy verbs would lead attention away from the parts, to
    the voice. A single bare name leaves people waiting for its verb.
    """
    for named, run in groupby(says, key=lambda say: is_named_part(say.text)):
        together = list(run)
        for say in together:
            message = fragment(say.text)
            if named and len(together) < NAMED_IN_A_ROW:
                message = f"it names a part and no verb: say what to do, or name {NAMED_IN_A_ROW} or more in a row"
            if message:
                yield _finding_at(say.where, "fragment", message, say.text)


def _hard_to_read(spoken: Sequence[tuple[str, CuePlace]]) -> Iterator[Finding]:
    """Poses whose words are hard to follow. Words outside any pose are judged by chapter."""
    parts: dict[str | int, list[tuple[str, CuePlace]]] = {}
    for text, where in spoken:
        parts.setdefault(where.pose or where.chapter, []).append((text, where))
    for part in parts.values():
        found = reading_ease([text for text, _ in part])
        if found is not None and found < MIN_READING_EASE:
            needed = f"Flesch {found:.0f}, and {MIN_READING_EASE:.0f} is the least"
            what = f"its words are hard to follow half asleep ({needed})"
            where = part[0][1]
            message = f"{what}: shorter words, shorter sentences"
            yield Finding("reading-ease", message, pose=where.pose, key="enter" if where.pose else "", line=where.line)


def _props_not_named(spoken: Sequence[tuple[str, CuePlace]], script: Script, setting: str) -> Iterator[Finding]:
    """Props that a pose names and the arrival doesn't. A listener who lies down can't fetch them any more."""
    first_hold = next((cue.where for cue in script.cues if isinstance(cue, Hold)), None)
    if first_hold is None:
        return
    begins = next((where for _, where in spoken if where.pose is not None), first_hold)
    named = {prop for text, where in spoken if where.line < begins.line for prop in props_in(text)}
    for text, where in spoken:
        missing = props_in(_ANY_PROP.sub("", text)) - named
        if setting == "bed" and _HEAD.search(text):
            named.add("pillow")
            missing.discard("pillow")
        if where.line >= begins.line and missing:
            named |= missing  # one finding for each prop
            what = f"'{min(missing)}' wasn't named at the start, and nobody gets up for it later"
            yield _finding_at(where, "prop-not-named", f"{what}: add it to 'props', or name it in the arrival", text)


def _unused_props(spoken: Sequence[tuple[str, CuePlace]]) -> Iterator[Finding]:
    """Props that the arrival asks for and no pose uses."""
    begin = next((number for number, (_, where) in enumerate(spoken) if where.pose is not None), None)
    if begin is None:
        return
    used = {prop for text, _ in spoken[begin:] for prop in props_in(text)} | _PLACES_TO_BE
    for text, where in spoken[:begin]:
        for prop in sorted(props_in(text) - used):
            used.add(prop)
            message = f"'{prop}' is fetched, and never used: leave it out of 'props', or use it"
            yield _finding_at(where, "unused-prop", message, text)


def _props_out_of_reach(spoken: Sequence[tuple[str, CuePlace]]) -> Iterator[Finding]:
    """Props that are put away, nobody knows where, and used in a later pose."""
    for number, (text, where) in enumerate(spoken):
        away = _PUT_AWAY.search(text)
        if away is None or _WHERE_IT_LIES.search(text):
            continue
        later = {prop for said, place in spoken[number:] if place.pose != where.pose for prop in props_in(said)}
        for prop in sorted(props_in(_ANY_PROP.sub("", text[: away.end()])) & later):
            message = f"'{prop}' comes again later: put it where the hand will find it, and say where"
            yield _finding_at(where, "prop-out-of-reach", message, text)


def _said_too_often(script: Script) -> Iterator[Finding]:
    """Sentences that are repeated too often. Calls aren't counted: those of alternations, words that pace a breath, and
    the lines that end holds, which lull by being the same.
    """
    rounds = Counter((cue.where.pose, cue.where.round) for cue in script.cues if isinstance(cue, Hold))
    alternating = {pose for (pose, _), number in rounds.items() if pose is not None and number > MAX_TIMES}
    said: dict[str, list[Say]] = {}
    for say in _said_before_ends(script.cues):
        if say.where.pose not in alternating:
            said.setdefault(" ".join(words(say.text)).casefold(), []).append(say)
    for text, says in said.items():
        if len(says) > MAX_TIMES and len(text.split()) > CALL_WORDS:
            message = f"said {len(says)} times in one track, and {MAX_TIMES} are the most: say it in other words"
            yield _finding_at(says[MAX_TIMES].where, "said-too-often", message, says[0].text)


def _said_before_ends(cues: Sequence[Cue]) -> Iterator[Say]:
    """What is said, but for the lines that end holds and those of their company."""
    for cue in cues:
        if isinstance(cue, Say):
            yield cue
        elif isinstance(cue, Hold):
            for group in cue.groups:
                if not group.leads_to_end:
                    yield from (item for item in group.items if isinstance(item, Say))


# --- holds ---------------------------------------------------------------------------------------------


def _holds_without_end(cues: Sequence[Cue]) -> Iterator[Finding]:
    """Holds followed by another without a word shortly before the end or after it."""
    holds = [index for index, cue in enumerate(cues) if isinstance(cue, Hold)]
    for here, following in pairwise(holds):
        hold = cues[here]
        assert isinstance(hold, Hold)
        warned = any(group.leads_to_end for group in hold.groups)
        between = cues[here + 1 : following]
        if not warned and not any(map(_is_heard, between)):
            message = "nothing says that this hold is over: say after it what to do, or ring a [chime]"
            yield Finding("no-way-out", message, pose=hold.where.pose, key="leave", line=hold.where.line)


def _is_heard(cue: Cue) -> bool:
    match cue:
        case Say() | Breathe() | Count() | Chime():
            return True
        case Pause() | Hold():
            return False
        case _:
            assert_never(cue)


def _unpaired_holds(holds: Sequence[Hold]) -> Iterator[Finding]:
    """Poses whose sides aren't held for the same time, in a script that names its poses."""
    for pose in dict.fromkeys(hold.where.pose for hold in holds if hold.where.pose is not None):
        own = [hold for hold in holds if hold.where.pose == pose]
        right, left = (Counter(hold.length for hold in own if hold.where.round == side) for side in ("right", "left"))
        if right != left:
            last = next(hold for hold in reversed(own) if hold.where.round in ("right", "left"))
            message = f"{pose} isn't held on both sides for the same time: give the other side the same hold"
            yield Finding("unpaired-sides", message, pose=pose, key="rounds", line=last.where.line)


def _overfull(hold: Hold, timing: Timing) -> str:
    """What doesn't fit a hold at its shortest, spoken at 105 words a minute; empty if everything fits."""
    if hold.length is None or not hold.groups:
        return ""
    room_ms = shortest_ms(hold.length, timing.breath_ms, timing.count_ms)
    named = f"[hold {hold.text}]"
    if all(group.at is None for group in hold.groups):
        gaps_ms = timing.gap_ms("sentence") * (len(hold.groups) - 1)
        need_ms = sum(items_ms(group.items, timing) for group in hold.groups) + gaps_ms
        if need_ms > room_ms:
            what = (
                f"the lines of {named} take about {format_ms(round(need_ms, -3))} at {WORDS_PER_MINUTE} words a minute"
            )
            return f"{what}, and it may last {format_ms(room_ms)}: leave lines out, or lengthen its lower end"
        return ""
    starts = [start_ms(group, room_ms) for group in hold.groups]
    for group, begin_ms, end_ms in zip(hold.groups, starts, [*starts[1:], room_ms], strict=True):
        need_ms = items_ms(group.items, timing)
        if begin_ms + need_ms > end_ms:
            quote = next((item.text for item in group.items if isinstance(item, Say)), "what stands there")
            what = f"“{quote}” takes about {format_ms(round(need_ms, -2))} at {WORDS_PER_MINUTE} words a minute"
            room = f"{format_ms(max(end_ms - begin_ms, 0))} of {named}, when that lasts {format_ms(room_ms)}"
            return f"{what}, and has {room}: shorten it, leave it out, or lengthen the lower end"
    return ""
