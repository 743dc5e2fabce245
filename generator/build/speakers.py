"""Who speaks: the voices that a track's settings choose, and the lines that each of them is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ..pronunciation.lexicon import Lexicon
from ..settings import Settings
from ..timeline.timing import is_number, spoken_texts, timing_of
from ..voices import Voice, VoiceOfRecordings, open_other_voice, open_voice
from ..voices.narration import SpokenLine, voice_identity

if TYPE_CHECKING:
    from .track import TrackSpec


def open_speaker(settings: Settings, own_names: Collection[str] = ()) -> Voice:
    """The voice that speaks. `own_names` are those of the user's own voices, for errors. Raises MissingToolError."""
    return open_voice(settings.voice, rate=settings.rate, pitch=settings.pitch, own_names=own_names)


def open_count_voice(settings: Settings, own_names: Collection[str] = ()) -> Voice | None:
    """The voice for numbers, if it is another one. Raises MissingToolError."""
    choice = settings.count_voice.voice
    return None if choice is None else open_other_voice(choice, settings.rate, own_names)


def lines_of(spec: TrackSpec) -> list[SpokenLine]:
    """Every distinct text of a track, with its voice and what this is given. Raises NotFoundError.

    A voice of recordings that lacks some of them raises it, with all that are missing. The voice for numbers speaks
    those of counts, and any sentence that is nothing but a number.
    """
    texts = spoken_texts(spec.script, timing_of(spec.settings))
    if spec.count_voice is None:
        return spoken_lines(texts, spec.voice, spec.lexicon)
    words = spoken_lines([text for text in texts if not is_number(text)], spec.voice, spec.lexicon)
    return [*words, *spoken_lines(filter(is_number, texts), spec.count_voice, spec.lexicon)]


def spoken_lines(texts: Iterable[str], voice: Voice, lexicon: Lexicon) -> list[SpokenLine]:
    """The lines of `texts` for one voice, and for the voice that fills in for it. Raises NotFoundError."""
    texts = list(texts)
    if not isinstance(voice, VoiceOfRecordings):
        return [SpokenLine(text, lexicon.apply(text, voice.phonemes), voice) for text in texts]
    voice.require(texts)
    speakers = {text: voice.speaker_of(text) for text in texts}
    lines = {text: SpokenLine(text, text, voice) for text in texts}
    for other in {id(each): each for each in speakers.values() if each is not voice}.values():
        its_texts = [text for text, speaker in speakers.items() if speaker is other]
        lines |= {line.text: line for line in spoken_lines(its_texts, other, lexicon)}
    return list(lines.values())


def voices_part(spec: TrackSpec, lines: Collection[SpokenLine]) -> str:
    """What determines the sound of a track's speech beside its lines: one identity, or that of each line."""
    identities = [line.identity for line in lines] or [voice_identity(spec.voice)]
    return identities[0] if len(set(identities)) == 1 else "\n".join(identities)
