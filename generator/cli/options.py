"""The options that several commands share; a flag for every setting."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from ..settings import SETTINGS

F = TypeVar("F", bound=Callable[..., Any])


def setting_options(command: F) -> F:
    """A flag for every setting; they arrive as `flags`-ready keyword arguments, None where not given."""
    for info in reversed(list(SETTINGS.values())):
        default = f"  [default: {info.default_text}]" if info.default_text else ""
        command = click.option(info.flag, info.name, metavar=info.metavar, help=info.help + default)(command)
    return command


def build_options(command: F) -> F:
    """How a build works rather than what it makes: these never change a byte of the track."""
    command = click.option("--no-cache", is_flag=True, help="Speak and compute everything anew, and keep nothing.")(
        command
    )
    command = click.option(
        "--plain", is_flag=True, help="Encode in one piece: the same bytes, for whoever doubts the joints, but slower."
    )(command)
    return click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        default=os.cpu_count() or 1,
        show_default="all cores",
        help="Work on so many cores.",
    )(command)


def split_flags(values: Mapping[str, Any]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """A command's keyword arguments: the settings' flags, and the others."""
    flags = {name: value for name, value in values.items() if name in SETTINGS}
    return flags, {name: value for name, value in values.items() if name not in SETTINGS}
