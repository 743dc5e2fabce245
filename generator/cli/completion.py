"""The `completion` command: what a shell needs to complete sleepward's words."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..errors import InputError

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SLEEPWARD_COMPLETE"  # click's: a shell asks for completions through it


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(SHELLS), metavar="[bash|zsh|fish]")
@click.option("--install", is_flag=True, help="Set it up for every new shell, instead of printing it.")
def completion_command(shell: str | None, install: bool) -> None:
    """Complete commands, routines, poses, styles, backgrounds, voices and the values of settings with the Tab key.

    Without a shell's name it is the one you use. --install writes a file, and for bash and zsh adds one line to
    ~/.bashrc or ~/.zshrc that reads it.
    """
    shell = shell or _own_shell()
    text = _script_of(shell)
    if not install:
        click.echo(text)
        return
    path, reader = _places(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
        click.echo(f"written: {path}")
        if reader is not None and (line := f'source "{path}"') not in _text_of(reader):
            with reader.open("a", encoding="utf-8") as file:
                file.write(f"\n# completion of sleepward\n{line}\n")
            click.echo(f"one line added to {reader}")
    except OSError as error:
        hint = f"print it with `sleepward completion {shell}`, and put it where your shell reads it"
        raise InputError(f"it can't be written ({error.strerror})", where=str(error.filename), hint=hint) from error
    click.echo("It works in every shell that you open from now on.", err=True)


def _own_shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in SHELLS:
        what = f"there is no completion for {name}" if name else "which shell you use isn't known"
        raise InputError(what, hint=f"name one of {', '.join(SHELLS)}, like: sleepward completion bash")
    return name


def _script_of(shell: str) -> str:
    from click.shell_completion import get_completion_class

    from .commands import group

    kind = get_completion_class(shell)
    assert kind is not None, shell
    source = kind(group, {}, "sleepward", VARIABLE)
    text = source.source_template % source.source_vars()  # its `source` would start bash to look at its version
    if shell != "zsh":
        return text
    head, line_break, rest = text.partition("\n")
    return f"{head}{line_break}(( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit }}\n{rest}"


def _places(shell: str) -> tuple[Path, Path | None]:
    """The file for the shell's script, and the file of the shell's own that must read it; fish finds it by itself."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    if shell == "fish":
        return config / "fish" / "completions" / "sleepward.fish", None
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    zsh_home = Path(os.environ.get("ZDOTDIR") or home)
    reader = home / ".bashrc" if shell == "bash" else zsh_home / ".zshrc"
    return data / "sleepward" / f"completion.{shell}", reader


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
