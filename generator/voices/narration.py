"""Turns texts into clips, through a voice, the voice chain and the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from threading import Condition
from typing import TYPE_CHECKING

from ..errors import TrackError
from ..mix.segments import from_pcm, to_segment
from ..model import CLIP_HEAD_MS, CLIP_TAIL_MS
from ..storage.cache import Cache, content_key
from ..system.stopping import check
from ..system.waiting import wait_for, wait_until
from . import Voice, VoiceOfRecordings
from .calibration import CALIBRATION_SENTENCES, calibrate
from .filters import VoiceEq
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
    return f"{voice.identity} {_chain_identity()}"


@lru_cache(maxsize=1)  # it looks up versions of packages, and every line needs it
def _chain_identity() -> str:
    return chain_identity()


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A text with the voice that speaks it, and the line that this voice is given for it."""

    text: str
    line: str
    voice: Voice

    @property
    def identity(self) -> str:
        """Everything but the line that determines the clip's sound."""
        if isinstance(self.voice, VoiceOfRecordings):
            return f"{self.voice.identity_of(self.text)} {_chain_identity()}"
        return voice_identity(self.voice)

    @property
    def key(self) -> str:
        """The clip's key in the cache."""
        return content_key(self.identity, self.line)


class Narration:
    """The clips of a script: their audible lengths, and their sound, which is read from the cache on request.

    So memory doesn't grow with the number of clips. It is thread-safe.
    """

    def __init__(
        self,
        cache: Cache,
        key_of: Mapping[str, str],
        lengths_ms: Mapping[str, int],
        pending: Mapping[str, Future[None]],
    ) -> None:
        """`key_of` maps each text to the key of its clip, and `lengths_ms` each key to the clip's audible length.

        `pending` are the keys whose clips may not be in the cache yet.
        """
        self.durations_ms = {text: lengths_ms[key] for text, key in key_of.items()}
        self._lengths_ms = lengths_ms
        self._key_of = key_of
        self._cache = cache
        self._pending = pending
        # A method of this object would make a cycle of it, and with it the clips would stay until one is looked for.
        self.clip = lru_cache(maxsize=MAX_CLIPS_IN_MEMORY)(partial(_clip, cache, key_of, pending))

    def joined(self, other: Narration) -> Narration:
        """The clips of both."""
        return Narration(
            self._cache,
            {**self._key_of, **other._key_of},
            {**self._lengths_ms, **other._lengths_ms},
            {**self._pending, **other._pending},
        )


def _clip(cache: Cache, key_of: Mapping[str, str], pending: Mapping[str, Future[None]], text: str) -> AudioSegment:
    """The clip of one of the texts: 48 kHz mono. Raises TrackError if the cache has lost it."""
    key = key_of[text]
    if key in pending:
        wait_for(pending[key]).result()
    stored = cache.get(KIND, key)
    if stored is None:
        hint = "the cache was emptied while the track was made: build it again"
        raise TrackError(f"the clip of {text[:60]!r} is gone", hint=hint)
    return from_pcm(stored)


def narrate(
    lines: Sequence[SpokenLine], cache: Cache, jobs: int, progress: Progress = lambda done, total: None
) -> Narration:
    """Make a clip for each of `lines`. Only those that the cache lacks are spoken, `jobs` at a time.

    The line is part of the clip's cache key, so a changed pronunciation only affects the sentences that contain it.
    When this returns, all audible lengths are known, but the last clips may still be in the voice chain. Raises
    TrackError, naming the line, if the voice failed.
    """
    key_of = {line.text: line.key for line in lines}
    by_key = {key_of[line.text]: line for line in lines}
    lengths_ms: dict[str, int] = {}
    missing: dict[str, SpokenLine] = {}
    for key, line in by_key.items():
        stored = cache.get(KIND, key)
        if stored is None:
            missing[key] = line
        else:
            lengths_ms[key] = _audible_ms(len(from_pcm(stored)))
    progress(len(lengths_ms), len(by_key))
    pending: dict[str, Future[None]] = {}
    if missing:
        with _chain_worker() as submit:
            for key, wave, gain in _speak(missing, cache, jobs):
                lengths_ms[key] = _audible_ms(len(wave) // CHAIN_PER_MS)
                pending[key] = submit(partial(_store_clip, cache, key, missing[key].line, wave, gain), wave.nbytes)
                progress(len(lengths_ms), len(by_key))
    return Narration(cache, key_of, lengths_ms, pending)


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


def _store_clip(cache: Cache, key: str, line: str, wave: Wave, gain: VoiceGain) -> None:
    """Finish the clip of `line`, and put it into the cache."""
    check()
    clip = to_segment(master_wave(wave, gain, line).samples)
    cache.put(KIND, key, clip.raw_data)


def _speak(lines: Mapping[str, SpokenLine], cache: Cache, jobs: int) -> Iterator[tuple[str, Wave, VoiceGain]]:
    """The key of each of `lines` with the input for the chain, one voice after another."""
    by_voice: dict[str, dict[str, str]] = {}
    voices: dict[str, Voice] = {}
    for key, line in lines.items():
        voices.setdefault(line.voice.identity, line.voice)
        by_voice.setdefault(line.voice.identity, {})[line.line] = key
    for identity, keys in by_voice.items():
        voice = voices[identity]
        spoken = _play(keys, voice, jobs) if isinstance(voice, VoiceOfRecordings) else _say(keys, voice, cache, jobs)
        for said, wave, gain in spoken:
            yield keys[said], wave, gain


def _play(lines: Collection[str], voice: Voice, jobs: int) -> Iterator[tuple[str, Wave, VoiceGain]]:
    """Each of `lines` from its recording, brought to the level of all others by itself.

    A person doesn't speak as evenly as an engine, comes closer and goes away between two evenings, and records one
    sentence anew. Only that sentence's clip may change by this, so nothing is measured over several.
    """
    for line, recording in voice.speak([*lines], jobs):
        check()
        gain = calibrate([recording], eq=VoiceEq())
        yield line, prepare_wave(recording, gain.raw_gain_db, repr(line)), gain


def _say(lines: Collection[str], voice: Voice, cache: Cache, jobs: int) -> Iterator[tuple[str, Wave, VoiceGain]]:
    """Each of `lines` with the input for the chain. The voice goes on speaking while its gain is measured."""
    key = content_key(voice_identity(voice), *CALIBRATION_SENTENCES)
    gain = _stored_gain(cache, key)
    wanted = set(lines)
    early: dict[str, Recording] = {}
    for line, recording in voice.speak([*lines] if gain else [*CALIBRATION_SENTENCES, *lines], jobs):
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
