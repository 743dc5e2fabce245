"""Checks where symbolic links lead."""

from __future__ import annotations

from pathlib import Path


def is_outside(path: Path, folder: Path) -> bool:
    """Whether `path`, with every link followed, lies outside `folder`. True if the links can't be followed."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a ring of links
        return True
