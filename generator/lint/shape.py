"""Rules for the shape of a track: how often silence is announced, how long it lasts, how long setting up takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..durations import default_hold, format_ms
from ..model import Cue, Hold, HoldLength, Item, Say, Script, cues_with_words
from ..timeline.fit import hold_ms, longest_ms
from ..timeline.timing import Timing
from .estimates import items_ms, start_ms
from .findings import Finding

MAX_ANNOUNCEMENTS = 4
MAX_SETTING_UP = 3  # times the hold
MAX_QUIET_MS = 120_000
MAX_QUIET_OF_SPARE_MS = 240_000

ANNOUNCES = re.compile(
    r"\bI(?:['’]ll| will) (?:be (?:quiet|silent|back)|stop talking|leave you|say no more|call you)\b"
    r"|\byou(?:['’]ll| will) hear me\b|\bquiet until I\b|\bwords end here\b",
    re.IGNORECASE,
)


def shape_findings(script: Script, timing: Timing, style: str) -> Iterator[Finding]:
    """The findings in the shape of `script`, under the lengths of breaths and counts of `timing`."""
    yield from _announced_too_often(script)
    last_hold = max((at for at, cue in enumerate(script.cues) if isinstance(cue, Hold)), default=0)
    before_rest = script.cues[:last_hold]
    yield from _set_up_too_long(before_rest, timing)
    yield from _too_long_without_a_word(
        before_rest, timing, MAX_QUIET_OF_SPARE_MS if style == "spare" else MAX_QUIET_MS
    )


def _announced_too_often(script: Script) -> Iterator[Finding]:
    says = [cue for cue in cues_with_words(script.cues) if isinstance(cue, Say)]
    announcing = [say for say in says if ANNOUNCES.search(say.text)]
    if len(announcing) > MAX_ANNOUNCEMENTS:
        one_more = announcing[MAX_ANNOUNCEMENTS]
        what = f"silence is announced {len(announcing)} times, and {MAX_ANNOUNCEMENTS} are the most"
        message = f"{what}: once at the first hold, and 'Rest here.' is enough for the others"
        yield Finding("announcements", message, quote=one_more.text, pose=one_more.where.pose, line=one_more.where.line)


def _set_up_too_long(cues: Sequence[Cue], timing: Timing) -> Iterator[Finding]:
    """Holds that are short for what it takes to get there, though they may be longer. `cues` end before the last hold.

    The way from another position to the pose's counts too: it is as long in the dark. Before the last hold people rest
    already, while they are led through the body.
    """
    before: list[Item] = []
    for cue in cues:
        if not isinstance(cue, Hold):
            before.append(cue)
            continue
        here = [each for each in before if (each.where.pose, each.where.round) == (cue.where.pose, cue.where.round)]
        before = []
        length = cue.length
        if length is None or not length.elastic or length.high == length.low or cue.where.pose is None:
            continue
        usual_ms, setting_up_ms = _usual_ms(length, timing), items_ms(here, timing)
        if default_hold(length) < length.high and setting_up_ms > MAX_SETTING_UP * usual_ms:
            what = f"getting there takes about {format_ms(round(setting_up_ms, -3))}, and [hold {cue.text}]"
            message = (
                f"{what} usually lasts {format_ms(usual_ms)}: let it usually last its upper end, like "
                f"'{cue.text.partition(',')[0]}, usually …'"
            )
            yield Finding("setting-up", message, pose=cue.where.pose, line=cue.where.line)


def _usual_ms(length: HoldLength, timing: Timing) -> int:
    return hold_ms(length, default_hold(length), timing.breath_ms, timing.count_ms)


def _too_long_without_a_word(cues: Sequence[Cue], timing: Timing, most_ms: int) -> Iterator[Finding]:
    """Holds that may have a longer silence, when a wanted length stretches them. `cues` end before the last hold."""
    for cue in cues:
        if not isinstance(cue, Hold) or cue.length is None or cue.length.unit == "count":
            continue
        if cue.company is not None and cue.company.every_ms <= most_ms:
            continue
        room_ms = longest_ms(cue.length, timing.breath_ms, timing.count_ms)
        marked = any(group.at is not None for group in cue.groups)
        if not marked and cue.groups:
            quiet_ms = room_ms // (len(cue.groups) + 1)
        else:
            starts = [start_ms(group, room_ms) for group in cue.groups]
            ends = [start + items_ms(group.items, timing) for start, group in zip(starts, cue.groups, strict=True)]
            quiet_ms = max(after - before for before, after in zip([0, *ends], [*starts, room_ms], strict=True))
        if quiet_ms > most_ms:
            what = f"[hold {cue.text}] can be without a word for {format_ms(round(quiet_ms, -3))}"
            message = f"{what}: write [every {format_ms(most_ms)}] and a few lines last in it"
            yield Finding("long-silence", message, pose=cue.where.pose, line=cue.where.line)
