"""Whether a finished file is whole, and how many samples it holds: its own account of itself, checked, not decoded.

An mp3, an opus and (in its frames' heads) a flac carry check sums; of an m4b and a wav only the sizes can be compared.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ...errors import NotFoundError, TrackError
from ...model import SAMPLE_RATE
from ...settings import Format
from .. import mp3_format
from . import riff

_READ_BYTES = 1 << 22


def check_whole(path: Path, format: Format) -> int:  # noqa: A002  # the setting's name
    """Check a finished track of ours; its samples at 48 kHz.

    Raises TrackError with what is wrong, NotFoundError where there is no file.
    """
    if format == "mp3":
        return mp3_format.check_structure(path).total_samples
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        try:
            return _CHECKS[format](file, path.stat().st_size)
        except (_BrokenError, ValueError, struct.error, LookupError) as wrong:
            what = f"this {format} is broken: {wrong}"
            raise TrackError(what, where=str(path), hint="build the track again") from wrong


class _BrokenError(Exception):
    pass


# --- wav -------------------------------------------------------------------------------------------

_PCM_16_STEREO = struct.pack("<HHIIHH", 1, 2, SAMPLE_RATE, SAMPLE_RATE * 4, 4, 16)


def _check_wav(file: BinaryIO, file_bytes: int) -> int:
    found = {chunk.name: chunk for chunk in riff.chunks(file)}
    end = max((chunk.end for chunk in found.values()), default=0)
    if not end == riff.riff_end(file) == file_bytes:
        raise _BrokenError(f"it should have {max(end, riff.riff_end(file))} bytes, and has {file_bytes}")
    if b"fmt " not in found or b"data" not in found:
        raise _BrokenError("it has no sound")
    file.seek(found[b"fmt "].start)
    if file.read(16) != _PCM_16_STEREO:
        raise _BrokenError("its sound isn't 16-bit stereo at 48 kHz")
    return found[b"data"].size // 4


# --- m4b: ISO/IEC 14496-12 -------------------------------------------------------------------------

_AAC_FRAME_SAMPLES = 1_024
_MOVIE_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")


def _check_m4b(file: BinaryIO, file_bytes: int) -> int:
    import numpy as np

    top = list(_boxes(file, 0, file_bytes))
    names = [name for name, _, _ in top]
    if names.count(b"mdat") != 1 or names.count(b"moov") != 1:
        raise _BrokenError("its sound or its description is missing")
    _, data_start, data_end = top[names.index(b"mdat")]
    found: dict[bytes, list[bytes]] = {}
    for name, body in _leaves(file, *top[names.index(b"moov")][1:]):
        found.setdefault(name, []).append(body)

    tracks = [_parts(body) for body in found[b"stsz"]]
    parts_bytes = sum(size for _, size in tracks)
    if parts_bytes != data_end - data_start:
        raise _BrokenError(f"its parts have {parts_bytes} bytes, and there are {data_end - data_start}")
    for name, width in ((b"stco", ">u4"), (b"co64", ">u8")):
        for body in found.get(name, []):
            offsets = np.frombuffer(body[8:], width)
            if len(offsets) and not data_start <= offsets.min() <= offsets.max() < data_end:
                raise _BrokenError("a part of its sound lies outside of it")

    # The first track is the sound; the chapters' titles are the second.
    frames, _ = tracks[0]
    timescale, movie_duration = _movie(found[b"mvhd"][0])
    edit_duration, first_sample = _edit(found[b"elst"][0])
    total = edit_duration * SAMPLE_RATE // timescale
    if movie_duration < edit_duration or first_sample + total > frames * _AAC_FRAME_SAMPLES:
        raise _BrokenError(f"it should have {total} samples, and has {frames} frames")
    return total


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of what each box holds; they tile `start` to `end`, or it is broken."""
    at = start
    while at < end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        if size < head or at + size > end:
            raise _BrokenError(f"its {name.decode(errors='replace')} at byte {at} is cut off")
        yield name, at + head, at + size
        at += size


def _leaves(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """What describes the sound: (name, body) of the boxes that hold no others, the tags left out."""
    for name, inner_start, inner_end in _boxes(file, start, end):
        if name in _MOVIE_PARENTS:
            yield from _leaves(file, inner_start, inner_end)
        elif name != b"udta":
            file.seek(inner_start)
            yield name, file.read(inner_end - inner_start)


def _parts(stsz: bytes) -> tuple[int, int]:
    """How many parts a track has, and their bytes."""
    import numpy as np

    common_size, count = struct.unpack_from(">II", stsz, 4)
    if common_size:
        return count, common_size * count
    return count, int(np.frombuffer(stsz, ">u4", count, 12).sum(dtype=np.int64))


def _movie(mvhd: bytes) -> tuple[int, int]:
    """Time scale and duration."""
    timescale, duration = struct.unpack_from(">IQ" if mvhd[0] else ">II", mvhd, 20 if mvhd[0] else 12)
    return timescale, duration


def _edit(elst: bytes) -> tuple[int, int]:
    """Duration in the movie's time scale, and the sample it begins with."""
    duration, first = struct.unpack_from(">Qq" if elst[0] else ">Ii", elst, 8)
    return duration, first


# --- opus in Ogg: RFC 3533, RFC 7845 ---------------------------------------------------------------

_PAGE_HEAD = struct.Struct("<4sBBqIIIB")  # capture, version, flags, granule, serial, number, check sum, segments
_CHECKSUM_AT = 22
_LAST_PAGE = 4
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _check_opus(file: BinaryIO, _: int) -> int:
    pre_skip = granule = last_flags = number = 0
    while head := file.read(_PAGE_HEAD.size):
        capture, version, flags, page_granule, _serial, page_number, checksum, segments = _PAGE_HEAD.unpack(head)
        if (capture, version, page_number) != (b"OggS", 0, number):
            raise _BrokenError(f"page {number} doesn't begin where the one before ends")
        lacing = file.read(segments)
        body = file.read(sum(lacing))
        if len(lacing) < segments or len(body) < sum(lacing):
            raise _BrokenError(f"page {number} is cut off")
        if _ogg_checksum(head[:_CHECKSUM_AT] + bytes(4) + head[_CHECKSUM_AT + 4 :] + lacing + body) != checksum:
            raise _BrokenError(f"the check sum of page {number} isn't the one it was written with")
        if number == 0:
            name, pre_skip = struct.unpack_from("<8s2xH", body)
            if name != b"OpusHead":
                raise _BrokenError("it isn't opus")
        if last_flags & _LAST_PAGE:
            raise _BrokenError(f"page {number} comes after the end")
        granule = max(granule, page_granule)
        last_flags = flags
        number += 1
    if not last_flags & _LAST_PAGE:
        raise _BrokenError(f"it ends after page {number - 1}, which isn't the last")
    return granule - pre_skip


def _ogg_checksum(page: bytes) -> int:
    """Ogg's CRC-32 is zlib's with the bits the other way round, begun with 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED_BITS), "big")


# --- flac: RFC 9639 --------------------------------------------------------------------------------

_SYNC = b"\xff\xf8"  # a frame of fixed block size
_LONGEST_HEAD = 16
_NUMBER_AT = 4
_RATE_BYTES = {12: 1, 13: 2, 14: 2}  # of a sample rate that isn't in the table, after the frame's number
_SIZE_BYTES = {6: 1, 7: 2}  # of a block's size


def _check_flac(file: BinaryIO, _: int) -> int:
    """Every frame's head, in order and with its check sum, and the last frame's own check sum."""
    block_samples, longest_frame, total = _stream_info(file)
    window, at = file.read(_READ_BYTES), 0
    for number in range(-(-total // block_samples)):
        while (begin := _find_frame(window, at, number)) < 0:
            more = file.read(_READ_BYTES)
            if not more or len(window) - at > longest_frame + _LONGEST_HEAD:
                raise _BrokenError(f"the frame at {number * block_samples / SAMPLE_RATE:.3f} s is missing")
            window, at = window[at:] + more, 0
        if number == 0 and begin:
            raise _BrokenError("something lies before its first frame")
        at = begin
    last = window[at:] + file.read(_READ_BYTES)
    if _crc(last[:-2], _CRC_16, 16) != int.from_bytes(last[-2:], "big"):
        raise _BrokenError("its last frame is cut off")
    return total


def _stream_info(file: BinaryIO) -> tuple[int, int, int]:
    """Samples of a block, bytes of the longest frame, samples in all; `file` stands at the first frame then."""
    if file.read(4) != b"fLaC":
        raise _BrokenError("it isn't a flac")
    info = b""
    is_last = False
    while not is_last:
        kind, size = struct.unpack(">B3s", file.read(4))
        is_last = kind >= 128
        body = file.read(int.from_bytes(size, "big"))
        info = body if kind & 127 == 0 else info
    block_samples = int.from_bytes(info[2:4], "big")
    longest_frame = int.from_bytes(info[7:10], "big")
    total = int.from_bytes(info[13:18], "big") & (1 << 36) - 1
    if not block_samples or not total:
        raise _BrokenError("it was never finished")
    return block_samples, longest_frame, total


def _find_frame(window: bytes, start: int, number: int) -> int:
    """Where frame `number` begins, at `start` or later; -1 where it doesn't."""
    coded = chr(number).encode("utf-8", "surrogatepass")  # the very code; 24 h have 900,000 of its 1,114,112
    at = window.find(_SYNC, start)
    while at >= 0:
        if window.startswith(coded, at + _NUMBER_AT):
            kinds = window[at + 2]
            end = at + _NUMBER_AT + len(coded) + _SIZE_BYTES.get(kinds >> 4, 0) + _RATE_BYTES.get(kinds & 15, 0)
            if end < len(window) and _crc(window[at:end], _CRC_8, 8) == window[end]:
                return at
        at = window.find(_SYNC, at + 1)
    return -1


def _crc_table(polynomial: int, bits: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << bits - 8
        for _ in range(8):
            crc = crc << 1 ^ (polynomial if crc >> bits - 1 else 0)
        table.append(crc & (1 << bits) - 1)
    return tuple(table)


_CRC_8 = _crc_table(0x107, 8)
_CRC_16 = _crc_table(0x18005, 16)


def _crc(data: bytes, table: tuple[int, ...], bits: int) -> int:
    """Most significant bit first, begun with 0."""
    crc = 0
    mask = (1 << bits) - 1
    for byte in data:
        crc = (crc << 8 ^ table[crc >> bits - 8 ^ byte]) & mask
    return crc


_CHECKS: dict[Format, Callable[[BinaryIO, int], int]] = {
    "m4b": _check_m4b,
    "opus": _check_opus,
    "flac": _check_flac,
    "wav": _check_wav,
}
