"""The row that tells each sentence from the others of the track, by the contours in its plan."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING

from ..dsp.contours import FLOOR_DB, STEP_MS, step_powers
from ..dsp.short_time import levels_db
from ..mix.envelope import DUCK_DB
from ..model import Event
from . import rows
from .analysis import Measurement
from .rows import Row, hops_of, not_measured, power
from .track_plan import TrackPlan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..dsp.contours import Contour

_NEAR_HOPS = 500  # the background is measured so near to a sentence
_LOUD_DB = -12.0  # a sentence's gain is that of its parts no softer than this
_CLIPPED_DB = 15.0  # one part that is far off counts no more than this
_MOVED = range(-30, 31, 5)  # hops that a sentence may come late, and still be itself
_SHOWN = 3  # so many faults are told
_ALIKE_MS = 100  # sentences whose lengths differ by no more may be taken for each other


def sentences(measurement: Measurement, planned: TrackPlan) -> Row:
    """Whether each sentence sounds like itself, and not more like another of its length."""
    what = "each sentence its own"
    contours = planned.contours
    if not contours:
        return not_measured("sentences", what, "plan", "its plan has no contours of its sentences")
    heard = _Heard(measurement, planned)
    worst_db, wrong = 0.0, []
    for event in planned.speech:
        own_db = inf  # where the plan has another text than was spoken
        if event.text in contours:
            own_db = heard.distance_db(event, contours[event.text])
            worst_db = max(worst_db, own_db)
        if instead := _instead(heard, event, contours, own_db):
            wrong.append(f"{instead} is heard instead of “{rows.shortened(event.text)}” {rows.at(event.start_ms)}")
    count = len(planned.speech)
    measured = f"{count - len(wrong)} of {count} sentences, at most {worst_db:.1f} dB off"
    return Row("sentences", what, measured, "all", not wrong, "plan", "; ".join(wrong[:_SHOWN]))


def _instead(heard: _Heard, event: Event, contours: Mapping[str, Contour], own_db: float) -> str:
    """What an event sounds like more than like its own sentence, if anything."""
    others = {
        text: heard.distance_db(event, other)
        for text, other in contours.items()
        if text != event.text and abs(other.shape[1] * STEP_MS - event.duration_ms) <= _ALIKE_MS
    }
    nearest = min(others, key=others.__getitem__, default="")
    if nearest and others[nearest] < own_db - rows.OTHER_CONTOUR_DB:
        return f"“{rows.shortened(nearest)}”"
    if own_db <= rows.FOREIGN_CONTOUR_DB:
        return ""
    own = contours.get(event.text)
    moved = own is not None and any(heard.distance_db(event, own, late) <= rows.FOREIGN_CONTOUR_DB for late in _MOVED)
    return "" if moved else "something else"  # that it comes early or late is another row's to say


class _Heard:
    """The levels of a track in the bands of contours."""

    def __init__(self, measurement: Measurement, planned: TrackPlan) -> None:
        self._bands_db = measurement.bands_db
        self._alone = planned.background_alone(len(measurement.k_db))

    def distance_db(self, event: Event, contour: Contour, late_hops: int = 0) -> float:
        """How far the sound during `event` is from a sentence of this `contour`: the mean of the parts' distances.

        With `late_hops` the sentence is looked for that much later. The background may hide a soft part, or add to it.
        Under the voice it is ducked, which takes time.
        """
        import numpy as np

        inside = hops_of(event)
        there = slice(max(inside.start + late_hops, 0), inside.stop + late_hops)
        heard_db = levels_db(step_powers(power(self._bands_db[:, there]).astype(np.float32)))
        steps = min(heard_db.shape[1], contour.shape[1])
        heard_db, contour = heard_db[:, :steps], contour[:, :steps]
        loud = contour >= _LOUD_DB
        gain_db = float(np.median((heard_db - contour)[loud])) if loud.any() else 0.0
        voice = power(contour + gain_db)
        loudest = self._background(inside)
        most = levels_db(voice + loudest)
        least = levels_db(np.where(contour > FLOOR_DB, voice, 0.0) + loudest * 10 ** (DUCK_DB / 10))
        off_db = np.maximum(np.maximum(least - heard_db, heard_db - most), 0.0)
        return float(np.minimum(off_db, _CLIPPED_DB).mean())

    def _background(self, inside: slice) -> NDArray[np.float64]:
        """(bands, 1): the power of the background near an event."""
        import numpy as np

        around = slice(max(inside.start - _NEAR_HOPS, 0), inside.stop + _NEAR_HOPS)
        near = power(self._bands_db[:, around][:, self._alone[around]])
        mean = near.mean(axis=1, keepdims=True) if near.shape[1] else np.zeros((len(self._bands_db), 1))
        return step_powers(mean.astype(np.float32))
