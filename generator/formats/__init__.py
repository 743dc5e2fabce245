"""The containers that a track can be: encode, tag, check.

Each container is one module, named like its `format` in the settings, and one object in `CONTAINERS`. Other code asks
that object for everything it needs to know of the container. `mp3_frames/` encodes, repeats and joins MP3 frames.
`streamed.py` runs ffmpeg for all other containers. `tags.py` has the tags of a track. `lrc.py`, `id3.py`, `vorbis.py`,
`riff.py`, `iso_boxes.py` and `ffmetadata.py` are forms that several containers share.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..errors import NotFoundError
from ..settings import FORMATS
from ..values import path_test
from .container import Container
from .sound import BedLoop, TrackSound
from .tags import MAX_CHAPTERS, LyricLine, Tags, image_type, lyric_lines, merge_shortest, sha256_of

__all__ = [
    "CONTAINERS",
    "MAX_CHAPTERS",
    "BedLoop",
    "Container",
    "LyricLine",
    "Tags",
    "TrackSound",
    "container_named",
    "container_of",
    "cover",
    "image_type",
    "lrc",
    "lyric_lines",
    "merge_shortest",
    "read_tags",
    "sha256_of",
]

CONTAINERS: dict[str, Container] = {name: import_module(f".{name}", __name__).CONTAINER for name in FORMATS}


def container_named(file: str) -> Container | None:
    """The container that matches the suffix of a file's name, or None."""
    return next((container for container in CONTAINERS.values() if file.endswith(container.suffix)), None)


def container_of(path: Path) -> Container | None:
    """The container of a file, told by its first bytes and not by its name; None if it is none of ours."""
    with path.open("rb") as file:
        head = file.read(12)
    return next((each for each in CONTAINERS.values() if head.startswith(each.magic[1], each.magic[0])), None)


def read_tags(path: Path) -> Tags | None:
    """The tags of a track that sleepward made, None for any other file. The file's name doesn't matter.

    Only the tags are read. Raises NotFoundError if there is no file.
    """
    if not path_test(path.is_file):
        raise NotFoundError(f"there is no file {path}")
    container = container_of(path)
    return None if container is None else container.read_tags(path)
