"""What the system says of a path that anyone may have written."""

from __future__ import annotations

from collections.abc import Callable


def asked(whether: Callable[[], bool]) -> bool:
    """What the system says of a name; of one that it can't have, no."""
    try:
        return whether()
    except (OSError, ValueError):
        return False
