"""A routine and its templates to script text."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..errors import ScriptError
from ..fit import shortest_ms
from ..model import Pose, RoundName, Routine
from .front_matter import write_front_matter

STYLE = "gentle"
OPPOSITE = {"right": "left", "left": "right"}
START_POSITIONS = {"bed": "supine", "mat": "seated", "chair": "chair", "room": "standing"}

_TITLE_SUFFIX: Mapping[RoundName, str] = {
    "right": ", right side",
    "left": ", left side",
    "both": ", both sides",
    "clockwise": ", clockwise",
    "counterclockwise": ", counterclockwise",
    "only": "",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One round of a pose, as templates see it; the texts are rendered.

    `index` counts the routine's rounds, `place` those of this pose; `enter` is the pose's `switch` from the second on.
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
    next: str | None
    from_position: str
    title: str
    enter: str
    leave: str
    reminders: tuple[str, ...]


def render(
    routine: Routine,
    *,
    template_folders: Sequence[Path],
    breath_ms: int,
    count_ms: int,
    settings: Mapping[str, str] | None = None,
) -> str:
    """The routine's script, front matter included; `settings` (as written) are added to the routine's own.

    Raises ScriptError where a template or a pose's text doesn't render.
    """
    visits = list(_visits(routine, breath_ms, count_ms))
    body = _render_template(routine, visits, template_folders)
    head = write_front_matter(
        title=routine.title,
        routine=routine.name,
        summary=routine.summary,
        settings={**routine.settings, **(settings or {})},
    )
    return head + "\n" + re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def _visits(routine: Routine, breath_ms: int, count_ms: int) -> Iterator[Visit]:
    position = START_POSITIONS[routine.setting]
    seen: set[str] = set()
    index = 0
    for number, step in enumerate(routine.steps):
        again = step.pose.id in seen
        rounds = step.rounds * (step.reps[0] if step.reps else 1)
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
                shortest_ms=shortest_ms(step.hold, breath_ms, count_ms),
                first=place == 0,
                last=last,
                again=again,
                begins_chapter=place == 0 or not step.reps,
                next=_next(rounds[place + 1 : place + 2], ends_routine),
                from_position=position if place == 0 else step.pose.position,
                title=step.pose.name + suffix + (", again" if again else ""),
                **_texts(step.pose, round_name, first=place == 0, again=again, last=last, ends=ends_routine and last),
            )
            index += 1
        seen.add(step.pose.id)
        position = step.pose.ends


def _next(following: Sequence[RoundName], ends_routine: bool) -> str | None:
    """What comes after this round: another side, both sides, the next pose, or nothing."""
    if following:
        return "both" if following[0] == "both" else "side"
    return None if ends_routine else "pose"


def _texts(pose: Pose, round_name: RoundName, *, first: bool, again: bool, last: bool, ends: bool) -> dict[str, Any]:
    values: dict[str, object] = {"round": round_name, "first": first, "again": again, "last": last}
    if other := OPPOSITE.get(round_name):
        values |= {"side": round_name, "other_side": other}

    def say(text: str, key: str) -> str:
        return _render_text(text, values, f"{pose.path or pose.id}: {key}")

    return {
        "enter": say(pose.enter, "enter") if first else say(pose.switch, "switch"),
        # nothing is said after the last hold of all: who hears it may be asleep
        "leave": say(pose.leave, "leave") if last and not ends else "",
        "reminders": tuple(say(line, "hold_lines").strip() for line in pose.hold_lines),
    }


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
        return str(_environment().from_string(text).render(values)).strip()
    except TemplateError as error:
        raise ScriptError(f"this text doesn't render: {error.message}", where=where) from error


def _render_template(routine: Routine, visits: Sequence[Visit], folders: Sequence[Path]) -> str:
    from jinja2 import FileSystemLoader, TemplateError, TemplateNotFound, TemplateSyntaxError

    environment = _environment(FileSystemLoader([str(folder) for folder in folders]))

    def missing(from_position: str, to_position: str) -> NoReturn:
        raise ScriptError(
            f"no words lead from {from_position} to {to_position}",
            where=routine.path or routine.name,
            hint=f"add that transition to {STYLE}/words.j2, or a pose between the two",
        )

    try:
        template = environment.get_template(f"{STYLE}/routine.j2")
        return str(template.render(routine=routine, visits=visits, missing=missing))
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
