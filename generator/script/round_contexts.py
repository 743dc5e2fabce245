"""The rounds of a routine as templates see them, each with its rendered texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from ..errors import ScriptError
from ..model import BreathWords, Pose, RoundName, Routine, Step
from ..settings import SETTINGS, SleepPosition
from ..timeline.fit import longest_ms, shortest_ms
from .variation import CHOOSE, NightWording

OPPOSITE: Mapping[RoundName, RoundName] = {"right": "left", "left": "right"}
START_POSITIONS = {"bed": ("supine", "seated"), "mat": ("seated", "supine"), "chair": ("chair",), "room": ("standing",)}
ROUNDS_TO_REST = 4  # of an alternation, before a rest
BRIEF_MS = 8 * 60_000  # of holds at their shortest: so short a routine gets few words too
REMINDED_MS, LONG_MS = 45_000, 120_000  # a hold of at least the first has a reminder, one above the second two
LEADS_LIKE = {"nidra": "spare"}  # one that moves little leads into poses and out of them in as few words as the other
GROUNDS = {"bed": "bed", "mat": "mat", "chair": "floor", "room": "mat"}

_TITLE_SUFFIX: Mapping[RoundName, str] = {
    "right": ", right side",
    "left": ", left side",
    "both": ", both sides",
    "clockwise": ", clockwise",
    "counterclockwise": ", counterclockwise",
    "only": "",
}


@dataclass(frozen=True, slots=True)
class WordingSettings:
    """The settings that shape the words of a script."""

    breath_ms: int
    count_ms: int
    first_side: RoundName = "right"
    style: str = "gentle"
    night: int = 0
    words: float = 1.0
    sleep_position: SleepPosition = "any"
    ending: Literal["sleep", "awake"] = "sleep"
    brief: bool = False  # in brief words even where the holds are long


@dataclass(frozen=True, slots=True)
class RoundContext:
    """One round of a pose, as templates see it; the texts are rendered.

    `index` counts the rounds of the routine, `place` those of this pose. `enter` is the pose's `switch` from the second
    round on; `extra` is what the level adds to it; `mind` is the spoken caution, in the first round only. `breaths` are
    the words of a movement paced by the breath, as many as are sure to fit the hold. `breathing` says what the breath
    does in the pose. `alternates` marks one of many short rounds, which get a call and no other words. `reminders` are
    the lines spoken in the hold, as many as `--words` asks for; the last hold of the routine has one.
    """

    index: int
    place: int
    pose: Pose
    round: RoundName
    hold: str
    hold_unit: str
    shortest_ms: int
    longest_ms: int
    first: bool
    last: bool
    again: bool
    begins_chapter: bool
    alternates: bool
    next: str | None
    from_position: str
    title: str
    enter: str
    extra: str
    mind: str
    feel: str
    leave: str
    reminders: tuple[str, ...]
    breaths: tuple[BreathWords, ...]
    breathing: tuple[BreathWords, ...]


def round_contexts(routine: Routine, wording: WordingSettings, night: NightWording) -> Iterator[RoundContext]:
    """The rounds in order. Raises ScriptError if a pose's text doesn't render."""
    position = start_position(routine)
    total = sum(len(_rounds(step, wording)) for step in routine.steps)
    short = is_brief(routine, wording)
    budget = _ReminderBudget(wording.words)
    seen: set[str] = set()
    index = 0
    for number, written in enumerate(routine.steps):
        step = replace(written, pose=_in_style(written.pose, wording.style))
        again = step.pose.id in seen
        rounds = _rounds(step, wording)
        ends_routine = number == len(routine.steps) - 1
        for place, round_name in enumerate(rounds):
            last = place == len(rounds) - 1
            suffix = "" if step.reps else _TITLE_SUFFIX[round_name]
            yield RoundContext(
                index=index,
                place=place,
                pose=step.pose,
                round=round_name,
                hold=step.hold_text,
                hold_unit=step.hold.unit,
                shortest_ms=_shortest_ms(step, wording),
                longest_ms=longest_ms(step.hold, wording.breath_ms, wording.count_ms),
                first=place == 0,
                last=last,
                again=again,
                begins_chapter=place == 0 or not step.reps,
                alternates=step.reps is not None,
                next=_next_kind(rounds[place + 1 : place + 2], ends_routine),
                from_position=position if place == 0 else step.pose.position,
                title=step.pose.name + suffix + (", again" if again else ""),
                **_rendered_texts(
                    step,
                    {
                        **_variables(routine.setting, round_name, wording, night),
                        "level": step.level,
                        "brief": short,
                        "first": place == 0,
                        "again": again,
                        "last": last,
                        "rest_due": step.reps is not None and place > 0 and place % ROUNDS_TO_REST == 0,
                    },
                    breaths=_shortest_ms(step, wording) // wording.breath_ms,
                    # nothing is said after the last hold: the listener may be asleep
                    stays=ends_routine and last and wording.ending == "sleep",
                    reminders=_reminders(
                        step,
                        place,
                        1 if ends_routine else budget.next(_usual_reminders(step, place, wording), index / total),
                        night,
                    ),
                ),
            )
            index += 1
        seen.add(step.pose.id)
        position = step.pose.ends


def is_brief(routine: Routine, wording: WordingSettings) -> bool:
    """Whether the routine is too short for many words, or brief words are asked for."""
    return (
        wording.brief
        or (routine.brief and wording.style == routine.settings.get("style", SETTINGS["style"].default))
        or sum(_shortest_ms(step, wording) * len(_rounds(step, wording)) for step in routine.steps) < BRIEF_MS
    )


def _in_style(pose: Pose, style: str) -> Pose:
    return replace(pose, **{**pose.styles.get(LEADS_LIKE.get(style, ""), {}), **pose.styles.get(style, {})})


def has_reminders(step: Step, breath_ms: int, count_ms: int) -> bool:
    """Whether the pose's hold lines are spoken in this step's hold, at `--words` 1."""
    return _usual_reminders(step, 0, WordingSettings(breath_ms, count_ms)) > 0


def _usual_reminders(step: Step, place: int, wording: WordingSettings) -> int:
    """How many reminders a hold has at `--words` 1: fewer after the first round, none in short holds."""
    shortest = _shortest_ms(step, wording)
    if step.reps or step.hold.unit == "count" or step.pose.breaths or shortest < REMINDED_MS:
        return 0
    return (2 if shortest > LONG_MS else 1) - (1 if place else 0)


def _reminders(step: Step, place: int, amount: int, night: NightWording) -> list[str]:
    """`amount` of the pose's hold lines, as Jinja. Each round takes others, as long as there are enough."""
    lines = step.pose.hold_lines
    return [night.turn(lines, place + number, step.pose.id) for number in range(min(amount, len(lines)))]


class _ReminderBudget:
    """How many reminders each hold gets: the usual number times `words`, and fewer towards the end."""

    def __init__(self, words: float) -> None:
        self._words = words
        self._owed = 0.5

    def next(self, usual: int, progress: float) -> int:
        """For the hold at `progress` (0 to 1) through the routine. Fractions are carried over to later holds."""
        self._owed += usual * self._words * min(1.0, 1.5 - progress)
        amount = min(int(self._owed), usual + 1 if usual else 0)
        self._owed = min(self._owed - amount, 1.0)
        return amount


def start_position(routine: Routine) -> str:
    """The position in which the listener arrives: the first pose's, if it is usual for the setting."""
    usual = START_POSITIONS[routine.setting]
    first = routine.steps[0].pose.position
    return first if first in usual else usual[0]


def _shortest_ms(step: Step, wording: WordingSettings) -> int:
    return shortest_ms(step.hold, wording.breath_ms, wording.count_ms)


def _next_kind(following: Sequence[RoundName], ends_routine: bool) -> str | None:
    """What follows this round: `side`, `both`, `direction`, `pose`, or None at the end."""
    if following:
        kinds = {"both": "both", "clockwise": "direction", "counterclockwise": "direction"}
        return kinds.get(following[0], "side")
    return None if ends_routine else "pose"


def _rounds(step: Step, wording: WordingSettings) -> tuple[RoundName, ...]:
    """Every round of the step, in order. Routines are written for the right side first, and mirrored for the left."""
    rounds = step.rounds * (step.reps[0] if step.reps else 1)
    mirrored = wording.first_side == "left"
    return tuple(OPPOSITE.get(name, name) if mirrored else name for name in rounds)


def _variables(setting: str, round_name: RoundName, wording: WordingSettings, night: NightWording) -> dict[str, object]:
    """The variables of pose texts; definition/pose_text.py lists the same."""
    values: dict[str, object] = {
        CHOOSE: night.choose,
        "sleep_position": wording.sleep_position,
        "ending": wording.ending,
        "round": round_name,
        "first_side": wording.first_side,
        "second_side": OPPOSITE[wording.first_side],
        "level": "standard",
        "brief": False,
        "setting": setting,
        "ground": GROUNDS[setting],
    }
    if other := OPPOSITE.get(round_name):
        values |= {"side": round_name, "other_side": other}
    return values


def _rendered_texts(
    step: Step, values: Mapping[str, object], *, breaths: int, stays: bool, reminders: Sequence[str]
) -> dict[str, Any]:
    pose = step.pose

    def say(text: str, key: str) -> str:
        return render_text(text, values, f"{pose.path or pose.id}: {key}")

    def breathe(words: Sequence[BreathWords], key: str) -> list[BreathWords]:
        return [BreathWords(say(each.inhale, key), say(each.exhale, key)) for each in words]

    words = breathe(pose.breaths, "breaths")
    return {
        "enter": say(pose.enter, "enter") if values["first"] else say(pose.switch, "switch"),
        "extra": say(pose.extra, values["level"] if isinstance(values["level"], str) else ""),
        "mind": say(pose.mind, "mind") if values["first"] else "",
        "feel": say(pose.feel, "feel"),
        "leave": say(pose.leave, "leave") if values["last"] and not stays else "",
        "reminders": tuple(say(line, "hold_lines").strip() for line in reminders),
        "breaths": tuple(words[min(number, len(words) - 1)] for number in range(breaths)) if words else (),
        "breathing": tuple(breathe(pose.breathing, "breathing")),
    }


def first_round_variables(pose: Pose) -> dict[str, object]:
    """The variables of the texts of `pose` in its first round."""
    return {
        **_variables("bed", pose.rounds[0], WordingSettings(0, 0), NightWording(0)),
        "first": True,
        "again": False,
        "last": False,
        "rest_due": False,
    }


def render_text(text: str, values: Mapping[str, object], where: str) -> str:
    """A pose's text, rendered. Raises ScriptError with `where` if it doesn't render."""
    from jinja2 import TemplateError

    from .template_steps import limited

    try:
        with limited():
            return str(_compiled_text(text).render(values)).strip()
    except TemplateError as error:
        from .template_faults import plain_undefined

        what = plain_undefined(str(error.message), [*values])
        raise ScriptError(f"this text doesn't render: {what}", where=where) from error


@lru_cache(maxsize=4_096)
def _compiled_text(text: str) -> Any:
    return _text_environment().from_string(text)


@lru_cache(maxsize=1)
def _text_environment() -> Any:
    return environment()


def environment(loader: Any = None) -> Any:
    """Jinja's sandbox for plain text, with limits: nothing is escaped, and nothing reaches files or Python."""
    from .template_limits import LimitedEnvironment

    return LimitedEnvironment(loader)
