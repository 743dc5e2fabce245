"""Decode a finished track and measure it against the plan in its tags. The report has one row per property."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..build.plan_json import timeline_of
from ..dsp.loudness import BLOCK_MS, lufs
from ..dsp.short_time import HOP_MS
from ..errors import InputError, SleepwardError
from ..formats import Tags, read_tags
from ..model import SAMPLES_PER_MS
from ..system import ffmpeg
from . import file_checks
from .analysis import COARSE_HOPS, Measurement, measure
from .background_checks import BackgroundChecks
from .rows import Row, window_levels_db
from .sentence_checks import sentences
from .speech_checks import SpeechChecks
from .track_plan import TrackPlan, read_plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..model import Samples

__all__ = ["Report", "Row", "TrackPlan", "judge", "measure", "read_plan", "timeline_of", "verify"]


@dataclass(frozen=True)
class Report:
    """The rows of a track. `momentary_lufs` is its loudness over 400 ms, one value every 100 ms."""

    path: Path
    plan: dict[str, Any]
    rows: tuple[Row, ...]
    momentary_lufs: NDArray[np.float64]

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.ok is False)

    @property
    def ok(self) -> bool:
        """Whether no row failed. A row that couldn't be judged doesn't count as failed."""
        return not self.failed

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": 1,
            "path": str(self.path),
            "title": self.plan["title"],
            "ok": self.ok,
            "rows": [row.as_dict() for row in self.rows],
        }


def verify(path: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> Report:
    """Measure the track at `path`. `progress` gets the number of decoded samples and the total.

    Memory grows by 10 MB an hour of track.

    Raises NotFoundError if there is no file, InputError if sleepward didn't make it. A broken track raises nothing: the
    report says so.
    """
    tags = read_tags(path)
    if tags is None:
        raise InputError(
            "this is no track that sleepward made: it carries no plan",
            where=str(path),
            hint="give a file as `sleepward build` wrote it; other programs may take the plan out of it",
        )
    planned = read_plan(tags.plan_json, str(path))
    total_samples = planned.timeline.duration_ms * SAMPLES_PER_MS
    decoding = _Decoding(path, planned.ear, lambda done: progress(done, total_samples))
    measurement = measure(decoding.chunks(), planned.timeline.duration_ms)
    rows = (
        file_checks.structure(path, planned, decoding.failed),
        file_checks.sound(path, planned, tags),
        *judge(measurement, planned, tags),
    )
    if planned.ear != "both":
        rows = (*rows, file_checks.other_ear(decoding.other_peak))
    momentary = window_levels_db(measurement.k_db, BLOCK_MS // HOP_MS, COARSE_HOPS) + lufs(1.0)
    return Report(path, dict(planned.plan), rows, momentary)


def judge(measurement: Measurement, planned: TrackPlan, tags: Tags) -> tuple[Row, ...]:
    """All rows except that of the file's structure."""
    voice = SpeechChecks(measurement, planned)
    return (
        file_checks.duration(measurement, planned),
        *voice.rows(),
        sentences(measurement, planned),
        file_checks.true_peak(measurement),
        *BackgroundChecks(measurement, planned).rows(),
        file_checks.tail(measurement, planned, voice),
        file_checks.chapters(planned, tags),
        file_checks.tags_as_planned(planned, tags),
        file_checks.holds(planned),
    )


class _Decoding:
    """The sound of a file up to the first fault, which is kept in `failed`.

    If the track is for one ear, both channels get that ear's sound, and `other_peak` is the peak of the other ear's.
    """

    def __init__(self, path: Path, ear: str, progress: Callable[[int], None]) -> None:
        self._path = path
        self._progress = progress
        self._channel = {"both": None, "left": 0, "right": 1}[ear]
        self.other_peak = 0.0
        self.failed: SleepwardError | None = None

    def chunks(self) -> Iterator[Samples]:
        done = 0
        try:
            for chunk in ffmpeg.decode_chunks(self._path):
                done += len(chunk)
                self._progress(done)
                yield chunk if self._channel is None else self._one(chunk, self._channel)
        except InputError as error:
            self.failed = error

    def _one(self, chunk: Samples, channel: int) -> Samples:
        self.other_peak = max(self.other_peak, float(abs(chunk[:, 1 - channel]).max(initial=0)))
        return chunk[:, [channel, channel]]
