"""The length fit of a routine: tries which words and steps have room in a wanted length, from all of them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..definition.fitting import WHOLE, choices, skippable
from ..durations import clock
from ..timeline.layout import least_guided_ms
from ..timeline.timing import spoken_texts, timing_of
from ..voices.narration import Narration, narrate
from .speakers import lines_of
from .track import BuildContext, TrackSpec

LETTER_MS_AT_1_WPM = 15_300  # the default voice took 109.6 ms a letter for two routines at 140 words a minute
UNKNOWN_RATE_WPM = 120  # of recordings, say
SURELY = 0.85  # of its estimated length any speech lasts: the default voice's is off by 1 % in all, the tone's by 5 %
BRIEFEST_STYLE = "spare"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FittedTrack:
    """A track whose words and steps have room in its wanted length, if any have, and its clips."""

    spec: TrackSpec
    narration: Narration


def fit_to_length(
    spec: TrackSpec, context: BuildContext, present: Callable[[TrackSpec], T | None] = lambda spec: None
) -> FittedTrack | T:
    """Shorten `spec` until it has room in its wanted length; the shortest there is if none has.

    `present` returns the finished track of a spec, if it is there: nothing is spoken then. What is surely too long by
    its letters isn't spoken either; anything else is measured by its clips, so the same settings choose the same.
    """
    if (found := present(spec)) is not None:
        return found
    source = spec.shortenable
    if source is None or spec.settings.keep == "all":
        return FittedTrack(spec, _narration(spec, context))
    search = choices(source.routine)
    next(search)  # the whole, which `spec` is
    tried, fitting = spec, None
    try:
        while True:
            narration = None if _is_surely_too_long(tried) else _narration(tried, context)
            fits = narration is not None and _least_ms(tried, narration) <= (tried.settings.length or 0)
            if fits and narration is not None:
                fitting = FittedTrack(tried, narration)
            tried = source.spec({}, search.send(fits))
            if (found := present(tried)) is not None:
                return found
    except StopIteration:
        return fitting or FittedTrack(tried, _narration(tried, context))


def what_would_fit(spec: TrackSpec, context: BuildContext) -> str:
    """The flags that would make a routine fit that is too long for its wanted length, each with its shortest length.

    Empty where none would. What they speak is kept in the cache.
    """
    source = spec.shortenable
    if source is None:
        return ""
    wanted_ms, skipped = spec.settings.length or 0, spec.settings.skip
    names = [name for name in skippable(source.routine) if name not in skipped]

    def shortest_ms(flags: Mapping[str, str]) -> int:
        other = source.spec(flags, WHOLE)
        return _least_ms(other, _narration(other, context))

    def fitting_flags(style: Mapping[str, str]) -> Mapping[str, str] | None:
        def without(out: Sequence[str]) -> Mapping[str, str]:
            return {**style, "skip": ",".join([*skipped, *out])}

        if style and shortest_ms(style) <= wanted_ms:
            return style
        out = _least_to_skip(names, lambda out: shortest_ms(without(out)), wanted_ms)
        return without(out) if out else None

    styles: list[Mapping[str, str]] = [{}]
    if spec.settings.style != BRIEFEST_STYLE:
        styles.append({"style": BRIEFEST_STYLE})
    return "; ".join(
        f"{' '.join(f'--{name} {value}' for name, value in flags.items())}: from {_clock_up(shortest_ms(flags))}"
        for flags in map(fitting_flags, styles)
        if flags is not None
    )


def estimated_clips_ms(spec: TrackSpec) -> dict[str, int]:
    """The length of each spoken text, estimated from its letters: speaking a whole routine takes a minute."""
    letter_ms = LETTER_MS_AT_1_WPM / (spec.voice.rate_wpm or UNKNOWN_RATE_WPM)
    texts = spoken_texts(spec.script, timing_of(spec.settings))
    return {text: round(sum(map(str.isalnum, text)) * letter_ms) for text in texts}


def _least_to_skip(names: Sequence[str], shortest_ms: Callable[[Sequence[str]], int], wanted_ms: int) -> list[str]:
    """The fewest of `names` to leave out, in their order, until the rest has room; none if it never has."""
    for number in range(1, len(names) + 1):
        out = list(names[:number])
        if shortest_ms(out) <= wanted_ms:
            for name in reversed(out[:-1]):
                less = [each for each in out if each != name]
                if shortest_ms(less) <= wanted_ms:
                    out = less
            return out
    return []


def _is_surely_too_long(spec: TrackSpec) -> bool:
    if spec.voice.rate_wpm is None or spec.settings.length is None:
        return False
    clips_ms = {text: round(ms * SURELY) for text, ms in estimated_clips_ms(spec).items()}
    return least_guided_ms(spec.script, clips_ms, timing_of(spec.settings)) > spec.settings.length


def _narration(spec: TrackSpec, context: BuildContext) -> Narration:
    return narrate(lines_of(spec), context.cache, context.jobs, partial(context.progress, "narration"))


def _least_ms(spec: TrackSpec, narration: Narration) -> int:
    return least_guided_ms(spec.script, narration.durations_ms, timing_of(spec.settings))


def _clock_up(ms: int) -> str:
    return clock(-(-ms // 1000) * 1000)
