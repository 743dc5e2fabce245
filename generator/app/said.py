"""What becomes of a text before a voice speaks it: sentence by sentence, with words, phonemes and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..build.pipeline import read_spec
from ..build.speakers import spoken_lines
from ..build.track import BuildContext, TrackSpec
from ..errors import TrackError
from ..pronunciation.places import placed_remarks, sentence_places
from ..timeline.timing import spoken_texts, timing_of
from ..voices import VoiceWithPhonemes
from ..workspace import Workspace
from ..workspace.script_sources import ScriptSource
from .samples import write_sentences

SHOWN_AS = "TEXT"


@dataclass(frozen=True, slots=True)
class SaidNote:
    """Where something isn't said as it is written: the column in the text that was given (from 1)."""

    column: int
    what: str


@dataclass(frozen=True, slots=True)
class SaidSentence:
    """A sentence as written, in words as a person would read it, and in the voice's phonemes.

    `alphabet` names theirs: ``misaki`` or ``espeak``. Both are None if the voice doesn't tell them.
    """

    text: str
    said: str
    phonemes: str | None
    alphabet: str | None
    notes: tuple[SaidNote, ...]


def read_text(text: str, voice: str | None, workspace: Workspace) -> TrackSpec:
    """A text as a script of its own, for this voice. Raises ScriptError for every place that has no words."""
    return read_spec(ScriptSource(text, "said", SHOWN_AS), {"voice": voice}, workspace)


def said_sentences(spec: TrackSpec) -> list[SaidSentence]:
    """What becomes of each sentence. The voice is only asked for its phonemes."""
    texts = spoken_texts(spec.script, timing_of(spec.settings))
    reading = spec.reading
    phonemes = _phonemes(spec, [reading.line(text) for text in texts])
    alphabet = spec.voice.phonemes if any(each is not None for each in phonemes) else None
    found: dict[str, list[SaidNote]] = {text: [] for text in texts}
    for each in placed_remarks(spec.script, reading):
        found[each.sentence].append(SaidNote(each.column, each.remark.what))
    places = list(sentence_places(spec.script)) if spec.script.notes else []
    for note in spec.script.notes:  # a pause that is written as elsewhere belongs to the sentence before it
        before = [text for line, column, text in places if (line, column) <= (note.line, note.column)]
        if texts:
            found[before[-1] if before else texts[0]].append(SaidNote(note.column, note.what))
    return [
        SaidSentence(text, reading.of(text).words, sound, alphabet, tuple(dict.fromkeys(found[text])))
        for text, sound in zip(texts, phonemes, strict=True)
    ]


def write_sound(spec: TrackSpec, path: Path, context: BuildContext) -> Path:
    """The sentences one after another, without a background. Raises TrackError if the voice failed."""
    texts = spoken_texts(spec.script, timing_of(spec.settings))
    lines = spoken_lines(texts, spec.voice, spec.lexicon)
    return write_sentences(lines, path, context, hint="choose another place with -o")


def _phonemes(spec: TrackSpec, lines: Sequence[str]) -> list[str | None]:
    if not isinstance(spec.voice, VoiceWithPhonemes):
        return [None] * len(lines)
    try:
        return list(spec.voice.phonemes_of(lines))
    except TrackError:
        return [None] * len(lines)
