"""What a Dask worker does: says who it is, carries out one order, stops when it is told to."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..settings import Settings
from ..system.stopping import StopToken
from .work import Order, Result, Store

if TYPE_CHECKING:
    from ..build.track import BuildContext

Work = Callable[[Order, Store, "BuildContext"], Result]
VoiceChoice = tuple[str | None, int, int | None]
"""`voice`, `rate` and `pitch`, as settings hold them."""

# Whose versions the bytes of a track depend on, and Dask's own, as its two ends speak to each other.
_LIBRARIES = ("numpy", "soxr", "pydub", "pillow", "mutagen", "distributed")

_stops: dict[str, StopToken] = {}  # a batch's, by its token
_in_hand: dict[str, int] = {}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Desk:
    """What all the orders of one batch have in common: its token, the store, and what the work is.

    `cache_folder` is None for the worker's own, which another machine's must be.
    """

    token: str
    store: Store
    cache_folder: Path | None
    work: Work | None = None  # None: build the track


# --- who it is -----------------------------------------------------------------------------------------


def identity(voices: Iterable[VoiceChoice]) -> dict[str, str]:
    """Everything that decides over a track's bytes and isn't in its order: by a name, in the words of an error."""
    from ..build.fingerprint import SCHEMA
    from ..system import ffmpeg

    return {
        "sleepward": f"{__version__}, schema {SCHEMA}",
        "encoder": _said(ffmpeg.identity),
        "machine": f"{platform.system()} {platform.machine()}",
        **{name: metadata.version(name) if util.find_spec(_MODULES.get(name, name)) else "none" for name in _LIBRARIES},
        **{f"voice {voice or 'by default'} at {rate}": _voice(voice, rate, pitch) for voice, rate, pitch in voices},
    }


_MODULES = {"pillow": "PIL"}


def _voice(voice: str | None, rate: int, pitch: int | None) -> str:
    from ..voices import open_voice
    from ..voices.narration import voice_identity

    return _said(lambda: voice_identity(open_voice(voice, rate=rate, pitch=pitch)))


def _said(what: Callable[[], str]) -> str:
    """An identity, or why there is none."""
    from ..errors import SleepwardError

    try:
        return what()
    except SleepwardError as error:
        return f"none ({error.what})"


def voice_choice(settings: Settings) -> VoiceChoice:
    return settings.voice, settings.rate, settings.pitch


def introduce(voices: Iterable[VoiceChoice], store: Store, probe: str) -> tuple[dict[str, str], str]:
    """Who this worker is, and the content of the file `probe` in the store, or why it can't be read."""
    try:
        content = (store.read(probe) or b"").decode()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this worker's reason
        content = str(error)
    return identity(voices), content


# --- what it does --------------------------------------------------------------------------------------


def carry(order: Order, desk: Desk, threads: int) -> Result:
    """One order, from words to a whole file in the store, on `threads` cores; figures come back, never sound."""
    from ..build.track import BuildContext
    from ..storage.cache import Cache, default_folder

    batch = _stops.setdefault(desk.token, StopToken())
    with _one_at_a_time:
        _in_hand[desk.token] = _in_hand.get(desk.token, 0) + 1
    try:
        batch.check()
        cache = Cache(desk.cache_folder or default_folder())
        context = BuildContext(cache, jobs=threads, progress=lambda stage, done, total: batch.check())
        return (desk.work or _build())(order, desk.store, context)
    finally:
        with _one_at_a_time:
            _in_hand[desk.token] -= 1


def _build() -> Work:
    from .orders import carry_out

    return carry_out


def stop(token: str) -> int:
    """What is in hand for this batch ends at its next step, leaving nothing half; how many still are."""
    _stops.setdefault(token, StopToken()).set()
    return _in_hand.get(token, 0)
