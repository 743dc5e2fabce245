"""The background's gain over time, computed from the timeline alone: the duck under speech, and both fades."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..dsp.fades import raised_cosine, ramps_between
from ..model import SAMPLES_PER_MS, Timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FADE_IN_MS = 8_000
FADE_OUT_MS = 60_000
SILENT_END_MS = 500  # keeps the last second of the shortest tail below -70 dBFS at any level of the bed

# The duck is scheduled, not triggered. It rises slower than 1.5 dB per 100 ms, so nobody hears it work.
DUCK_DB = -3.0
DUCK_DOWN_MS = 800
DUCK_EARLY_MS = 200  # the bed is fully ducked this long before the first sound …
DUCK_LATE_MS = 600  # … and stays ducked this long after the last
DUCK_UP_MS = 2_500
DUCK_GAP_MS = 3_000  # the bed stays ducked in shorter gaps


class Envelope:
    """The bed's gain relative to its open level: the duck, interpolated in dB, and the fades.

    `moving_ms` are intervals (start, end); outside of them the gain is 1.
    """

    def __init__(self, timeline: Timeline) -> None:
        speech = ((event.start_ms, event.end_ms) for event in timeline.events if event.kind == "speech")
        voiced = merge_intervals(speech, DUCK_GAP_MS)
        self._duration_ms = timeline.duration_ms
        self._fade_out_ms = min(timeline.tail_ms, FADE_OUT_MS)
        self._duck_ms, self._duck_db = _duck_points(voiced, timeline.duration_ms)
        ducked = [(start - DUCK_EARLY_MS - DUCK_DOWN_MS, end + DUCK_LATE_MS + DUCK_UP_MS) for start, end in voiced]
        fades = [(0, FADE_IN_MS), (timeline.duration_ms - self._fade_out_ms, timeline.duration_ms)]
        self.moving_ms = (*ducked, *fades)

    def gain(self, first: int, last: int) -> NDArray[np.float32] | None:
        """The gain of each of the track's samples `first` to `last`, both whole milliseconds; None if all are 1.

        It is computed once per millisecond and interpolated linearly, within 0.000001 dB of the curve.
        """
        import numpy as np

        first_ms, last_ms = first // SAMPLES_PER_MS, -(-last // SAMPLES_PER_MS)
        low = bisect_right(self._duck_ms, first_ms) - 1
        high = bisect_left(self._duck_ms, last_ms) + 1
        is_ducked = any(self._duck_db[low:high])
        is_fading = first_ms < FADE_IN_MS or last_ms > self._duration_ms - self._fade_out_ms
        if not (is_ducked or is_fading):
            return None
        at_ms = np.arange(first_ms, last_ms + 1, dtype=np.float64)
        gain = np.ones(len(at_ms))
        if is_ducked:
            gain *= np.power(10.0, np.interp(at_ms, self._duck_ms[low:high], self._duck_db[low:high]) / 20)
        if is_fading:
            gain *= self._fades(at_ms)
        return ramps_between(gain)[: last - first]

    def level_db(self, at_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """The gain at the given times, in dB, but no less than -120; for plots."""
        import numpy as np

        db: NDArray[np.float64] = np.interp(at_ms, self._duck_ms, self._duck_db)
        db += 20 * np.log10(np.maximum(self._fades(at_ms), 1e-6))
        return db

    def _fades(self, at_ms: NDArray[np.float64]) -> NDArray[np.float32]:
        """The gain of both fades; the last `SILENT_END_MS` are silent."""
        rise = raised_cosine(at_ms / FADE_IN_MS)
        left_ms = self._duration_ms - SILENT_END_MS - at_ms
        fall = raised_cosine(left_ms / (self._fade_out_ms - SILENT_END_MS))
        fades: NDArray[np.float32] = rise * fall
        return fades


def merge_intervals(intervals: Iterable[tuple[int, int]], gap_ms: int) -> list[tuple[int, int]]:
    """`intervals` sorted; those that touch or lie closer than `gap_ms` are joined."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1] + max(gap_ms, 1):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _duck_points(voiced: Sequence[tuple[int, int]], duration_ms: int) -> tuple[list[float], list[float]]:
    """Corner points (ms, dB) of the duck. If a rise would cross the next fall, the duck turns where the two meet."""
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
