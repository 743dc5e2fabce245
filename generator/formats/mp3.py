"""mp3: an ID3 tag, then frames at a constant bit rate.

The frames of the open bed are encoded once and repeated. The cache keeps them for other tracks.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..model import SAMPLES_PER_MS
from ..storage.cache import content_key
from ..system import ffmpeg
from . import mp3_frames
from .container import Container
from .id3 import id3_tag, read_id3
from .mp3_frames.layout import audio_start, mp3_bytes, read_structure
from .sound import TrackSound
from .tags import COPY_BYTES, UNKNOWN_SHA256, Tags

LOOP_SCHEMA = "loop 3"  # raise it if the same bed gives other bytes, or in another layout


class Mp3(Container):
    """The Info frame has the check sum of all frames after it."""

    name = "mp3"
    mime_type = "audio/mpeg"
    magic = (0, b"ID3")

    def estimate_bytes(self, duration_ms: int, bitrate_kbps: int) -> int:
        return mp3_bytes(duration_ms * SAMPLES_PER_MS, bitrate_kbps)

    def write(self, sink: BinaryIO, sound: TrackSound, tags: Callable[[], Tags] | None = None) -> None:
        written: list[Tags] = []

        def head() -> bytes:
            if tags is None:
                return b""
            written.append(replace(tags(), sound_sha256=UNKNOWN_SHA256))
            return id3_tag(written[0])

        if sound.plain:
            sink.write(head())
            mp3_frames.encode_plain(sink, sound)
        else:
            mp3_frames.encode_mp3(sink, sound, _encoded_loop(sound), head)
        for each in written:
            sink.flush()
            digest = self.sound_sha256(Path(sink.name))
            sink.seek(0)
            sink.write(id3_tag(replace(each, sound_sha256=digest)))  # as long as the first one

    def parse_tags(self, file: BinaryIO) -> Tags | None:
        return read_id3(file)

    def replace_tags(self, source: Path, sink: BinaryIO, tags: Tags) -> None:
        tags = replace(tags, sound_sha256=tags.sound_sha256 or self.sound_sha256(source))
        with source.open("rb") as file:
            file.seek(audio_start(file))
            sink.write(id3_tag(tags))
            shutil.copyfileobj(file, sink, COPY_BYTES)

    def sound_parts(self, file: BinaryIO, file_bytes: int) -> Iterator[tuple[int, int]]:
        yield audio_start(file), file_bytes

    def count_samples(self, file: BinaryIO, file_bytes: int) -> int:
        return read_structure(file, file_bytes).total_samples


def _encoded_loop(sound: TrackSound) -> bytes | memoryview | None:
    """The open bed's encoded loop, or None if the track would repeat too little of it.

    Encoding a loop costs as much as two minutes of voiced spans, so the cache keeps it.
    """
    loop = sound.loop
    if loop is None or not mp3_frames.needs_loop(sound.spans, loop.samples):
        return None
    key = content_key(LOOP_SCHEMA, *loop.identity, sound.bitrate_kbps, ffmpeg.identity())
    stored = loop.cache.get("loops", key)
    if stored is None:
        stored = memoryview(mp3_frames.encode_loop(loop.render, loop.samples, sound.bitrate_kbps, sound.jobs))
        loop.cache.put("loops", key, stored)
    return stored


CONTAINER = Mp3()
