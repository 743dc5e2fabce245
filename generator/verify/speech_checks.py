"""Rows about the voice: its phrases, stray voices, its loudness, its distance from the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..dsp.loudness import BLOCK_MS, gated_lufs, lufs
from ..dsp.short_time import FLOOR_DB, HOP_MS
from ..durations import clock, format_ms
from ..model import Event
from . import rows
from .analysis import COARSE_HOPS, Measurement
from .rows import Row, at, hops_of, mean_db, not_measured, power, window_levels_db
from .track_plan import TrackPlan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEAR_HOPS = 300  # the background is measured so near to a phrase …
_NEAR_ENOUGH_HOPS = 100  # … if so much of it is alone there, else …
_FURTHER_HOPS = 800  # … so near
_BESIDE_HOPS = 60  # … but not right beside it, where a phrase would be that came too early or late
_OVER_DB = 1.5  # inside an event: one of six bands so far over the background's peak is the voice
_SMOOTHED_HOPS = 5  # … at once, or in the mean of 50 ms: a soft consonant lasts so long, a peak of noise doesn't
_OUTSIDE_DB = 6.0  # outside an event, where a wave of the background may rise
_AUDIBLE_DB = -63.5  # softer sound in a band doesn't count
_GAP_HOPS = 5  # a longer one parts what sounds beside an event from it
_BEFORE_HOPS, _AFTER_HOPS = 20, 20  # so far outside its event a phrase is looked for
_DUCKED_BEFORE, _DUCKED_AFTER = (20, 4), (15, 60)  # hops around a phrase in which the background is ducked as under it
_MONO_DB = 15.0  # a side so far under the whole says nothing about the background


@dataclass(frozen=True, slots=True)
class MeasuredPhrase:
    """A planned phrase and its measurement. It sounds from `start_ms` to `end_ms`; both are None if it isn't heard.

    `voice_power` and `background_power` are K-weighted powers during its event, `glide_db` is its planned gain.
    """

    event: Event
    start_ms: int | None
    end_ms: int | None
    voice_power: float
    background_power: float
    glide_db: int

    @property
    def gap_lu(self) -> float:
        """The voice's level over the background, without the glide."""
        return rows.to_db(self.voice_power) - rows.to_db(self.background_power) - self.glide_db


class SpeechChecks:
    """The measured phrases of a track, and the rows about them."""

    def __init__(self, measurement: Measurement, planned: TrackPlan) -> None:
        self._measurement = measurement
        self._planned = planned
        self._alone = planned.background_alone(len(measurement.k_db))

    @cached_property
    def phrases(self) -> tuple[MeasuredPhrase, ...]:
        return tuple(map(self._phrase, self._planned.speech, self._planned.glide_db))

    def rows(self) -> Iterator[Row]:
        if self._planned.speech:
            yield self._speech()
        yield self._stray()
        if self._planned.speech:
            yield self._loudness()
            yield self._gap("gap", "voice over background", 50, rows.GAP_MEDIAN_LU)
            yield self._gap("gap-tenth", "voice over background, lowest tenth", 10, rows.GAP_TENTH_LU)
            yield self._startle()
            yield self._centre()

    # --- one phrase ----------------------------------------------------------------------------------

    def _phrase(self, event: Event, glide_db: int) -> MeasuredPhrase:
        import numpy as np

        inside = hops_of(event)
        first, last = max(inside.start - _BEFORE_HOPS, 0), inside.stop + _AFTER_HOPS
        over_db = self._over_background_db(inside, slice(first, last))
        heard = over_db > _OUTSIDE_DB
        its_own = slice(inside.start - first, inside.stop - first)
        heard[its_own] |= over_db[its_own] > _OVER_DB
        heard[its_own] |= self._over_background_db(inside, inside, _SMOOTHED_HOPS) > _OVER_DB
        sounding = _reaching_into(inside, np.flatnonzero(heard) + first)
        start_ms = int(sounding[0]) * HOP_MS if len(sounding) else None
        end_ms = int(sounding[-1] + 1) * HOP_MS if len(sounding) else None
        both = float(power(self._measurement.k_db[inside]).mean())
        background = self._background_power(inside)
        return MeasuredPhrase(event, start_ms, end_ms, max(both - background, 0.0), background, glide_db)

    def _over_background_db(self, inside: slice, part: slice, smoothed_hops: int = 1) -> NDArray[np.float64]:
        """How far the loudest of the bands lies over the background's peak in it, at each hop of `part`."""
        import numpy as np

        loudest = np.full(len(self._measurement.bands_db), FLOOR_DB)
        for reach in (_NEAR_HOPS, _FURTHER_HOPS):
            around = slice(max(inside.start - reach, 0), inside.stop + reach)
            levels = rows.smoothed_db(self._measurement.bands_db[:, around], smoothed_hops)
            alone = self._alone[around].copy()
            beside = slice(
                max(inside.start - _BESIDE_HOPS - around.start, 0), inside.stop + _BESIDE_HOPS - around.start
            )
            alone[beside] = False
            near = levels[:, alone]
            if near.shape[1]:
                loudest = near.max(axis=1)
            if near.shape[1] >= _NEAR_ENOUGH_HOPS:
                break
        here = levels[:, part.start - around.start : part.stop - around.start]
        over_db: NDArray[np.float64] = (here - np.maximum(loudest, _AUDIBLE_DB)[:, None]).max(axis=0)
        return over_db

    def _background_power(self, inside: slice) -> float:
        """The background's power under a phrase, from its share in the side, or from just before and after."""
        import numpy as np

        measurement = self._measurement
        if self._planned.texture == "noise" and self._side_db < _MONO_DB:
            return float(power(measurement.k_side_db[inside]).mean()) * 10 ** (self._side_db / 10)
        places = (
            slice(max(inside.start - _DUCKED_BEFORE[0], 0), max(inside.start - _DUCKED_BEFORE[1], 0)),
            slice(inside.stop + _DUCKED_AFTER[0], inside.stop + _DUCKED_AFTER[1]),
        )
        near = np.concatenate(
            [measurement.k_db[place][self._alone[place] | (place.stop <= inside.start)] for place in places]
        )
        return float(power(near).mean()) if len(near) else 0.0

    @cached_property
    def _side_db(self) -> float:
        """How far the side of the background lies under the whole background."""
        return mean_db(self._measurement.k_db[self._alone]) - mean_db(self._measurement.k_side_db[self._alone])

    # --- rows ----------------------------------------------------------------------------------------

    def _speech(self) -> Row:
        limit_ms = rows.EDGE_MS[self._planned.texture]
        wrong: list[MeasuredPhrase] = []
        hidden: list[MeasuredPhrase] = []
        worst_ms = 0
        for phrase in self.phrases:
            if phrase.start_ms is None or phrase.end_ms is None:
                wrong.append(phrase)
                continue
            late_ms, over_ms = phrase.start_ms - phrase.event.start_ms, phrase.end_ms - phrase.event.end_ms
            if max(abs(late_ms), abs(over_ms)) <= limit_ms:
                worst_ms = max(worst_ms, abs(late_ms), abs(over_ms))
            elif late_ms >= -limit_ms and over_ms <= limit_ms and max(late_ms, -over_ms) <= rows.HIDDEN_MS:
                hidden.append(phrase)  # it sounds only inside its event
            else:
                wrong.append(phrase)
        if _distinct_texts(hidden) > self._allowed_hidden():
            wrong, hidden = sorted([*wrong, *hidden], key=lambda phrase: phrase.event.start_ms), []
        count = len(self.phrases)
        measured = f"{count - len(wrong)} of {count} phrases, within {worst_ms} ms"
        note = f"in {len(hidden)} the first or last sound is softer than the background" if hidden else ""
        if wrong:
            note = f"first {_describe(wrong[0])}"
        limit = f"all, within {limit_ms} ms"
        return Row("speech", "speech as planned", measured, limit, not wrong, "plan", note)

    def _allowed_hidden(self) -> int:
        return 0 if self._planned.texture == "none" else max(1, int(rows.HIDDEN_SHARE * _distinct_texts(self.phrases)))

    def _stray(self) -> Row:
        """Sound that stands out for STRAY_MS where only the background should sound."""
        import numpy as np

        what = "no stray voice"
        if self._planned.texture == "music":
            return not_measured("stray", what, "plan", "the background is music, which has voices of its own")
        levels = window_levels_db(self._measurement.k_db, COARSE_HOPS, COARSE_HOPS)
        alone = rows.coarse(self._alone)[: len(levels)]
        if self._planned.texture == "none":
            over = alone & (levels + _LUFS > rows.STRAY_LUFS)
            most_ms, limit = 0, f"none over {rows.STRAY_LUFS:g} LUFS"
        else:
            over = alone & (levels > rows.local_percentile(levels, alone, 90) + rows.STRAY_LU)
            most_ms, limit = rows.STRAY_MS, f"none over +{rows.STRAY_LU} LU for {rows.STRAY_MS} ms"
        starts, lengths = rows.runs_of_true(over)
        long = lengths * COARSE_HOPS * HOP_MS > most_ms
        measured = "none" if not long.any() else f"{format_ms(int(lengths[long].sum()) * 100)} in {long.sum()} places"
        note = f"first {at(int(starts[np.argmax(long)]) * 100)}" if long.any() else ""
        return Row("stray", what, measured, limit, not long.any(), "plan", note)

    def _loudness(self) -> Row:
        """Gated loudness of the phrases before the glide, with the background's power subtracted."""
        import numpy as np

        wanted = float(self._planned.settings["loudness"])
        blocks: list[float] = []
        for phrase in self.phrases:
            if phrase.glide_db == 0:
                inside = power(self._measurement.k_db[hops_of(phrase.event)])
                size = min(BLOCK_MS // HOP_MS, len(inside))
                firsts = range(0, len(inside) - size + 1, COARSE_HOPS)
                blocks += [float(inside[first : first + size].mean()) - phrase.background_power for first in firsts]
        measured = gated_lufs(np.array(blocks))
        ok = abs(measured - wanted) <= rows.LOUDNESS_LU
        limit = f"{wanted:g} ±{rows.LOUDNESS_LU:g} LUFS"
        return Row("loudness", "voice at the start", f"{measured:.1f} LUFS", limit, ok, "row 1")

    def _gap(self, id: str, what: str, percentile: int, less_lu: dict[str, float]) -> Row:  # noqa: A002
        import numpy as np

        texture = self._planned.texture
        if texture == "none":
            return not_measured(id, what, "row 3", "there is no background")
        tolerance_lu = rows.LOSSLESS_LU if self._planned.container.lossless else rows.LOSSY_LU
        wanted_lu = float(self._planned.settings["background_level"]) - less_lu[texture]
        gaps = [phrase.gap_lu for phrase in self.phrases]
        measured_lu = float(np.percentile(gaps, percentile))
        softest = self.phrases[int(np.argmin(gaps))]
        ok = measured_lu >= wanted_lu - tolerance_lu
        return Row(
            id,
            what,
            f"{measured_lu:.1f} LU",
            f">= {wanted_lu:g} LU, measured to {tolerance_lu:g}",
            ok,
            "row 3",
            "" if ok else f"least in {_describe(softest)}",
        )

    def _startle(self) -> Row:
        import numpy as np

        what = "rise within 400 ms"
        level_lu = float(self._planned.settings["background_level"])
        if self._planned.texture == "none":
            return not_measured("startle", what, "row 4", "there is no background")
        if level_lu > rows.STARTLE_LEVEL_LU:
            return not_measured("startle", what, "row 4", f"the background was asked {level_lu:g} LU under the voice")
        first_ms, last_ms = self._planned.body_ms
        momentary = window_levels_db(
            self._measurement.k_db[first_ms // HOP_MS : last_ms // HOP_MS], BLOCK_MS // HOP_MS, COARSE_HOPS
        )
        if self._planned.texture == "music":  # a pause of the music counts as no background
            momentary = np.maximum(momentary, mean_db(self._measurement.k_db[self._alone]))
        rise = momentary[4:] - momentary[:-4]
        steepest = int(np.argmax(rise))
        ok = bool(rise[steepest] <= rows.STARTLE_LU)
        note = "" if ok else at(first_ms + (steepest + 4) * COARSE_HOPS * HOP_MS)
        limit = f"<= {rows.STARTLE_LU:g} LU"
        return Row("startle", what, f"{rise[steepest]:.1f} LU", limit, ok, "row 4", note)

    def _centre(self) -> Row:
        """Left against right while the voice sounds. The background changes it by hundredths of a dB."""
        what = "voice centred"
        if (ear := self._planned.ear) != "both":
            return not_measured("centre", what, "row 11", f"it was made for the {ear} ear")
        spoken = [slice(e.start_ms // 100 + 1, e.end_ms // 100) for e in self._planned.speech]
        left, right = (
            sum(float(side[part].sum()) for part in spoken)
            for side in (self._measurement.left, self._measurement.right)
        )
        off_db = rows.to_db(left) - rows.to_db(right)
        ok = abs(off_db) <= rows.CENTRE_DB
        measured, limit = f"{abs(off_db):.2f} dB off", f"<= {rows.CENTRE_DB:g} dB"
        return Row("centre", what, measured, limit, ok, "row 11")


_LUFS = lufs(1.0)


def _reaching_into(inside: slice, hops: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the hops that reach into the event without a gap; all of them if none does.

    What sounds a moment before it and then stops is a chord of the music.
    """
    import numpy as np

    parts = np.split(hops, np.flatnonzero(np.diff(hops) > _GAP_HOPS) + 1)
    reaching = [part for part in parts if len(part) and part[0] < inside.stop and part[-1] >= inside.start]
    return np.concatenate(reaching) if reaching else hops


def _distinct_texts(phrases: Sequence[MeasuredPhrase]) -> int:
    return len({phrase.event.text for phrase in phrases})


def _describe(phrase: MeasuredPhrase) -> str:
    event = phrase.event
    if phrase.start_ms is None or phrase.end_ms is None:
        heard = "isn't heard"
    else:
        heard = f"is heard {phrase.start_ms - event.start_ms:+} ms to {phrase.end_ms - event.end_ms:+} ms off"
    return f"“{rows.shortened(event.text)}” at {clock(event.start_ms)}, which {heard}"
