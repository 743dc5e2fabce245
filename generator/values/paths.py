"""Questions about a path that anyone may have written."""

from __future__ import annotations

from collections.abc import Callable


def path_test(test: Callable[[], bool]) -> bool:
    """The answer of `path.is_file` and the like; False for a name that no file can have.

    Such a name is too long, or has a character that no name may have.
    """
    try:
        return test()
    except (OSError, ValueError):
        return False
