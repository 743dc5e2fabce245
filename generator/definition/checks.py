"""Checks of single values in routine and pose files. Pydantic runs them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

from ..durations import MAX_HOLD_MS, parse_duration, parse_hold
from ..errors import DefinitionError, NotFoundError
from ..model import Pose
from ..values import SLUG
from .bodies import CONDITIONS, canonical
from .validation import invalid, quoted

if TYPE_CHECKING:
    from pydantic import ValidationInfo

MAX_REPS = 100
TYPO = 0.8  # difflib's ratio from which an unknown condition counts as a typo: "knee" does, "wrists" doesn't

REPS_PATTERN = "^[0-9]+( *[-–] *[0-9]+)?$"

_SLUG = re.compile(SLUG)
_BARE = re.compile(r"\d{1,9}(?:\.\d{1,9})?(?:\s*[-–]\s*\d{1,9}(?:\.\d{1,9})?)?\+?")
_REPS = re.compile(r"(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?")


@dataclass
class PoseCatalog:
    """The poses that a routine names, each loaded once."""

    load: Callable[[str], Pose]
    ids: Callable[[], Collection[str]]
    found: dict[str, Pose] = field(default_factory=dict)
    broken: dict[str, DefinitionError] = field(default_factory=dict)
    missing: dict[str, Sequence[str]] = field(default_factory=dict)

    def has(self, pose_id: str) -> bool:
        """Whether the pose exists. One whose file has faults exists, and is `broken`."""
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


def slug_of(name: str) -> str:
    """`name` as a slug: lower-case letters, digits and hyphens; empty if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain.replace("'", "")))


def is_slug(name: str) -> bool:
    return _SLUG.fullmatch(name) is not None


def not_empty(value: str, info: ValidationInfo) -> str:
    if not value:
        raise invalid(
            f"'{info.field_name}' has nothing in it: write something here, or leave the line out if it isn't required"
        )
    return value


def without_brackets(value: str, info: ValidationInfo) -> str:
    if re.search(r"[\[\]]", value):
        raise invalid(
            f"'{info.field_name}' has square brackets, but is spoken of in titles, where no marks can stand: use ( )"
        )
    return value


def one_of(words: tuple[str, ...], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in words:
            raise invalid(f"{quoted(value)} isn't {what}", word=value, known=words)
        return value

    return check


def known_pose(value: str, info: ValidationInfo) -> str:
    catalog = cast("PoseCatalog", info.context)
    if not is_slug(value) or not catalog.has(value):  # an id, never a path
        slug = slug_of(value)
        misnamed = [name for name in catalog.known if not is_slug(name) and slug_of(name) == slug]
        if misnamed and slug:
            what = f"there is no pose {quoted(value)}, but a file of {quoted(misnamed[0])}"
            raise invalid(f"{what}: rename that to {slug}.yaml, and write {slug} here")
        raise invalid(
            f"there is no pose {quoted(value)}", word="-".join(value.split()), known=[*filter(is_slug, catalog.known)]
        )
    return value


def round_of_pose(value: str, info: ValidationInfo) -> str:
    pose = cast("PoseCatalog", info.context).found.get(str(info.data.get("pose")))
    if pose is not None and value not in pose.rounds:
        raise invalid(f"{quoted(value)} isn't a round of {pose.id}", word=value, known=pose.rounds)
    return value


def condition(value: str) -> str:
    """Accepts a known condition, or any slug that doesn't look like a typo of one."""
    if not _SLUG.fullmatch(value):
        raise invalid(f"{quoted(value)} isn't a name: write it like hip-replacement, small and with hyphens")
    if value not in CONDITIONS:
        if (name := canonical(value)) != value:
            raise invalid(f"{quoted(value)} is called {name} in a pose: write that, and --avoid will know both")
        if difflib.get_close_matches(value, CONDITIONS, 1, TYPO):
            raise invalid(f"{quoted(value)} isn't a condition that 'avoid' knows", word=value, known=CONDITIONS)
    return value


def distinct(value: list[str], info: ValidationInfo) -> list[str]:
    if not value:
        raise invalid(f"'{info.field_name}' has no round in it: write like [right, left], or leave the line out")
    for index, name in enumerate(value):
        if name in value[:index]:
            raise invalid(
                f"{quoted(name)} is named twice: a pose has each round once; to do it again, add a step", at=index
            )
    return value


def without_marks(value: str) -> str:
    if re.search(r"(?<!\\)\[", re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", value)):
        raise invalid(
            "this text has a mark in square brackets, but is spoken inside a hold, which no pause can lengthen"
        )
    return value


def valid_duration(value: str | None) -> str | None:
    if value is not None:
        try:
            parse_duration(value)
        except ValueError as error:
            raise invalid(str(error)) from error
    return value


def valid_hold(value: str) -> str:
    try:
        parse_hold(value)
    except ValueError as error:
        raise invalid(_suggested_hold(value) or str(error)) from error
    return value


def _suggested_hold(text: str) -> str:
    """What to write instead of a bare number; empty for anything else."""
    if _BARE.fullmatch(text):
        more = " breaths" if "." not in text else " min"
        return f"{quoted(text)} has no unit: write {text} s, or {text}{more}"
    return ""


def parsed_reps(value: object) -> object:
    """`8-12` or `8` as (low, high)."""
    if not isinstance(value, str):
        raise invalid("'reps' must be text: write it like 8 or 8-12")
    match = _REPS.fullmatch(value.strip())
    if not match:
        raise invalid(f"{quoted(value)} isn't a number of repetitions: write it like 8 or 8-12")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high:
        raise invalid(f"{quoted(value)} is impossible: at least 1, and the smaller number first")
    if high > MAX_REPS:
        raise invalid(f"{quoted(value)} is more than {MAX_REPS} repetitions, the most there can be")
    return low, high


def reps_within_limit(value: tuple[int, int] | None, info: ValidationInfo) -> tuple[int, int] | None:
    hold = parse_hold(info.data["hold"]) if value and "hold" in info.data else None
    if value and hold and hold.unit == "ms" and value[1] * hold.high > MAX_HOLD_MS:
        raise invalid(
            f"{value[1]} holds of {quoted(info.data['hold'])} are longer than 3 h: shorten the hold, or write fewer"
        )
    return value


def has_switch(value: str, info: ValidationInfo) -> str:
    rounds = info.data.get("rounds", ())
    if len(rounds) > 1 and not value:
        message = "a pose with several rounds needs 'switch', the words that lead from one round to the next: add it"
        raise invalid(message, at="rounds")
    return value


def has_breath_words(value: str, info: ValidationInfo) -> str:
    if not value and not info.data.get("inhale", "-"):
        raise invalid("this breath has no words: write 'in: …', 'out: …' or both")
    return value


def has_summary(value: str, info: ValidationInfo) -> str:
    if not value and not info.data.get("say", "-"):
        raise invalid("'summary' is missing: a way without 'say' needs it for listings, so add one of the two")
    return value


def variant_keys(value: object) -> object:
    """Expands the short form, a text alone, to `say`."""
    if isinstance(value, str):
        return {"say": value}
    if not isinstance(value, dict):
        raise invalid("this must be a text, or keys such as say, summary and what they change: a list can't be spoken")
    return value
