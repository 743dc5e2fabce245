"""Finds ffmpeg, runs it, and decodes with it. The wheel's binary comes first: bytes don't depend on the system."""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..durations import format_ms
from ..errors import FULL_DISK, InputError, MissingToolError, NotFoundError, TrackError, shortage
from ..model import SAMPLE_RATE
from .stopping import PROCESS, StopToken, check

if TYPE_CHECKING:
    from ..model import Samples

_WHEEL = "imageio-ffmpeg"
_INSTALL_HINT = f"mend it with: python -m pip install --force-reinstall {_WHEEL}"
_QUIET = ("-hide_banner", "-nostdin", "-v", "error")
LEAST_RATE, MOST_RATE = 4_000, 768_000  # samples a second: what telephones and what studios have
_ERROR_LINES = 5  # ffmpeg names the cause first, then each step that failed because of it


# --- which ffmpeg ----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def find() -> Path:
    """The ffmpeg to use: the one in imageio-ffmpeg's wheel, else the one on PATH. Raises MissingToolError.

    This looks into the wheel without importing it. The wheel's own finder runs ffmpeg and obeys an environment
    variable, so that the same input might not give the same bytes.
    """
    if bundled := _bundled():
        return bundled
    if found := shutil.which("ffmpeg"):
        return Path(found)
    raise MissingToolError("ffmpeg is missing: neither imageio-ffmpeg's own nor one on PATH", hint=_INSTALL_HINT)


def identity() -> str:
    """What the encoded bytes depend on: the wheel's version and binary, or the version line of the system's ffmpeg."""
    binary = find()
    if binary == _bundled():
        return f"{_WHEEL} {metadata.version(_WHEEL)} {binary.name}"
    return _version_line(binary)


def _bundled() -> Path | None:
    spec = util.find_spec("imageio_ffmpeg")
    if spec is None or spec.origin is None:
        return None
    binaries = sorted(Path(spec.origin).parent.joinpath("binaries").glob("ffmpeg-*"))
    return next((path for path in binaries if path.is_file()), None)


@lru_cache(maxsize=1)
def _version_line(binary: Path) -> str:
    try:
        shown = subprocess.run([binary, "-version"], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingToolError(f"{binary} doesn't run: {error}", hint=_INSTALL_HINT) from error
    return shown.stdout.decode(errors="replace").splitlines()[0].strip()


# --- running it ------------------------------------------------------------------------------------


def run(args: Sequence[str], data: bytes = b"") -> bytes:
    """Run ffmpeg on `data`, and return its standard output. Raises TrackError with ffmpeg's last lines."""
    return filter_blocks(args, [data])


def filter_blocks(args: Sequence[str], blocks: Iterable[bytes | memoryview], stop: StopToken = PROCESS) -> bytes:
    """Feed `blocks` to ffmpeg one after the other, and return all of its output.

    The child process always ends with this call. Raises OSError if ffmpeg could write no more to the file that it was
    given, TrackError with ffmpeg's last lines for any other failure, and StoppedError before the next block if `stop`
    is set.
    """
    output: list[bytes] = []
    with _child(args, stdin=subprocess.PIPE) as child:
        reader = threading.Thread(target=lambda: output.append(child.stdout.read()), daemon=True)
        reader.start()
        for block in blocks:
            stop.check()
            if not _write(child.stdin, block):
                break
        with contextlib.suppress(OSError):
            child.stdin.close()
        reader.join()
        if code := child.process.wait():
            stop.check()
            if (number := _error_number(code)) in FULL_DISK:
                raise OSError(number, os.strerror(number))
            how = f"was ended by signal {-code}" if code < 0 else f"failed (exit {code})"
            said = child.last_lines()
            raise TrackError(
                f"ffmpeg {how}{': ' if said else ''}{said}",
                hint="build again; is there enough memory, and room on the disk?",
            )
    return output[0]


def _error_number(code: int) -> int:
    """The system's error number that ended ffmpeg, by its exit code; 0 if there was none. ffmpeg negates the number."""
    if code < 0:
        return errno.EFBIG if -code == getattr(signal, "SIGXFSZ", None) else 0
    return -code % 256 if os.name != "nt" else -code % 2**32


def _write(pipe: IO[bytes], block: bytes | memoryview) -> bool:
    """Write `block` to the pipe. False if ffmpeg has already ended; its exit code says why."""
    try:
        pipe.write(block)
    except OSError:  # BrokenPipeError; on Windows EINVAL
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    errors: IO[bytes]

    def last_lines(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").splitlines()
        return " / ".join([line.strip() for line in lines if line.strip()][-_ERROR_LINES:])


@contextlib.contextmanager
def _child(args: Sequence[str], stdin: int) -> Iterator[_Child]:
    """Run ffmpeg within a `with` block; it never outlives the block.

    It has its own process group, so that Ctrl-C doesn't reach it and look like a failed encoder. If this process is
    killed, ffmpeg ends because its pipes close.
    """
    command = [str(find()), *_QUIET, *args]
    with tempfile.TemporaryFile() as errors:  # not a pipe, which would fill up: nobody reads it meanwhile
        try:
            process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, **_own_group())
        except OSError as error:
            if short := shortage(error):
                raise short from error
            raise MissingToolError(f"{command[0]} doesn't run: {error}", hint=_INSTALL_HINT) from error
        child = _Child(process, process.stdin or io.BytesIO(), process.stdout or io.BytesIO(), errors)
        try:
            yield child
        finally:
            process.kill()
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()
            process.wait()


def _own_group() -> dict[str, Any]:
    windows_flag = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", None)
    return {"process_group": 0} if windows_flag is None else {"creationflags": windows_flag}


# Only formats that contain the sound itself. A playlist or a manifest names other files, which its author may have no
# right to read.
_FORMATS = (
    "wav,w64,rf64,mp3,flac,ogg,aac,mov,matroska,aiff,caf,au,amr,ac3,eac3,"
    "ape,wv,tta,tak,mpc,mpc8,asf,avi,flv,mpeg,mpegts,dsf,iff,voc,rm"
)


_CAUSES = (  # what ffmpeg says, and what that means for the file's owner
    ("matches no streams", "it holds no sound"),
    ("Permission denied", "you may not read it"),
    ("not on whitelist", "it isn't a sound file, but a picture, a playlist or the like"),
    ("does not contain any stream", "it holds no sound"),
)


# --- decoding --------------------------------------------------------------------------------------


def decode(path: Path, longest_s: float = math.inf) -> tuple[Samples, int]:
    """The first audio stream of any file that ffmpeg can read, with its own sample rate and channels.

    Returns float32 (samples, channels) and the sample rate. Raises NotFoundError if there is no file, InputError if it
    holds no sound, or more than `longest_s`.
    """
    import numpy as np

    blocks, samples = [], 0
    with _open_stream(path) as sound:
        for block in sound.blocks(seconds=10.0):
            samples += len(block)
            if samples > longest_s * sound.rate:
                what = f"it lasts more than {format_ms(round(longest_s * 1_000))}"
                raise InputError(what, where=str(path), hint="give a file of the one sentence")
            blocks.append(block)
        return np.concatenate(blocks), sound.rate


def decode_at(path: Path, sample_rate: int = SAMPLE_RATE, channels: int = 2) -> Samples:
    """Like `decode`, at `sample_rate` (soxr, HQ) and with `channels` channels: float32 (samples, channels)."""
    import numpy as np

    return np.concatenate(list(decode_chunks(path, sample_rate=sample_rate, channels=channels)))


def decode_chunks(
    path: Path, seconds_per_chunk: float = 10.0, sample_rate: int = SAMPLE_RATE, channels: int = 2
) -> Iterator[Samples]:
    """Like `decode_at`, in chunks of about `seconds_per_chunk`, so that memory doesn't grow with the file."""
    with _open_stream(path) as sound:
        if sound.channels in (1, channels):
            yield from _convert(sound, seconds_per_chunk, sample_rate, channels)
            return
    with _open_stream(path, channels) as sound:
        yield from _convert(sound, seconds_per_chunk, sample_rate, channels)


def _convert(sound: _DecodedStream, seconds: float, sample_rate: int, channels: int) -> Iterator[Samples]:
    """Convert the sample rate, and copy a single channel to all; ffmpeg would make it 3 dB quieter."""
    import numpy as np

    blocks = sound.blocks(seconds)
    if sound.rate != sample_rate:
        blocks = _resample(blocks, sound.rate, sample_rate, sound.channels)
    for block in blocks:
        yield block if sound.channels == channels else np.repeat(block, channels, axis=1)


def _resample(blocks: Iterator[Samples], rate: int, wanted: int, channels: int) -> Iterator[Samples]:
    import numpy as np
    import soxr

    stream = soxr.ResampleStream(rate, wanted, channels, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block).reshape(-1, channels)
    yield stream.resample_chunk(np.zeros((0, channels), np.float32), last=True).reshape(-1, channels)


@dataclass(frozen=True, slots=True)
class _DecodedStream:
    """A file being decoded. `child` writes its samples as float32; the header is already read."""

    path: Path
    child: _Child
    rate: int
    channels: int

    def blocks(self, seconds: float) -> Iterator[Samples]:
        import numpy as np

        sample_bytes = 4 * self.channels
        decoded = 0
        while block := self.child.stdout.read(max(1, round(seconds * self.rate)) * sample_bytes):
            samples = np.frombuffer(block, "<f4", len(block) // sample_bytes * self.channels)
            decoded += len(samples)
            check()
            yield samples.reshape(-1, self.channels)
        if self.child.process.wait() or not decoded:
            raise _unreadable(self.path, self.child)


@contextlib.contextmanager
def _open_stream(path: Path, channels: int | None = None) -> Iterator[_DecodedStream]:
    """Open `path` for decoding.

    ffmpeg writes a WAV into the pipe, whose header gives the sample rate and channels. That replaces ffprobe, which the
    wheel doesn't have.
    """
    if not path.is_file():
        what = "this is no regular file" if path.exists() else "there is no such file"
        raise NotFoundError(what, where=str(path), hint="check its name and folder")
    only = ["-protocol_whitelist", "file,pipe", "-format_whitelist", _FORMATS]
    args = [*only, "-i", f"file:{path}", "-map", "0:a:0"]
    args += [] if channels is None else ["-ac", str(channels)]
    with _child([*args, "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "-"], stdin=subprocess.DEVNULL) as child:
        form = _wav_format(child.stdout)
        if form is None:
            child.process.wait()
            raise _unreadable(path, child)
        rate, its_channels = form
        if not LEAST_RATE <= rate <= MOST_RATE:
            raise InputError(
                f"it says it has {rate:,} samples a second: there can be {LEAST_RATE:,} to {MOST_RATE:,}",
                where=str(path),
                hint="its header is damaged; export the sound again, at 44,100 or 48,000",
            )
        yield _DecodedStream(path, child, rate, its_channels)


def _wav_format(pipe: IO[bytes]) -> tuple[int, int] | None:
    """Sample rate and channels of a WAV, read up to its first sample; None if the pipe gave no WAV."""
    pipe.read(12)  # "RIFF", the size (unknown in a pipe), "WAVE"
    form = None
    while len(head := pipe.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return form
        body = pipe.read(size)
        if name == b"fmt ":
            channels, rate = struct.unpack_from("<2xHI", body)
            form = rate, channels
    return None


def _unreadable(path: Path, child: _Child) -> InputError:
    check()
    said = child.last_lines()
    causes = (why for sign, why in _CAUSES if sign in said)
    why = next(causes, "it is damaged, or no sound file" if said else "it holds no sound")
    hint = "give a file that a player can play, like an mp3, m4a, ogg, flac or wav"
    return InputError(f"can't be read as sound: {why}", where=str(path), hint=hint)
