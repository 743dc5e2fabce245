"""Makes file names that every system accepts from the values in a library file. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

MAX_PART_BYTES = 255  # of a file's or folder's name, on ext4, APFS and NTFS

# Windows reserves these names for devices, with any suffix.
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w.+=@-]+")
_GAIN = re.compile(r":(?=[+-])")  # rain+drone:-6: the sign is enough to tell the number apart
_LIST = re.compile(r"\s*,\s*")


def slug(value: str) -> str:
    """A setting's value as part of a name: readable, and the same on every system. It may be empty.

    >>> slug("rain+drone:-6"), slug("knees, prone"), slug("4:6"), slug("music/harp.ogg")
    ('rain+drone-6', 'knees+prone', '4-6', 'music-harp.ogg')
    """
    plain = _LIST.sub("+", unicodedata.normalize("NFC", value))
    return _UNSAFE.sub("-", _GAIN.sub("", plain)).strip("-. ")


def filled(pattern: str, values: Mapping[str, str]) -> str:
    """`pattern` with each ``{axis}`` replaced by its value's slug. Text outside braces stays unchanged."""
    return re.sub(r"\{([^{}]*)\}", lambda field: slug(values[field[1]]), pattern)


def default_name(what: str, values: Iterable[str]) -> str:
    """`what` as the folder and the joined values as the file name; `what` alone without values."""
    parts = [slug(value) for value in values]
    return f"{slug(what)}/{'-'.join(parts)}" if parts else slug(what)


def leads_out(name: str) -> bool:
    """Whether a path with / may lead out of its folder on some system, or isn't one that a library gives."""
    path = PurePosixPath(name)
    too_long = any(len(part.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES for part in path.parts)
    return path.is_absolute() or ".." in path.parts or too_long or re.search(r"[\\:\x00]", name) is not None


def name_fault(name: str) -> str | None:
    """Why some system rejects `name`, a path with its suffix. None if all accept it."""
    for part in PurePosixPath(name).parts:
        stem = part.split(".")[0]
        if not stem.strip() or stem in ("-", "+"):
            return f"a part of its name ({name!r}) has none of the characters that file names can have"
        if _DEVICES.fullmatch(stem.strip()):
            return f"Windows can't have a file called {part!r}: {stem} is a device there"
        if part.endswith((".", " ")):
            return f"Windows can't have a name that ends with a dot or a space, like {part!r}"
        if len(part.encode()) > MAX_PART_BYTES:
            return f"{part[:30]!r}… has {len(part.encode())} bytes, but a file name can have at most {MAX_PART_BYTES}"
    return None


def collisions(names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The names that collide with another one: (its index, the other's index).

    Some systems ignore case and how an accent is encoded. A file also can't have the name of another's folder.
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
