"""Names of files that every system takes, made of what a library says. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

MAX_PART_BYTES = 255  # of a file's or folder's name, on ext4, APFS and NTFS

# What Windows keeps for devices, whatever the ending.
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w.+=@-]+")
_GAIN = re.compile(r":(?=[+-])")  # rain+drone:-6: the sign is enough to tell the number apart
_LIST = re.compile(r"\s*,\s*")


def slug(value: str) -> str:
    """A setting's value as part of a name: still readable, and the same on every system; it may come out empty.

    >>> slug("rain+drone:-6"), slug("knees, prone"), slug("4:6"), slug("music/harp.ogg")
    ('rain+drone-6', 'knees+prone', '4-6', 'music-harp.ogg')
    """
    plain = _LIST.sub("+", unicodedata.normalize("NFC", value))
    return _UNSAFE.sub("-", _GAIN.sub("", plain)).strip("-. ")


def filled(pattern: str, values: Mapping[str, str]) -> str:
    """`pattern` with each ``{axis}`` replaced by its value's slug; what is in no braces stays as it is."""
    return re.sub(r"\{([^{}]*)\}", lambda field: slug(values[field[1]]), pattern)


def default_name(what: str, values: Iterable[str]) -> str:
    """`what` as the folder, and in it all the values; `what` alone where there are none."""
    parts = [slug(value) for value in values]
    return f"{slug(what)}/{'-'.join(parts)}" if parts else slug(what)


def name_fault(name: str) -> str | None:
    """Why not every system takes `name`, a path with its ending; None where all do."""
    for part in PurePosixPath(name).parts:
        stem = part.split(".")[0]
        if not stem.strip() or stem in ("-", "+"):
            return f"nothing is left of a part of its name ({name!r}) without the characters that files can't have"
        if _DEVICES.fullmatch(stem.strip()):
            return f"Windows has no file called {part!r}, as {stem} is a device there"
        if part.endswith((".", " ")):
            return f"Windows has no name that ends with a dot or a space, as {part!r} does"
        if len(part.encode()) > MAX_PART_BYTES:
            return f"{part[:30]!r}… has {len(part.encode())} bytes, and a file's name at most {MAX_PART_BYTES}"
    return None


def collisions(names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Which names can't be there beside an earlier one: (index, index of the earlier).

    Some systems don't tell capitals or ways to write an accent apart; and a file can't be another's folder.
    """
    listed = [unicodedata.normalize("NFC", name).casefold() for name in names]
    first: dict[str, int] = {}
    for index, name in enumerate(listed):
        if (earlier := first.setdefault(name, index)) != index:
            yield index, earlier
    for index, name in enumerate(listed):
        for folder in PurePosixPath(name).parents:
            if str(folder) in first:
                yield index, first[str(folder)]
