"""The length fit of a routine: tries which words and steps have room in a wanted length, from all of them on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from ..definition.fitting import WHOLE, FitChoice, choices, shortest, skippable
from ..durations import clock, whole_seconds_up
from ..timeline.layout import least_guided_ms
from ..timeline.timing import spoken_texts, texts_by_length, timing_of
from ..voices.narration import Narration, narrate
from .speakers import lines_of
from .track import BuildContext, TrackSpec

LETTER_MS_AT_1_WPM = 16_190  # the default voice takes 110.9 ms a letter at 146 words a minute
UNKNOWN_RATE_WPM = 120  # of recordings, say
SURELY = 0.85  # of its estimated length a routine's speech lasts at least: of the default voice's it is 0.95
ESTIMATE_SLACK = 0.03  # of eight routines, off by 0.5 % at most; other voices keep their rate less well
BRIEFEST_STYLE = "spare"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FittedTrack:
    """A track whose words and steps have room in its wanted length, if any have, and its clips."""

    spec: TrackSpec
    choice: FitChoice
    narration: Narration


@dataclass(frozen=True, slots=True)
class Fit:
    """A way to shorten a track, and its specification then. `fits` is False if no way has room in its wanted length.

    It is `sure` if nothing that was tried comes so near to the wanted length that real speech might decide otherwise.
    """

    spec: TrackSpec
    choice: FitChoice
    fits: bool
    sure: bool


def fit_to_length(
    spec: TrackSpec, context: BuildContext, present: Callable[[TrackSpec], T | None] = lambda spec: None
) -> FittedTrack | T:
    """Shorten `spec` until it has room in its wanted length; the shortest there is if none has.

    `present` returns the finished track of a spec, if it is there: nothing is spoken then. What is surely too long by
    its letters isn't spoken either; anything else is measured by its clips, so the same settings choose the same.
    """
    fitted: FittedTrack | None = None
    last: FittedTrack | None = None
    ways = _Ways(spec)
    for tried, choice in ways:
        if (found := present(tried)) is not None:
            return found
        last, ways.fits = None, False
        if not _is_surely_too_long(tried):
            last = FittedTrack(tried, choice, _narration(tried, context))
            ways.fits = _has_room(tried, last.narration.durations_ms)
            fitted = last if ways.fits else fitted
    return fitted or last or FittedTrack(tried, choice, _narration(tried, context))


def fitting_choice(spec: TrackSpec, context: BuildContext) -> FitChoice:
    """How `fit_to_length` shortens `spec`. Nothing is spoken if all of it surely has room, by its letters."""
    wanted_ms = spec.settings.length or 0
    if spec.voice.rate_wpm is not None and least_estimated_ms(spec, 1 / SURELY) <= wanted_ms:
        return WHOLE
    return fit_to_length(spec, context).choice


def estimated_fit(spec: TrackSpec) -> Fit:
    """How `spec` is shortened, by the estimated lengths of its clips: nothing is spoken."""
    fitting: tuple[TrackSpec, FitChoice] | None = None
    wanted_ms = spec.settings.length or 0
    sure = spec.voice.rate_wpm is not None
    ways = _Ways(spec)
    for tried, choice in ways:
        least_ms = least_estimated_ms(tried, 1)
        ways.fits = least_ms <= wanted_ms
        sure = sure and abs(wanted_ms - least_ms) > ESTIMATE_SLACK * least_ms
        if ways.fits:
            fitting = tried, choice
    return Fit(*(fitting or (tried, choice)), fits=fitting is not None, sure=sure)


def shortest_estimated_ms(spec: TrackSpec) -> int:
    """How long the guided part lasts at least, by estimate, with everything left out that may be."""
    source = spec.shortenable
    if source is not None and spec.settings.keep != "all":
        spec = source.spec({}, shortest(source.routine))
    return least_estimated_ms(spec, 1)


class _Ways:
    """A track's specification, and then shorter ways of it; the last one that fits is the result.

    Whoever tries them sets `fits` for each before going on to the next.
    """

    def __init__(self, spec: TrackSpec) -> None:
        self._spec = spec
        self.fits = False

    def __iter__(self) -> Iterator[tuple[TrackSpec, FitChoice]]:
        yield self._spec, WHOLE
        source = self._spec.shortenable
        if source is None or self._spec.settings.keep == "all":
            return
        search = choices(source.routine)
        next(search)
        with suppress(StopIteration):
            while True:
                choice = search.send(self.fits)
                yield replace(source.spec({}, choice), place=self._spec.place), choice


def what_would_fit(track: FittedTrack, context: BuildContext) -> str:
    """The flags that would make a routine fit that is too long for its wanted length, each with its shortest length.

    Empty where none would. What they speak is kept in the cache.
    """
    spec, source = track.spec, track.spec.shortenable
    wanted_ms, skipped = spec.settings.length or 0, spec.settings.skip
    if source is None or _has_room(spec, track.narration.durations_ms):
        return ""
    names = [name for name in skippable(source.routine) if name not in skipped]

    def shortest_ms(flags: Mapping[str, str]) -> int:
        other = source.spec(flags, WHOLE)
        return _least_ms(other, _narration(other, context).durations_ms)

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

    def described(flags: Mapping[str, str]) -> str:
        as_typed = " ".join(f"--{name} {value}" for name, value in flags.items())
        return f"{as_typed}: from {clock(whole_seconds_up(shortest_ms(flags)))}"

    return "; ".join(described(flags) for flags in map(fitting_flags, styles) if flags is not None)


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
    return least_estimated_ms(spec, SURELY) > spec.settings.length


def _narration(spec: TrackSpec, context: BuildContext) -> Narration:
    """The clips of all that is said at any length."""
    texts = set(spoken_texts(spec.script, timing_of(spec.settings)))
    return spoken(spec, texts - texts_by_length(spec.script, timing_of(spec.settings)), context)


def spoken(spec: TrackSpec, texts: Collection[str], context: BuildContext) -> Narration:
    """The clips of some of the track's texts."""
    lines = [line for line in lines_of(spec) if line.text in texts]
    return narrate(lines, context.cache, context.jobs, partial(context.progress, "narration"))


def _has_room(spec: TrackSpec, clips_ms: Mapping[str, int]) -> bool:
    return _least_ms(spec, clips_ms) <= (spec.settings.length or 0)


def least_estimated_ms(spec: TrackSpec, factor: float) -> int:
    """How long the guided part lasts at least, if each clip takes `factor` of its estimated length."""
    return _least_ms(spec, {text: round(ms * factor) for text, ms in estimated_clips_ms(spec).items()})


def _least_ms(spec: TrackSpec, clips_ms: Mapping[str, int]) -> int:
    timing = timing_of(spec.settings)
    by_length = dict.fromkeys(texts_by_length(spec.script, timing), 0)  # none of it is said in the shortest holds
    return least_guided_ms(spec.script, {**by_length, **clips_ms}, timing)
