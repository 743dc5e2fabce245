"""The `say` command."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .options import build_options
from .progress import build_context
from .values import complete_voices

if TYPE_CHECKING:
    from ..app.said import SaidSentence


@click.command("say")
@click.argument("words", nargs=-1, required=True, metavar="TEXT...")
@click.option(
    "--voice",
    metavar="VOICE",
    help="Whose phonemes and sound.  [default: as for a build here]",
    shell_complete=complete_voices,
)
@click.option("-o", "out", metavar="FILE", help="Write the sound of it, too; the suffix chooses the format.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per sentence.")
@build_options(unused=("plain",))
def say_command(words: tuple[str, ...], voice: str | None, out: str | None, as_json: bool, **options: Any) -> None:
    """Show how a TEXT is said: as it is written, in words, in phonemes, and what isn't said as it is written.

    The TEXT may have a script's marks. What has no words is an error at its column.
    """
    from ..app.said import read_text, said_sentences, write_sound
    from ..build.track_file import suffix_of
    from ..workspace import Workspace

    if out is not None and suffix_of(out) is None:
        raise InputError("the sound needs a file with a known suffix", where=f"-o {out}", hint=f"write -o {out}.mp3")
    with build_context(options) as context:
        spec = read_text(" ".join(words), voice, Workspace.here())
        for sentence in said_sentences(spec):
            if as_json:
                click.echo(json.dumps(asdict(sentence), ensure_ascii=False))
            else:
                click.echo("\n".join(_lines(sentence)))
        if out is not None:
            click.echo(f"wrote {write_sound(spec, Path(out), context)}", err=True)


def _lines(sentence: SaidSentence) -> list[str]:
    shown = [sentence.text]
    if sentence.said != sentence.text:
        shown.append(f"  said      {sentence.said}")
    if sentence.phonemes is not None:
        shown.append(f"  phonemes  {sentence.phonemes}")
    return [*shown, *(f"  {note.column:<8}  {note.what}" for note in sentence.notes)]
