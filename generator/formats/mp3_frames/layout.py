"""The bytes of an MP3 file: sizes, the Info frame with the exact length, and the check of a finished file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from fastcrc.crc16 import arc as crc16

from ...model import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE
from ...settings import BITRATES_KBPS as BITRATES
from ..container import BrokenFileError

ENCODER_DELAY = 576  # samples, LAME's
MIN_PADDING = 576  # LAME's rule; a decoder's delay of 529 samples must fit into it
BLOCK_FRAMES = 2_500  # read at a time


# --- sizes -----------------------------------------------------------------------------------------


def frame_bytes(bitrate_kbps: int) -> int:
    """Bytes of one frame. Raises ValueError if the bit rate isn't one of BITRATES."""
    if bitrate_kbps not in BITRATES:
        raise ValueError(f"{bitrate_kbps} kb/s isn't one of {', '.join(map(str, BITRATES))}")
    return bitrate_kbps * 1000 * FRAME_SAMPLES // (8 * SAMPLE_RATE)


def audio_frames(total_samples: int) -> int:
    """Number of frames for `total_samples`, the encoder's delay and its padding, without the Info frame."""
    return -(-(total_samples + ENCODER_DELAY + MIN_PADDING) // FRAME_SAMPLES)


def mp3_bytes(total_samples: int, bitrate_kbps: int = 128) -> int:
    """Size of the MP3 with its Info frame, without the ID3 tag."""
    return (1 + audio_frames(total_samples)) * frame_bytes(bitrate_kbps)


# --- the Info frame --------------------------------------------------------------------------------

_FIRST_BITRATE_INDEX = 5  # of 64 kb/s in the standard's table; the other bit rates follow without a gap
_INFO_AT = 36  # after the frame's header and its side information
_INFO = struct.Struct(">4sIII100sI")  # name, flags, frames, bytes, table of contents, quality
_LAME = struct.Struct(">9sBBIHHBB3sBBHIH")  # http://gabriel.mp3-tech.org/mp3infotag.html
_TAG_CRC_AT = 190


def _header(bitrate_kbps: int) -> bytes:
    """MPEG-1 layer III, 48 kHz, no CRC, no padding, joint stereo, original."""
    return bytes((0xFF, 0xFB, (_FIRST_BITRATE_INDEX + BITRATES.index(bitrate_kbps)) << 4 | 0x4, 0x44))


def info_frame(total_samples: int, frames: int, bitrate_kbps: int, music_crc: int) -> bytes:
    """A silent frame that gives players the exact length: LAME's Info tag, the Xing tag for a constant bit rate."""
    size = frame_bytes(bitrate_kbps)
    total_bytes = (frames + 1) * size
    contents = bytes(256 * (100 + percent * frames) // (100 * (frames + 1)) for percent in range(100))
    padding = frames * FRAME_SAMPLES - ENCODER_DELAY - total_samples
    info = _INFO.pack(b"Info", 0b1111, frames, total_bytes, contents, 50)
    lame = _LAME.pack(
        b"LAME3.100",
        1,  # revision 0, constant bit rate
        0,  # low-pass unknown
        0,  # no peak, and no ReplayGain, as players would undo the bedtime level
        0,
        0,
        0,
        min(bitrate_kbps, 255),
        (ENCODER_DELAY << 12 | padding).to_bytes(3, "big"),
        2 << 6 | 3 << 2,  # 48 kHz, joint stereo
        0,
        0,
        total_bytes,
        music_crc,
    )
    tag = (_header(bitrate_kbps) + bytes(32) + info + lame).ljust(_TAG_CRC_AT, b"\0")
    return (tag + struct.pack(">H", crc16(tag))).ljust(size, b"\0")


# --- checking a finished file ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mp3Structure:
    """The structure of a finished file, as checked."""

    id3_bytes: int
    frames: int
    total_samples: int
    bitrate_kbps: int


def read_structure(file: BinaryIO, file_bytes: int) -> Mp3Structure:
    """Check a finished track without decoding it: tag, Info frame, size, every frame's header, check sums.

    Reads the file once, in slices. Raises BrokenFileError with what is wrong.
    """
    id3_bytes = audio_start(file)
    file.seek(id3_bytes)
    head = file.read(_TAG_CRC_AT + 2)
    bitrate_kbps = _bitrate_of(head)
    size = frame_bytes(bitrate_kbps)
    if len(head) < _TAG_CRC_AT + 2 or head[_INFO_AT : _INFO_AT + 4] != b"Info":
        raise BrokenFileError("it has no Info frame")
    if crc16(head[:_TAG_CRC_AT]) != int.from_bytes(head[_TAG_CRC_AT:], "big"):
        raise BrokenFileError("its Info frame is damaged")
    _, _, frames, audio_bytes, _, _ = _INFO.unpack_from(head, _INFO_AT)
    *_, delays, _, _, _, _, music_crc = _LAME.unpack_from(head, _INFO_AT + _INFO.size)
    if audio_bytes != (frames + 1) * size:
        raise BrokenFileError(f"its Info frame says {frames} frames in {audio_bytes} bytes")
    if id3_bytes + audio_bytes != file_bytes:
        raise BrokenFileError(f"it should have {id3_bytes + audio_bytes} bytes, and has {file_bytes}")
    file.seek(id3_bytes + size)
    if _checked_frames(file, bitrate_kbps) != music_crc:
        raise BrokenFileError("the check sum of its frames isn't the one it was written with")
    delay, padding = divmod(int.from_bytes(delays, "big"), 1 << 12)
    return Mp3Structure(id3_bytes, frames, frames * FRAME_SAMPLES - delay - padding, bitrate_kbps)


def audio_start(file: BinaryIO) -> int:
    """Where the audio begins, after the ID3 tag. Raises BrokenFileError if the tag is damaged."""
    file.seek(0)
    return _id3_bytes(file.read(10))


def _id3_bytes(head: bytes) -> int:
    if head[:3] != b"ID3":
        return 0
    if len(head) < 10 or max(head[6:]) > 127:
        raise BrokenFileError("its ID3 tag is damaged")
    return 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _bitrate_of(head: bytes) -> int:
    for bitrate_kbps in BITRATES:
        if head[:4] == _header(bitrate_kbps):
            return bitrate_kbps
    raise BrokenFileError("no frame begins where its ID3 tag ends")


def _checked_frames(file: BinaryIO, bitrate_kbps: int) -> int:
    """Read all frames to the end. Returns their check sum."""
    size = frame_bytes(bitrate_kbps)
    sync = _header(bitrate_kbps)[:3]
    music_crc = seen = 0
    while block := file.read(BLOCK_FRAMES * size):
        frames = len(block) // size
        if any(block[at::size] != sync[at : at + 1] * frames for at in range(3)):
            lost = next(at for at in range(frames) if not block.startswith(sync, at * size))
            at_ms = (seen + lost) * FRAME_MS
            raise BrokenFileError(f"the frame at {at_ms / 1000:.3f} s doesn't begin with a frame's header")
        music_crc = crc16(block, music_crc)
        seen += frames
    return music_crc
