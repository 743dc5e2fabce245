"""The options that several commands share, with a flag for every setting, and how their help is grouped."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import click

from ..settings import GROUPS, SETTINGS, SettingInfo
from .values import completed, values_of

_ALSO_WORDS = ("breath_rate", "count_ms", "count_voice")  # which reminders fit a hold; which numbers are spoken
_LISTED = ("background", "style", "avoid")  # their values aren't in their metavar, and few enough to read

F = TypeVar("F", bound=Callable[..., Any])


class SettingOption(click.Option):
    """A setting's flag. Help lists its values, which are looked up only then, and shows its default."""

    def __init__(self, info: SettingInfo, *, hidden: bool = False) -> None:
        default = info.default_text or info.otherwise
        super().__init__(
            [info.flag, info.name],
            metavar=info.metavar,
            help=info.help + (f"  [default: {default}]" if default else ""),
            hidden=hidden,
            shell_complete=lambda ctx, param, incomplete: completed(info.name, incomplete),
        )
        self.info = info

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None or self.info.name not in _LISTED:
            return record
        flag, text = record
        what, bracket, default = text.partition("  [default:")
        return flag, f"{what}: {', '.join(values_of(self.info.name))}{bracket}{default}"


class GroupedCommand(click.Command):
    """A command whose help has the settings in groups, below its own options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], **{group.capitalize(): [] for group in GROUPS}}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                group = param.info.group.capitalize() if isinstance(param, SettingOption) else "Options"
                sections[group].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def setting_options(*, unused: Collection[str] = ()) -> Callable[[F], F]:
    """Add a flag for every setting. Each arrives as a keyword argument, None if not given.

    Those `unused` are taken, so that a build's line can be given to the command as it is, and not shown in its help.
    """
    return with_options([SettingOption(info, hidden=info.name in unused) for info in SETTINGS.values()])


def word_options(command: F) -> F:
    """Add a flag for every setting that changes which sentences are spoken."""
    infos = [info for info in SETTINGS.values() if info.shapes_words or info.name in _ALSO_WORDS]
    return with_options([SettingOption(info) for info in infos])(command)


def build_options(*, unused: Collection[str] = ()) -> Callable[[F], F]:
    """Add the options of how a build runs. They never change a byte of the track. `unused` ones aren't in the help."""
    return with_options([
        jobs_option(["--jobs"], "How many cores to use.", hidden="jobs" in unused),
        click.Option(
            ["--plain"], is_flag=True, help="Encode in one piece: slower, the same bytes, to check the joints.",
            hidden="plain" in unused,
        ),
        click.Option(
            ["--no-cache"], is_flag=True, help="Speak and compute everything again, and keep nothing.",
            hidden="no_cache" in unused,
        ),
    ])  # fmt: skip


class _JobsOption(click.Option):
    """Its help has no range, which nobody reaches."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].partition("  [1<=")[0])


def jobs_option(names: Sequence[str], what: str, *, hidden: bool = False) -> click.Option:
    """The option of how much runs at once."""
    return _JobsOption(
        [*names],
        type=click.IntRange(1, 256),
        metavar="NUMBER",
        default=os.cpu_count() or 1,
        help=f"{what}  [default: all cores]",
        hidden=hidden,
    )


def with_options(options: Sequence[click.Option]) -> Callable[[F], F]:
    """A decorator that adds `options` to a function that becomes a command, as click's own do: the last one first."""

    def add(command: F) -> F:
        vars(command).setdefault("__click_params__", []).extend(reversed(options))
        return command

    return add


def split_flags(values: Mapping[str, Any]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Split a command's keyword arguments into the settings' flags and the others."""
    flags = {name: value for name, value in values.items() if name in SETTINGS}
    return flags, {name: value for name, value in values.items() if name not in SETTINGS}
