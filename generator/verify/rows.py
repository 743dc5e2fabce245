"""A row of the report, the limits of all rows, and sums of levels."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

from ..dsp.short_time import FLOOR_DB, HOP_MS, levels_db
from .analysis import COARSE_HOPS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Event

EDGE_MS = {
    "none": 90,  # a natural voice is heard to die away, for up to 75 ms
    "noise": 60,
    "tones": 60,
    "music": 150,
}  # how far a phrase's start and end may be off
HIDDEN_MS = 250  # … and so far if it is shorter: the background hides a soft consonant …
HIDDEN_SHARE = 0.4  # … in this share of different phrases; measured: up to 0.3 over rain, 0 without a background
OTHER_CONTOUR_DB = 0.7  # another sentence fits better by this much; measured: its own by 3.5 and more
FOREIGN_CONTOUR_DB = 4.0  # a sentence is as far from its own contour; measured: up to 1.8
STRAY_LU = 6  # over the 90th percentile of the background …
STRAY_MS = 150  # … for longer than this is a voice that isn't in the plan
STRAY_LUFS = -60.0  # without a background, a louder sound is one
DROPOUT_DB = 10  # under the 10th percentile of the background
MUSIC_SILENCE_MS = 30_000  # music may pause, but not for longer
SILENCE_LUFS = -80.0
LOUDNESS_LU = 1.0  # row 1
GAP_MEDIAN_LU = {
    "noise": 0.0,
    "tones": 5.0,
    "music": 5.0,
}  # row 3: the median, below `background_level` …
GAP_TENTH_LU = {"noise": 2.0, "tones": 7.0, "music": 7.0}  # … and the tenth percentile
LOSSY_LU = 2.0  # row 3 holds before encoding; the encoder's noise fills 1-2 LU of the gap
LOSSLESS_LU = 0.5  # how exactly the background under a voice can be measured
TRUE_PEAK_DBTP = -3.0  # row 2
STARTLE_LU = 20.0  # row 4
STARTLE_LEVEL_LU = 15.0  # it holds for a background no further below the voice than this
FADE_DB = 6.0  # row 7: tolerance around the raised cosine, beside the background's own range
FADE_RANGE_DB = -30.0  # softer parts of a fade aren't judged
END_DBFS = -70.0  # row 7
STEP_DB = 8.0  # over the 99th percentile of the background's steps; measured 0.6 to 3.5 on built-in ones
CORRELATION = (0.45, 0.7)  # row 11
MONO_DB = 1.5  # row 11
CENTRE_DB = 0.5  # row 11


_LOCAL_STEP, _LOCAL_REACH = 50, 125  # in steps of 100 ms
_QUOTED = 40
_AT_ONCE = 10_000  # values at a time, so that memory hardly grows with the track


@dataclass(frozen=True, slots=True)
class Row:
    """One property. If it couldn't be judged, `ok` is None and `note` says why; else `note` may say where it fails.

    `basis` is the row of the sound targets, or `plan` if the track's own plan is the target.
    """

    id: str
    what: str
    measured: str
    limit: str
    ok: bool | None
    basis: str
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        names = ("id", "what", "measured", "limit", "ok", "basis", "note")
        return {name: getattr(self, name) for name in names}


def not_measured(id: str, what: str, basis: str, why: str) -> Row:  # noqa: A002  # the row's
    return Row(id, what, "not measured", "", None, basis, why)


# --- levels ----------------------------------------------------------------------------------------


def power(db: NDArray[Any]) -> NDArray[np.float64]:
    import numpy as np

    powers: NDArray[np.float64] = np.power(10.0, db.astype(np.float64) / 10)
    return powers


def mean_db(db: NDArray[Any]) -> float:
    """The level of the mean power; FLOOR_DB for an empty array."""
    parts = (db[first : first + _AT_ONCE] for first in range(0, len(db), _AT_ONCE))
    return to_db(sum(float(power(part).sum()) for part in parts) / len(db)) if len(db) else FLOOR_DB


def to_db(mean_square: float) -> float:
    return 10 * log10(max(mean_square, 10 ** (FLOOR_DB / 10)))


def window_levels_db(db: NDArray[Any], hops: int, step: int = 1) -> NDArray[np.float64]:
    """Levels of the mean power in windows of `hops` hops, one window every `step` hops."""
    import numpy as np

    count = max((len(db) - hops) // step + 1, 0)
    levels = np.empty(count)
    for first in range(0, count, _AT_ONCE):
        last = min(first + _AT_ONCE, count)
        sums = np.concatenate([[0.0], np.cumsum(power(db[first * step : (last - 1) * step + hops]))])
        means = (sums[hops::step] - sums[: len(sums) - hops : step]) / hops
        levels[first:last] = levels_db(means)
    return levels


def smoothed_db(db: NDArray[Any], hops: int) -> NDArray[np.float64]:
    """Levels (bands, hops) of the mean power in windows of `hops` (odd) around each hop; outside of it is silence."""
    import numpy as np

    powers = np.pad(power(db), ((0, 0), (hops // 2, hops // 2)))
    means = np.lib.stride_tricks.sliding_window_view(powers, hops, axis=1).mean(axis=2)
    return levels_db(means)


def coarse(fine: NDArray[np.bool_], hops: int = COARSE_HOPS) -> NDArray[np.bool_]:
    """One value for each whole group of `hops` hops: whether all of them are True."""
    import numpy as np

    whole: NDArray[np.bool_] = np.all(fine[: len(fine) // hops * hops].reshape(-1, hops), axis=1)
    return whole


def local_percentile(levels: NDArray[np.float64], judged: NDArray[np.bool_], percentile: float) -> NDArray[np.float64]:
    """A moving percentile of the `judged` ones among `levels` (one every 100 ms), about 15 s to each side.

    It is computed every five seconds and kept in between: the background moves less in that time than any limit.
    """
    import numpy as np

    found = np.full(len(levels), np.nan)
    for first in range(0, len(levels), _LOCAL_STEP):
        around = slice(max(first - _LOCAL_REACH, 0), first + _LOCAL_STEP + _LOCAL_REACH)
        near = levels[around][judged[around]]
        if len(near) >= _LOCAL_STEP:
            found[first : first + _LOCAL_STEP] = np.percentile(near, percentile)
    missing = np.isnan(found)
    if missing.any():
        found[missing] = np.percentile(levels[judged], percentile) if judged.any() else FLOOR_DB
    return found


def runs_of_true(true: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts and lengths of the runs of True."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]


def hops_of(event: Event) -> slice:
    return slice(event.start_ms // HOP_MS, -(-event.end_ms // HOP_MS))


def shortened(text: str) -> str:
    """A sentence, as a note quotes it."""
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


def at(ms: float) -> str:
    """A time in the track, as text for a note."""
    from ..durations import clock

    return f"at {clock(round(ms))}"
