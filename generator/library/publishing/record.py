"""What publishing made in a folder: `published.json`, so that it writes what changed and removes only its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...build.fingerprint import short_digest
from ...errors import InputError
from ..manifest import read_json
from ..names import leads_out

FILE_NAME = "published.json"
VERSION = 1
SCHEMA = "1"  # raise it when the same library gives other files

_OURS = (".lrc", ".vtt", ".chapters.json", ".m3u8", ".xml", "cover.jpg", "index.html")


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was written: a digest of what it was made from, one of its content, and its size.

    `digest` is empty where another file lies in its place, which was left alone.
    """

    source: str
    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """What was published last: from which list of tracks, to which address, the sizes of the tracks, the files made."""

    made_from: str = ""
    base_url: str = ""
    tracks: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, MadeFile] = field(default_factory=dict)


def parse_record(content: bytes | None, where: str) -> Record:
    """Read what `dump_record` wrote. None gives an empty record. Raises InputError for anything else.

    Names of files that publishing never makes are rejected: it removes files by name, and the record may be a
    stranger's.
    """
    if content is None:
        return Record()
    try:
        written = read_json(content)
        _check_version(written["version"])
        files = {_checked(name): MadeFile(str(each[0]), str(each[1]), int(each[2])) for name, *each in written["files"]}
        tracks = {str(name): int(size) for name, size in written["tracks"]}
        return Record(str(written["made_from"]), str(written["base_url"]), tracks, files)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        hint = "move it away: what was published stays, and is taken for yours where it differs"
        raise InputError(f"this isn't a list of published files ({error})", where=where, hint=hint) from error


def is_ours(found: bytes, made: MadeFile | None) -> bool:
    """Whether a file is as it was written, and not the user's own or changed by the user."""
    return made is not None and short_digest(found) == made.digest


def dump_record(record: Record) -> bytes:
    """The record as sorted JSON, a line for each file. It changes only when what is published does."""
    head = {"version": VERSION, "made_from": record.made_from, "base_url": record.base_url}
    tracks = _rows([name, size] for name, size in sorted(record.tracks.items()))
    files = _rows([name, each.source, each.digest, each.bytes] for name, each in sorted(record.files.items()))
    return f'{json.dumps(head)[:-1]}, "tracks": [\n{tracks}\n], "files": [\n{files}\n]}}\n'.encode()


def _check_version(version: object) -> None:
    if version != VERSION:
        raise ValueError(f"its version is {version}, not {VERSION}")


def _rows(rows: Any) -> str:
    return ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def _checked(name: str) -> str:
    """The name. Raises ValueError if publishing never makes a file of this name."""
    if leads_out(name) or not name.endswith(_OURS):
        raise ValueError(f"{name[:80]!r} can't be one")
    return name
