"""Turns texts into clips, through a voice, the voice chain and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache, partial
from threading import Condition
from typing import TYPE_CHECKING

from ..errors import TrackError
from ..mix.segments import from_pcm, to_segment
from ..model import CLIP_HEAD_MS, CLIP_TAIL_MS
from ..pronunciation.reading import Reading
from ..storage.cache import Cache, content_key
from ..system.stopping import check
from ..system.waiting import wait_for, wait_until
from . import Voice
from .calibration import CALIBRATION_SENTENCES, calibrate
from .mastering import CHAIN_PER_MS, VoiceGain, chain_identity, master_wave, prepare_wave

if TYPE_CHECKING:
    from pydub import AudioSegment

    from ..model import Recording
    from .mastering import Wave

Progress = Callable[[int, int], None]
KIND = "clips"
MAX_CLIPS_IN_MEMORY = 10  # of half a megabyte each: more than the blocks contain that all workers mix at one time
# Recordings that wait for the voice chain. The chain is slower than two voices, and goes on while the track is encoded.
MAX_QUEUED_BYTES = 27_000_000


def voice_identity(voice: Voice) -> str:
    """Everything but the text that determines a clip's sound: the voice and the chain."""
    return f"{voice.identity} {chain_identity()}"


class Narration:
    """The clips of a script: their audible lengths, and their sound, which is read from the cache on request.

    So memory doesn't grow with the number of clips. It is thread-safe.
    """

    def __init__(
        self,
        identity: str,
        cache: Cache,
        line_of: Mapping[str, str],
        lengths_ms: Mapping[str, int],
        pending: Mapping[str, Future[None]],
    ) -> None:
        """`line_of` maps each text to the line that the voice spoke for it, and `lengths_ms` each line to its audible
        length. `pending` are the lines whose clips may not be in the cache yet.
        """
        self.durations_ms = {text: lengths_ms[line] for text, line in line_of.items()}
        self._line_of = line_of
        self._identity = identity
        self._cache = cache
        self._pending = pending
        self.clip = lru_cache(maxsize=MAX_CLIPS_IN_MEMORY)(self._clip)

    def _clip(self, text: str) -> AudioSegment:
        """The clip of one of the texts: 48 kHz mono. Raises TrackError if the cache has lost it."""
        line = self._line_of[text]
        if line in self._pending:
            wait_for(self._pending[line]).result()
        stored = self._cache.get(KIND, content_key(self._identity, line))
        if stored is None:
            hint = "the cache was emptied while the track was made: build it again"
            raise TrackError(f"the clip of {text[:60]!r} is gone", hint=hint)
        return from_pcm(stored)


def narrate(
    texts: Sequence[str],
    voice: Voice,
    cache: Cache,
    jobs: int,
    progress: Progress = lambda done, total: None,
    *,
    reading: Reading | None = None,
) -> Narration:
    """Make a clip for each of `texts`. Only lines that the cache lacks are spoken, `jobs` at a time.

    The `reading` turns each text into the line that the voice speaks (None: the text itself), and that line is part
    of the clip's cache key. So a changed entry of a lexicon only affects the sentences that contain it. When this
    returns, all audible lengths are known, but the last clips may still be in the voice chain. Raises TrackError,
    naming the line, if the voice failed.
    """
    identity = voice_identity(voice)
    line_of = {text: text if reading is None else reading.line(text) for text in texts}
    lines = list(dict.fromkeys(line_of.values()))
    lengths_ms: dict[str, int] = {}
    missing: list[str] = []
    for line in lines:
        stored = cache.get(KIND, content_key(identity, line))
        if stored is None:
            missing.append(line)
        else:
            lengths_ms[line] = _audible_ms(len(from_pcm(stored)))
    progress(len(lengths_ms), len(lines))
    pending: dict[str, Future[None]] = {}
    if missing:
        with _chain_worker() as submit:
            for line, wave, gain in _speak(missing, voice, identity, cache, jobs):
                lengths_ms[line] = _audible_ms(len(wave) // CHAIN_PER_MS)
                pending[line] = submit(partial(_store_clip, cache, identity, line, wave, gain), wave.nbytes)
                progress(len(lengths_ms), len(lines))
    return Narration(identity, cache, line_of, lengths_ms, pending)


@contextmanager
def _chain_worker() -> Iterator[Callable[[Callable[[], None], int], Future[None]]]:
    """A queue with one worker thread. It gives a function that submits work with its size in bytes.

    Submitting waits while `MAX_QUEUED_BYTES` are queued. Work that is queued at the end of the block still runs
    after it, unless the block raised.
    """
    worker = ThreadPoolExecutor(1, thread_name_prefix="chain")
    queued_bytes = 0
    released = Condition()

    def submit(work: Callable[[], None], size: int) -> Future[None]:
        nonlocal queued_bytes
        with released:
            wait_until(released, lambda: not queued_bytes or queued_bytes + size <= MAX_QUEUED_BYTES)
            queued_bytes += size
        future = worker.submit(work)
        future.add_done_callback(lambda _: release(size))
        return future

    def release(size: int) -> None:
        nonlocal queued_bytes
        with released:
            queued_bytes -= size
            released.notify()

    failed = True
    try:
        yield submit
        failed = False
    finally:
        worker.shutdown(wait=failed, cancel_futures=failed)


def _store_clip(cache: Cache, identity: str, line: str, wave: Wave, gain: VoiceGain) -> None:
    """Finish the clip of `line`, and put it into the cache."""
    check()
    clip = to_segment(master_wave(wave, gain, line).samples)
    cache.put(KIND, content_key(identity, line), clip.raw_data)


def _speak(
    lines: Sequence[str], voice: Voice, identity: str, cache: Cache, jobs: int
) -> Iterator[tuple[str, Wave, VoiceGain]]:
    """Each of `lines` with the input for the chain. The voice goes on speaking while its gain is measured."""
    key = content_key(identity, *CALIBRATION_SENTENCES)
    gain = _stored_gain(cache, key)
    wanted = set(lines)
    early: dict[str, Recording] = {}
    for line, recording in voice.speak(lines if gain else [*CALIBRATION_SENTENCES, *lines], jobs):
        check()
        early[line] = recording
        if gain is None and all(text in early for text in CALIBRATION_SENTENCES):
            gain = calibrate([early[text] for text in CALIBRATION_SENTENCES])
            cache.put("gains", key, json.dumps(asdict(gain)).encode())
        if gain is not None:
            for each in wanted.intersection(early):
                yield each, prepare_wave(early[each], gain.raw_gain_db, repr(each)), gain
            early.clear()


def _audible_ms(clip_ms: int) -> int:
    """The audible length of a clip, without the quiet at its edges."""
    return clip_ms - CLIP_HEAD_MS - CLIP_TAIL_MS


def _stored_gain(cache: Cache, key: str) -> VoiceGain | None:
    """The voice's gain from the cache. It is measured on fixed sentences: editing one sentence can't affect others."""
    stored = cache.get("gains", key)
    return None if stored is None else VoiceGain(**json.loads(bytes(stored)))
