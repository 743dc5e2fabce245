"""The part of a routine or pose that a list shows, read without checking the rest of the file.

This way `sleepward list` takes 0.15 s of CPU time. Checking every file would take 0.5 s, too long for a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from ..yaml_source import read, read_text

SETTINGS = ("bed", "mat", "chair", "room")


@dataclass(frozen=True, slots=True)
class RoutineOutline:
    """A routine's name, its description, and its number of poses without the final rest."""

    name: str
    title: str
    summary: str
    setting: str
    props: tuple[str, ...]
    poses: int


@dataclass(frozen=True, slots=True)
class PoseOutline:
    """A pose's id, its name and its position."""

    id: str
    name: str
    position: str


def routine_outline(path: Path) -> RoutineOutline | None:
    """The outline; None if the file isn't plainly a routine. Raises what `read_text` and `read` do."""
    match _plain(path):
        case {"title": str(title), "setting": str(setting), "steps": list(steps), **rest} if setting in SETTINGS:
            poses = {step["pose"] for step in steps if isinstance(step, dict) and isinstance(step.get("pose"), str)}
            summary, props = rest.get("summary", ""), rest.get("props", [])
            if not poses or not isinstance(summary, str) or not _texts(props):
                return None
            return RoutineOutline(
                path.stem, title.strip(), " ".join(summary.split()), setting, tuple(props), len(poses - {"rest"})
            )
    return None


def pose_outline(path: Path) -> PoseOutline | None:
    """The outline; None if the file isn't plainly a pose. Raises what `read_text` and `read` do."""
    match _plain(path):
        case {"name": str(name), "position": str(position)}:
            return PoseOutline(path.stem, name.strip(), position)
    return None


def _plain(path: Path) -> Mapping[str, object] | None:
    """The file as plain values; None if it has faults."""
    source = read(read_text(path), str(path))
    plain = source.root.plain()
    return plain if isinstance(plain, dict) and not source.faulty else None


def _texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
