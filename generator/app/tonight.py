"""Chooses tonight's routine by the time there is and by when each was last done, and keeps the history."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from ..build.track import BuildContext
from ..durations import clock
from ..errors import DefinitionError, InputError, LengthError, SleepwardError, listed
from ..settings import SETTINGS
from ..workspace import Workspace
from .night_ranges import NightRanges, wanted_ms

DATA_VARIABLE = "SLEEPWARD_DATA_DIR"
HISTORY = "history.jsonl"
ANSWERS = "answers.json"
NIGHT_BEGINS_H = 12  # a track made after midnight belongs to the evening before
RECENT_NIGHTS = 3  # what was done in them comes last
MOST_AVOIDED = 1 / 2  # of its poses
MOST_LEFT_OUT = 2 / 3  # of its poses: with fewer than a third of them it is another routine

Where = Literal["bed", "floor", "anywhere"]
PLACES = ("bed", "mat", "chair", "room")  # of routines, the first one preferred
_PLACES_OF: Mapping[Where, tuple[str, ...]] = {"bed": ("bed",), "floor": ("bed", "mat"), "anywhere": PLACES}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A routine as it could be done tonight. Times are estimates of the guided part.

    `wanted_ms` None accepts any length. `left_out` are the poses that the length fit leaves out, `avoided` those that
    `avoid` does, of so many `poses`. `place` is where it is done. `flags` produce it. `refusal` says why it can't be
    done, if so. It is `sure` if speaking it can't change what is left out.
    """

    routine: str
    title: str = ""
    wanted_ms: int | None = None
    least_ms: int = 0
    most_ms: int = 0
    own_ms: int = 0
    left_out: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    poses: int = 1
    place: str = "bed"
    flags: Mapping[str, str | None] = field(default_factory=dict)
    refusal: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class PastNight:
    """A line of the history: a routine and the night it was built for."""

    night: date
    routine: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Tonight's candidate, and for each routine's name why it was taken or not."""

    candidate: Candidate
    reasons: Mapping[str, str]


# --- choosing, which is pure -------------------------------------------------------------------------


def choose(
    candidates: Iterable[Candidate], done: Sequence[PastNight], attempt: Callable[[Candidate], Candidate]
) -> Choice:
    """Prefer routines that weren't done in the last three nights. Of those: which loses least to `avoid`, then bed
    before floor before standing, then never done or done longest ago, then fewest poses left out to fit, then the
    length nearest to its own.

    `done` is in order of time. `attempt` returns the candidate unchanged if it works, else its replacement: one with
    more poses left out, or refused. Raises LengthError if none works.
    """
    order = {entry.routine: place for place, entry in enumerate(done)}
    nights = {entry.routine: entry.night for entry in done}
    left = sorted(candidates, key=lambda candidate: _rank(candidate, order))
    while left and not left[0].refusal:
        best, *rest = left
        tried = attempt(best)
        if tried == best:
            why = f"taken: {_last_done(best, nights)}; {_length_of(best)}"
            return Choice(
                best, {best.routine: why, **{candidate.routine: _why_not(candidate, nights) for candidate in rest}}
            )
        left = sorted([tried, *rest], key=lambda candidate: _rank(candidate, order))
    reasons = "".join(f"{candidate.routine}: {candidate.refusal}\n  " for candidate in left)
    raise LengthError("no routine fits these wishes", hint=f"{reasons}give another --minutes, or avoid less")


def _rank(candidate: Candidate, order: Mapping[str, int]) -> tuple[object, ...]:
    last_place = order.get(candidate.routine, -1)
    lately = last_place >= 0 and last_place >= max(order.values()) - (RECENT_NIGHTS - 1)
    stretch = abs(math.log(candidate.wanted_ms / candidate.own_ms)) if candidate.wanted_ms and candidate.own_ms else 0.0
    return (
        bool(candidate.refusal),
        last_place if lately else -1,
        len(candidate.avoided) / candidate.poses if candidate.poses else 0.0,
        PLACES.index(candidate.place),
        last_place,
        len(candidate.left_out),
        stretch,
        candidate.routine,
    )


def _why_not(candidate: Candidate, nights: Mapping[str, date]) -> str:
    return candidate.refusal or f"possible too: {_last_done(candidate, nights)}; {_length_of(candidate)}"


def _last_done(candidate: Candidate, nights: Mapping[str, date]) -> str:
    return f"last done on {nights[candidate.routine]}" if candidate.routine in nights else "never done"


def _length_of(candidate: Candidate) -> str:
    lost = f"without {listed(candidate.avoided)}, to avoid, " if candidate.avoided else ""
    without = f"without {listed(candidate.left_out)}, to fit, " if candidate.left_out else ""
    return f"{lost}{without}about {clock(candidate.own_ms)} without a wanted length"


# --- candidates: routines and the time they take ----------------------------------------------------------


def candidates(
    ranges: NightRanges,
    flags: Mapping[str, str | None],
    workspace: Workspace,
    broken: Callable[[SleepwardError], None],
    *,
    where: Where = "anywhere",
) -> list[Candidate]:
    """Every routine under these settings, shortened to the wanted length. `where` refuses those done elsewhere.

    Speaking all of them would take a minute, so the length of speech is estimated from its letters. `broken` is called
    with the error of each faulty file. Raises InputError if these settings suit no routine.
    """
    found: list[Candidate] = []
    errors: list[InputError] = []
    said: set[str] = set()
    for name in workspace.routine_names():
        try:
            found.append(_estimated(name, flags, ranges, where))
        except DefinitionError as error:
            if str(error) not in said:  # many routines may share a pose
                broken(error)
            said.add(str(error))
            found.append(Candidate(name, refusal="its file has faults"))
        except InputError as error:
            errors.append(error)
            found.append(Candidate(name, refusal=error.what))
    if errors and all(not candidate.title for candidate in found):
        raise _combined_error(errors, found)
    return found


def _combined_error(errors: Sequence[InputError], found: Sequence[Candidate]) -> InputError:
    """The error of all routines if they agree, else one that lists each routine's refusal."""
    if len({error.what for error in errors}) == 1:
        return errors[0]
    lines = "\n  ".join(f"{candidate.routine}: {candidate.refusal}" for candidate in found)
    return InputError(
        "these settings suit no routine", hint=f"{lines}\n  ask for less; `sleepward list --poses` lists the poses"
    )


def try_candidate(candidate: Candidate, ranges: NightRanges, context: BuildContext) -> Candidate:
    """Lay out the candidate as it is spoken. Returns it unchanged if that works, with other poses left out, or refused.

    It is spoken unless that was done before, or can't change anything.
    """
    if candidate.sure:
        return candidate
    try:
        left_out, poses = ranges.spoken_left_out(candidate.routine, context)
    except InputError as error:
        return replace(candidate, refusal=error.what)
    return _leaving_out(candidate, left_out, poses)


def night_of(now: datetime) -> date:
    """The date of the evening on which the night of `now` began."""
    return (now - timedelta(hours=NIGHT_BEGINS_H)).date()


def _estimated(name: str, flags: Mapping[str, str | None], ranges: NightRanges, where: Where) -> Candidate:
    """The routine with its times estimated from the letters of its speech, shortened to its wanted length."""
    found = ranges.of(name)
    whole = Candidate(
        routine=name,
        title=found.title,
        wanted_ms=wanted_ms(flags, found),
        least_ms=found.least_ms,
        most_ms=found.most_ms,
        own_ms=found.own_ms,
        avoided=found.avoided,
        poses=found.poses,
        place=found.place,
        flags=flags,
    )
    if found.place not in _PLACES_OF[where]:
        return replace(whole, refusal="isn't done in bed" if where == "bed" else "isn't done on the bed or the floor")
    if len(found.avoided) > MOST_AVOIDED * found.poses:
        return replace(whole, refusal="more than half of its poses ask for what is to be avoided")
    wanted = whole.wanted_ms
    if wanted is None or found.may_be(wanted):
        return replace(whole, sure=wanted is None or found.is_surely(wanted))
    if found.most_ms < wanted:
        return replace(whole, refusal=f"lasts about {clock(found.most_ms)} at its longest")
    left_out, sure = ranges.left_out(name, found, wanted)
    if left_out is None:
        at_its_shortest = f"lasts about {clock(found.least_ms)} at its shortest"
        return replace(whole, refusal=f"{at_its_shortest}, and too long with less of it too")
    return _leaving_out(replace(whole, sure=sure), left_out, found.kept)


def _leaving_out(candidate: Candidate, left_out: tuple[str, ...], poses: int) -> Candidate:
    """The candidate without the poses of `left_out`; refused if they are most of its `poses`."""
    if len(left_out) > MOST_LEFT_OUT * poses:
        without = "and is too long even with two thirds of its poses left out"
        return replace(candidate, refusal=f"lasts about {clock(candidate.least_ms)} at its shortest, {without}")
    return replace(candidate, left_out=left_out)


def build_line(routine: str, flags: Mapping[str, str | None]) -> str:
    """The `build` command that makes the same track."""
    given = [(SETTINGS[name].flag, value) for name, value in flags.items() if value is not None]
    return shlex.join(["sleepward", "build", routine, *(word for flag in given for word in flag)])


# --- the history --------------------------------------------------------------------------------------


def history_path() -> Path:
    """Below `SLEEPWARD_DATA_DIR`, else below the user's data folder."""
    if chosen := os.environ.get(DATA_VARIABLE):
        try:
            return Path(chosen).expanduser() / HISTORY
        except RuntimeError as error:
            raise InputError(f"{error}", where=f"${DATA_VARIABLE}", hint="write the folder out") from error
    import platformdirs

    return Path(platformdirs.user_data_dir("sleepward", appauthor=False)) / HISTORY


def answers_path() -> Path:
    """Beside the history."""
    return history_path().with_name(ANSWERS)


def read_history(path: Path) -> list[PastNight]:
    """The past nights in order of time; none without a file. Raises InputError at a bad line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        hint = "correct it, or delete it to start again: only the choice of routines depends on it"
        raise InputError(f"the history of nights can't be read: {error}", where=str(path), hint=hint) from error
    return [_parse_line(line, f"{path}:{number}") for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def record(path: Path, done: PastNight) -> None:
    """Add a line to the history. Raises InputError where it can't be written."""
    written = {"night": done.night.isoformat(), "routine": done.routine}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # an edited file may lack its last line end
                    file.write(b"\n")
            file.write(json.dumps(written, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        what = f"the track was made, but the history of nights can't be written: {error.strerror or error}"
        raise InputError(
            what, where=str(path), hint=f"make room for it, or name another folder in ${DATA_VARIABLE}"
        ) from error


def _parse_line(line: str, where: str) -> PastNight:
    try:
        entry = json.loads(line)
        return PastNight(date.fromisoformat(entry["night"]), str(entry["routine"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        hint = "delete this line, or the whole file to start again: only the choice of routines depends on it"
        raise InputError("this line isn't an entry of the history of nights", where=where, hint=hint) from error
