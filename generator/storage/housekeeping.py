"""Summarizes, collects and verifies the cache, for `sleepward cache`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .cache import DIGEST_BYTES, SUFFIX, CacheFile, lock_path, remove_damaged
from .leftovers import is_abandoned, remove_abandoned
from .locks import locked

SPARED_S = 86_400
"""Entries used within a day may belong to a running build."""

UNFINISHED = "unfinished"
"""The kind under which files left by killed builds are reported."""

# Entries of the first version had no suffix. No build uses them any more, so they are collected first.
_ENTRY = re.compile(rf"[0-9a-f]{{64}}({re.escape(SUFFIX)})?")
_PART = re.compile(rf"\.{_ENTRY.pattern}\.[0-9a-f]{{16}}\.part")
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt]i?b?|b)", re.IGNORECASE)
_SIZE_EXAMPLES = "write it like 2GB, 500 MB or 1.5GiB"


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A file of the cache. `used_s`, since the epoch, is its last use, to within an hour."""

    kind: str
    path: Path
    bytes: int
    used_s: float


@dataclass(frozen=True, slots=True)
class EntryTotal:
    """A number of entries and the sum of their bytes."""

    entries: int = 0
    bytes: int = 0

    def __add__(self, other: EntryTotal) -> EntryTotal:
        return EntryTotal(self.entries + other.entries, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class KindTotal:
    """The entries of one kind. `oldest_use_s` is since the epoch."""

    amount: EntryTotal
    oldest_use_s: float


@dataclass(frozen=True, slots=True)
class GcResult:
    """The entries that `collect` removed, by kind, and those left. `spared` ones stay as a build may need them."""

    freed: dict[str, EntryTotal]
    left: EntryTotal
    spared: EntryTotal


def entries(folder: Path) -> Iterator[CacheEntry]:
    """Every entry of the cache in `folder`. Other files there are never touched."""
    for kind, file in _files(folder):
        if _ENTRY.fullmatch(file.name):
            with suppress(FileNotFoundError):  # collected meanwhile
                found = file.stat()
                yield CacheEntry(kind, Path(file.path), found.st_size, found.st_mtime)


def totals_by_kind(folder: Path) -> dict[str, KindTotal]:
    """The totals of each kind, in alphabetical order."""
    found: dict[str, KindTotal] = {}
    for entry in entries(folder):
        before = found.get(entry.kind, KindTotal(EntryTotal(), entry.used_s))
        amount = before.amount + EntryTotal(1, entry.bytes)
        found[entry.kind] = KindTotal(amount, min(before.oldest_use_s, entry.used_s))
    return dict(sorted(found.items()))


def collect(folder: Path, max_bytes: int, *, dry_run: bool = False) -> GcResult:
    """Remove the entries used longest ago until `max_bytes` are left, but none used within a day.

    Files left by killed builds are removed too. Raises InputError if the folder can't be changed or has no locks.
    """
    if not folder.is_dir():
        return GcResult({}, EntryTotal(), EntryTotal())
    try:
        with locked(lock_path(folder)):  # no use is noted between the check of an entry and its removal
            return _collect(folder, max_bytes, dry_run=dry_run)
    except OSError as error:
        what = f"the cache can't be cleared out: {error.strerror or error}"
        hint = "repair the folder, or delete all of it while nothing is being built"
        raise InputError(what, where=str(folder), hint=hint) from error


def _collect(folder: Path, max_bytes: int, *, dry_run: bool) -> GcResult:
    spared_from_s = time.time() - SPARED_S
    oldest_first = sorted(entries(folder), key=lambda entry: (entry.used_s, entry.path.name))
    left = EntryTotal(len(oldest_first), sum(entry.bytes for entry in oldest_first))
    spared = EntryTotal()
    freed: dict[str, EntryTotal] = {}
    for part in _abandoned_parts(folder):
        if dry_run or remove_abandoned(part.path):
            freed[UNFINISHED] = freed.get(UNFINISHED, EntryTotal()) + EntryTotal(1, part.bytes)
    for entry in oldest_first:
        if left.bytes <= max_bytes:
            break
        one = EntryTotal(1, entry.bytes)
        if entry.used_s >= spared_from_s or not (dry_run or _remove(entry)):
            spared += one
            continue
        freed[entry.kind] = freed.get(entry.kind, EntryTotal()) + one
        left += EntryTotal(-1, -entry.bytes)
    return GcResult(dict(sorted(freed.items())), left, spared)


def _remove(entry: CacheEntry) -> bool:
    """Remove it. False if Windows refuses because it is being read."""
    try:
        entry.path.unlink(missing_ok=True)
    except PermissionError:
        if os.name != "nt":
            raise
        return False
    return True


def verify_entries(folder: Path) -> Iterator[tuple[CacheEntry, str]]:
    """Every entry with its fault, or an empty text. Faulty entries are removed.

    Entries of former versions, which no build uses, are skipped.
    """
    for entry in entries(folder):
        key = entry.path.name.removesuffix(SUFFIX)
        if key == entry.path.name:
            continue
        try:
            with entry.path.open("rb") as file:
                blob = CacheFile(file, DIGEST_BYTES)  # closes the file as soon as it is forgotten
                if blob.is_whole(entry.kind, key):
                    yield entry, ""
                    continue
                remove_damaged(entry.path, file)
        except FileNotFoundError:  # collected meanwhile
            continue
        except (OSError, InputError) as error:
            yield entry, f"can't be read or removed ({error})"
        else:
            yield entry, "damaged or misplaced; removed"


def _abandoned_parts(folder: Path) -> Iterator[CacheEntry]:
    """Parts of entries left by killed builds."""
    for kind, file in _files(folder):
        if _PART.fullmatch(file.name):
            with suppress(FileNotFoundError):
                found = file.stat()
                if is_abandoned(Path(file.path)):
                    yield CacheEntry(kind, Path(file.path), found.st_size, found.st_mtime)


def _files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Each file in the folders of entries, KIND/KE/, with its kind."""
    for kind in _folders(folder):
        for shelf in _folders(kind.path):
            if len(shelf.name) == 2:  # the first two characters of a key
                with suppress(FileNotFoundError), os.scandir(shelf.path) as files:
                    yield from ((kind.name, file) for file in files if file.is_file(follow_symlinks=False))


def _folders(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        yield from (each for each in found if each.is_dir(follow_symlinks=False) and not each.name.startswith("."))


# --- sizes, as people write them -------------------------------------------------------------------------


def parse_size(text: str) -> int:
    """The size `text` in bytes: a kB has 1,000, a KiB 1,024. Raises ValueError that says what to write instead.

    >>> parse_size("1.5 GiB")
    1610612736
    """
    text = text.strip()
    if text == "0":
        return 0
    match = _SIZE.fullmatch(text)
    if match is None:
        bare = re.fullmatch(r"[\d.]+", text)
        what = f"{text[:60]!r} has no unit" if bare else f"{text[:60]!r} isn't a size"
        raise ValueError(f"{what}: {_SIZE_EXAMPLES}")
    unit = match[2].lower()
    power = "bkmgt".index(unit[0])
    return round(float(match[1]) * float(1024 if "i" in unit else 1000) ** power)


def format_size(size: int) -> str:
    """`size`, in bytes, as people write it: ``0.1 kB``, ``46.1 MB``, ``12.3 GB``."""
    unit, name = next(((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB")) if size >= unit), (1e3, "kB"))
    return f"{size / unit:,.1f} {name}"
