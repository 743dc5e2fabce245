"""The recorded engine: a person's own voice, one recording for each sentence, in a folder of a ``[voices.NAME]`` table.

A recording is found by its number in the folder's sheet (`reading_sheet`), or by its name, which is the sentence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..errors import InputError, NotFoundError, SettingError
from ..model import Recording
from ..system import ffmpeg
from ..system.stopping import StopToken
from ..values import OwnVoice, path_test
from ..yaml_source import read_text
from . import open_other_voice, speakable
from ._failures import broke_off, require_speech
from ._own_engines import (
    DIGEST_DIGITS,
    digest_of,
    expect_voice,
    in_parallel,
    list_voices,
    needs_table,
    refuse_pitch,
    refuse_rate,
    required,
)
from ._recordings import read_recording
from .reading_sheet import SHEET_NAME, folded, parse_sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from . import Voice

__all__ = ["OWN_KEYS", "RecordedVoice", "expect_voice", "list_voices", "open_own_voice", "open_voice"]

OWN_KEYS: Mapping[str, str] = {
    "folder": f"the folder with the recordings and {SHEET_NAME}",
    "fill": "the name of the voice that speaks what isn't recorded",
    "language": "the language of the recordings, like en-us",
}
_VERSION = 1  # part of the identity: goes up whenever the same recording would give another sound
_NO_RECORDINGS = {".txt", ".md", ".toml", ".yaml", ".yml", ".json", ".csv", ".pdf", ".part"}
_NUMBER = re.compile(r"(\d+)(?:\D.*)?")
_FILL_HINT = 'or name a voice that fills in: fill = "heart"'

# A room is never silent, so its noise tells where speech begins and ends.
_FRAME_MS = 10
_OVER_NOISE_DB = 6.0  # of the tenth part of the frames that is the softest
_UNDER_SPEECH_DB = (25.0, 50.0)  # the threshold lies so far under the loudest twentieth, whatever the noise
_MIN_SOUND_FRAMES = 3  # a click is shorter
_HEAD_MS, _TAIL_MS = 120, 250  # kept around the speech, for soft beginnings and endings; the voice chain trims the rest


def open_voice(name: str | None, **_: object) -> Voice:
    """Raises MissingToolError: there is no voice without a table."""
    raise needs_table("recorded", name, {"folder": "recordings"})


def open_own_voice(own: OwnVoice, *, rate: int | None, pitch: int | None) -> RecordedVoice:
    """The voice of a table: see :class:`generator.voices.OwnVoiceEngine`."""
    why = "it consists of recordings: record them anew, or change the pauses with --pace"
    refuse_rate(own, rate, why)
    refuse_pitch(own, pitch, why)
    folder = own.path(required(own, "folder", OWN_KEYS["folder"]))
    if not path_test(folder.is_dir):
        raise SettingError(
            f"there is no folder {folder}", where=own.where_of("folder"), hint="make it, or mend the name"
        )
    return RecordedVoice(
        label=own.name,
        language=own.text("language") or "",
        folder=folder,
        sheet=_sheet_in(folder),
        files=tuple(sorted(filter(_may_be_recording, folder.iterdir()))),
        fill=None if own.fill is None else open_other_voice(own.fill, None),
    )


@dataclass(frozen=True)
class RecordedVoice:
    """Recordings as a :class:`generator.voices.Voice`, and as a :class:`generator.voices.VoiceOfRecordings`."""

    rate_wpm: ClassVar[int | None] = None  # as the teacher speaks
    label: str
    language: str
    folder: Path
    sheet: Mapping[int, str]
    files: tuple[Path, ...]
    fill: Voice | None = None
    phonemes: str | None = None

    @cached_property
    def identity(self) -> str:
        """All recordings by their content; `identity_of` is that of one text."""
        parts = [f"{path.name} {digest_of(path)}" for path in self.files]
        parts += [f"{number} {text}" for number, text in self.sheet.items()]
        whole = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGEST_DIGITS]
        filled_by = "" if self.fill is None else f", filled by {self.fill.identity}"
        return f"recorded {_VERSION}, {whole}, read by {ffmpeg.identity()}{filled_by}"

    def identity_of(self, text: str) -> str:
        path = self._file_of(text)
        if path is None:
            return "" if self.fill is None else self.fill.identity
        return f"recorded {_VERSION}, {digest_of(path)}, read by {ffmpeg.identity()}"

    def texts(self) -> list[str]:
        return [text for text in self.sheet.values() if self._file_of(text) is not None]

    def speaker_of(self, text: str) -> Voice:
        return self.fill if self.fill is not None and self._file_of(text) is None else self

    def require(self, texts: Iterable[str]) -> None:
        lacking = [text for text in dict.fromkeys(texts) if self._file_of(text) is None]
        if not lacking or self.fill is not None:
            return
        numbers = {text: f"{number:03}" for number, text in self.sheet.items()}
        lines = "".join(f"\n    {numbers.get(text, 'new')}  {text}" for text in lacking)
        how = f"Record each as NUMBER.wav in {self.folder}"
        if any(text not in numbers for text in lacking):
            how += f" (`sleepward voices --sheet ROUTINE -o {self.folder / SHEET_NAME}` gives the new ones numbers)"
        count = "1 sentence" if len(lacking) == 1 else f"{len(lacking)} sentences"
        raise NotFoundError(f"the voice {self.label} has no recording of {count}:{lines}", hint=f"{how}, {_FILL_HINT}.")

    def speak(self, texts: Sequence[str], jobs: int) -> Iterator[tuple[str, Recording]]:
        distinct = list(dict.fromkeys(texts))
        for text in distinct:
            speakable(text)
        self.require(distinct)
        recorded = {text: path for text in distinct if (path := self._file_of(text)) is not None}

        def work(_: int, text: str, stop: StopToken) -> Recording:
            stop.check()
            return self._read(text, recorded[text])

        yield from in_parallel(work, list(recorded), max(1, jobs))
        if self.fill is not None and len(recorded) < len(distinct):
            yield from self.fill.speak([text for text in distinct if text not in recorded], jobs)

    def _read(self, text: str, path: Path) -> Recording:
        try:
            recording = read_recording(path)
        except InputError as error:
            raise broke_off(self.label, text, f"{path.name}: {error.what}", "Record it again.") from error
        return _speech_in(require_speech(self.label, text, recording))

    def _file_of(self, text: str) -> Path | None:
        """The recording of a text. Raises InputError if there are two."""
        name = folded(text)
        found = self._files_by_text.get(text, []) + (self._files_by_name.get(name, []) if name else [])
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            hint = f"keep one of them in {self.folder}"
            raise InputError(f"the voice {self.label} has {len(found)} recordings of {text!r}: {names}", hint=hint)
        return found[0] if found else None

    @cached_property
    def _files_by_text(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in self.files:
            if (number := self._number_of(path)) is not None:
                found.setdefault(self.sheet[number], []).append(path)
        return found

    @cached_property
    def _files_by_name(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        for path in self.files:
            if self._number_of(path) is None:
                found.setdefault(folded(path.stem), []).append(path)
        return found

    def _number_of(self, path: Path) -> int | None:
        """The number in a file's name, if the sheet has it."""
        found = _NUMBER.fullmatch(path.stem)
        return int(found[1]) if found and int(found[1]) in self.sheet else None


def _sheet_in(folder: Path) -> dict[int, str]:
    path = folder / SHEET_NAME
    try:
        return parse_sheet(read_text(path, kind="a sheet"), str(path))
    except NotFoundError:
        return {}


def _may_be_recording(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix.lower() not in _NO_RECORDINGS


def _speech_in(recording: Recording) -> Recording:
    """`recording` without the noise of the room before and after the speech, and without clicks there."""
    import numpy as np

    rate, wave = recording.sample_rate, recording.samples[:, 0]
    frame = max(1, rate * _FRAME_MS // 1000)
    powers = np.square(np.pad(wave, (0, -len(wave) % frame)).reshape(-1, frame).astype(np.float64)).mean(axis=1)
    levels_db = 10 * np.log10(np.maximum(powers, 1e-12))
    loud_db, noise_db = np.percentile(levels_db, (95, 10))
    most, least = (loud_db - under for under in _UNDER_SPEECH_DB)
    threshold_db = min(max(noise_db + _OVER_NOISE_DB, least), most)
    sounding: NDArray[np.bool_] = np.greater(levels_db, threshold_db)
    if len(sounding) < _MIN_SOUND_FRAMES:
        return recording
    windows = np.lib.stride_tricks.sliding_window_view(sounding, _MIN_SOUND_FRAMES)
    runs: NDArray[np.bool_] = np.all(windows, axis=1)
    if not runs.any():
        return recording
    first = int(np.argmax(runs)) * frame
    last = (len(runs) - int(np.argmax(runs[::-1])) + _MIN_SOUND_FRAMES - 1) * frame
    start, stop = max(0, first - rate * _HEAD_MS // 1000), last + rate * _TAIL_MS // 1000
    return Recording(recording.samples[start:stop], rate)
