"""Mixes timeline, clips and bed to the sound of any part of the track, and divides the track into spans."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

from ..dsp.fades import equal_power
from ..dsp.looping import read_looped
from ..model import CLIP_HEAD_MS, CLIP_TAIL_MS, FRAME_MS, FRAME_SAMPLES, SAMPLES_PER_MS, Bed, Event, Span, Timeline
from ..settings import CHIME_LU
from .chime import chime
from .envelope import DUCK_DB, Envelope, merge_intervals
from .segments import silence, to_samples, to_segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydub import AudioSegment

    from ..model import PoseKey, Samples

    ClipOf = Callable[[str], AudioSegment]
    """Takes a text and returns its clip, 48 kHz mono."""

RESTART_FADE_FRAMES = 104  # 2.496 s; this crossfade ends where a bed that follows the breath restarts

CLIP_LUFS = -22.0  # the loudness of a stored clip, measured as one channel
DUAL_MONO_DB = -3.01  # compensates for BS.1770, which gives 3 LU more for the same sound in two channels
GLIDE_STEPS_DB = 3  # how much quieter the voice is at the end, reached in steps of 1 dB


@dataclass(frozen=True, slots=True)
class Levels:
    """The voice's loudness, and how far the ducked bed and the bells lie below it.

    If `ear` names one ear, that channel gets the mean of both channels, so that the voice stays as loud there, and the
    other channel is silent.
    """

    loudness_lufs: float = -22.0
    background_level_lu: float = 15.0
    glide: bool = True
    chime_lu: float = CHIME_LU
    ear: Literal["both", "left", "right"] = "both"


@dataclass(frozen=True, slots=True)
class LoopRestart:
    """The bed's loop restarts at frame `at`, after a crossfade that begins at frame `fade`."""

    fade: int
    at: int


class Mix:
    """A track's sound, computed on request. It is thread-safe if `clip` is.

    `open_gain` scales the bed's loop to its open level, and `loop_samples` is the loop's length. `sounding_ms` are the
    intervals that hold speech, a bell or a restart of the loop. Memory holds neither the loop nor the track.
    """

    def __init__(self, timeline: Timeline, clip: ClipOf, bed: Bed, levels: Levels) -> None:
        self.total_samples = timeline.duration_ms * SAMPLES_PER_MS
        sounding = [event for event in timeline.events if event.sounds]
        self._clip = clip
        self._sounding = sounding
        self._starts_ms = [event.start_ms for event in sounding]
        self._longest_ms = max((event.duration_ms for event in sounding), default=0)
        self._level_db = levels.loudness_lufs - CLIP_LUFS + DUAL_MONO_DB
        self._glide_db = glide_db(timeline) if levels.glide else {}
        self._chime_lu = levels.chime_lu
        self._silent_channel = {"both": None, "left": 1, "right": 0}[levels.ear]
        self._envelope = Envelope(timeline)

        self.open_gain = 1.0
        if bed.loudness_lufs is not None:
            open_lufs = levels.loudness_lufs - levels.background_level_lu - DUCK_DB
            self.open_gain = 10 ** ((open_lufs - bed.loudness_lufs) / 20)
        self._loop = bed.loop
        self.loop_samples = bed.loop.samples
        self._restarts = _loop_restarts(timeline, bed)
        fading = ((restart.fade * FRAME_MS, restart.at * FRAME_MS) for restart in self._restarts)
        self.sounding_ms = tuple(sorted((*map(_audible_ms, sounding), *fading)))
        self.spans = self._spans(timeline)

    def render(self, start: int, end: int) -> Samples:
        """The track's samples `start` to `end`, float32 (end - start, 2); zeros outside the track.

        Both are whole milliseconds, like all positions in a timeline.
        """
        import numpy as np

        first, last = max(start, 0), min(end, self.total_samples)
        if first >= last:
            return np.zeros((end - start, 2), np.float32)
        sound = self._bed(first, last)
        gain = self._envelope.gain(first, last)
        bed_gain = np.float32(self.open_gain) if gain is None else gain * np.float32(self.open_gain)
        spoken = self._voice(first // SAMPLES_PER_MS, last // SAMPLES_PER_MS)
        for channel in (0, 1):  # one channel at a time is three times as fast as both at once
            sound[:, channel] *= bed_gain
            if spoken is not None:
                sound[:, channel] += spoken
        if last - first < end - start:
            sound = np.pad(sound, ((first - start, end - last), (0, 0)))
        return self._for_ear(sound)

    def open(self, start: int, end: int) -> Samples:
        """The bed alone at its open level, its loop repeated: float32 (end - start, 2)."""
        import numpy as np

        return self._for_ear(read_looped(self._loop, start, end) * np.float32(self.open_gain))

    def _for_ear(self, sound: Samples) -> Samples:
        if self._silent_channel is not None:
            sound[:, 1 - self._silent_channel] = sound.mean(axis=1)
            sound[:, self._silent_channel] = 0
        return sound

    def _bed(self, first: int, last: int) -> Samples:
        """The bed from sample `first` of the track to `last`, with the loop's restarts."""
        import numpy as np

        begins = [restart.at * FRAME_SAMPLES for restart in self._restarts]
        parts = [
            read_looped(self._loop, max(begin, first) - begin, min(end, last) - begin)
            for begin, end in zip(begins, [*begins[1:], last], strict=True)
            if max(begin, first) < min(end, last)
        ]
        out = parts[0] if len(parts) == 1 else np.concatenate(parts)
        for restart, begin in zip(self._restarts, begins, strict=True):
            low, high = max(restart.fade * FRAME_SAMPLES, first), min(begin, last)
            if low < high:
                self._crossfade(restart, out[low - first : high - first], low)
        return out

    def _crossfade(self, restart: LoopRestart, out: Samples, first: int) -> None:
        """Crossfade `out`, which begins at sample `first` of the track, to the bed's loop as it restarts."""
        import numpy as np

        begin, end = restart.fade * FRAME_SAMPLES, restart.at * FRAME_SAMPLES
        goes, comes = equal_power((np.arange(first, first + len(out)) - begin) / (end - begin))
        out *= goes[:, None]
        out += read_looped(self._loop, first - end, first - end + len(out)) * comes[:, None]

    def _voice(self, first_ms: int, last_ms: int) -> NDArray[np.float32] | None:
        """Speech and bells from `first_ms` to `last_ms`, each in its place; None if there are none."""
        low = bisect_left(self._starts_ms, first_ms - self._longest_ms - CLIP_TAIL_MS)
        high = bisect_left(self._starts_ms, last_ms + CLIP_HEAD_MS)
        heard = [event for event in self._sounding[low:high] if event.end_ms + CLIP_TAIL_MS > first_ms]
        if not heard:
            return None
        layers: dict[float, AudioSegment] = {}  # by level, which is applied once per layer: that saves a rounding
        for event in heard:
            sound, over_voice_db = self._event_sound(event)
            at_ms = _audible_ms(event)[0]
            part = sound[max(first_ms - at_ms, 0) : max(last_ms - at_ms, 0)]
            level_db = self._level_db + over_voice_db + self._glide_db.get(event.pose_key, 0)
            layer = layers.get(level_db) or silence(last_ms - first_ms)
            layers[level_db] = layer.overlay(part, position=max(at_ms - first_ms, 0))
        first, *more = (to_samples(layer, level_db)[:, 0] for level_db, layer in layers.items())
        for another in more:
            first += another
        return first

    def _event_sound(self, event: Event) -> tuple[AudioSegment, float]:
        """The sound of an event, and its level relative to the voice in dB."""
        match event.kind:
            case "speech":
                return self._clip(event.text), 0
            case "chime":
                return to_segment(chime()), CHIME_LU - self._chime_lu
            case "pause" | "hold" | "breath" | "count" | "tail":
                raise LookupError(f"a {event.kind} has no sound")
            case _:
                assert_never(event.kind)

    def _spans(self, timeline: Timeline) -> tuple[Span, ...]:
        """Voiced and open spans that tile the track. An open span never contains a restart."""
        starts = [restart.at for restart in self._restarts]
        loop_frames = self.loop_samples // FRAME_SAMPLES
        spans: list[Span] = []
        at_ms = 0

        def open_until(end_ms: int) -> None:
            if end_ms > at_ms:
                began = starts[bisect_right(starts, at_ms // FRAME_MS) - 1]
                spans.append(Span("open", at_ms, end_ms, -began % loop_frames))

        for start_ms, end_ms in self._voiced_ms(timeline):
            first_ms, last_ms = max(start_ms, 0), min(end_ms, timeline.duration_ms)
            open_until(first_ms)
            spans.append(Span("voiced", first_ms, last_ms))
            at_ms = last_ms
        open_until(timeline.duration_ms)
        return tuple(spans)

    def _voiced_ms(self, timeline: Timeline) -> list[tuple[int, int]]:
        """The intervals where the mix is more than the open bed."""
        ringing = [(event.start_ms, event.end_ms) for event in self._sounding if event.kind == "chime"]
        restarting = [(restart.fade * FRAME_MS, restart.at * FRAME_MS) for restart in self._restarts[1:]]
        return merge_intervals([*self._envelope.moving_ms, *ringing, *restarting], 0)


def _audible_ms(event: Event) -> tuple[int, int]:
    """Start and end of the event's sound, including a clip's quiet edges."""
    if event.kind == "speech":
        return event.start_ms - CLIP_HEAD_MS, event.end_ms + CLIP_TAIL_MS
    return event.start_ms, event.end_ms


def glide_db(timeline: Timeline) -> dict[PoseKey, int]:
    """The voice's gain for each pose, from 0 dB at the first to -3 dB at the last. All rounds of a pose have one gain.

    A chapter without a pose (an arrival, a script without marks) counts as a pose of its own.
    """
    groups: dict[PoseKey, int] = {}
    before: object = None
    group = -1
    for event in timeline.events:
        if event.sounds:
            here = event.pose if event.pose is not None else event.chapter
            group += here != before
            before = here
            groups[event.pose_key] = group
    return {stretch: -round(GLIDE_STEPS_DB * index / max(group, 1)) for stretch, index in groups.items()}


def _loop_restarts(timeline: Timeline, bed: Bed) -> tuple[LoopRestart, ...]:
    """The starts of the bed's loop: the track's start and, if the bed follows the breath, each hold in breaths.

    Each start is the frame nearest to its hold's start, so that encoded frames can be repeated in any phase.
    """
    restarts = [LoopRestart(0, 0)]
    for event in timeline.events:
        if bed.restarts and event.kind == "hold" and event.breaths:
            at, before = (event.start_ms + FRAME_MS // 2) // FRAME_MS, restarts[-1].at
            if (at - before) % (bed.loop.samples // FRAME_SAMPLES):  # else a loop begins there anyway
                restarts.append(LoopRestart(max(at - RESTART_FADE_FRAMES, before), at))
    return tuple(restarts)
