"""The contents of routine and pose files as pydantic models. Their descriptions make up the users' reference."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..durations import DURATION_PATTERN, HOLD_PATTERN
from ..model import KEEPS, POSITIONS, ROUND_NAMES
from ..values import SLUG
from . import checks
from .bodies import CONDITIONS, LOADS
from .checks import REPS_PATTERN
from .pose_text import MAX_TEXT
from .validation import FileModel, invalid, one_line

PLACES = ("bed", "mat", "chair", "room")
SWITCH = ("on", "off")
EYES = ("closed", "open-while-standing")
MAX_STEPS = 500
MAX_ENTRIES = 100  # of any other list

Line = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(one_line)]
Required = Annotated[Line, AfterValidator(checks.not_empty), Field(json_schema_extra={"minLength": 1})]
Title = Annotated[Required, AfterValidator(checks.without_brackets)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(str.rstrip)]
Spoken = Annotated[Text, AfterValidator(checks.not_empty), Field(json_schema_extra={"minLength": 1})]
HoldLine = Annotated[Required, AfterValidator(checks.without_marks)]
BreathLine = Annotated[Line, AfterValidator(checks.without_marks)]
Position = Annotated[
    Required,
    AfterValidator(checks.one_of(POSITIONS, "a position")),
    Field(json_schema_extra={"enum": list(POSITIONS)}),
]
Round = Annotated[
    Line, AfterValidator(checks.one_of(ROUND_NAMES, "a round")), Field(json_schema_extra={"enum": list(ROUND_NAMES)})
]
Condition = Annotated[
    Required,
    AfterValidator(checks.condition),
    Field(json_schema_extra={"pattern": f"^{SLUG}$", "examples": [*CONDITIONS]}),
]
Doing = Annotated[
    Required,
    AfterValidator(checks.one_of(tuple(LOADS), "what 'involves' can be")),
    Field(json_schema_extra={"enum": list(LOADS)}),
]
Reps = Annotated[str, Field(json_schema_extra={"pattern": REPS_PATTERN})] | int  # editors read 8 as a number
Many = Field(max_length=MAX_ENTRIES)
Entries = Annotated[list[Required], Many]
HoldLines = Annotated[list[HoldLine], Many]
Rounds = Annotated[list[Round], Many, AfterValidator(checks.distinct)]
OwnRounds = Annotated[
    list[Annotated[Round, AfterValidator(checks.round_of_pose)]], Many, AfterValidator(checks.distinct)
]
StyleName = Annotated[str, Field(pattern=f"^{SLUG}$")]
Conditions = Annotated[list[Condition], Many]
Doings = Annotated[list[Doing], Many]


class StepEntry(FileModel):
    """One step: a pose, and how long each of its rounds is held."""

    called: ClassVar[str] = "every step"
    shape: ClassVar[str] = "a step must have keys: write 'pose: …' and 'hold: …'"

    pose: Annotated[Required, AfterValidator(checks.known_pose)] = Field(
        description="The id of a pose: the name of its file in routines/poses/.",
        examples=["figure-four"],
        json_schema_extra={"pattern": f"^{SLUG}$"},
    )
    hold: Annotated[Required, AfterValidator(checks.valid_hold)] = Field(
        description="How long each round is held. A range is elastic: --length stretches it. + welcomes up to three "
        "times the upper value, 20 min at most; of the last step's hold up to an hour. Never more than 3 h. A time "
        "like 1:30 needs quotes.",
        examples=["90 s", "1m30s", "20+ s", "1-3 min", "1-3+ min", "10 breaths", "5-10 breaths", "count 10 silent"],
        json_schema_extra={"pattern": HOLD_PATTERN},
    )
    sides: OwnRounds | None = Field(
        default=None,
        description="Which of the pose's rounds are done, in this order; all of them where left out.",
        examples=[["right", "left"]],
    )
    reps: Annotated[
        tuple[int, int] | None,
        BeforeValidator(checks.parsed_reps, json_schema_input_type=Reps),
        AfterValidator(checks.reps_within_limit),
    ] = Field(
        default=None,
        description="How often the rounds are repeated, each with its hold, under one chapter. Of a range the lower "
        "end is done, unless --reps asks for more.",
        examples=["8", "8-12"],
    )
    keep: Annotated[
        Required,
        AfterValidator(checks.one_of(KEEPS, "what 'keep' can be")),
        Field(json_schema_extra={"enum": [*KEEPS]}),
    ] = Field(
        default="second",
        description="Whether it is kept where --length has no room for all steps, even with the briefest words: those "
        "of rank last are left out first, then second, then first. The last step of a routine always stays.",
        examples=["always"],
    )


class RoutineFile(FileModel):
    """A routine: what is practised, in order. Any setting may stand here too, like length or background."""

    parts: ClassVar[dict[str, type[FileModel]]] = {"steps": StepEntry}

    title: Title = Field(description="What it is called when it is spoken of.", examples=["My night"])
    summary: Required = Field(description="One sentence for listings.", examples=["A stretch, a fold, and sleep."])
    greeting: BreathLine = Field(
        default="",
        description="The first words that are spoken, instead of a general greeting.",
        examples=["Good evening. Tonight is for your hips."],
    )
    setting: Annotated[Required, AfterValidator(checks.one_of(PLACES, "a setting"))] = Field(
        description="Where it begins and is done. The last step is always in bed.",
        examples=["bed"],
        json_schema_extra={"enum": list(PLACES)},
    )
    eyes: Annotated[Required, AfterValidator(checks.one_of(EYES, "what 'eyes' can be"))] = Field(
        description="Whether the eyes may be closed from the start.",
        examples=["closed"],
        json_schema_extra={"enum": list(EYES)},
    )
    brief: Annotated[
        Required,
        AfterValidator(checks.one_of(SWITCH, "what 'brief' can be")),
        Field(json_schema_extra={"enum": [*SWITCH]}),
    ] = Field(
        default="off",
        description="Whether it is told in brief words even where its holds are long: for a practice that has to be "
        "over soon. Another style than its own has its usual words. One whose holds last less than 8 min is brief by "
        "itself.",
        examples=["on"],
    )
    props: Entries = Field(
        default=[], description="All that is fetched, at the start.", examples=[["pillow", "folded blanket"]]
    )
    notes: Entries = Field(
        default=[], description="Shown by `sleepward show`, never spoken.", examples=[["Good after a long drive."]]
    )
    steps: Annotated[list[StepEntry], Field(min_length=1, max_length=MAX_STEPS)] = Field(
        description="The poses in order. The last one must end lying down: supine, side or prone."
    )


class BreathEntry(FileModel):
    """The words of one breath; one of the two may be left out, and is silent then."""

    called: ClassVar[str] = "every breath"
    shape: ClassVar[str] = "a breath must have keys: write 'in: …' and 'out: …'"

    inhale: BreathLine = Field(
        default="",
        alias="in",
        description="Said as the inhale begins: two or three words.",
        examples=["Arms float up."],
    )
    exhale: Annotated[BreathLine, AfterValidator(checks.has_breath_words)] = Field(
        default="",
        alias="out",
        validate_default=True,
        description="Said as the exhale begins: two or three words.",
        examples=["And lower."],
    )


Breaths = Annotated[list[BreathEntry], Many]


class StyleEntry(FileModel):
    """The pose in other words, for one style. Whatever is written here replaces the pose's own text of that name."""

    called: ClassVar[str] = "a style's words"

    enter: Spoken | None = Field(default=None, description="This style's words into the first round.")
    switch: Spoken | None = Field(default=None, description="This style's words into each later round.")
    leave: Text | None = Field(default=None, description="This style's words out of the last round.")
    hold_lines: HoldLines | None = Field(default=None, description="This style's reminders.")
    mind: Spoken | None = Field(default=None, description="This style's caution; it must name the same.")
    feel: Text | None = Field(default=None, description="This style's words for how it feels.")


Styles = Annotated[dict[StyleName, StyleEntry], Field(max_length=MAX_ENTRIES)]


class VariantEntry(FileModel):
    """Another way into the pose. Whatever is written here replaces the pose's own key of that name."""

    called: ClassVar[str] = "a way like this"
    parts: ClassVar[dict[str, type[FileModel]]] = {
        "breaths": BreathEntry,
        "breathing": BreathEntry,
        "styles": StyleEntry,
    }

    say: Text = Field(
        default="",
        description="One or two sentences, spoken after `enter` and after `switch`. Jinja and pauses may stand in it.",
        examples=["Stay lower. [4s]"],
    )
    summary: Annotated[Line, AfterValidator(checks.has_summary)] = Field(
        default="",
        validate_default=True,
        description="What listings show instead of `say`; required where there is no `say`.",
        examples=["On the belly, with much support."],
    )
    position: Position | None = Field(default=None, description="Where this way's `enter` begins.")
    ends: Position | None = Field(default=None, description="Where this way's `leave` leaves the listener.")
    rounds: Rounds | None = Field(default=None, description="This way's rounds.")
    enter: Spoken | None = Field(default=None, description="This way's words into the first round.")
    switch: Text | None = Field(default=None, description="This way's words into each later round.")
    hold_lines: HoldLines | None = Field(default=None, description="This way's reminders.")
    breaths: Breaths | None = Field(default=None, description="This way's words for each breath.")
    leave: Text | None = Field(default=None, description="This way's words out of the last round.")
    felt: Text | None = Field(default=None, description="Where this way is felt.")
    props: Entries | None = Field(default=None, description="What this way needs.")
    involves: Doings | None = Field(default=None, description="What this way asks of the body.")
    leave_out_for: Conditions | None = Field(default=None, description="Who should leave even this way out.")
    caution: Text | None = Field(default=None, description="This way's caution.")
    mind: Text | None = Field(default=None, description="This way's caution, as it is spoken.")
    feel: Text | None = Field(default=None, description="How this way feels.")
    breathing: Breaths | None = Field(default=None, description="What the breath does in this way.")
    styles: Styles | None = Field(
        default=None,
        description="This way in the words of styles. Where it has words of its own for entering, changing or leaving "
        "and none here, every style speaks those.",
    )


Variant = Annotated[
    VariantEntry | None, BeforeValidator(checks.variant_keys, json_schema_input_type=str | VariantEntry)
]


class PoseFile(FileModel):
    """One pose or movement. Its spoken texts are Jinja and may hold pauses like [6s] and [3 breaths]."""

    parts: ClassVar[dict[str, type[FileModel]]] = {
        "breaths": BreathEntry,
        "breathing": BreathEntry,
        "easier": VariantEntry,
        "deeper": VariantEntry,
        "styles": StyleEntry,
    }

    name: Title = Field(description="Its name, as chapters show it.", examples=["Starfish"])
    also: Entries = Field(default=[], description="Other names it goes by.", examples=[["Big X"]])
    position: Position = Field(description="Where the words of `enter` begin.", examples=["supine"])
    ends: Position | None = Field(
        default=None,
        description="Where the words of `leave` leave the listener; `position` where left out.",
        examples=["supine"],
    )
    rounds: Rounds = Field(
        default=["only"],
        description="What is done one after the other, each with a hold.",
        examples=[["right", "left"]],
    )
    enter: Spoken = Field(
        description="Spoken before the first round: a sentence a line, each with the time it takes to do.",
        examples=["Slide your {{ side }} leg out. [6s]"],
    )
    switch: Annotated[Text, AfterValidator(checks.has_switch)] = Field(
        default="",
        validate_default=True,
        description="Spoken before each later round, instead of `enter`; required where there are several rounds.",
        examples=["Bring the {{ other_side }} leg back. [6s]"],
    )
    hold_lines: HoldLines = Field(
        default=[],
        description="Reminders in long holds, one for each round; no marks in them.",
        examples=[["Feel how heavy your {{ side }} hand is."]],
    )
    breaths: Breaths = Field(
        default=[],
        description="The words of a movement paced by the breath: one entry a breath, the last for all that follow.",
        examples=[[{"in": "Arms float up.", "out": "And lower."}]],
    )
    leave: Text = Field(  # required, so that nobody is left in a pose by an oversight
        description="Spoken after the last round; must lead to `ends`. Required, though it may be empty: ''.",
        examples=["Bring your {{ side }} leg back. [6s]"],
    )
    easier: Variant = Field(
        default=None,
        description="The easier way: a text that --level easier speaks after `enter` and `switch`, or keys.",
        examples=["Open them less. [3s]"],
    )
    deeper: Variant = Field(
        default=None,
        description="The deeper way: a text that --level deeper speaks after `enter` and `switch`, or keys.",
        examples=["Reach a little farther. [3s]"],
    )
    felt: Text = Field(default="", description="Where it is felt; shown.", examples=["The side of the waist."])
    props: Entries = Field(default=[], description="What it needs or may use.", examples=[["pillow"]])
    most: Annotated[
        str | None,
        AfterValidator(checks.valid_duration),
        Field(json_schema_extra={"pattern": DURATION_PATTERN}),
    ] = Field(
        default=None,
        description="How long --length may hold one round of it at most: a hold whose + would lead past that keeps to "
        "its written range. For what is done on one side, or loads a joint.",
        examples=["3 min"],
    )
    involves: Doings = Field(
        default=[], description="What it asks of the body, for --avoid; see docs/bodies.md.", examples=[["twists"]]
    )
    leave_out_for: Conditions = Field(
        default=[],
        description="Who should leave it out, for --avoid: these words, or others of your own. What `position` and "
        "`involves` say needn't be named again: --avoid knows them.",
        examples=[["late-pregnancy"]],
    )
    caution: Text = Field(default="", description="One sentence, shown.", examples=["Nothing should pinch."])
    mind: Text = Field(
        default="",
        description="The caution as it is spoken, in every style and every night, once the first round is entered.",
        examples=["If your {{ side }} knee pinches, come out of it."],
    )
    feel: Text = Field(
        default="",
        description="One sentence on how it should feel; style beginner says it.",
        examples=["You may feel this along the {{ side }} side of your waist."],
    )
    breathing: Breaths = Field(
        default=[],
        description="What the breath does in the pose, one entry a breath; style breathing says it as a hold begins.",
        examples=[[{"in": "The {{ side }} ribs open.", "out": "And the arm grows heavy."}]],
    )
    styles: Styles = Field(
        default={},
        description="The pose in the words of a style, by the style's name.",
        examples=[{"spare": {"enter": "The {{ side }} leg out. [6s]"}}],
    )

    @model_validator(mode="after")
    def _variants_have_their_words(self) -> PoseFile:
        """Check that later rounds have words at every level, whether a variant replaces rounds, switch or both."""
        for key in ("easier", "deeper"):
            way: VariantEntry | None = getattr(self, key)
            rounds = self.rounds if way is None or way.rounds is None else way.rounds
            switch = self.switch if way is None or way.switch is None else way.switch
            if len(rounds) > 1 and not switch:
                raise invalid(
                    f"'{key}' has several rounds, and no 'switch' to lead from one to the next: add it", at=key
                )
        return self
