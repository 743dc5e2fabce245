"""Makes the bed of a background: from the cache, or made, normalised and stored there."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from importlib.metadata import version
from math import inf, log10

from ..errors import TrackError
from ..model import SAMPLE_RATE, Bed, Loop
from ..storage.cache import Cache, content_key
from ..system import ffmpeg
from ..values import Background, BackgroundLayer
from .background import follows_breath
from .bed_kind import LOOP_SAMPLES, breath_loop_samples, least_multiple
from .kinds import BEDS
from .music import RECIPE, content_hash, music_loop

log = logging.getLogger("sleepward")

LOOP_LUFS = -30.0
"""The loudness of every loop but the silent one: low enough to keep the peaks of the deepest noise below full scale."""

MAX_PEAK_DB = -6.0
"""The highest true peak of a loop. At the default levels the mix lowers it by 10 dB, and adds the voice's own peaks."""

_BETWEEN_SAMPLES_DB = 4.0  # true peaks are seldom this far above sample peaks; below that they needn't be measured
_FORMAT = "3"  # version of the cached file
_HEADER_BYTES = 64
_FOLDER = "beds"


def bed_identity(background: Background, breath_ms: int, inhale_ms: int) -> str:
    """Everything that determines the bed's sound: recipes, content of files, versions of libraries. Makes no sound.

    The breath is part of it only if the bed follows it. Raises NotFoundError or InputError if a file can't be read.
    """
    layers = "+".join(_layer_identity(layer, breath_ms, inhale_ms) for layer in background.layers)
    libraries = ["numpy", *(["soxr"] if background.files else [])]
    parts = [layers, *(f"{library}-{version(library)}" for library in libraries)]
    return "+".join([*parts, ffmpeg.identity()] if background.files else parts)


def _layer_identity(layer: BackgroundLayer, breath_ms: int, inhale_ms: int) -> str:
    gain = f":{layer.gain_db:+g}" if layer.gain_db else ""
    if layer.file is not None:
        return f"music-{RECIPE}-{content_hash(layer.file)}{gain}"
    kind = BEDS[layer.name]
    breath = f"-{inhale_ms}/{breath_ms}" if kind.follows_breath else ""
    return f"{layer.name}-{kind.recipe}{breath}{gain}"


def load_bed(background: Background, cache: Cache, breath_ms: int, inhale_ms: int) -> Bed:
    """The bed of `background`, made once and cached. Its loop has a loudness of `LOOP_LUFS` and is read from the cache.

    The silent bed has loudness None. A loop whose peaks would pass `MAX_PEAK_DB` stays quieter than `LOOP_LUFS`, so
    that its loudest moment wakes nobody; its bed still states `LOOP_LUFS`. Raises InputError, NotFoundError or
    MissingToolError if a file can't be read, and InputError if the cache can't be written.
    """
    from .loops import CachedLoop

    identity = bed_identity(background, breath_ms, inhale_ms)
    key = content_key(_FORMAT, identity)
    blob = cache.open(_FOLDER, key)
    if blob is None:
        loop = _make_loop(background, cache, breath_ms, inhale_ms)
        cache.put_blocks(_FOLDER, key, _normalised_blocks(loop))
        blob = cache.open(_FOLDER, key)
        if blob is None:
            raise TrackError("the bed is gone from the cache as soon as it is made", hint="is the disk all right?")
    header = bytearray(_HEADER_BYTES)
    blob.read_into(0, memoryview(header))
    facts = json.loads(header)
    if facts["lowered_db"]:
        log.warning(
            "background %s has peaks far above the rest of it: it lies %.1f dB lower than asked, so that none startles",
            background,
            facts["lowered_db"],
        )
    return Bed(
        str(background), identity, CachedLoop(blob, _HEADER_BYTES), facts["loudness_lufs"], follows_breath(background)
    )


# --- making ----------------------------------------------------------------------------------------


def _make_loop(background: Background, cache: Cache, breath_ms: int, inhale_ms: int) -> Loop:
    """The bed's sound, before it is normalised."""
    from .loops import LoopWriter

    if len(background.layers) > 1:
        return _layer_loops(background, cache, breath_ms, inhale_ms)
    (layer,) = background.layers
    if layer.file is not None:
        return music_loop(layer.file, cache)
    kind = BEDS[layer.name]
    writer = LoopWriter(cache, kind.loop_samples(breath_ms))
    breath = (breath_ms, inhale_ms) if kind.follows_breath else ()
    kind.fill(writer, *breath)
    return writer


def _layer_loops(background: Background, cache: Cache, breath_ms: int, inhale_ms: int) -> Loop:
    """The sum of the layers. Each layer is cached by itself, so other backgrounds can use it.

    The loop is as long as the longest music in it, and at least two minutes. If a layer follows the breath, the loop is
    a multiple of that layer's length, so that the layer is never cut.
    """
    from .joining import MAX_FADE, CrossfadedLoop, LayeredLoop

    alone = [Background((BackgroundLayer(layer.name, 0.0, layer.file),)) for layer in background.layers]
    loops = [load_bed(layer, cache, breath_ms, inhale_ms).loop for layer in alone]
    music = [loop.samples for layer, loop in zip(alone, loops, strict=True) if layer.files]
    if follows_breath(background):
        samples = least_multiple(breath_loop_samples(breath_ms), max(music, default=1))
    else:
        samples = least_multiple(max(music, default=LOOP_SAMPLES), LOOP_SAMPLES)
    fitted = [CrossfadedLoop(loop, samples, min(MAX_FADE, loop.samples // 4)) for loop in loops]
    return LayeredLoop(fitted, [10 ** (layer.gain_db / 20) for layer in background.layers])


def _normalised_blocks(loop: Loop) -> Iterator[bytes | memoryview]:
    """The cached file: a header, then the normalised `loop`. The loop is read at least twice, first to measure it."""
    import numpy as np

    from ..dsp.true_peak import true_peak_db_of
    from .loops import blocks

    loudness_lufs, peak_db = _measure(loop)
    gain_db = LOOP_LUFS - loudness_lufs if loudness_lufs > -inf else 0.0
    if peak_db + gain_db > MAX_PEAK_DB - _BETWEEN_SAMPLES_DB:
        peak_db = true_peak_db_of(loop.read(start, end) for start, end in blocks(loop.samples))
    lowered_db = max(0.0, peak_db + gain_db - MAX_PEAK_DB)
    facts = {"loudness_lufs": LOOP_LUFS if loudness_lufs > -inf else None, "lowered_db": round(lowered_db, 2)}
    yield json.dumps(facts).encode().ljust(_HEADER_BYTES)
    gain = np.float32(10 ** ((gain_db - lowered_db) / 20))
    for start, end in blocks(loop.samples):
        yield np.ascontiguousarray(loop.read(start, end) * gain).data.cast("B")


def _measure(loop: Loop) -> tuple[float, float]:
    """Loudness of the repeated `loop` (BS.1770-4, gated, LUFS; -inf for silence), and its sample peak in dBFS."""
    import numpy as np

    from ..dsp.looping import read_looped
    from ..dsp.loudness import block_powers, gated_lufs, hop_powers
    from .loops import blocks

    peak = 0.0

    def sound() -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
        nonlocal peak
        yield read_looped(loop, -SAMPLE_RATE, 0)  # brings the filters to the state that they have on the second pass
        for start, end in blocks(loop.samples):
            block = loop.read(start, end)
            peak = max(peak, float(np.abs(block).max()))
            yield block

    hops = hop_powers(sound())[10:]
    return gated_lufs(block_powers(np.concatenate([hops, hops[:3]]))), 20 * log10(peak) if peak else -inf
