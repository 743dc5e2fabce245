"""What routine and pose files may hold, as pydantic models, and pydantic's errors as faults at their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from .errors import DefinitionError, NotFoundError, did_you_mean
from .lengths import MAX_HOLD_MS, parse_hold
from .model import ROUND_NAMES, Pose
from .pose_text import MAX_TEXT
from .yaml_source import Loc, Node, Source

POSITIONS = (
    "supine", "prone", "side", "seated", "kneeling", "all-fours", "standing", "chair", "legs-raised", "edge",
)  # fmt: skip
PLACES = ("bed", "mat", "chair", "room")
EYES = ("closed", "open-while-standing")
MAX_STEPS = 500
MAX_ENTRIES = 100  # of any other list
MAX_REPS = 100

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d\d)")
_BARE = re.compile(r"\d{1,9}(?:\.\d{1,9})?(?:\s*[-–]\s*\d{1,9}(?:\.\d{1,9})?)?\+?")
_REPS = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")


@dataclass
class Shelf:
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


def one_line(value: str) -> str:
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
    shelf = cast("Shelf", info.context)
    if not _SLUG.fullmatch(value) or not shelf.has(value):  # an id only: never a path to somewhere else
        raise _no(f"there is no pose {quoted(value)}", word="-".join(value.split()), known=shelf.known)
    return value


def _own_round(value: str, info: ValidationInfo) -> str:
    pose = cast("Shelf", info.context).found.get(str(info.data.get("pose")))
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
    try:
        parse_hold(value)
    except ValueError as error:
        raise _no(_respelled(value) or str(error)) from error
    return value


def _respelled(text: str) -> str:
    """The right spelling of what people write for a hold instead: a clock's time, or a bare number."""
    if clock := _CLOCK.fullmatch(text):
        parts = zip(clock.groups(), "hms", strict=True)
        spelled = "".join(f"{int(number)}{unit}" for number, unit in parts if number and int(number)) or "90 s"
        return f"{quoted(text)} isn't a hold: write {spelled}"
    if _BARE.fullmatch(text):
        more = " breaths" if "." not in text else " min"
        return f"{quoted(text)} has no unit: write {text} s, or {text}{more}"
    return ""


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


Line = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(one_line)]
Required = Annotated[Line, AfterValidator(_filled)]
Title = Annotated[Required, AfterValidator(_titled)]
Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(str.rstrip)]
Entries = Annotated[list[Required], Field(max_length=MAX_ENTRIES)]
Position = Annotated[Required, AfterValidator(_word_of(POSITIONS, "a position"))]
Round = Annotated[Line, AfterValidator(_word_of(ROUND_NAMES, "a round"))]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepEntry(_File):
    pose: Annotated[Required, AfterValidator(_known_pose)]
    hold: Annotated[Required, AfterValidator(_hold_text)]
    sides: (
        Annotated[
            list[Annotated[Round, AfterValidator(_own_round)]], Field(max_length=MAX_ENTRIES), AfterValidator(_rounds)
        ]
        | None
    ) = None
    reps: Annotated[tuple[int, int] | None, BeforeValidator(_reps), AfterValidator(_reps_of_hold)] = None


class RoutineFile(_File):
    title: Title
    summary: Required
    setting: Annotated[Required, AfterValidator(_word_of(PLACES, "a setting"))]
    eyes: Annotated[Required, AfterValidator(_word_of(EYES, "what 'eyes' can be"))]
    props: Entries = []
    notes: Entries = []
    steps: Annotated[list[StepEntry], Field(min_length=1, max_length=MAX_STEPS)]


class PoseFile(_File):
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


def validated(
    model: type[_M], data: dict[str, Any], source: Source, shelf: Shelf | None = None, settings: Collection[str] = ()
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
        keys = tuple((StepEntry if in_step else model).model_fields)
        known = keys if in_step else (*keys, *settings)
        near = f"; {did_you_mean(str(loc[-1]), known)}"
        return f"{quoted(str(loc[-1]))} isn't a key here{near}"
    if error["type"] == "fault" and context["word"]:
        near = f"; {did_you_mean(context['word'], context['known'])}"
        return f"{context['message']}{near}"
    key = f"'{loc[-1]}'" if loc and isinstance(loc[-1], str) else "this entry"
    owner = "every step" if in_step else "the file"
    template = _MESSAGES.get(error["type"])
    return template.format(key=key, owner=owner, **context) if template else error["msg"]


def quoted(text: str) -> str:
    """`text` as a fault shows it, shortened."""
    text = one_line(text)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:59]}…'"
