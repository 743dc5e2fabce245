"""Compares installed package versions with constraints.txt, as a track's bytes depend on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PACKAGE = Path(__file__).parent.parent
DISTRIBUTION = "sleepward"


@dataclass(frozen=True, slots=True)
class Difference:
    """A package that is installed in another version than the pinned one."""

    package: str
    installed: str
    pinned: str


def constraints_file() -> Path:
    """The project's constraints.txt: in the repository, or in the installed package's data."""
    beside = _PACKAGE.parent / "constraints.txt"
    return beside if beside.is_file() else _PACKAGE / "data" / "constraints.txt"


def pinned(text: str) -> dict[str, str]:
    """Package to version, from the lines whose markers match this Python and system.

    `text` is in pip's form of constraints, as `uv pip compile` writes it: `name==version ; marker`.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


def differences(text: str) -> list[Difference]:
    """The differences among all packages that the program needs, without those of its extras."""
    versions = pinned(text)
    found = ((name, _installed(name)) for name in sorted(_needed(DISTRIBUTION)))
    return [
        Difference(name, installed, versions[name])
        for name, installed in found
        if installed is not None and versions.get(name, installed) != installed
    ]


def _needed(distribution: str) -> set[str]:
    """The names of all packages that `distribution` needs, directly or indirectly."""
    found: set[str] = set()
    waiting = [distribution]
    while waiting:
        new = set(_needs(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def _needs(distribution: str) -> Iterator[str]:
    try:
        lines = requires(distribution) or []
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield canonicalize_name(requirement.name)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
