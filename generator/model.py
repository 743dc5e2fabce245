"""The frozen types that stages pass to each other. Time is integer milliseconds at 48,000 Hz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, assert_never

if TYPE_CHECKING:  # numpy is heavy, and this module is imported by everything
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    """float32 (samples, channels) in [-1, 1]."""

SAMPLE_RATE = 48_000
SAMPLES_PER_MS = 48
FRAME_SAMPLES = 1_152  # one MPEG-1 layer III frame
FRAME_MS = 24  # exactly, at 48 kHz

# A clip keeps this much silence before and after its audible part. It lies outside the clip's event, so that starts,
# ends and pauses in the timeline are those that a listener hears.
CLIP_HEAD_MS = 30
CLIP_TAIL_MS = 120

RoundName = Literal["right", "left", "both", "clockwise", "counterclockwise", "only"]
ROUND_NAMES: tuple[RoundName, ...] = (
    "right",
    "left",
    "both",
    "clockwise",
    "counterclockwise",
    "only",
)

POSITIONS = (
    "supine", "prone", "side", "seated", "kneeling", "all-fours", "standing", "chair", "legs-raised", "edge",
)  # fmt: skip


# --- holds -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HoldLength:
    """How long a hold lasts, as written: from `low` to `high`, in milliseconds, breaths or counts.

    `more` is the `+` of the grammar: a length fit may use up to three times `high`, 20 minutes at most.
    Only counts can be `silent`. `usual` is what the hold lasts without a wanted length, if it says so.
    """

    unit: Literal["ms", "breaths", "count"]
    low: int
    high: int
    more: bool = False
    silent: bool = False
    usual: int | None = None

    @property
    def elastic(self) -> bool:
        return self.unit != "count" and (self.more or self.high > self.low)


# --- definitions -----------------------------------------------------------------------------------


Level = Literal["easier", "standard", "deeper"]
Keep = Literal["always", "first", "second", "last"]
KEEPS: tuple[Keep, ...] = ("always", "first", "second", "last")
"""How early a step is left out where a wanted length has no room for all: `last` goes first, `always` never."""


@dataclass(frozen=True, slots=True)
class Variant:
    """An easier or deeper variant of a pose.

    `say` is spoken after the pose's `enter`. `changes` replaces fields of the pose, by their names. Listings show
    `summary`, or `say` if there is none.
    """

    say: str = ""
    summary: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BreathWords:
    """The words for one breath of a movement, at its inhale and its exhale; Jinja."""

    inhale: str
    exhale: str


@dataclass(frozen=True, slots=True)
class Pose:
    """One shape or movement, as its file describes it; the texts are Jinja.

    `breaths` are the words of a movement paced by the breath: one entry a breath, and the last for all that follow.
    `involves` names what the body does (twists, deep-flexion …), `leave_out_for` who should leave the pose out. The
    setting `avoid` goes by both, and by the positions. `extra` is the text that a chosen variant adds to `enter`.

    `mind` is the spoken caution, `feel` how the pose should feel, `breathing` what the breath does in it.
    `most_ms` is how far a `+` may stretch one round of it. `styles` holds texts that replace the pose's own: by the
    style's name, then by the field.
    """

    id: str
    name: str
    position: str
    ends: str
    rounds: tuple[RoundName, ...]
    enter: str
    leave: str
    switch: str = ""
    hold_lines: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    breaths: tuple[BreathWords, ...] = ()
    easier: Variant | None = None
    deeper: Variant | None = None
    felt: str = ""
    props: tuple[str, ...] = ()
    involves: tuple[str, ...] = ()
    leave_out_for: tuple[str, ...] = ()
    caution: str = ""
    path: str = ""
    extra: str = ""
    mind: str = ""
    feel: str = ""
    most_ms: int | None = None
    breathing: tuple[BreathWords, ...] = ()
    styles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A pose in a routine, with the hold of each of its rounds."""

    pose: Pose
    hold: HoldLength
    hold_text: str
    rounds: tuple[RoundName, ...]
    reps: tuple[int, int] | None = None
    level: Level = "standard"
    line: int = 0
    keep: Keep = "second"


@dataclass(frozen=True, slots=True)
class Routine:
    """The poses in order. `settings` are those that its file has, as written, by name.

    `note` is said after the greeting: a programme has one for each of its nights. A `brief` one is told in brief words,
    in its own style.
    """

    name: str
    title: str
    summary: str
    setting: str
    eyes: str
    props: tuple[str, ...]
    steps: tuple[Step, ...]
    greeting: str = ""
    note: str = ""
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    brief: bool = False


# --- cues ------------------------------------------------------------------------------------------

PoseKey = tuple[int, str | None]
"""A chapter's index, and a pose in it."""


@dataclass(frozen=True, slots=True)
class CuePlace:
    """A cue's place: line in the script (from 1), chapter index, pose id and round."""

    line: int
    chapter: int
    pose: str | None = None
    round: RoundName | None = None

    @property
    def pose_key(self) -> PoseKey:
        return self.chapter, self.pose

    def at_line(self, line: int) -> CuePlace:
        """The same place, but for its line."""
        return CuePlace(line, self.chapter, self.pose, self.round)


@dataclass(frozen=True, slots=True)
class Say:
    """One sentence. `gap` is the kind of gap between it and speech just before it."""

    text: str
    where: CuePlace
    gap: Literal["sentence", "paragraph"] = "sentence"


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of `length` milliseconds (scaled by the pace) or whole breaths (not scaled)."""

    length: int
    unit: Literal["ms", "breaths"]
    where: CuePlace


@dataclass(frozen=True, slots=True)
class Chime:
    where: CuePlace


@dataclass(frozen=True, slots=True)
class Count:
    """A slow count from one to `number`."""

    number: int
    silent: bool
    where: CuePlace


@dataclass(frozen=True, slots=True)
class GuidedBreath:
    """The words of one guided breath; an empty text leaves its phase silent."""

    inhale: str
    exhale: str
    inhale_line: int
    exhale_line: int


@dataclass(frozen=True, slots=True)
class Breathe:
    """Breaths guided aloud, one entry for each."""

    breaths: tuple[GuidedBreath, ...]
    where: CuePlace


@dataclass(frozen=True, slots=True)
class HoldOffset:
    """A point in a hold: a share in percent, or milliseconds from the hold's start or end."""

    kind: Literal["percent", "from_start", "from_end"]
    value: float
    line: int

    def in_hold_ms(self, hold_ms: int) -> int:
        """Milliseconds from the start of a hold of `hold_ms`; negative or beyond it if the point lies outside."""
        match self.kind:
            case "percent":
                return round(hold_ms * self.value / 100)
            case "from_start":
                return int(self.value)
            case "from_end":
                return hold_ms - int(self.value)
            case _:
                assert_never(self.kind)


Item = Say | Pause | Chime | Count | Breathe


@dataclass(frozen=True, slots=True)
class HoldGroup:
    """Items of a hold that stay together. With `at` None they begin with the hold, or are spread evenly."""

    items: tuple[Item, ...]
    at: HoldOffset | None = None

    @property
    def leads_to_end(self) -> bool:
        """Whether it is placed from the hold's end, as the words are that announce it."""
        return self.at is not None and self.at.kind == "from_end"


@dataclass(frozen=True, slots=True)
class Company:
    """Sentences for a hold that turns out long: said in turn, wherever it would have `every_ms` without a word."""

    every_ms: int
    says: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of one round. With `length` None it lasts as long as its content; `text` is the length as written."""

    length: HoldLength | None
    groups: tuple[HoldGroup, ...]
    where: CuePlace
    text: str = ""
    company: Company | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that may happen in it: its groups in their order, and then its company."""
        return (*(item for group in self.groups for item in group.items), *(self.company.says if self.company else ()))


Cue = Say | Pause | Chime | Count | Breathe | Hold


def cues_with_words(cues: Sequence[Cue | Item]) -> Iterator[Say | Breathe]:
    """The cues that speak sentences, those within holds too, in their order."""
    for cue in cues:
        match cue:
            case Say() | Breathe():
                yield cue
            case Hold():
                yield from cues_with_words(cue.items)
            case Pause() | Chime() | Count():
                pass
            case _:
                assert_never(cue)


@dataclass(frozen=True, slots=True)
class ScriptNote:
    """What its writer should know about a place of a script, though it can be spoken; both count from 1."""

    line: int
    column: int
    what: str


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script: its front matter, its chapters' titles, its cues.

    `body` is the text of the cues, and begins on line `first_line` of the file.
    """

    name: str
    title: str
    body: str
    chapters: tuple[str, ...]
    cues: tuple[Cue, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    setting_lines: Mapping[str, int] = field(default_factory=dict)
    routine: str | None = None
    summary: str = ""
    adapted: tuple[str, ...] = ()  # a sentence for each pose left out or swapped, shown and never spoken
    first_line: int = 1
    notes: tuple[ScriptNote, ...] = ()


# --- sound and time --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recording:
    """One sentence as the engine spoke it: float32 (samples, 1) at the engine's sample rate."""

    samples: Samples
    sample_rate: int


@dataclass(frozen=True, slots=True)
class Clip:
    """One sentence after the voice chain: float32 (samples, 1) at 48 kHz, whole milliseconds."""

    text: str
    samples: Samples

    @property
    def duration_ms(self) -> int:
        return len(self.samples) // SAMPLES_PER_MS


EventKind = Literal["speech", "pause", "hold", "breath", "count", "chime", "tail"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the timeline, from `start_ms` to `end_ms`; `chapter` is an index."""

    kind: EventKind
    start_ms: int
    end_ms: int
    text: str
    chapter: int
    pose: str | None = None
    round: RoundName | None = None
    breaths: int = 0  # of a hold in breaths

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def pose_key(self) -> PoseKey:
        return self.chapter, self.pose

    @property
    def sounds(self) -> bool:
        """Whether it is heard over the background. The words and bells inside other events are separate events."""
        match self.kind:
            case "speech" | "chime":
                return True
            case "pause" | "hold" | "breath" | "count" | "tail":
                return False
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    start_ms: int
    end_ms: int


TITLE_JOINT = " · "
"""It stands between a track's title and each detail of its place."""


@dataclass(frozen=True, slots=True)
class Place:
    """A track's place among others: what players tell, sort and group it by.

    `details` tell it from the others of its title ("night 3", "rain"). `number` counts from 1 to `total`; both are 0
    for a track alone. `year` has four digits, or is empty.
    """

    album: str = "Nights"
    details: tuple[str, ...] = ()
    number: int = 0
    total: int = 0
    year: str = ""


ALONE = Place()
"""The place of a track that is built by itself."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the narration, without line breaks, and when it is heard."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every event of a track in the order of starts. The chapters cover [0, duration_ms] without gaps."""

    events: tuple[Event, ...]
    chapters: tuple[Chapter, ...]
    guided_ms: int
    tail_ms: int
    length_range_ms: tuple[int, int]

    @property
    def duration_ms(self) -> int:
        return self.guided_ms + self.tail_ms

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """What is said, in the order of starts."""
        return tuple(
            Sentence(event.start_ms, event.end_ms, " ".join(event.text.split()))
            for event in self.events
            if event.kind == "speech" and event.text.strip()
        )


class Loop(Protocol):
    """A seamless loop of stereo sound, read a part at a time. Several threads may read at once."""

    @property
    def samples(self) -> int:
        """Its length, a whole number of frames."""
        ...

    def read(self, first: int, last: int) -> Samples:
        """float32 (last - first, 2), for 0 <= first <= last <= samples. The caller may write into it."""
        ...


@dataclass(frozen=True, slots=True)
class Bed:
    """A background as one seamless loop.

    `loudness_lufs` is the loop's measured loudness (BS.1770), from which its gain is set; a silent bed has None. A bed
    with `restarts` follows the breath: it starts again with every hold in breaths.
    """

    name: str
    identity: str
    loop: Loop
    loudness_lufs: float | None
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the track: voiced (mixed) or open (the bed alone, at its open level).

    In an open span the track's sample n is the bed's sample n + `shift_frames` frames, modulo its loop.
    """

    kind: Literal["voiced", "open"]
    start_ms: int
    end_ms: int
    shift_frames: int = 0
