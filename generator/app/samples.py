"""Makes short samples of backgrounds and voices, as loud as in a track, to choose by ear."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .. import beds
from ..build.speakers import spoken_lines
from ..build.track import BuildContext
from ..build.track_file import new_track
from ..dsp.fades import raised_cosine
from ..errors import InputError
from ..formats import CONTAINERS, TrackSound
from ..mix.mixing import Levels, Mix
from ..model import SAMPLES_PER_MS, Event, Timeline
from ..pronunciation.lexicon import EMPTY_LEXICON
from ..settings import Settings
from ..values import OwnVoice
from ..voices import VoiceOfRecordings, open_other_voice, short_label
from ..voices.narration import SpokenLine, narrate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..build.track import TrackSpec
    from ..mix.mixing import ClipOf
    from ..model import Samples
    from ..values import VoiceChoice
    from ..voices import Voice

BACKGROUND_MS = 20_000
EDGE_MS = 1_500
VOICE_SENTENCES = (
    "When you're ready, let the right knee fall slowly out to the side.",
    "Stay here for a while, and let each breath be as long as it likes.",
)
GAP_MS = 1_500
OTHER_FOLDER = "choose another folder with --sample"


def sample_background(name: str, folder: Path, context: BuildContext) -> Path:
    """Twenty seconds of a bed of `beds.BEDS` as ``folder/NAME.mp3``: what sounds between the words of a track."""
    mix = _mix(name, (), BACKGROUND_MS, context)
    return _written(folder / f"{name}.mp3", _faded(mix.open, BACKGROUND_MS), BACKGROUND_MS, context)


def sample_voice(choice: VoiceChoice, folder: Path, context: BuildContext, hint: str = OTHER_FOLDER) -> Path:
    """Two sentences of a voice as ``folder/NAME.mp3``. Raises SleepwardError if the voice can't be opened or fails.

    A voice of the user's own goes by its own name, whatever speaks in it.
    """
    voice = open_other_voice(choice, None)
    name = choice.name if isinstance(choice, OwnVoice) else short_label(voice.label)
    path = folder / f"{name.replace(':', '-').replace('/', '-')}.mp3"
    return write_sentences(spoken_lines(_sentences(voice), voice, EMPTY_LEXICON), path, context, hint)


def sample_words_over(background: str, spec: TrackSpec, path: Path, context: BuildContext, hint: str) -> Path:
    """The two sentences over a background as users write it, by the voice of `spec`, in the format of the suffix.

    Raises SleepwardError.
    """
    lines = spoken_lines(_sentences(spec.voice), spec.voice, spec.lexicon)
    return write_sentences(lines, path, context, hint, background)


def write_sentences(
    lines: Sequence[SpokenLine], path: Path, context: BuildContext, hint: str, background: str = "none"
) -> Path:
    """Sentences one after another, over a background, in the format of the path's suffix.

    Raises InputError with `hint` if the file can't be written, and TrackError if the voice failed.
    """
    narration = narrate(lines, context.cache, context.jobs)
    events: list[Event] = []
    at_ms = GAP_MS
    for line in lines:
        events.append(Event("speech", at_ms, at_ms + narration.durations_ms[line.text], line.text, 0))
        at_ms = events[-1].end_ms + GAP_MS
    mix = _mix(background, tuple(events), at_ms, context, narration.clip)
    sound = mix.render if background == "none" else _faded(mix.render, at_ms)
    return _written(path, sound, at_ms, context, hint)


def _sentences(voice: Voice) -> Sequence[str]:
    """What a voice says in a sample: one of recordings, what it has."""
    recorded = voice.texts()[: len(VOICE_SENTENCES)] if isinstance(voice, VoiceOfRecordings) else ()
    return recorded or VOICE_SENTENCES


def _faded(sound: Callable[[int, int], Samples], duration_ms: int) -> Callable[[int, int], Samples]:
    """The sound with soft edges, which end where the first word may begin."""

    def faded(first: int, last: int) -> Samples:
        import numpy as np

        at_ms = np.arange(first, last) / SAMPLES_PER_MS
        edges = raised_cosine(at_ms / EDGE_MS) * raised_cosine((duration_ms - at_ms) / EDGE_MS)
        return sound(first, last) * edges[:, None]

    return faded


def _mix(
    background: str, events: tuple[Event, ...], duration_ms: int, context: BuildContext, clip: ClipOf | None = None
) -> Mix:
    settings = Settings(background=beds.parse_background(background))
    bed = beds.load_bed(settings.background, context.cache, settings.breath_ms, settings.inhale_ms)
    timeline = Timeline(events, (), 0, duration_ms, (0, 0))
    return Mix(timeline, clip or _no_clip, bed, Levels(settings.loudness, settings.background_level))


def _no_clip(text: str) -> NoReturn:
    raise LookupError(text)  # nothing is spoken here


def _written(
    path: Path,
    sound: Callable[[int, int], Samples],
    duration_ms: int,
    context: BuildContext,
    hint: str = OTHER_FOLDER,
) -> Path:
    container = CONTAINERS[path.suffix.lower().removeprefix(".")]
    try:
        with new_track(path, container) as sink:
            container.write(sink, TrackSound(sound, duration_ms * SAMPLES_PER_MS, jobs=context.jobs))
    except InputError as error:
        raise InputError(error.what, where=error.where, hint=hint) from error
    return path
