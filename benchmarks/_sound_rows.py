"""Rows of the sound targets that `sleepward verify` leaves out: a decoded track against the same narration alone.

`Take` holds both. The narration alone is the same routine with the same settings, built with `--background none
--format wav --glide off`. The background never moves the timeline, so the two agree sample by sample. The part of the
track that is coherent with the narration is its voice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _acoustics import (
    SENTENCE_WORDS,
    block_levels_db,
    centroid_hz,
    first_sound_ms,
    lost_lu,
    pace_wpm,
    rough_db,
    share_db,
    stoi_and_estoi,
)
from scipy import signal

from generator import beds
from generator.dsp.loudness import integrated_lufs, momentary_lufs
from generator.dsp.short_time import HOP_MS
from generator.formats import read_tags
from generator.model import CLIP_HEAD_MS, CLIP_TAIL_MS, SAMPLE_RATE, SAMPLES_PER_MS, Event, Loop
from generator.settings import CHIME_LU
from generator.storage.cache import Cache
from generator.system import ffmpeg
from generator.verify import Row, TrackPlan, read_plan
from generator.verify.rows import not_measured, runs_of_true

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Wave = NDArray[np.float32]
    """(samples,) at 48 kHz."""

LEAST_STOI, LEAST_ESTOI = 0.90, 0.75  # row 5, for all sentences but a tenth …
# … and for each sentence. Four words last little more than a second, and at the end the glide reduces the gap by 3 LU.
# At a STOI of 0.80, listeners understand 99 % of the words (Taal et al. 2011, equation 8).
LEAST_STOI_OF_ALL, LEAST_ESTOI_OF_ALL = 0.80, 0.60
GLIDE_DB = 0.3  # row 6: accuracy of a measured level
GLIDE_END_DB = -3.0
MOST_ONSET_DB = 20.0  # row 8
EDGE_DBFS = -70.0
MOST_TREBLE_DB = -24.0  # row 9
TREBLE_HZ = 5_000
MOST_CENTROID_HZ = 1_000
MOST_ROUGH_DB = 3.0  # row 10: chance alone gives 1 to 2 in a minute of noise
SMALL_HZ = 150  # row 11: the lower limit of a phone's speaker
SMALL_VOICE_LU, SMALL_BED_LU = 1.0, 6.0
CUE_MS = 100  # row 12
TIDE_START_MS, TIDE_END_MS = 24, 100
PACE_WPM, NEURAL_PACE_WPM = (105, 125), (125, 155)  # row 13
BELL_LU = 1.0  # row 14: tolerance of their level
LEAST_ATTACK_MS = 20

_VOICE_HZ = (150, 5_000)  # the band of the comparison, with most of the voice
_SPECTRUM = 4_096
_QUIET_MS, _LONG_QUIET_MS = 1_000, 5_000
_ENOUGH_MS = 120_000  # of the background alone
_TIDE_MS, _TIDE_REACH_MS = 8_000, 250
_ONSET_MS = 100  # from the start of a clip
_FEW = 8


@dataclass(frozen=True)
class Take:
    """The left channels of a decoded track and of its narration alone, float32 (samples,) at 48 kHz.

    `loop` is the loop of a background that moves with the breath.
    """

    planned: TrackPlan
    track: Wave
    clean: Wave
    loop: Loop | None = None

    @cached_property
    def gains(self) -> tuple[float, ...]:
        """The gain of each phrase in the track over the clean one, in dB, from their coherent part."""
        return tuple(map(self.gain_db, self.planned.speech))

    def gain_db(self, event: Event) -> float:
        """The most likely gain of the clean phrase. Masked frequencies count less."""
        clean, heard = (np.fft.rfft(cut(sound, event.start_ms, event.end_ms)) for sound in (self.clean, self.track))
        hz = np.fft.rfftfreq(event.duration_ms * SAMPLES_PER_MS, 1 / SAMPLE_RATE)
        weights = ((hz >= _VOICE_HZ[0]) & (hz < _VOICE_HZ[1])).astype(np.float64)
        if self.planned.texture != "none":
            weights /= np.interp(hz, *self.bed_spectrum) + 1e-18
        share = float((weights * (clean.conj() * heard).real).sum() / (weights * np.square(np.abs(clean))).sum())
        return 20 * float(np.log10(max(share, 1e-6)))

    @cached_property
    def quiet(self) -> list[tuple[int, int]]:
        """Stretches (start, end) in ms between the fades where the background is alone, the longest first."""
        first_ms, last_ms = self.planned.body_ms
        hops = self.planned.background_alone(-(-self.planned.timeline.duration_ms // HOP_MS)).copy()
        hops[: first_ms // HOP_MS] = hops[last_ms // HOP_MS :] = False
        starts, lengths = runs_of_true(hops)
        found = [(int(a) * HOP_MS, int(a + n) * HOP_MS) for a, n in zip(starts, lengths, strict=True)]
        return sorted(found, key=lambda part: part[0] - part[1])

    def bed_pieces(self, least_ms: int) -> list[Wave]:
        """The longest stretches of `quiet`, `_ENOUGH_MS` in all."""
        pieces, got_ms = [], 0
        for start_ms, end_ms in self.quiet:
            length_ms = min(end_ms - start_ms, _ENOUGH_MS - got_ms)
            if length_ms < least_ms:
                break
            pieces.append(cut(self.track, start_ms, start_ms + length_ms))
            got_ms += length_ms
        return pieces

    @cached_property
    def voice_spectrum(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(Hz, power density) of the voice in the track."""
        clean_power, cross, hz = 0.0, 0.0, np.zeros(0)
        for event in self.planned.speech:
            clean, heard = (cut(sound, event.start_ms, event.end_ms) for sound in (self.clean, self.track))
            if len(clean) >= _SPECTRUM:
                hz, auto = signal.welch(clean, SAMPLE_RATE, nperseg=_SPECTRUM)
                clean_power = clean_power + auto * len(clean)
                cross = cross + signal.csd(clean, heard, SAMPLE_RATE, nperseg=_SPECTRUM)[1] * len(clean)
        return hz, np.square(np.abs(cross)) / (clean_power + 1e-30)

    @cached_property
    def bed_spectrum(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pieces = self.bed_pieces(_QUIET_MS)
        spectra = [signal.welch(piece, SAMPLE_RATE, nperseg=1 << 14) for piece in pieces]
        return spectra[0][0], np.average([power for _, power in spectra], axis=0, weights=[len(p) for p in pieces])


def cut(sound: Wave, start_ms: int, end_ms: int) -> Wave:
    return np.asarray(sound[max(start_ms, 0) * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS])


def left_of(path: Path, raw: Path) -> Wave:
    """The left channel of a decoded file. It is stored in the file `raw`, so memory doesn't grow with the track."""
    with raw.open("wb") as sink:
        for chunk in ffmpeg.decode_chunks(path):
            sink.write(np.ascontiguousarray(chunk[:, 0]).tobytes())
    wave: Wave = np.memmap(raw, np.float32, "r")
    return wave


def plan_in(path: Path) -> TrackPlan:
    tags = read_tags(path)
    assert tags is not None, path
    return read_plan(tags.plan_json, str(path))


def breath_loop(planned: TrackPlan, cache: Cache) -> Loop | None:
    """The loop of the track's background, if it moves with the breath."""
    if not any(kind.follows_breath for kind in _beds_in(planned)):
        return None
    background = beds.parse_background(str(planned.settings["background"]))
    breath_ms = round(60_000 / float(planned.settings["breath_rate"]))
    return beds.load_bed(background, cache, breath_ms, round(breath_ms * _inhaled(planned))).loop


def _beds_in(planned: TrackPlan) -> list[beds.BedKind]:
    """The built-in beds of a track's background. Its music files aren't needed."""
    layers = (layer.partition(":")[0].strip() for layer in str(planned.settings["background"]).split("+"))
    return [beds.BEDS[layer] for layer in layers if layer in beds.BEDS]


def _inhaled(planned: TrackPlan) -> float:
    inhale, exhale = map(int, str(planned.settings["breath_ratio"]).split(":"))
    return inhale / (inhale + exhale)


def measured(take: Take) -> list[Row]:
    """Rows 5, 6, 8, 9, 10, 11 (one small speaker), 12, 13 and 14."""
    groups: Sequence[Callable[[Take], Iterator[Row]]] = (
        understood, glide, onsets, brightness, roughness, small_speaker, breath, pace, bells,
    )  # fmt: skip
    return [row for group in groups for row in group(take)]


# --- row 5 -----------------------------------------------------------------------------------------


def understood(take: Take) -> Iterator[Row]:
    """Compare each sentence in the track with the clean one."""
    rows = (
        ("stoi", "STOI", LEAST_STOI, LEAST_STOI_OF_ALL),
        ("estoi", "ESTOI", LEAST_ESTOI, LEAST_ESTOI_OF_ALL),
    )
    if take.planned.texture == "none":
        yield from (not_measured(row[0], row[1], "row 5", "there is no background") for row in rows)
        return
    said = _sentences(take)
    scores = [stoi_and_estoi(*(cut(sound, e.start_ms, e.end_ms) for sound in (take.clean, take.track))) for e in said]
    for (name, what, least, least_of_all), values in zip(rows, zip(*scores, strict=True), strict=True):
        tenth = float(np.percentile(values, 10))
        yield Row(f"{name}-tenth", f"{what}, lowest tenth", f"{tenth:.3f}", f">= {least:.2f}", tenth >= least, "row 5")
        worst = int(np.argmin(values))
        ok = values[worst] >= least_of_all
        note = _where(said[worst], ok=ok)
        measured = f"{values[worst]:.3f}"
        yield Row(f"{name}-least", f"{what}, lowest sentence", measured, f">= {least_of_all:.2f}", ok, "row 5", note)


def _sentences(take: Take) -> list[Event]:
    return [event for event in take.planned.speech if len(event.text.split()) >= SENTENCE_WORDS]


# --- row 6 -----------------------------------------------------------------------------------------


def glide(take: Take) -> Iterator[Row]:
    """Compare each phrase with its planned step, the last step, and the rounds of a pose with each other."""
    rows = (
        ("glide-end", "voice softer by the end"),
        ("glide-steps", "voice off its step"),
        ("glide-sides", "sides of a pose apart"),
    )
    if take.planned.settings["glide"] != "on":
        yield from (not_measured(*row, "row 6", "the glide is off") for row in rows)
        return
    planned, gains = take.planned.glide_db, np.array(take.gains)
    off = gains - planned
    off = np.abs(off - np.median(off))  # an MP3 is 0.4 dB quieter throughout
    worst = int(np.argmax(off))
    steps: dict[int, list[float]] = {}
    for step, gain in zip(planned, gains, strict=True):
        steps.setdefault(step, []).append(float(gain))
    first, last = (float(np.mean(steps[step])) for step in (planned[0], planned[-1]))
    ok = abs(last - first - GLIDE_END_DB) <= GLIDE_DB
    yield Row(*rows[0], f"{last - first:.2f} dB", f"{GLIDE_END_DB:g} ±{GLIDE_DB:g} dB", ok, "row 6")
    ok = bool(off[worst] <= GLIDE_DB)
    note = _where(take.planned.speech[worst], ok=ok)
    yield Row(*rows[1], f"{off[worst]:.2f} dB", f"<= {GLIDE_DB:g} dB", ok, "row 6", note)
    apart = max(_sides_apart(take), default=0.0)
    yield Row(*rows[2], f"{apart:.2f} dB", f"<= {GLIDE_DB:g} dB", apart <= GLIDE_DB, "row 6")


def _sides_apart(take: Take) -> Iterator[float]:
    for _, run in groupby(zip(take.planned.speech, take.gains, strict=True), key=lambda pair: pair[0].pose):
        rounds: dict[str | None, list[float]] = {}
        for event, gain in run:
            if event.pose is not None:
                rounds.setdefault(event.round, []).append(gain)
        if len(rounds) > 1:
            yield float(np.ptp([np.mean(gains) for gains in rounds.values()]))


# --- row 8 -----------------------------------------------------------------------------------------


def onsets(take: Take) -> Iterator[Row]:
    """The hardest onset over the background, and whether clips begin and end in silence."""
    speech = [event for event in take.planned.speech if not _rings_at(take, event)]
    steps = [
        float(np.diff(block_levels_db(cut(take.track, e.start_ms - CLIP_HEAD_MS, e.start_ms + _ONSET_MS))).max())
        for e in speech
    ]
    worst = int(np.argmax(steps))
    ok = steps[worst] <= MOST_ONSET_DB
    note = _where(speech[worst], ok=ok)
    what = "hardest onset, 10 ms to 10 ms"
    yield Row("onset", what, f"{steps[worst]:.1f} dB", f"<= {MOST_ONSET_DB:g} dB", ok, "row 8", note)
    outermost = [
        piece
        for e in speech
        for piece in (
            cut(take.clean, e.start_ms - CLIP_HEAD_MS, e.start_ms - CLIP_HEAD_MS + 1),
            cut(take.clean, e.end_ms + CLIP_TAIL_MS - 1, e.end_ms + CLIP_TAIL_MS),
        )
    ]
    edge_db = 20 * np.log10(max(float(np.abs(piece).max()) for piece in outermost) + 1e-6)
    ok = bool(edge_db <= EDGE_DBFS)
    what = "outermost ms of a clip"
    yield Row("edges", what, f"{edge_db:.0f} dBFS", f"<= {EDGE_DBFS:g} dBFS", ok, "row 8")


# --- rows 9, 10 and 11 -----------------------------------------------------------------------------


def brightness(take: Take) -> Iterator[Row]:
    treble_db = share_db(*take.voice_spectrum, (TREBLE_HZ, SAMPLE_RATE))
    ok = treble_db <= MOST_TREBLE_DB
    yield Row("treble", "voice above 5 kHz", f"{treble_db:.1f} dB", f"<= {MOST_TREBLE_DB:g} dB", ok, "row 9")
    what = "centroid of the background"
    if take.planned.texture == "none":
        yield not_measured("centroid", what, "row 9", "there is no background")
        return
    hz = centroid_hz(*take.bed_spectrum)
    ok = hz <= MOST_CENTROID_HZ or any(kind.bright for kind in _beds_in(take.planned))
    bright = " and ".join(name for name, kind in beds.BEDS.items() if kind.bright)  # docs/sound.md says why
    limit = f"<= {MOST_CENTROID_HZ} Hz, but for {bright}"
    yield Row("centroid", what, f"{hz:.0f} Hz", limit, ok, "row 9")


def roughness(take: Take) -> Iterator[Row]:
    what = "envelope's peak, 30 to 150 Hz"
    pieces = take.bed_pieces(_LONG_QUIET_MS)
    why = {"none": "there is no background", "music": "the background is music, whose chords may beat"}.get(
        take.planned.texture, "" if pieces else "the background is never alone for long enough"
    )
    if why:
        yield not_measured("rough", what, "row 10", why)
        return
    peak_db = rough_db(pieces)
    ok = peak_db <= MOST_ROUGH_DB
    yield Row("rough", what, f"{peak_db:.1f} dB", f"<= {MOST_ROUGH_DB:g} dB", ok, "row 10")


def small_speaker(take: Take) -> Iterator[Row]:
    """The loudness and intelligibility without sound below 150 Hz."""
    names = (
        ("small-voice", "voice lost below 150 Hz"),
        ("small-bed", "background lost there"),
        ("small-estoi", "ESTOI without it, lowest of some"),
    )
    voice_lu = lost_lu(*take.voice_spectrum, SMALL_HZ)
    limit = f"<= {SMALL_VOICE_LU:g} LU"
    yield Row(*names[0], f"{voice_lu:.2f} LU", limit, voice_lu <= SMALL_VOICE_LU, "row 11")
    if take.planned.texture == "none":
        yield from (not_measured(*name, "row 11", "there is no background") for name in names[1:])
        return
    bed_lu = lost_lu(*take.bed_spectrum, SMALL_HZ)
    yield Row(*names[1], f"{bed_lu:.2f} LU", f"<= {SMALL_BED_LU:g} LU", bed_lu <= SMALL_BED_LU, "row 11")
    said = _sentences(take)
    lowest = min(_estoi_on_a_small_speaker(take, event) for event in said[:: max(1, len(said) // _FEW)])
    ok = lowest >= LEAST_ESTOI_OF_ALL
    yield Row(*names[2], f"{lowest:.3f}", f">= {LEAST_ESTOI_OF_ALL:.2f}", ok, "row 11")


def _estoi_on_a_small_speaker(take: Take, event: Event) -> float:
    clean, heard = (cut(sound, event.start_ms, event.end_ms) for sound in (take.clean, take.track))
    high = signal.butter(4, SMALL_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
    return stoi_and_estoi(clean, signal.sosfilt(high, heard))[1]


# --- row 12 ----------------------------------------------------------------------------------------


def breath(take: Take) -> Iterator[Row]:
    """Compare each breath cue with its phase, and the tide's phase with each hold in breaths."""
    offs_ms = [abs(off_ms) for off_ms in _cues_off_ms(take)]
    what = "breath cues off the breath"
    if offs_ms:
        ok = max(offs_ms) <= CUE_MS
        yield Row("cues", what, f"{max(offs_ms):.0f} ms", f"<= {CUE_MS} ms", ok, "row 12")
    else:
        yield not_measured("cues", what, "row 12", "no breath is guided aloud")
    rows = (
        ("tide-start", "tide off as a hold begins", TIDE_START_MS),
        ("tide-end", "tide off as a hold ends", TIDE_END_MS),
    )
    holds = [e for e in take.planned.timeline.events if e.kind == "hold" and "breath" in e.text]
    if take.loop is None or not holds:
        why = "no hold is in breaths" if take.loop else "the background doesn't move with the breath"
        yield from (not_measured(name, what, "row 12", why) for name, what, _ in rows)
        return
    at_start = [(_tide_off_ms(take, hold, hold.start_ms), hold) for hold in holds]
    at_end = [(_tide_off_ms(take, hold, max(hold.end_ms - _TIDE_MS, hold.start_ms)), hold) for hold in holds]
    for (name, what, most_ms), offs in zip(rows, (at_start, at_end), strict=True):
        off_ms, hold = max(offs, key=lambda pair: pair[0])
        ok = off_ms <= most_ms
        yield Row(name, what, f"{off_ms:.1f} ms", f"<= {most_ms} ms", ok, "row 12", _where(hold, ok=ok))


def _cues_off_ms(take: Take) -> Iterator[float]:
    inhaled = _inhaled(take.planned)
    for breath_event in (e for e in take.planned.timeline.events if e.kind == "breath"):
        turn_ms = breath_event.start_ms + round(breath_event.duration_ms * inhaled)
        phases_ms = (breath_event.start_ms, turn_ms)
        for cue in take.planned.speech:
            if breath_event.start_ms <= cue.start_ms < breath_event.end_ms:
                head_ms = cue.start_ms - CLIP_HEAD_MS
                first_ms = first_sound_ms(cut(take.clean, head_ms, cue.end_ms))
                phase_ms = min(phases_ms, key=lambda ms: abs(ms - cue.start_ms))
                if first_ms is None:
                    yield float("inf")
                else:
                    yield head_ms + first_ms + _late_ms(take, cue) - phase_ms


def _late_ms(take: Take, event: Event) -> float:
    """The delay of a phrase in the track against the clean one."""
    reach_ms = 200
    band = signal.butter(2, (300, 4_000), "bandpass", fs=SAMPLE_RATE, output="sos")
    clean = signal.sosfilt(band, cut(take.clean, event.start_ms, event.end_ms))
    heard = signal.sosfilt(band, cut(take.track, event.start_ms - reach_ms, event.end_ms + reach_ms))
    return float(np.argmax(signal.correlate(heard, clean, "valid", "fft"))) / SAMPLES_PER_MS - reach_ms


def _tide_off_ms(take: Take, hold: Event, at_ms: int) -> float:
    """The tide's distance at `at_ms` from its planned position, found in the sound of its loop."""
    assert take.loop is not None
    length_ms = min(_TIDE_MS, hold.end_ms - at_ms)
    reach = _TIDE_REACH_MS * SAMPLES_PER_MS
    heard = cut(take.track, at_ms, at_ms + length_ms)
    first = (at_ms - hold.start_ms) * SAMPLES_PER_MS - reach
    wanted = _round_and_round(take.loop, first, first + len(heard) + 2 * reach)
    alike = signal.correlate(wanted, heard, "valid", "fft")
    return abs(float(np.argmax(alike)) - reach) / SAMPLES_PER_MS


def _round_and_round(loop: Loop, first: int, last: int) -> Wave:
    out = np.empty(last - first, np.float32)
    at, filled = first % loop.samples, 0
    while filled < len(out):
        piece = loop.read(at, min(at + len(out) - filled, loop.samples))[:, 0]
        out[filled : filled + len(piece)] = piece
        at, filled = 0, filled + len(piece)
    return out


# --- rows 13 and 14 --------------------------------------------------------------------------------


def pace(take: Take) -> Iterator[Row]:
    wpm = pace_wpm((event.text, event.duration_ms) for event in take.planned.speech)
    low, high = PACE_WPM if str(take.planned.plan["voice"]).partition(":")[0] != "hibari" else NEURAL_PACE_WPM
    yield Row("pace", "words a minute in phrases", f"{wpm:.0f}", f"{low} to {high}", low <= wpm <= high, "row 13")


def bells(take: Take) -> Iterator[Row]:
    """The bells' level under the voice and attack without a background, and their glide in the track."""
    said = take.planned.speech
    rung = [bell for bell in _bells(take) if not any(_rings_at(take, event, [bell]) for event in said)]
    rows = (("bells", "bells under the voice"), ("bells-attack", "attack of bells"))
    if not rung:
        yield from (not_measured(name, what, "row 14", "no bell rings by itself") for name, what in rows)
        return
    asked = take.planned.settings["chime"]
    under_lu = CHIME_LU if asked == "off" else float(asked)  # bells in a script have the default level
    alone = [cut(take.clean, e.start_ms, e.end_ms) for e in rung]
    voice_lufs = _speech_lufs(take)
    unders = [voice_lufs - float(momentary_lufs(bell).max()) for bell in alone]
    ok = all(abs(under - under_lu) <= BELL_LU for under in unders)
    limit = f"{under_lu:g} ±{BELL_LU:g} LU"
    yield Row(*rows[0], f"{min(unders):.1f} LU", limit, ok, "row 14")
    attack_ms = min(map(_attack_ms, alone))
    ok = attack_ms >= LEAST_ATTACK_MS
    yield Row(*rows[1], f"{attack_ms:.0f} ms", f">= {LEAST_ATTACK_MS} ms", ok, "row 14")


def _bells(take: Take) -> list[Event]:
    return [event for event in take.planned.timeline.events if event.kind == "chime"]


def _rings_at(take: Take, event: Event, bells: Sequence[Event] | None = None) -> bool:
    """Whether a bell sounds during a phrase, including the edges of its clip."""
    return any(
        bell.start_ms < event.end_ms + CLIP_TAIL_MS and bell.end_ms > event.start_ms - CLIP_HEAD_MS
        for bell in (_bells(take) if bells is None else bells)
    )


def _speech_lufs(take: Take) -> float:
    return integrated_lufs(np.concatenate([cut(take.clean, e.start_ms, e.end_ms) for e in take.planned.speech]))


def _attack_ms(bell: Wave) -> float:
    """The time from a hundredth to nine tenths of the peak, in steps of 2 ms, a half wave of the lowest partial."""
    block_ms = 2
    peaks = np.abs(bell[: SAMPLE_RATE // 2]).reshape(-1, block_ms * SAMPLES_PER_MS).max(axis=1)
    return float(block_ms * (np.argmax(peaks >= 0.9 * peaks.max()) - np.argmax(peaks >= 0.01 * peaks.max())))


def _where(event: Event, *, ok: bool) -> str:
    from generator.durations import clock

    return "" if ok else f"“{event.text[:40]}” at {clock(event.start_ms)}"
