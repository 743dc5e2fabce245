"""What may be written for a setting or an argument: listed in help, and offered when a shell completes a word.

Each look-up imports what it needs when it is asked for, as help and completion should come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..settings import SETTINGS
from ..values import Words

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def values_of(name: str) -> list[str]:
    """The values of a setting that are words, without those that stand for something else; empty for numbers."""
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]()
    kind = SETTINGS[name].kind
    words = kind.words if isinstance(kind, Words) else tuple(kind.metavar.split("|"))
    return [word for word in words if not word.isupper() and "-" not in word[:1] and not word[:1].isdigit()] or (
        list(words) if isinstance(kind, Words) else []
    )


def completed(name: str, begun: str) -> list[CompletionItem]:
    """The values of a setting that begin with what was typed; of names with commas, the last one is completed."""
    if name in ("background", "cover"):
        return _items(values_of(name), begun) or [_file()]
    before, comma, _ = begun.rpartition(",") if SETTINGS[name].is_list else ("", "", begun)
    taken = set(before.split(","))
    return _items([f"{before}{comma}{value}" for value in values_of(name) if value not in taken], begun)


def complete_sources(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Routines, and files of routines and scripts."""
    return _items(_routines(), begun) or [_file()]


def complete_shown(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """What `show` takes: routines and poses."""
    return _items([*_routines(), *_poses()], begun)


def complete_programs(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Programmes, and files of them."""
    return _items(_workspace().program_names(), begun) or [_file()]


def complete_voices(_context: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The voices."""
    return _items(_voices(), begun)


def _items(words: list[str], begun: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.startswith(begun)]


def _file() -> CompletionItem:
    """Lets the shell go on with the names of files. It must stand alone: bash forgets what stands before it."""
    from click.shell_completion import CompletionItem

    return CompletionItem("", type="file")


def _workspace() -> Any:
    from ..workspace import Workspace

    return Workspace.here()


def _routines() -> list[str]:
    return list(_workspace().routine_names())


def _poses() -> list[str]:
    return list(_workspace().pose_ids())


def _styles() -> list[str]:
    return list(_workspace().styles())


def _backgrounds() -> list[str]:
    from ..beds import BEDS

    return list(BEDS)


def _bodies() -> list[str]:
    from ..definition.bodies import WORDS
    from ..model import POSITIONS

    return [*WORDS, *POSITIONS]


def _voices() -> list[str]:
    """The user's own voices, and those to try first, without their engine: bash takes a colon for a word's end."""
    from ..errors import SleepwardError
    from ..voices import list_voices

    own = list(_workspace().own_voices())
    try:
        tried = [voice.id.rpartition(":")[2] for voice in list_voices() if voice.rank is not None]
        return list(dict.fromkeys([*own, *tried]))
    except SleepwardError:
        return own


_LOOKED_UP: Mapping[str, Callable[[], list[str]]] = {
    "background": _backgrounds,
    "style": _styles,
    "avoid": _bodies,
    "voice": _voices,
    "only": _poses,
    "skip": _poses,
    "order": _poses,
}
