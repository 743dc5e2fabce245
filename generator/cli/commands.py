"""The group of commands. Imports and runs the one that was typed."""

from __future__ import annotations

import errno
import gc
import os
import sys

import click

from .. import __version__
from ..errors import InputError, SleepwardError, nearest, shortage
from ..system import stopping

COMMANDS = {
    "build": "build",
    "preview": "build",
    "plan": "build",
    "script": "build",
    "tonight": "tonight",
    "program": "program",
    "batch": "batch",
    "publish": "publish",
    "serve": "serve",
    "studio": "serve",
    "say": "say",
    "check": "check",
    "verify": "verify",
    "schema": "check",
    "list": "listing",
    "show": "listing",
    "voices": "listing",
    "backgrounds": "listing",
    "cache": "cache",
    "init": "init",
    "doctor": "doctor",
    "completion": "completion",
}
"""Command to its module. Only the module that runs is imported, so `--help` is instant."""

SUMMARIES = {
    "build": "Make tracks: a file each, in output/.",
    "preview": "Make a minute of a track, to hear what its settings do.",
    "plan": "Show what happens when in a track.",
    "script": "Print the script of a routine, to read or to change.",
    "tonight": "Choose a routine that fits tonight, and make it.",
    "program": "List or make the nights of a programme.",
    "batch": "Make a whole library of tracks, and again only what changed.",
    "publish": "Write playlists, words in time, covers and a podcast feed beside the tracks.",
    "serve": "Let a phone in the same network play a library, in its browser.",
    "studio": "Make tracks on a page in the browser, hear them, play them.",
    "say": "Show how a text is said: in words, in phonemes, as a sound.",
    "check": "Read routines, poses and scripts, and say what is wrong in them.",
    "verify": "Measure a finished track against its plan.",
    "schema": "Print the JSON schema of routines, poses or libraries, for editors.",
    "list": "List the routines.",
    "show": "Show a routine or a pose: props, holds, cautions.",
    "voices": "List the voices of this machine, or write samples of them.",
    "backgrounds": "List the backgrounds, or write samples of them.",
    "cache": "Manage what earlier builds kept.",
    "init": "Make a folder to begin with: a routine, words and a library of your own.",
    "doctor": "Try everything a build needs, for real.",
    "completion": "Complete words with the Tab key, in bash, zsh or fish.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        import importlib

        module = importlib.import_module(f".{COMMANDS[cmd_name]}", __package__)
        stopping.check()  # the imports took a while
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and (near := nearest(name, COMMANDS)):
            ctx.fail(f"No such command {name!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)


DEBUG = "--debug"
OUR_FAULT = "this is a fault of sleepward itself"
FIRST_LINES = """\
sleepward list                      what there is
sleepward build deep-hip-opening    makes output/deep-hip-opening.mp3, to play in bed
sleepward --help                    everything else"""


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sleepward")
@click.option(DEBUG, is_flag=True, help="Show where in the program an error arose.")
@click.pass_context
def group(context: click.Context, debug: bool) -> None:  # noqa: ARG001  # `run` looks at it
    """Turn a written routine into an audio track to play in bed, in the dark, with the eyes closed.

    Tonight's track: sleepward build deep-hip-opening
    """
    if context.invoked_subcommand is None:
        click.echo(FIRST_LINES)


def run_typed() -> int:
    """Run the typed command. Returns its exit code. Raises StoppedError."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # we run our own threads on the cores
    try:
        return run(sys.argv[1:])
    except BrokenPipeError:
        sys.stderr.close()  # the reader is gone, and can't be told anything
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"Error: writing stopped: {error.strerror}\n  make room, and run it again", err=True)
        os._exit(1)  # stdout's buffer can't be written either
    finally:
        gc.freeze()  # skips a last garbage collection: a tenth of an unchanged build's CPU time


def run(words: list[str]) -> int:
    """Run the command in `words`. Returns the exit code, 0, or an error's 1, 2 or 3. Raises StoppedError."""
    try:
        code = group.main(words, prog_name="sleepward", standalone_mode=False)  # what a command's Exit carries
    except Exception as error:  # noqa: BLE001  # each is said to the user
        if words[:1] == [DEBUG] and not isinstance(error, click.ClickException):
            import traceback

            traceback.print_exception(error)
        return _told(error)
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> int:
    """Say what went wrong. Returns the exit code."""
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f"\n  see {context.command_path} --help"
        click.echo(f"Error: {error.format_message()}{hint}", err=True)
        return error.exit_code
    if isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        raise error  # `run_typed` ends without a word to the pipe, or to the full disk
    if isinstance(error, click.Abort):
        error = InputError("the input ended before the answer", hint="answer at a terminal, or give options")
    told = error if isinstance(error, SleepwardError) else shortage(error)
    if told is None:
        hint = f"run it again as `sleepward {DEBUG} …`, and report what that prints"
        told = SleepwardError(f"{OUR_FAULT}: {type(error).__name__}: {error}", hint=hint)
    say_error(told)
    return told.exit_code


def say_error(error: SleepwardError) -> None:
    from .tables import hanging

    click.echo(hanging(f"Error: {error}", err=True), err=True)
