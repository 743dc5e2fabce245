"""A routine rendered to script text by its templates."""

from __future__ import annotations

import re
import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import ScriptError, did_you_mean
from ..model import Pose, Routine, Variant
from .front_matter import write_front_matter
from .round_contexts import (
    GROUNDS,
    OPPOSITE,
    RoundContext,
    WordingSettings,
    environment,
    first_round_variables,
    is_brief,
    render_text,
    round_contexts,
    start_position,
)
from .script_cache import cached_script
from .variation import CHOOSE, NightWording

if TYPE_CHECKING:
    from ..storage.cache import Cache
    from .templates import TemplateFolder

MAIN_TEMPLATE = "routine.j2"
_NAMES: Mapping[str, Callable[[Routine, WordingSettings, NightWording], object]] = {
    "setting": lambda routine, wording, night: routine.setting,
    "ground": lambda routine, wording, night: GROUNDS[routine.setting],
    "start": lambda routine, wording, night: start_position(routine),
    "brief": lambda routine, wording, night: is_brief(routine, wording),
    "first_side": lambda routine, wording, night: wording.first_side,
    "second_side": lambda routine, wording, night: OPPOSITE[wording.first_side],
    "breath_ms": lambda routine, wording, night: wording.breath_ms,
    "sleep_position": lambda routine, wording, night: wording.sleep_position,
    "ending": lambda routine, wording, night: wording.ending,
    "words": lambda routine, wording, night: wording.words,
    "night": lambda routine, wording, night: wording.night,
    "turn": lambda routine, wording, night: night.turn,
    CHOOSE: lambda routine, wording, night: night.choose,
}
TEMPLATE_NAMES = (*_NAMES, "routine", "visits", "missing", "route")
"""The names that every template knows, besides its own."""
_HOLD = re.compile(r"(?m)^\[hold\b")
_AUTHORS_ERRORS = (
    TypeError, ValueError, ArithmeticError, LookupError, AttributeError, MemoryError, RuntimeError,
)  # fmt: skip
"""What an author's expressions can raise in Python's own values and in Jinja's helpers."""


def render(
    routine: Routine,
    *,
    template_folders: Sequence[TemplateFolder],
    wording: WordingSettings,
    adapted: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    cache: Cache | None = None,
) -> str:
    """The routine's script with its front matter. `settings` (as written) are added to those of the routine.

    A template comes from the first of `template_folders` that has it. `adapted` says which poses were left out or
    swapped. With `wording.first_side` left the whole routine is mirrored. Rendered scripts are stored in `cache`.
    Raises ScriptError if a template or a pose's text doesn't render.
    """
    made_of = (routine, wording, tuple(adapted), dict(settings or {}))
    if cache is None:
        return _render(*made_of, template_folders)
    folders = [folder for folder, _ in template_folders]
    return cached_script(made_of, folders, cache, lambda: _render(*made_of, template_folders))


def _render(
    routine: Routine,
    wording: WordingSettings,
    adapted: Sequence[str],
    settings: Mapping[str, str],
    folders: Sequence[TemplateFolder],
) -> str:
    night = NightWording(wording.night)
    rounds = list(round_contexts(routine, wording, night))
    body = _render_template(routine, rounds, _templates(tuple(folders)), wording, night)
    _check_every_round_held(routine, rounds, body)
    head = write_front_matter(
        title=routine.title,
        routine=routine.name,
        summary=routine.summary,
        adapted=adapted,
        settings={**routine.settings, **settings},
    )
    return head + "\n" + re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def _check_every_round_held(routine: Routine, rounds: Sequence[RoundContext], body: str) -> None:
    """Check that the templates give each round one hold, in the routine's order. Raises ScriptError."""
    parts = re.split(r"(?m)^\[pose (\S+) (\S+)\]$", body)
    made = [
        (pose, side)
        for pose, side, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
        if _HOLD.search(text)
    ]
    for at, context in enumerate(rounds):
        if made[at : at + 1] != [(context.pose.id, context.round)]:
            raise ScriptError(
                f"{context.pose.id}, {context.round}, is in {routine.name}, and the templates give it no hold",
                where=MAIN_TEMPLATE,
                hint="write [pose …] and [hold …] for each of `visits`, in their order",
            )


def plain_description(text: str | Variant, pose: Pose) -> str:
    """A text of `pose`, or its variant, for listings: rendered for the first round, on one line, without marks."""
    if isinstance(text, Variant):
        text = text.summary or text.say
    spoken = render_text(text, first_round_variables(pose), pose.path or pose.id)
    return " ".join(re.sub(r"\[[^\]]*\]", " ", spoken).split())


def route(ways: Collection[str], from_position: str, to_position: str) -> list[str]:
    """The shortest path of `ways` (each "from to") from one position to another; empty if there is none.

    >>> route(["supine side", "side seated", "seated supine"], "supine", "seated")
    ['supine side', 'side seated']
    """
    leaving: dict[str, list[str]] = {}
    for way in ways:
        leaving.setdefault(way.partition(" ")[0], []).append(way)
    arriving = {from_position: ""}  # the way that first led to a position
    waiting = deque([from_position])
    while waiting and to_position not in arriving:
        for way in leaving.get(waiting.popleft(), ()):
            end = way.partition(" ")[2]
            if end not in arriving:
                arriving[end] = way
                waiting.append(end)
    path: list[str] = []
    position = to_position
    while way := arriving.get(position, ""):
        path.append(way)
        position = way.partition(" ")[0]
    return path[::-1]


@lru_cache(maxsize=8)
def _templates(folders: tuple[TemplateFolder, ...]) -> Any:
    """The Jinja environment of these folders. It reads a template once, and again when its file has changed."""
    from .templates import loader_of

    return environment(loader_of(folders))


def _render_template(
    routine: Routine, rounds: Sequence[RoundContext], templates: Any, wording: WordingSettings, night: NightWording
) -> str:
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    from .template_faults import plain_syntax, plain_undefined
    from .template_steps import limited

    def missing(from_position: str, to_position: str) -> NoReturn:
        raise ScriptError(
            f"no words lead from {from_position} to {to_position}",
            where=routine.path or routine.name,
            hint="add that transition to your ways.j2, or a pose between the two",
        )

    try:
        names = {name: value(routine, wording, night) for name, value in _NAMES.items()}
        with limited():
            template = templates.get_template(MAIN_TEMPLATE)
            return str(template.render(routine=routine, visits=rounds, missing=missing, route=route, **names))
    except TemplateSyntaxError as error:
        where = f"{error.filename or error.name}:{error.lineno}"
        raise ScriptError(plain_syntax(str(error.message)), where=where) from error
    except TemplateNotFound as error:
        hint = f"{did_you_mean(str(error.name), sorted(templates.list_templates()))} Or put it below scripts_templates/"
        raise ScriptError(f"there is no template {error.name}", where=_template_line(error), hint=hint) from error
    except RecursionError as error:
        where = _template_line(error) or MAIN_TEMPLATE
        raise ScriptError("this template calls itself without end", where=where) from error
    except (*_AUTHORS_ERRORS, TemplateError) as error:
        where = _template_line(error) or MAIN_TEMPLATE
        what = plain_undefined(str(error), TEMPLATE_NAMES) or type(error).__name__
        raise ScriptError(f"this template doesn't render: {what}", where=where) from error


def _template_line(error: BaseException) -> str | None:
    """``file:line`` of the innermost template in the traceback of `error`."""
    lines = traceback.extract_tb(error.__traceback__)
    return next((f"{line.filename}:{line.lineno}" for line in reversed(lines) if line.filename.endswith(".j2")), None)
