"""The options that several commands share, with a flag for every setting."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from ..settings import SETTINGS, SettingInfo

_ALSO_WORDS = ("breath_rate", "count_ms", "count_voice")  # which reminders fit a hold; which numbers are spoken

F = TypeVar("F", bound=Callable[..., Any])


def setting_options(command: F) -> F:
    """Add a flag for every setting. Each arrives as a keyword argument, None if not given."""
    return _flags_for(list(SETTINGS.values()), command)


def word_options(command: F) -> F:
    """Add a flag for every setting that changes which sentences are spoken."""
    return _flags_for([info for info in SETTINGS.values() if info.shapes_words or info.name in _ALSO_WORDS], command)


def _flags_for(infos: Sequence[SettingInfo], command: F) -> F:
    for info in reversed(infos):
        default = f"  [default: {info.default_text}]" if info.default_text else ""
        command = click.option(info.flag, info.name, metavar=info.metavar, help=info.help + default)(command)
    return command


def build_options(command: F) -> F:
    """Add the options of how a build runs. They never change a byte of the track."""
    command = click.option("--no-cache", is_flag=True, help="Speak and compute everything again, and keep nothing.")(
        command
    )
    command = click.option(
        "--plain", is_flag=True, help="Encode in one piece: slower, with the same bytes, to check the joints."
    )(command)
    return click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        default=os.cpu_count() or 1,
        show_default="all cores",
        help="How many cores to use.",
    )(command)


def split_flags(values: Mapping[str, Any]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Split a command's keyword arguments into the settings' flags and the others."""
    flags = {name: value for name, value in values.items() if name in SETTINGS}
    return flags, {name: value for name, value in values.items() if name not in SETTINGS}
