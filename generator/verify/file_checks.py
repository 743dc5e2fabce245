"""Rows about the file: its structure, length, peak, tail, chapters, and the holds of both sides."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise, zip_longest
from math import log10
from pathlib import Path

from ..durations import format_ms
from ..errors import SleepwardError
from ..formats import MAX_CHAPTERS, Tags, lyric_lines, merge_shortest
from ..model import SAMPLES_PER_MS, TITLE_JOINT, Chapter
from . import rows
from .analysis import Measurement
from .rows import Row, at, not_measured
from .speech_checks import SpeechChecks
from .track_plan import TrackPlan

_CHAPTER_MS = 1  # every format stores the start of a chapter this exactly
_OTHER_SIDE = (("right", "left"), ("clockwise", "counterclockwise"))


def structure(path: Path, planned: TrackPlan, failed: SleepwardError | None) -> Row:
    """Whether the file is whole. `failed` is the error that ended its decoding, if any."""
    what = "whole, to its last frame"
    try:
        planned.container.check(path)
    except SleepwardError as error:
        failed = error
    measured = "broken" if failed else "whole"
    return Row("structure", what, measured, "whole", failed is None, "plan", failed.what if failed else "")


def sound(path: Path, planned: TrackPlan, tags: Tags) -> Row:
    """Whether the encoded sound is, byte for byte, the one that was written."""
    what = "sound as it was built"
    if not tags.sound_sha256:
        return not_measured("sound", what, "plan", "its sound had no digest yet when it was built")
    try:
        changed = planned.container.sound_sha256(path) != tags.sound_sha256
    except SleepwardError:
        changed = True
    note = "it was changed since: the digest in the tags is another" if changed else ""
    return Row("sound", what, "changed" if changed else "unchanged", "unchanged", not changed, "plan", note)


def tags_as_planned(planned: TrackPlan, tags: Tags) -> Row:
    """Whether the plan is the one that was written, and title and lyrics are the plan's."""
    faults = [] if tags.plan_is_whole else ["the plan was changed since it was built"]
    title = str(planned.plan["title"])
    if tags.title != title and not tags.title.startswith(title + TITLE_JOINT):
        faults.append(f"the title is “{_printable(tags.title)}”, and the plan's is “{title}”")
    wanted = lyric_lines(planned.timeline)
    moved = next((mine for mine, theirs in zip_longest(wanted, tags.lines) if mine != theirs), None)
    if moved:
        faults.append(f"the lyrics lack “{moved.text}” {at(moved.start_ms)}")
    elif len(tags.lines) > len(wanted):
        faults.append(f"the lyrics have {len(tags.lines) - len(wanted)} lines more than the plan")
    measured = "changed" if faults else "unchanged"
    return Row("tags", "title, lyrics and plan as built", measured, "unchanged", not faults, "plan", "; ".join(faults))


def duration(measurement: Measurement, planned: TrackPlan) -> Row:
    """Exact to the sample in every format: the file tells the decoder to drop what the encoder has added."""
    wanted_ms = planned.timeline.duration_ms
    off = measurement.samples - wanted_ms * SAMPLES_PER_MS
    measured = f"{measurement.samples / SAMPLES_PER_MS / 1000:.3f} s" + (f" ({off:+} samples)" if off else "")
    return Row("duration", "length, all of it decoded", measured, f"{wanted_ms / 1000:.3f} s", off == 0, "plan")


def true_peak(measurement: Measurement) -> Row:
    peak_db = 2 * rows.to_db(measurement.true_peak)
    ok = peak_db <= rows.TRUE_PEAK_DBTP
    limit = f"<= {rows.TRUE_PEAK_DBTP:g} dBTP"
    return Row("true-peak", "true peak", f"{peak_db:.1f} dBTP", limit, ok, "row 2")


def tail(measurement: Measurement, planned: TrackPlan, voice: SpeechChecks) -> Row:
    """The time from the last audible phrase to the end, compared with the plan."""
    what = "time after the last word"
    last = next((event for event in reversed(planned.timeline.events) if event.sounds), None)
    if last is None or last.kind != "speech":
        return not_measured("tail", what, "plan", "its last sound before the tail isn't a voice")
    end_ms = voice.phrases[-1].end_ms
    wanted_ms = planned.timeline.duration_ms - last.end_ms
    limit_ms = max(rows.HIDDEN_MS, rows.EDGE_MS[planned.texture])
    limit = f"{wanted_ms / 1000:.1f} s ±{format_ms(limit_ms)}"
    if end_ms is None:
        return Row("tail", what, "the last phrase isn't heard", limit, ok=False, basis="plan")
    found_ms = measurement.samples / SAMPLES_PER_MS - end_ms
    return Row("tail", what, f"{found_ms / 1000:.1f} s", limit, abs(found_ms - wanted_ms) <= limit_ms, "plan")


def chapters(planned: TrackPlan, tags: Tags) -> Row:
    what = "chapters as planned"
    ours = planned.timeline.chapters
    fault = _tiling_fault(ours, planned.timeline.duration_ms)
    if not fault and not any(
        _same_chapters(tags.chapters, some) for some in (ours, merge_shortest(ours, MAX_CHAPTERS))
    ):
        places = zip(tags.chapters, ours, strict=False)
        moved = next((mine for theirs, mine in places if not _same_chapters([theirs], [mine])), None)
        fault = f"“{moved.title}” is another in the file" if moved else f"the file has {len(tags.chapters)}"
    return Row("chapters", what, f"{len(tags.chapters)}", f"the plan's {len(ours)}", not fault, "plan", fault)


def holds(planned: TrackPlan) -> Row:
    """The holds of each pose's two sides, added up. Only the script of a routine promises that they are equal."""
    what = "both sides held equally"
    if planned.plan["routine"] is None:
        return not_measured("holds", what, "plan", "a script of one's own may hold its sides as it likes")
    held: defaultdict[str | None, defaultdict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for event in planned.timeline.events:
        if event.kind == "hold":
            held[event.pose][event.round] += event.duration_ms
    unequal = [
        f"{pose}: {one} {format_ms(sides[one])}, {other} {format_ms(sides[other])}"
        for pose, sides in held.items()
        for one, other in _OTHER_SIDE
        if sides.get(one, 0) != sides.get(other, 0)
    ]
    measured = f"{len(unequal)} poses differ" if unequal else "to the millisecond"
    return Row("holds", what, measured, "to the millisecond", not unequal, "plan", "; ".join(unequal))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _tiling_fault(chapters: tuple[Chapter, ...], duration_ms: int) -> str:
    if not chapters or chapters[0].start_ms != 0:
        return "no chapter begins with the track"
    for before, after in pairwise(chapters):
        if before.end_ms != after.start_ms or before.end_ms <= before.start_ms:
            return f"“{after.title}” doesn't begin where “{before.title}” ends, {at(before.end_ms)}"
    return "" if chapters[-1].end_ms == duration_ms else "the last chapter doesn't end with the track"


def _same_chapters(some: tuple[Chapter, ...] | list[Chapter], others: tuple[Chapter, ...] | list[Chapter]) -> bool:
    return len(some) == len(others) and all(
        one.title == other.title
        and abs(one.start_ms - other.start_ms) <= _CHAPTER_MS
        and abs(one.end_ms - other.end_ms) <= _CHAPTER_MS
        for one, other in zip(some, others, strict=True)
    )


def other_ear(peak: float) -> Row:
    """For a track made for one ear: whether the other ear is silent."""
    shown = f"{20 * log10(peak):.0f} dBFS" if peak > 0 else "silent"
    limit = f"<= {rows.END_DBFS:g} dBFS"
    return Row("ear", "other ear silent", shown, limit, peak <= 10 ** (rows.END_DBFS / 20), "ear")
