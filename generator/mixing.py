"""Timeline, clips and bed to the sound of any stretch of the track, and to the spans it falls into."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .chime import chime
from .fades import raised_cosine
from .model import CLIP_HEAD_MS, CLIP_TAIL_MS, SAMPLES_PER_MS, Bed, Event, Span, Timeline
from .segments import silence, to_samples, to_segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydub import AudioSegment

    from .model import Samples

    ClipOf = Callable[[str], AudioSegment]
    """The clip of a text, 48 kHz mono."""

FADE_IN_MS = 8_000
FADE_OUT_MS = 60_000
SILENT_END_MS = 500  # so that the last second of the shortest tail is below -70 dBFS over any level of bed

# The bed's scheduled duck, from sound.md: rises slower than 1.5 dB in 100 ms, so nobody hears it work.
DUCK_DB = -3.0
DUCK_DOWN_MS = 1_000
DUCK_EARLY_MS = 200  # it is down this long before the first sound …
DUCK_LATE_MS = 600  # … and stays down this long after the last
DUCK_UP_MS = 3_000
DUCK_GAP_MS = 3_000  # shorter gaps stay down

CLIP_LUFS = -22.0  # clips are stored at this loudness, measured in mono …
DUAL_MONO_DB = -3.01  # … and the same sound in two channels measures 3 LU more (BS.1770)
GLIDE_STEPS_DB = 3  # the voice is this much quieter by the end, in steps of 1 dB


@dataclass(frozen=True, slots=True)
class Levels:
    """`loudness_lufs` of the voice; `background_level_lu` by which the ducked bed lies under it."""

    loudness_lufs: float = -22.0
    background_level_lu: float = 15.0
    glide: bool = True


class Mix:
    """A track's sound, computed where it is asked for; reading it from several threads is safe, where `clip` is."""

    def __init__(self, timeline: Timeline, clip: ClipOf, bed: Bed, levels: Levels) -> None:
        import numpy as np

        self.total_samples = timeline.duration_ms * SAMPLES_PER_MS
        sounding = [event for event in timeline.events if event.kind in ("speech", "chime")]
        self._voiced = _merged(((e.start_ms, e.end_ms) for e in sounding if e.kind == "speech"), DUCK_GAP_MS)
        self._clip = clip
        self._sounding = sounding
        self._starts_ms = [event.start_ms for event in sounding]
        self._longest_ms = max((event.duration_ms for event in sounding), default=0)
        self._level_db = levels.loudness_lufs - CLIP_LUFS + DUAL_MONO_DB
        self._glide_db = glide_db(timeline) if levels.glide else {}
        self._fade_out_ms = min(timeline.tail_ms, FADE_OUT_MS)
        self._duck_ms, self._duck_db = _duck(self._voiced, timeline.duration_ms)

        self.open_gain = 1.0
        if bed.loudness_lufs is not None:
            open_lufs = levels.loudness_lufs - levels.background_level_lu - DUCK_DB
            self.open_gain = 10 ** ((open_lufs - bed.loudness_lufs) / 20)
        self.open_loop: Samples = bed.loop * np.float32(self.open_gain)
        self.spans = _spans(self._busy(timeline, sounding), timeline.duration_ms)

    def render(self, start: int, end: int) -> Samples:
        """The track's samples `start` to `end`, float32 (end - start, 2); zeros outside the track.

        Both are whole milliseconds, as everything that is placed is.
        """
        import numpy as np

        out = np.zeros((end - start, 2), dtype=np.float32)
        first, last = max(start, 0), min(end, self.total_samples)
        if first >= last:
            return out
        inside = out[first - start : last - start]
        inside[:] = _periodic(self.open_loop, first, last)
        inside *= self._bed_gain(first, last)[:, None]
        voice = self._voice(first // SAMPLES_PER_MS, last // SAMPLES_PER_MS)
        if voice is not None:
            inside += to_samples(voice)
        return out

    def _voice(self, first_ms: int, last_ms: int) -> AudioSegment | None:
        """All that sounds over the bed from `first_ms` to `last_ms`, each in its place; None where nothing does."""
        low = bisect_left(self._starts_ms, first_ms - self._longest_ms - CLIP_TAIL_MS)
        high = bisect_left(self._starts_ms, last_ms + CLIP_HEAD_MS)
        heard = [event for event in self._sounding[low:high] if event.end_ms + CLIP_TAIL_MS > first_ms]
        if not heard:
            return None
        layer = silence(last_ms - first_ms)
        for event in heard:
            is_speech = event.kind == "speech"
            sound = self._clip(event.text) if is_speech else to_segment(chime())
            at_ms = event.start_ms - (CLIP_HEAD_MS if is_speech else 0)
            part = sound[max(first_ms - at_ms, 0) : max(last_ms - at_ms, 0)]
            part = part.apply_gain(self._level_db + self._glide_db.get(_stretch(event), 0))
            layer = layer.overlay(part, position=max(at_ms - first_ms, 0))
        return layer

    def _bed_gain(self, first: int, last: int) -> NDArray[np.float32]:
        """The bed's gain over its open level, sample by sample: the duck, interpolated in dB, and the fades."""
        import numpy as np

        at = np.arange(first, last)
        gain = np.ones(last - first, dtype=np.float32)
        low = bisect_right(self._duck_ms, first / SAMPLES_PER_MS) - 1
        high = bisect_left(self._duck_ms, last / SAMPLES_PER_MS) + 1
        if any(self._duck_db[low:high]):
            db = np.interp(at / SAMPLES_PER_MS, self._duck_ms[low:high], self._duck_db[low:high])
            gain = np.power(10.0, db / 20).astype(np.float32)
        fade_in, fade_out = FADE_IN_MS * SAMPLES_PER_MS, self._fade_out_ms * SAMPLES_PER_MS
        if first < fade_in:
            gain *= raised_cosine(at / fade_in)
        if last > self.total_samples - fade_out:
            quiet = SILENT_END_MS * SAMPLES_PER_MS
            gain *= raised_cosine((self.total_samples - quiet - at) / (fade_out - quiet))
        return gain

    def _busy(self, timeline: Timeline, sounding: Sequence[Event]) -> list[tuple[int, int]]:
        """Where the mix isn't just the open bed."""
        ducked = [
            (start - DUCK_EARLY_MS - DUCK_DOWN_MS, end + DUCK_LATE_MS + DUCK_UP_MS) for start, end in self._voiced
        ]
        ringing = [(event.start_ms, event.end_ms) for event in sounding if event.kind == "chime"]
        fades = [(0, FADE_IN_MS), (timeline.duration_ms - self._fade_out_ms, timeline.duration_ms)]
        return _merged([*ducked, *ringing, *fades], 0)


Stretch = tuple[int, str | None]
"""A chapter and a pose in it."""


def _stretch(event: Event) -> Stretch:
    return event.chapter, event.pose


def glide_db(timeline: Timeline) -> dict[Stretch, int]:
    """The voice's gain, 0 at first to -3 dB at the last pose, the rounds of one pose alike.

    Chapters without a pose (an arrival, a script without marks) count each for themselves.
    """
    groups: dict[Stretch, int] = {}
    before: object = None
    group = -1
    for event in timeline.events:
        if event.kind in ("speech", "chime"):
            here = event.pose if event.pose is not None else event.chapter
            group += here != before
            before = here
            groups[_stretch(event)] = group
    return {stretch: -round(GLIDE_STEPS_DB * index / max(group, 1)) for stretch, index in groups.items()}


def _merged(intervals: Iterable[tuple[int, int]], gap_ms: int) -> list[tuple[int, int]]:
    """`intervals` in order, those that touch or are closer than `gap_ms` joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1] + max(gap_ms, 1):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _duck(voiced: Sequence[tuple[int, int]], duration_ms: int) -> tuple[list[float], list[float]]:
    """Corner points (ms, dB) of the duck's envelope; where going up meets going down again, it turns there."""
    points: list[tuple[float, float]] = []
    for index, (start_ms, end_ms) in enumerate(voiced):
        down_ms = start_ms - DUCK_EARLY_MS - DUCK_DOWN_MS
        if index and (up_ms := voiced[index - 1][1] + DUCK_LATE_MS) + DUCK_UP_MS > down_ms:
            meet_ms = (down_ms / DUCK_DOWN_MS + (up_ms + DUCK_UP_MS) / DUCK_UP_MS) / (1 / DUCK_DOWN_MS + 1 / DUCK_UP_MS)
            points[-1] = (meet_ms, DUCK_DB * (meet_ms - down_ms) / DUCK_DOWN_MS)
        else:
            points.append((down_ms, 0.0))
        points += [(start_ms - DUCK_EARLY_MS, DUCK_DB), (end_ms + DUCK_LATE_MS, DUCK_DB)]
        points.append((end_ms + DUCK_LATE_MS + DUCK_UP_MS, 0.0))
    points = [(min(-1.0, points[0][0] - 1) if points else -1.0, 0.0), *points]
    points.append((max(duration_ms + 1.0, points[-1][0] + 1), 0.0))
    return [ms for ms, _ in points], [db for _, db in points]


def _spans(busy: Sequence[tuple[int, int]], duration_ms: int) -> tuple[Span, ...]:
    """Voiced and open spans, tiling [0, duration_ms]."""
    spans: list[Span] = []
    at_ms = 0
    for start_ms, end_ms in ((max(start, 0), min(end, duration_ms)) for start, end in busy):
        if start_ms > at_ms:
            spans.append(Span("open", at_ms, start_ms))
        spans.append(Span("voiced", start_ms, end_ms))
        at_ms = end_ms
    if at_ms < duration_ms:
        spans.append(Span("open", at_ms, duration_ms))
    return tuple(spans)


def _periodic(loop: Samples, first: int, last: int) -> Samples:
    """Samples `first` to `last` of `loop` repeated for ever."""
    import numpy as np

    pieces = []
    while first < last:
        at = first % len(loop)
        piece = loop[at : at + last - first]
        pieces.append(piece)
        first += len(piece)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
