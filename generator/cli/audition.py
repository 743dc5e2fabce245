"""`voices --audition` and `backgrounds --audition`: sounds, and a page to hear them one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MissingToolError, NotFoundError, SettingError, SleepwardError, TrackError
from .commands import say_error
from .progress import build_context

if TYPE_CHECKING:
    from ..values import OwnVoice
    from ..voices import VoiceInfo

OUT_FOLDER = "output/audition"
AUDITION_HELP = "Write two sentences of each, and one page to hear them all."
AUDITION_OUT_HELP = f"With --audition: where the page goes.  [default: {OUT_FOLDER}]"


def audition_voices(
    voices: Sequence[VoiceInfo],
    own: Mapping[str, OwnVoice],
    names: Sequence[str],
    out: str | None,
    options: dict[str, Any],
    *,
    everything: bool,
) -> None:
    """Write the page of voices: of those named, else of the short list, and of the rest only with `everything`.

    A voice that can't speak doesn't stop the others: its row has no button and says why, and the exit code is its
    error's. A folder that can't be written stops all.
    """
    from ..app.audition import OTHER_FOLDER, voice_candidate, write_voices_page
    from ..app.samples import sample_voice
    from ..voices import LAST_RANK, short_label

    folder = Path(out or OUT_FOLDER)
    notes = {short_label(voice.id): voice.note for voice in voices}
    first = [voice.id for voice in voices if voice.rank is not None and voice.rank < LAST_RANK]
    others = [voice.id for voice in voices if voice.id not in first] if everything else []
    failed: SleepwardError | None = None
    candidates = []
    for name in names or [*first, *others]:
        note = notes.get(short_label(name), "")
        sound = None
        try:
            with build_context(options) as context:
                sound = sample_voice(own.get(name, name), folder / "voices", context, OTHER_FOLDER)
            click.echo(sound)
        except (MissingToolError, NotFoundError, SettingError, TrackError) as error:
            say_error(error)
            failed = failed or error
            note = f"{error.what}. {error.hint or note}"
        candidates.append(voice_candidate(name, note, sound, shortlist=bool(names) or name in first))
    click.echo(write_voices_page(candidates, folder, ranked=not names))
    more = len(voices) - len(first)
    if not names and not everything and more:
        click.echo(f"{more} more: sleepward voices --audition --all", err=True)
    if failed is not None:
        raise click.exceptions.Exit(failed.exit_code)


def audition_backgrounds(out: str | None, options: dict[str, Any]) -> None:
    """Write the page of backgrounds, under the voice that speaks in a build here."""
    from ..app.audition import OTHER_FOLDER, Candidate, write_backgrounds_page
    from ..app.said import read_text
    from ..app.samples import VOICE_SENTENCES, sample_words_over
    from ..beds import BEDS
    from ..workspace import Workspace

    folder = Path(out or OUT_FOLDER)
    spec = read_text(" ".join(VOICE_SENTENCES), None, Workspace.here())
    candidates = []
    with build_context(options) as context:
        for name, kind in BEDS.items():
            sound = sample_words_over(name, spec, folder / "backgrounds" / f"{name}.mp3", context, OTHER_FOLDER)
            click.echo(sound)
            candidates.append(Candidate(name, kind.summary, f"--background {name}", sound.name))
    click.echo(write_backgrounds_page(candidates, folder))
