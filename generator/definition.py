"""Routine and pose files to `Routine` and `Pose`, with every fault at its file:line:column, all at once.

pydantic, PyYAML and Jinja are imported at the top: whoever must start instantly imports this module when it is needed.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from .errors import DefinitionError, InputError, NotFoundError
from .lengths import HOLD_EXAMPLES, MAX_HOLD_MS, parse_hold
from .model import ROUND_NAMES, HoldLength, Pose, RoundName, Routine, Step
from .yaml_source import MAX_BYTES, MAX_FAULTS, Loc, Node, Source, decode, read

POSITIONS = (
    "supine", "prone", "side", "seated", "kneeling", "all-fours", "standing", "chair", "legs-raised", "edge",
)  # fmt: skip
SAFE_ENDINGS = ("supine", "side", "prone")
PLACES = ("bed", "mat", "chair", "room")
EYES = ("closed", "open-while-standing")
TEXT_KEYS = ("enter", "hold_lines", "switch", "leave", "easier", "deeper", "felt", "caution")
# What a pose's text may use. It may come from strangers: nothing that runs long, grows large or varies by chance.
TEXT_VARIABLES = ("side", "other_side", "round", "first", "again", "last")
TEXT_FILTERS = ("capitalize", "lower", "title", "trim", "upper")
MAX_TEXT_DEPTH = 30
MAX_TEXT = 20_000  # characters, well over a quarter of an hour of speech
MAX_STEPS = 500
MAX_ENTRIES = 100  # of any other list
MAX_REPS = 100
MAX_COUNT = 1_000
MAX_BREATHS = 2_160  # 3 h, the longest hold, at 12 breaths a minute, the fastest there is

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d\d)")
_BARE = re.compile(r"\d+(?:\.\d+)?(?:\s*[-–]\s*\d+(?:\.\d+)?)?\+?")
_REPS = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")


def parse_routine(
    text: str,
    file: str,
    *,
    name: str,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine that `text` describes; `file` stands in faults, `name` is what the routine is asked for by.

    `poses` gives a pose by its id (NotFoundError and DefinitionError become faults), `known_poses` the ids to suggest
    from, `known_settings` a setting's parser by its name (ValueError's message becomes a fault). Settings are kept as
    they were written. Raises DefinitionError with every fault found, those of the poses' files too.
    """
    source = read(text, file)
    data = cast("dict[str, Any]", source.root.plain())
    own = {key: value for key, value in data.items() if key in _RoutineFile.model_fields or key not in known_settings}
    settings = {key: value for key, value in data.items() if key not in own}
    shelf = _Shelf(poses, known_poses)
    written = _validated(_RoutineFile, own, source, shelf, settings=known_settings)
    for key, value in settings.items():
        _check_setting(key, value, known_settings[key], source)
    _check_ending(source, shelf)
    source.add(fault for error in shelf.broken.values() for fault in error.faults)
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Routine(
        name=name,
        title=written.title,
        summary=written.summary,
        setting=written.setting,
        eyes=written.eyes,
        props=tuple(written.props),
        notes=tuple(written.notes),
        settings={key: value.strip() for key, value in settings.items()},
        path=file,
        steps=tuple(_steps(written, source, shelf)),
    )


def parse_pose(text: str, file: str, *, id: str) -> Pose:  # noqa: A002 - the field's name
    """The pose that `text` describes, its texts still Jinja. Raises DefinitionError with every fault found."""
    source = read(text, file)
    written = _validated(_PoseFile, cast("dict[str, Any]", source.root.plain()), source)
    _check_texts(source)
    source.raise_faults()
    assert written is not None  # else a fault was raised
    return Pose(
        id=id,
        name=written.name,
        position=written.position,
        ends=written.ends or written.position,
        rounds=cast("tuple[RoundName, ...]", tuple(written.rounds)),
        enter=written.enter,
        leave=written.leave,
        switch=written.switch,
        hold_lines=tuple(written.hold_lines),
        also=tuple(written.also),
        easier=written.easier,
        deeper=written.deeper,
        felt=written.felt,
        props=tuple(written.props),
        leave_out_for=tuple(written.leave_out_for),
        caution=written.caution,
        path=file,
    )


def load_routine(
    path: Path,
    *,
    poses: Callable[[str], Pose],
    known_poses: Callable[[], Collection[str]],
    known_settings: Mapping[str, Callable[[str], object]],
) -> Routine:
    """The routine in a file, named by the file. Raises what `parse_routine` does, and NotFoundError."""
    text = _text_of(path)
    return parse_routine(
        text, str(path), name=path.stem, poses=poses, known_poses=known_poses, known_settings=known_settings
    )


def load_pose(path: Path) -> Pose:
    """The pose in a file, whose name is its id. Raises DefinitionError and NotFoundError."""
    return parse_pose(_text_of(path), str(path), id=path.stem)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return decode(stream.read(MAX_BYTES + 1), str(path))
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file", where=str(path), hint="check its name and folder") from error
    except OSError as error:
        hint = "check that it is a file and that you may read it"
        raise InputError(f"it can't be read ({error.strerror})", where=str(path), hint=hint) from error


# --- what may be written: the values ---------------------------------------------------------------


@dataclass
class _Shelf:
    """The poses a routine asks for, each loaded once."""

    load: Callable[[str], Pose]
    ids: Callable[[], Collection[str]]
    found: dict[str, Pose] = field(default_factory=dict)
    broken: dict[str, DefinitionError] = field(default_factory=dict)
    missing: dict[str, Sequence[str]] = field(default_factory=dict)

    def has(self, pose_id: str) -> bool:
        """Whether there is such a pose; one whose own file has faults is there, but `broken`."""
        if pose_id not in self.found and pose_id not in self.broken and pose_id not in self.missing:
            try:
                self.found[pose_id] = self.load(pose_id)
            except DefinitionError as error:
                self.broken[pose_id] = error
            except NotFoundError:
                self.missing[pose_id] = self.known
        return pose_id not in self.missing

    @cached_property
    def known(self) -> list[str]:
        return sorted(self.ids())


def _no(message: str, *, word: str = "", known: Sequence[str] = (), at: str | int = "") -> PydanticCustomError:
    """A fault; with a `word` that isn't `known`, the nearest are told; `at` names a neighbouring key to point at."""
    return PydanticCustomError("fault", "{message}", {"message": message, "word": word, "known": known, "at": at})


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _filled(value: str, info: ValidationInfo) -> str:
    if not value:
        raise _no(
            f"'{info.field_name}' has nothing in it: write something here, or leave the line out if it isn't required"
        )
    return value


def _titled(value: str, info: ValidationInfo) -> str:
    if re.search(r"[\[\]]", value):
        raise _no(
            f"'{info.field_name}' has square brackets, but is spoken of in titles, where no marks can stand: use ( )"
        )
    return value


def _word_of(words: tuple[str, ...], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in words:
            raise _no(f"{quoted(value)} isn't {what}", word=value, known=words)
        return value

    return check


def _known_pose(value: str, info: ValidationInfo) -> str:
    shelf = cast("_Shelf", info.context)
    if not _SLUG.fullmatch(value) or not shelf.has(value):  # an id only: never a path to somewhere else
        raise _no(f"there is no pose {quoted(value)}", word="-".join(value.split()), known=shelf.known)
    return value


def _own_round(value: str, info: ValidationInfo) -> str:
    pose = cast("_Shelf", info.context).found.get(str(info.data.get("pose")))
    if pose is not None and value not in pose.rounds:
        raise _no(f"{quoted(value)} isn't a round of {pose.id}", word=value, known=pose.rounds)
    return value


def _rounds(value: list[str], info: ValidationInfo) -> list[str]:
    if not value:
        raise _no(f"'{info.field_name}' has no round in it: write like [right, left], or leave the line out")
    for index, name in enumerate(value):
        if name in value[:index]:
            raise _no(
                f"{quoted(name)} is named twice: a pose has each round once; to do it again, add a step", at=index
            )
    return value


def _hold_text(value: str) -> str:
    read_hold(value)
    return value


def _reps(value: object) -> object:
    """`8-12` or `8` as (low, high)."""
    if not isinstance(value, str):
        raise _no("'reps' must be text: write it like 8 or 8-12")
    match = _REPS.fullmatch(value.strip())
    if not match:
        raise _no(f"{quoted(value)} isn't a number of repetitions: write it like 8 or 8-12")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high:
        raise _no(f"{quoted(value)} is impossible: at least 1, and the smaller number first")
    if high > MAX_REPS:
        raise _no(f"{quoted(value)} is more than {MAX_REPS} repetitions, the most there can be")
    return low, high


def _reps_of_hold(value: tuple[int, int] | None, info: ValidationInfo) -> tuple[int, int] | None:
    hold = parse_hold(info.data["hold"]) if value and "hold" in info.data else None
    if value and hold and hold.unit == "ms" and value[1] * hold.high > MAX_HOLD_MS:
        raise _no(
            f"{value[1]} holds of {quoted(info.data['hold'])} are longer than 3 h: shorten the hold, or write fewer"
        )
    return value


def _switched(value: str, info: ValidationInfo) -> str:
    rounds = info.data.get("rounds", ())
    if len(rounds) > 1 and not value:
        message = "a pose with several rounds needs 'switch', the words that lead from one round to the next: add it"
        raise _no(message, at="rounds")
    return value


def read_hold(text: str) -> HoldLength:
    """`parse_hold`, with the right spelling of what people write instead. Raises PydanticCustomError."""
    clock, bare = _CLOCK.fullmatch(text), _BARE.fullmatch(text)
    if len(text) > 60:
        raise _no(f"{quoted(text)} isn't a hold: {HOLD_EXAMPLES}")
    if clock:
        parts = zip(clock.groups(), "hms", strict=True)
        spelled = "".join(f"{int(number)}{unit}" for number, unit in parts if number and int(number)) or "90 s"
        raise _no(f"{quoted(text)} isn't a hold: write {spelled}")
    if bare:
        more = " breaths" if "." not in text else " min"
        raise _no(f"{quoted(text)} has no unit: write {text} s, or {text}{more}")
    try:
        hold = parse_hold(text)
    except ValueError as error:
        raise _no(str(error)) from error
    if hold.unit == "count" and hold.high > MAX_COUNT:
        raise _no(f"{quoted(text)} counts further than {MAX_COUNT}, the most there can be: write a smaller number")
    if hold.unit == "breaths" and hold.high > MAX_BREATHS:
        raise _no(f"{quoted(text)} is longer than 3 h, the longest hold there is: write fewer breaths")
    return hold


Line = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_one_line)]
Required = Annotated[Line, AfterValidator(_filled)]
Title = Annotated[Required, AfterValidator(_titled)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(str.rstrip)]
Entries = Annotated[list[Required], Field(max_length=MAX_ENTRIES)]
Position = Annotated[Required, AfterValidator(_word_of(POSITIONS, "a position"))]
Round = Annotated[Line, AfterValidator(_word_of(ROUND_NAMES, "a round"))]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _StepEntry(_File):
    pose: Annotated[Required, AfterValidator(_known_pose)]
    hold: Annotated[Required, AfterValidator(_hold_text)]
    sides: (
        Annotated[
            list[Annotated[Round, AfterValidator(_own_round)]], Field(max_length=MAX_ENTRIES), AfterValidator(_rounds)
        ]
        | None
    ) = None
    reps: Annotated[tuple[int, int] | None, BeforeValidator(_reps), AfterValidator(_reps_of_hold)] = None


class _RoutineFile(_File):
    title: Title
    summary: Required
    setting: Annotated[Required, AfterValidator(_word_of(PLACES, "a setting"))]
    eyes: Annotated[Required, AfterValidator(_word_of(EYES, "what 'eyes' can be"))]
    props: Entries = []
    notes: Entries = []
    steps: Annotated[list[_StepEntry], Field(min_length=1, max_length=MAX_STEPS)]


class _PoseFile(_File):
    name: Title
    also: Entries = []
    position: Position
    ends: Position | None = None
    rounds: Annotated[list[Round], Field(max_length=MAX_ENTRIES), AfterValidator(_rounds)] = ["only"]
    enter: Annotated[Text, AfterValidator(_filled)]
    hold_lines: Entries = []
    switch: Annotated[Text, AfterValidator(_switched)] = Field(default="", validate_default=True)
    leave: Text  # required, though it may be empty: nobody is left in a pose by an oversight
    easier: Text = ""
    deeper: Text = ""
    felt: Text = ""
    props: Entries = []
    leave_out_for: Entries = []
    caution: Text = ""


# --- what was wrong: pydantic's errors to faults ---------------------------------------------------

_M = TypeVar("_M", bound=_File)


def _validated(
    model: type[_M], data: dict[str, Any], source: Source, shelf: _Shelf | None = None, settings: Collection[str] = ()
) -> _M | None:
    """`data` as the model, or None with its faults noted in the source."""
    try:
        return model.model_validate(data, context=shelf)
    except ValidationError as errors:
        found = [(_node_of(error, source), error) for error in errors.errors(include_url=False, include_input=False)]
        for node, error in sorted(found, key=lambda item: item[0].start):
            if not node.broken:
                source.fault(node.start, "" if source.full else _message(error, model, settings))
        return None


def _node_of(error: ErrorDetails, source: Source) -> Node:
    """Where to point: the value; the key that isn't known; the mapping in which something is missing."""
    loc: Loc = error["loc"]
    at = error.get("ctx", {}).get("at", "")
    if isinstance(at, int):
        loc = (*loc, at)
    elif at:
        loc = (*loc[:-1], at)
    if error["type"] == "extra_forbidden":
        return source.key(loc) or source.root
    return source.find(loc) or source.find(loc[:-1]) or source.root


_MESSAGES = {  # by pydantic's type of error
    "missing": "{key} is missing: {owner} needs it, so add it",
    "string_type": "{key} must be text, not a list or keys: a text with ': ' or brackets in it needs quotes",
    "string_too_long": "{key} has more than {max_length} characters, the most there can be: shorten it",
    "list_type": "{key} must be a list: write [one, two], or each entry on a line of its own after '- '",
    "model_type": "a step must have keys: write 'pose: …' and 'hold: …'",
    "too_short": "{key} is empty: write at least one",
    "too_long": "{key} has more than {max_length} entries, the most there can be: leave some out",
}


def _message(error: ErrorDetails, model: type[_File], settings: Collection[str]) -> str:
    """What is wrong and what to do, for a fault of ours or an error of pydantic's."""
    loc, context = error["loc"], error.get("ctx", {})
    in_step = len(loc) > 1 and loc[0] == "steps"
    if error["type"] == "extra_forbidden":
        keys = tuple((_StepEntry if in_step else model).model_fields)
        known = keys if in_step else (*keys, *settings)
        near = did_you_mean(str(loc[-1]), known) or f"; there are {_some(keys)}"
        return f"{quoted(str(loc[-1]))} isn't a key here{near}"
    if error["type"] == "fault" and context["word"]:
        near = did_you_mean(context["word"], context["known"]) or f"; there are {_some(context['known'])}"
        return f"{context['message']}{near}"
    key = f"'{loc[-1]}'" if loc and isinstance(loc[-1], str) else "this entry"
    owner = "every step" if in_step else "the file"
    template = _MESSAGES.get(error["type"])
    return template.format(key=key, owner=owner, **context) if template else error["msg"]


def _check_setting(key: str, value: object, parse: Callable[[str], object], source: Source) -> None:
    node = source.find((key,)) or source.root
    if node.broken:
        return
    if not isinstance(value, str):
        source.fault(node.start, f"'{key}' is a setting and must be text, not a list or keys: write it on one line")
        return
    try:
        parse(value.strip())
    except ValueError as error:
        source.fault(node.start, f"'{key}': {error}")


def _check_ending(source: Source, shelf: _Shelf) -> None:
    """Nobody is left to fall asleep with legs raised, kneeling, on a chair or at the edge."""
    steps = source.find(("steps",))
    if steps is None or not isinstance(steps.value, list) or not steps.value:
        return
    last = len(steps.value) - 1
    pose_node = source.find(("steps", last, "pose"))
    pose = shelf.found.get(_one_line(pose_node.value)) if pose_node and isinstance(pose_node.value, str) else None
    if pose is not None and pose.ends not in SAFE_ENDINGS:
        safe = f"{', '.join(SAFE_ENDINGS[:-1])} or {SAFE_ENDINGS[-1]}"
        message = f"the last pose, {pose.id}, ends {pose.ends}; a track ends {safe}: add a last step like 'pose: rest'"
        source.fault(steps.value[last].start, message)


def _steps(written: _RoutineFile, source: Source, shelf: _Shelf) -> Iterator[Step]:
    for index, step in enumerate(written.steps):
        node, pose = source.find(("steps", index)), shelf.found[step.pose]
        yield Step(
            pose=pose,
            hold=parse_hold(step.hold),
            hold_text=step.hold,
            rounds=cast("tuple[RoundName, ...]", tuple(step.sides or pose.rounds)),
            reps=step.reps,
            line=source.line_of(node.start) if node else 0,
        )


def quoted(text: str) -> str:
    """`text` as a fault shows it, shortened."""
    text = _one_line(text)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:59]}…'"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The nearest of `known` as the end of a sentence, or nothing."""
    near = difflib.get_close_matches(word[:60].lower(), known, 1)
    return f"; did you mean '{near[0]}'?" if near and near[0] != word else ""


def _some(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "") if names else "none"


# --- the poses' texts ------------------------------------------------------------------------------

_BRACE = re.compile(r"[{}]")
_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_UNCLOSED = re.compile(r"\{\{(?:(?!\}\}|\{[{%#]).)*(?:\{[{%#]|\Z)", re.DOTALL)
_IF = re.compile(r"\{%[-+]?\s*(if|endif)\b")
_ALLOWED_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.List, nodes.Tuple, nodes.Concat,
)  # fmt: skip
_MAY_USE = "a text may use {{ side }}, {{ other_side }} and {% if … %}"


def _check_texts(source: Source) -> None:
    rounds = source.find(("rounds",))
    names = rounds.plain() if rounds else ["only"]
    sided = not isinstance(names, list) or "right" in names or "left" in names
    variables = TEXT_VARIABLES if sided else tuple(name for name in TEXT_VARIABLES if not name.endswith("side"))
    for key in TEXT_KEYS:
        node = source.find((key,))
        for text in node.value if node and isinstance(node.value, list) else [node] if node else []:
            if isinstance(text.value, str) and len(text.value) <= MAX_TEXT and not source.full:
                for offset, message in islice(text_faults(text.value, variables), MAX_FAULTS):
                    source.fault(_place(source, text, text.value, offset), f"'{key}': {message}")


def _place(source: Source, node: Node, text: str, offset: int) -> int:
    """Where an offset of a scalar's text stands in the file, whatever the scalar's style.

    Quotes, folding and indentation move everything but the order of the template's braces, so those are counted.
    """
    written = source.text[node.start : node.end]
    here = [match.start() for match in _BRACE.finditer(text)]
    there = [match.start() for match in _BRACE.finditer(written)]
    number = bisect_right(here, offset) - 1
    if number < 0 or len(here) != len(there):
        return node.start
    within = offset - here[number]
    same = text[here[number] : offset] == written[there[number] : there[number] + within]
    return node.start + there[number] + (within if same else 0)


def text_faults(text: str, variables: Collection[str] = TEXT_VARIABLES) -> Iterator[tuple[int, str]]:
    """Faults in a pose's Jinja text, as offsets in it with messages.

    Only what renders in no time is allowed: Jinja's sandbox keeps templates from files and from Python, but not from
    `9 ** 9 ** 9`, from loops in loops, or from a random choice.
    """
    if not _BRACE.search(text):
        return
    try:
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        problem = str(error.message).rstrip(".")
        yield _syntax_offset(text, error), f"this isn't a template ({problem}): {_MAY_USE}"
    except (ValueError, OverflowError, RecursionError):
        yield 0, f"a number too large or brackets too deep for a template: {_MAY_USE}"
    else:
        for brace in _BRACE.finditer(_TAG.sub(lambda tag: " " * len(tag[0]), text)):
            yield brace.start(), "a curly bracket that belongs to no {{ … }} or {% … %}, and can't be spoken: mend it"
        yield from _node_faults(text, tree, variables)


_ENVIRONMENT = SandboxedEnvironment()


def _node_faults(text: str, tree: nodes.Template, variables: Collection[str]) -> Iterator[tuple[int, str]]:
    line_starts = [0, *(match.end() for match in re.finditer("\n", text))]
    after: dict[str, int] = {}
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 1)]
    while waiting:  # a stack of our own: `a and a and a …` nests as deep as it is long
        node, depth, line = waiting.pop()  # some nodes don't know their line: their parent's, then
        start = line_starts[min(node.lineno or line, len(line_starts)) - 1]
        if depth > MAX_TEXT_DEPTH:
            yield _tag_at(text, start), f"a template nested too deeply: {_MAY_USE}"
            return
        if isinstance(node, nodes.Name) and node.name not in variables:
            at = _name_at(text, node.name, max(start, after.get(node.name, 0)))
            after[node.name] = at + 1
            yield at, _unknown_name(node.name, variables)
        elif isinstance(node, nodes.Filter) and node.name not in TEXT_FILTERS:
            there_are = did_you_mean(node.name, TEXT_FILTERS) or f"; there are {_some(TEXT_FILTERS)}"
            yield _name_at(text, node.name, start), f"a text can't use the filter '{node.name}'{there_are}"
        elif isinstance(node, nodes.Test) and node.name not in ("defined", "undefined"):
            yield _name_at(text, node.name, start), f"a text can't use the test '{node.name}': {_MAY_USE}"
        elif not isinstance(node, (*_ALLOWED_NODES, nodes.Filter, nodes.Test)):
            yield _tag_at(text, start), f"a text can't use Jinja's '{type(node).__name__.lower()}': {_MAY_USE}"
            continue
        waiting.extend((child, depth + 1, node.lineno or line) for child in reversed(list(node.iter_child_nodes())))


def _unknown_name(name: str, variables: Collection[str]) -> str:
    if name in TEXT_VARIABLES:
        return f"'{name}' is only known in a pose whose rounds are sides: add 'rounds: [right, left]', or leave it out"
    there_are = did_you_mean(name, variables) or f"; there are {', '.join(variables)}"
    return f"'{name}' isn't known in a pose's text{there_are}"


def _name_at(text: str, name: str, start: int) -> int:
    """Where a name stands inside a tag, from `start` on: Jinja tells the line only."""
    for match in re.finditer(rf"\b{re.escape(name)}\b", text[start:]):
        at = start + match.start()
        if max(text.rfind("{{", 0, at), text.rfind("{%", 0, at)) > max(
            text.rfind("}}", 0, at), text.rfind("%}", 0, at)
        ):
            return at
    return start


def _tag_at(text: str, start: int) -> int:
    """The first tag on the line that begins at `start`; the last one before, where a tag goes over several lines."""
    line_end = text.find("\n", start)
    found = _TAG.search(text, start, line_end if line_end >= 0 else len(text))
    return found.start() if found else max(text.rfind("{{", 0, start), text.rfind("{%", 0, start), 0)


def _syntax_offset(text: str, error: TemplateSyntaxError) -> int:
    """The tag that is wrong by itself; the `if` that is never closed; else the last brace opened up to that line."""
    message, lines = str(error.message), text.split("\n")
    start = sum(len(line) + 1 for line in lines[: error.lineno - 1])
    end = start + len(lines[min(error.lineno, len(lines)) - 1])
    if "end of template" in message and "endif" in message:
        unclosed: list[int] = []
        for match in _IF.finditer(text):
            if match[1] == "if":
                unclosed.append(match.start())
            elif unclosed:
                unclosed.pop()
        return unclosed[-1] if unclosed else start
    if unclosed_tag := _UNCLOSED.search(text):
        return unclosed_tag.start()
    for tag in _TAG.finditer(text, start, end):
        try:
            _ENVIRONMENT.parse(_completed(tag[0]))
        except (TemplateSyntaxError, ValueError):
            return tag.start()
    return max((match.start() for match in re.finditer(r"\{[{%#]", text[:end])), default=start)


def _completed(tag: str) -> str:
    """A tag of an `if` with what it needs around it to be right."""
    match = re.match(r"\{%[-+]?\s*(if|elif|else|endif)\b", tag)
    if not match:
        return tag
    return ("" if match[1] == "if" else "{% if side %}") + tag + ("" if match[1] == "endif" else "{% endif %}")
