"""A routine and its templates to script text."""

from __future__ import annotations

import re
import traceback
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from ..errors import ScriptError
from ..fit import shortest_ms
from ..model import BreathWords, Pose, RoundName, Routine, Step, Variant
from .front_matter import write_front_matter

STYLE = "gentle"
OPPOSITE: Mapping[RoundName, RoundName] = {"right": "left", "left": "right"}
START_POSITIONS = {"bed": ("supine", "seated"), "mat": ("seated", "supine"), "chair": ("chair",), "room": ("standing",)}
BRIEF_MS = 8 * 60_000  # of holds at their shortest: a practice so short has few words too
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
class Manner:
    """What of the settings shapes words: how long breaths and counts are, and the side that begins."""

    breath_ms: int
    count_ms: int
    first_side: RoundName = "right"


@dataclass(frozen=True, slots=True)
class Visit:
    """One round of a pose, as templates see it; the texts are rendered.

    `index` counts the routine's rounds, `place` those of this pose; `enter` is the pose's `switch` from the second on,
    `extra` what the level adds to it. `breaths` are the words of a movement paced by the breath, as many as are sure
    to fit the hold. `alternates` is one of many short rounds, which get a call and no other words.
    """

    index: int
    place: int
    pose: Pose
    round: RoundName
    hold: str
    hold_unit: str
    shortest_ms: int
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
    leave: str
    reminders: tuple[str, ...]
    breaths: tuple[BreathWords, ...]


def render(
    routine: Routine,
    *,
    template_folders: Sequence[Path],
    manner: Manner,
    adapted: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> str:
    """The routine's script, front matter included; `settings` (as written) are added to the routine's own.

    `adapted` says what was left out of the routine or swapped. With `manner.first_side` left the whole practice is
    mirrored. Raises ScriptError where a template or a pose's text doesn't render.
    """
    visits = list(_visits(routine, manner))
    body = _render_template(routine, visits, template_folders)
    head = write_front_matter(
        title=routine.title,
        routine=routine.name,
        summary=routine.summary,
        adapted=adapted,
        settings={**routine.settings, **(settings or {})},
    )
    return head + "\n" + re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def _visits(routine: Routine, manner: Manner) -> Iterator[Visit]:
    position = start_position(routine)
    brief = sum(_shortest_ms(step, manner) * len(_rounds(step, manner)) for step in routine.steps) < BRIEF_MS
    seen: set[str] = set()
    index = 0
    for number, step in enumerate(routine.steps):
        again = step.pose.id in seen
        rounds = _rounds(step, manner)
        ends_routine = number == len(routine.steps) - 1
        for place, round_name in enumerate(rounds):
            last = place == len(rounds) - 1
            suffix = "" if step.reps else _TITLE_SUFFIX[round_name]
            yield Visit(
                index=index,
                place=place,
                pose=step.pose,
                round=round_name,
                hold=step.hold_text,
                hold_unit=step.hold.unit,
                shortest_ms=_shortest_ms(step, manner),
                first=place == 0,
                last=last,
                again=again,
                begins_chapter=place == 0 or not step.reps,
                alternates=step.reps is not None,
                next=_next(rounds[place + 1 : place + 2], ends_routine),
                from_position=position if place == 0 else step.pose.position,
                title=step.pose.name + suffix + (", again" if again else ""),
                **_texts(
                    step,
                    {
                        **_names(routine.setting, round_name, manner),
                        "level": step.level,
                        "brief": brief,
                        "first": place == 0,
                        "again": again,
                        "last": last,
                    },
                    breaths=_shortest_ms(step, manner) // manner.breath_ms,
                    ends=ends_routine and last,
                ),
            )
            index += 1
        seen.add(step.pose.id)
        position = step.pose.ends


def start_position(routine: Routine) -> str:
    """Where the listener arrives: in the first pose's position, if people come to that setting so."""
    usual = START_POSITIONS[routine.setting]
    first = routine.steps[0].pose.position
    return first if first in usual else usual[0]


def _shortest_ms(step: Step, manner: Manner) -> int:
    return shortest_ms(step.hold, manner.breath_ms, manner.count_ms)


def _next(following: Sequence[RoundName], ends_routine: bool) -> str | None:
    """What comes after this round: another side, both sides, the other direction, the next pose, or nothing."""
    if following:
        kinds = {"both": "both", "clockwise": "direction", "counterclockwise": "direction"}
        return kinds.get(following[0], "side")
    return None if ends_routine else "pose"


def _rounds(step: Step, manner: Manner) -> tuple[RoundName, ...]:
    """Every round of the step, in order; the whole practice is written for the right side first, and mirrored else."""
    rounds = step.rounds * (step.reps[0] if step.reps else 1)
    mirrored = manner.first_side == "left"
    return tuple(OPPOSITE.get(name, name) if mirrored else name for name in rounds)


def _names(setting: str, round_name: RoundName, manner: Manner) -> dict[str, object]:
    """What texts may name; pose_text.py lists the same."""
    values: dict[str, object] = {
        "round": round_name,
        "first_side": manner.first_side,
        "second_side": OPPOSITE[manner.first_side],
        "level": "standard",
        "brief": False,
        "setting": setting,
        "ground": GROUNDS[setting],
    }
    if other := OPPOSITE.get(round_name):
        values |= {"side": round_name, "other_side": other}
    return values


def _texts(step: Step, values: Mapping[str, object], *, breaths: int, ends: bool) -> dict[str, Any]:
    pose = step.pose

    def say(text: str, key: str) -> str:
        return _render_text(text, values, f"{pose.path or pose.id}: {key}")

    words = [BreathWords(say(each.inhale, "breaths"), say(each.exhale, "breaths")) for each in pose.breaths]
    return {
        "enter": say(pose.enter, "enter") if values["first"] else say(pose.switch, "switch"),
        "extra": say(pose.extra, values["level"] if isinstance(values["level"], str) else ""),
        # nothing is said after the last hold of all: who hears it may be asleep
        "leave": say(pose.leave, "leave") if values["last"] and not ends else "",
        "reminders": tuple(say(line, "hold_lines").strip() for line in pose.hold_lines),
        "breaths": tuple(words[min(number, len(words) - 1)] for number in range(breaths)) if words else (),
    }


def described(text: str | Variant, pose: Pose) -> str:
    """A text of `pose` or one of its variants for listings, as its first round has it: without marks, on one line."""
    if isinstance(text, Variant):
        text = text.summary or text.say
    values = {**_names("bed", pose.rounds[0], Manner(0, 0)), "first": True, "again": False, "last": False}
    return " ".join(re.sub(r"\[[^\]]*\]", " ", _render_text(text, values, pose.path or pose.id)).split())


def route(ways: Collection[str], from_position: str, to_position: str) -> list[str]:
    """The fewest of `ways` (each "from to") that lead from one position to another; empty where none do.

    >>> route(["supine side", "side seated", "seated supine"], "supine", "seated")
    ['supine side', 'side seated']
    """
    waiting: deque[tuple[str, list[str]]] = deque([(from_position, [])])
    reached = {from_position}
    while waiting:
        position, so_far = waiting.popleft()
        if position == to_position:
            return so_far
        for way in ways:
            begin, _, end = way.partition(" ")
            if begin == position and end not in reached:
                reached.add(end)
                waiting.append((end, [*so_far, way]))
    return []


@lru_cache(maxsize=1)
def _plain_environment() -> Any:
    return _environment()


@lru_cache(maxsize=8)
def _template_environment(folders: tuple[str, ...]) -> Any:
    """Templates of these folders, each read once, and again where its file has changed."""
    from jinja2 import FileSystemLoader

    return _environment(FileSystemLoader(folders))


def _environment(loader: Any = None) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    # Scripts are plain text: nothing is escaped, and nothing in a template can reach files or Python.
    return SandboxedEnvironment(
        loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


def _render_text(text: str, values: Mapping[str, object], where: str) -> str:
    from jinja2 import TemplateError

    try:
        return str(_plain_environment().from_string(text).render(values)).strip()
    except TemplateError as error:
        raise ScriptError(f"this text doesn't render: {error.message}", where=where) from error


def _render_template(routine: Routine, visits: Sequence[Visit], folders: Sequence[Path]) -> str:
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    environment = _template_environment(tuple(map(str, folders)))

    def missing(from_position: str, to_position: str) -> NoReturn:
        raise ScriptError(
            f"no words lead from {from_position} to {to_position}",
            where=routine.path or routine.name,
            hint=f"add that transition to {STYLE}/words.j2, or a pose between the two",
        )

    try:
        template = environment.get_template(f"{STYLE}/routine.j2")
        ground = GROUNDS[routine.setting]
        brief = sum(visit.shortest_ms for visit in visits) < BRIEF_MS
        names = {"setting": routine.setting, "ground": ground, "start": start_position(routine), "brief": brief}
        return str(template.render(routine=routine, visits=visits, missing=missing, route=route, **names))
    except TemplateSyntaxError as error:
        where = f"{error.filename or error.name}:{error.lineno}"
        raise ScriptError(f"this template can't be read: {error.message}", where=where) from error
    except TemplateNotFound as error:
        raise ScriptError(f"there is no template {error.name}", hint="put it below scripts_templates/") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:  # whatever an author's expressions raise
        where = _template_line(error) or f"{STYLE}/routine.j2"
        raise ScriptError(f"this template doesn't render: {error}", where=where) from error


def _template_line(error: BaseException) -> str | None:
    """``file:line`` of the innermost template that `error` passed through."""
    lines = traceback.extract_tb(error.__traceback__)
    return next((f"{line.filename}:{line.lineno}" for line in reversed(lines) if line.filename.endswith(".j2")), None)
