"""Spoken texts to clips, through a voice, the voice chain and the cache."""

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
from ..pronunciation.lexicon import EMPTY_LEXICON, Lexicon
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
MAX_CLIPS_IN_MEMORY = 10  # of half a megabyte each: more than sound in the blocks that all workers mix at a time
# Spoken, and not yet through the chain. The chain is slower than two voices, and what it hasn't done when the last
# sentence is spoken it does beside the encoders.
MAX_QUEUED_BYTES = 27_000_000


def voice_identity(voice: Voice) -> str:
    """Everything that makes a clip's sound besides its text: the voice and the chain."""
    return f"{voice.identity} {chain_identity()}"


class Narration:
    """The clips of a script: how long each is heard, and their sound, read from the cache where it is asked for.

    So memory doesn't grow with what is spoken. Reading from several threads is safe.
    """

    def __init__(
        self,
        identity: str,
        cache: Cache,
        given: Mapping[str, str],
        lengths_ms: Mapping[str, int],
        making: Mapping[str, Future[None]],
    ) -> None:
        """`given` is what the voice was given for each text, `lengths_ms` how long that is heard, `making` the clips
        that may not be in the cache yet.
        """
        self.durations_ms = {text: lengths_ms[line] for text, line in given.items()}
        self._given = given
        self._identity = identity
        self._cache = cache
        self._making = making
        self.clip = lru_cache(maxsize=MAX_CLIPS_IN_MEMORY)(self._clip)

    def _clip(self, text: str) -> AudioSegment:
        """The clip of one of the texts: 48 kHz mono. Raises TrackError where the cache has lost it."""
        line = self._given[text]
        if line in self._making:
            wait_for(self._making[line]).result()
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
    lexicon: Lexicon = EMPTY_LEXICON,
) -> Narration:
    """A clip for each of `texts`; only what the cache doesn't hold is spoken, `jobs` sentences at a time.

    The voice is given each text as the `lexicon` says it, and the clips are kept by that: another entry has those
    sentences spoken anew that it touches. How long each is heard is known when this returns; the last of them may
    still be on their way through the voice chain. Raises TrackError, naming what the voice was given, where it broke
    off.
    """
    identity = voice_identity(voice)
    given = {text: lexicon.apply(text, voice.phonemes) for text in texts}
    lines = list(dict.fromkeys(given.values()))
    lengths_ms: dict[str, int] = {}
    missing: list[str] = []
    for line in lines:
        stored = cache.get(KIND, content_key(identity, line))
        if stored is None:
            missing.append(line)
        else:
            lengths_ms[line] = _audible_ms(len(from_pcm(stored)))
    progress(len(lengths_ms), len(lines))
    making: dict[str, Future[None]] = {}
    if missing:
        with _chain_worker() as chain:
            for line, wave, gain in _speak(missing, voice, identity, cache, jobs):
                lengths_ms[line] = _audible_ms(len(wave) // CHAIN_PER_MS)
                making[line] = chain(partial(_store_clip, cache, identity, line, wave, gain), wave.nbytes)
                progress(len(lengths_ms), len(lines))
    return Narration(identity, cache, given, lengths_ms, making)


@contextmanager
def _chain_worker() -> Iterator[Callable[[Callable[[], None], int], Future[None]]]:
    """Runs what it is given, with its bytes, one after the other, beside what follows; waits where too much waits."""
    beside = ThreadPoolExecutor(1, thread_name_prefix="chain")
    waiting_bytes = 0
    less = Condition()

    def submit(work: Callable[[], None], size: int) -> Future[None]:
        nonlocal waiting_bytes
        with less:
            wait_until(less, lambda: not waiting_bytes or waiting_bytes + size <= MAX_QUEUED_BYTES)
            waiting_bytes += size
        done = beside.submit(work)
        done.add_done_callback(lambda _: leave(size))
        return done

    def leave(size: int) -> None:
        nonlocal waiting_bytes
        with less:
            waiting_bytes -= size
            less.notify()

    failed = True
    try:
        yield submit
        failed = False
    finally:
        beside.shutdown(wait=failed, cancel_futures=failed)


def _store_clip(cache: Cache, identity: str, line: str, wave: Wave, gain: VoiceGain) -> None:
    """The clip of `line`, made and put into the cache."""
    check()
    clip = to_segment(master_wave(wave, gain, line).samples)
    cache.put(KIND, content_key(identity, line), clip.raw_data)


def _speak(
    lines: Sequence[str], voice: Voice, identity: str, cache: Cache, jobs: int
) -> Iterator[tuple[str, Wave, VoiceGain]]:
    """Each of `lines` as the chain takes it; the voice goes on speaking while its gain is measured."""
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
    """How long a clip is heard: without the quiet at its edges."""
    return clip_ms - CLIP_HEAD_MS - CLIP_TAIL_MS


def _stored_gain(cache: Cache, key: str) -> VoiceGain | None:
    """The voice's ONE gain, measured once on fixed sentences: an edit of one sentence must not move the others."""
    stored = cache.get("gains", key)
    return None if stored is None else VoiceGain(**json.loads(bytes(stored)))
