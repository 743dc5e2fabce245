"""Rows about the background: dropouts, fades, the silent end, seams, and playing on one speaker."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING

from ..dsp.fades import raised_cosine
from ..dsp.loudness import lufs
from ..dsp.short_time import HOP_MS
from ..durations import format_ms
from ..mix.envelope import FADE_IN_MS, SILENT_END_MS
from . import rows
from .analysis import COARSE_HOPS, Measurement
from .rows import Row, at, not_measured, to_db, window_levels_db
from .track_plan import TrackPlan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SECOND_HOPS = 1_000 // HOP_MS
_ENOUGH_S = 10  # so much of the background alone is needed to know its range


class BackgroundChecks:
    """The rows about a track's background."""

    def __init__(self, measurement: Measurement, planned: TrackPlan) -> None:
        self._measurement = measurement
        self._planned = planned
        self._alone = planned.background_alone(len(measurement.k_db))
        self._body = self._alone.copy()
        first_ms, last_ms = planned.body_ms
        self._body[: first_ms // HOP_MS] = False
        self._body[last_ms // HOP_MS :] = False

    def rows(self) -> Iterator[Row]:
        yield self._dropouts()
        yield self._fade("fade-in", "fade in")
        yield self._fade("fade-out", "fade out")
        yield self._end()
        yield self._seams()
        yield from self._stereo()

    def _dropouts(self) -> Row:
        import numpy as np

        what = "background unbroken"
        texture = self._planned.texture
        if texture == "none":
            return not_measured("dropouts", what, "plan", "there is no background")
        first_ms, last_ms = self._planned.body_ms
        # The side of a noise is the background alone, even under speech. Other backgrounds are judged between phrases.
        under_speech = texture == "noise" and bool(self._measurement.k_side_db[self._body].mean() > -100)
        signal = self._measurement.k_side_db if under_speech else self._measurement.k_db
        levels = window_levels_db(signal, COARSE_HOPS, COARSE_HOPS)
        judged = rows.coarse(np.ones_like(self._body) if under_speech else self._alone)[: len(levels)]
        judged[: first_ms // 100] = judged[-(-last_ms // 100) :] = False
        silent = levels + lufs(1.0) < rows.SILENCE_LUFS
        if texture == "music":
            gone = judged & silent
            most_ms, limit = rows.MUSIC_SILENCE_MS, f"{rows.SILENCE_LUFS:g} LUFS"
        else:
            gone = judged & (silent | (levels < rows.local_percentile(levels, judged, 10) - rows.DROPOUT_DB))
            most_ms, limit = 0, f"{rows.DROPOUT_DB} dB under itself"
        starts, lengths = rows.runs_of_true(gone)
        long = lengths * 100 > most_ms
        lost_ms = int(lengths[long].sum()) * 100
        return Row(
            "dropouts",
            what,
            f"{format_ms(lost_ms)} lost" if lost_ms else "never",
            f"never below {limit}" + (f" for over {format_ms(most_ms)}" if most_ms else ""),
            lost_ms == 0,
            "plan",
            f"first {at(int(starts[np.argmax(long)]) * 100)}" if lost_ms else "",
        )

    def _fade(self, id: str, what: str) -> Row:  # noqa: A002
        """Compare each second with the planned raised cosine; the background's own range counts as tolerance."""
        import numpy as np

        if self._planned.texture == "none":
            return not_measured(id, what, "row 7", "there is no background")
        levels = window_levels_db(self._measurement.k_db, _SECOND_HOPS, _SECOND_HOPS)
        own = levels[rows.coarse(self._body, _SECOND_HOPS)[: len(levels)]]
        if len(own) < _ENOUGH_S:
            return not_measured(id, what, "row 7", f"the background is alone for less than {_ENOUGH_S} s")
        low, usual, high = np.percentile(own, [5, 50, 95])
        limit_db = rows.FADE_DB + high - low
        alone = rows.coarse(self._alone, _SECOND_HOPS)[: len(levels)]
        planned_db = self._planned_fade_db(id)
        count = min(len(levels), len(planned_db))
        levels, alone, planned_db = levels[:count], alone[:count], planned_db[:count]
        judged = alone & (planned_db > rows.FADE_RANGE_DB) & (planned_db < -0.1)
        off_db = np.where(judged, np.abs(levels - usual - planned_db), 0.0)
        worst = int(np.argmax(off_db))
        ok = bool(off_db[worst] <= limit_db)
        limit = f"<= {limit_db:.1f} dB off its curve"
        return Row(id, what, f"{off_db[worst]:.1f} dB off", limit, ok, "row 7", "" if ok else at(worst * 1000))

    def _planned_fade_db(self, id: str) -> NDArray[np.float64]:  # noqa: A002
        """The planned level of each whole second; 0 outside the fade."""
        import numpy as np

        end_ms = self._planned.timeline.duration_ms
        middles_ms = np.arange(0, end_ms // 100 * 100, 100) + 50
        if id == "fade-in":
            share = middles_ms / FADE_IN_MS
        else:
            share = (end_ms - SILENT_END_MS - middles_ms) / (self._planned.fade_out_ms - SILENT_END_MS)
        gain = raised_cosine(share).astype(np.float64)
        return window_levels_db(20 * np.log10(np.maximum(gain, 1e-6)), 10, 10)

    def _end(self) -> Row:
        last = min(self._measurement.samples * 10 // 48_000, len(self._measurement.left))
        final = slice(max(last - 10, 0), last)
        both = (
            (self._measurement.left[final].sum() + self._measurement.right[final].sum())
            / 2
            / max(last - final.start, 1)
        )
        level_db = to_db(float(both))
        ok = level_db <= rows.END_DBFS
        limit = f"<= {rows.END_DBFS:g} dBFS"
        return Row("end", "last second silent", f"{level_db:.0f} dBFS", limit, ok, "row 7")

    def _seams(self) -> Row:
        import numpy as np

        what = "no seam or click"
        if self._planned.texture == "none":
            return not_measured("seams", what, "beds", "there is no background")
        if self._planned.texture == "music":
            return not_measured("seams", what, "beds", "the background is music, which has attacks of its own")
        steps = self._measurement.step_db[self._body]
        if len(steps) < _ENOUGH_S * _SECOND_HOPS:
            return not_measured("seams", what, "beds", f"the background is alone for less than {_ENOUGH_S} s")
        over_db = float(steps.max()) - float(np.percentile(steps, 99, method="nearest"))
        ok = over_db <= rows.STEP_DB
        note = "" if ok else at(int(np.flatnonzero(self._body)[np.argmax(steps)]) * HOP_MS)
        limit = f"<= {rows.STEP_DB:g} dB over"
        return Row("seams", what, f"{over_db:.1f} dB over its usual peak", limit, ok, "beds", note)

    def _stereo(self) -> Iterator[Row]:
        names = {"correlation": "left-right correlation", "mono": "loss on one speaker"}
        why = ""
        if self._planned.texture in ("none", "music"):
            why = f"there is no {'' if self._planned.texture == 'none' else 'built-in '}background"
        elif (ear := self._planned.ear) != "both":
            why = f"it was made for the {ear} ear"
        elif self._body.sum() < _ENOUGH_S * _SECOND_HOPS:
            why = f"the background is alone for less than {_ENOUGH_S} s"
        body = rows.coarse(self._body)[: len(self._measurement.left)]
        left, right, cross = (
            float(products[: len(body)][body].sum())
            for products in (self._measurement.left, self._measurement.right, self._measurement.cross)
        )
        if not why and min(left, right) <= 0:
            why = "the background can't be heard in both channels"
        if why:
            yield from (not_measured(name, what, "row 11", why) for name, what in names.items())
            return
        correlation = cross / sqrt(left * right)
        least, most = rows.CORRELATION
        ok = least <= round(correlation, 2) <= most
        yield Row("correlation", names["correlation"], f"{correlation:.2f}", f"{least:g} to {most:g}", ok, "row 11")
        loss_db = to_db((left + right) / 2) - to_db((left + right + 2 * cross) / 4)
        limit = f"<= {rows.MONO_DB:g} dB"
        yield Row("mono", names["mono"], f"{loss_db:.2f} dB", limit, loss_db <= rows.MONO_DB, "row 11")
