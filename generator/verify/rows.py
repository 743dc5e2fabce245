"""What a row of the report is, the limits of all of them in one table, and how levels are put together."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

from .analysis import COARSE_HOPS, FLOOR_DB, HOP_MS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Event

EDGE_MS = {"none": 60, "noise": 60, "tones": 60, "music": 150}  # a phrase's first and last sound against the plan …
HIDDEN_MS = 250  # … where a soft last consonant lies under the background, it is heard to end so much earlier
HIDDEN_SHARE = (
    0.2  # … in so many of the phrases, equal ones counted once: measured up to 0.11, over ocean; none over none
)
STRAY_LU = 6  # over the background's own louder tenth …
STRAY_MS = 150  # … for so long: a voice where the plan has none
STRAY_LUFS = -60.0  # the same without a background, whose silence ends here
DROPOUT_DB = 10  # under the background's own softer tenth
MUSIC_SILENCE_MS = 30_000  # music may pause, but not for longer
SILENCE_LUFS = -80.0
LOUDNESS_LU = 1.0  # row 1
GAP_MEDIAN_LU = {"noise": 0.0, "tones": 5.0, "music": 5.0}  # row 3: less than `background_level` by so much …
GAP_TENTH_LU = {"noise": 2.0, "tones": 7.0, "music": 7.0}  # … and the tenth percentile
LOSSY_LU = 2.0  # row 3 is defined before encoding, whose noise fills 1-2 LU of the gap
LOSSLESS_LU = 0.5  # how well the background under a voice can be told from the sound of both
TRUE_PEAK_DBTP = -3.0  # row 2
STARTLE_LU = 20.0  # row 4
STARTLE_LEVEL_LU = 15.0  # it is defined for a background no further below the voice than this
FADE_DB = 6.0  # row 7: how far from the raised cosine, beyond the background's own range
FADE_RANGE_DB = -30.0  # softer than this it isn't looked at
END_DBFS = -70.0  # row 7
STEP_DB = 8.0  # over the background's own hundredth sharpest bend; measured 0.6 to 3.5 on the built-in ones
CORRELATION = (0.45, 0.7)  # row 11
MONO_DB = 1.5  # row 11
CENTRE_DB = 0.5  # row 11


_LOCAL_STEP, _LOCAL_REACH = 50, 125  # of 100 ms
_AT_ONCE = 10_000  # so that memory hardly grows with the track


@dataclass(frozen=True, slots=True)
class Row:
    """One property. `ok` is None where it couldn't be judged, and `note` says why; else `note` may say where it fails.

    `basis` is the row of the sound targets, or `plan` for what the track's own plan promises.
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
    """The level of the mean power; FLOOR_DB of nothing."""
    parts = (db[first : first + _AT_ONCE] for first in range(0, len(db), _AT_ONCE))
    return to_db(sum(float(power(part).sum()) for part in parts) / len(db)) if len(db) else FLOOR_DB


def to_db(mean_square: float) -> float:
    return 10 * log10(max(mean_square, 10 ** (FLOOR_DB / 10)))


def window_levels_db(db: NDArray[Any], hops: int, step: int = 1) -> NDArray[np.float64]:
    """Levels of the mean power of `hops` hops together, every `step` hops."""
    import numpy as np

    count = max((len(db) - hops) // step + 1, 0)
    levels = np.empty(count)
    for first in range(0, count, _AT_ONCE):
        last = min(first + _AT_ONCE, count)
        sums = np.concatenate([[0.0], np.cumsum(power(db[first * step : (last - 1) * step + hops]))])
        means = (sums[hops::step] - sums[: len(sums) - hops : step]) / hops
        levels[first:last] = 10 * np.log10(np.maximum(means, 10 ** (FLOOR_DB / 10)))
    return levels


def coarse(fine: NDArray[np.bool_], hops: int = COARSE_HOPS) -> NDArray[np.bool_]:
    """Which whole runs of `hops` hops are all True."""
    import numpy as np

    whole: NDArray[np.bool_] = np.all(fine[: len(fine) // hops * hops].reshape(-1, hops), axis=1)
    return whole


def local_percentile(levels: NDArray[np.float64], judged: NDArray[np.bool_], percentile: float) -> NDArray[np.float64]:
    """A percentile of the `judged` ones among `levels` (one every 100 ms) for about a quarter of a minute each way.

    Taken every five seconds, and held in between: what is sought stands out by more than a background moves in that.
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
    """Where runs of True begin, and how long they are."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2] - edges[::2]


def hops_of(event: Event) -> slice:
    return slice(event.start_ms // HOP_MS, -(-event.end_ms // HOP_MS))


def at(ms: float) -> str:
    """A place in the track, for a note."""
    from ..durations import clock

    return f"at {clock(round(ms))}"
