"""Chooses tonight's routine by the time there is and by when each was last done, and keeps the history."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from ..build.fitting import estimated_clips_ms, estimated_fit
from ..build.pipeline import plan_track, read_spec
from ..build.track import BuildContext, TrackSpec
from ..definition.fitting import FitChoice, left_out_poses
from ..durations import clock
from ..errors import DefinitionError, InputError, LengthError, SleepwardError, listed
from ..timeline.layout import lay_out
from ..timeline.timing import timing_of
from ..workspace import Workspace
from ..workspace.script_sources import ScriptSource, routine_source

DATA_VARIABLE = "SLEEPWARD_DATA_DIR"
HISTORY = "history.jsonl"
NIGHT_BEGINS_H = 12  # a track made after midnight belongs to the evening before
SLACK = 0.03  # the estimates of eight routines were off by 0.5 % at most; other voices keep their rate less well
MOST_LEFT_OUT = 2 / 3  # of its poses: with fewer than a third of them it is another routine
MOST_AVOIDED = 0.5  # with less than the other half left, another routine suits better


@dataclass(frozen=True, slots=True)
class Candidate:
    """A routine as it could be done tonight. Times are estimates of the guided part.

    `wanted_ms` None accepts any length. `left_out` are the poses that the length fit leaves out, `avoided` those that
    `avoid` does. `flags` produce it. `refusal` says why it can't be done, if so.
    """

    routine: str
    title: str = ""
    wanted_ms: int | None = None
    least_ms: int = 0
    most_ms: int = 0
    own_ms: int = 0
    left_out: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    flags: Mapping[str, str | None] = field(default_factory=dict)
    refusal: str = ""


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
    """Prefer routines never done or done longest ago, then fewest poses left out, then the length nearest to their own.

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


def _rank(candidate: Candidate, order: Mapping[str, int]) -> tuple[bool, int, int, float, str]:
    stretch = abs(math.log(candidate.wanted_ms / candidate.own_ms)) if candidate.wanted_ms and candidate.own_ms else 0.0
    return (
        bool(candidate.refusal),
        order.get(candidate.routine, -1),
        len(candidate.left_out) + len(candidate.avoided),
        stretch,
        candidate.routine,
    )


def _why_not(candidate: Candidate, nights: Mapping[str, date]) -> str:
    return candidate.refusal or f"possible too: {_last_done(candidate, nights)}; {_length_of(candidate)}"


def _last_done(candidate: Candidate, nights: Mapping[str, date]) -> str:
    return f"last done on {nights[candidate.routine]}" if candidate.routine in nights else "never done"


def _length_of(candidate: Candidate) -> str:
    without = f"without {listed(candidate.left_out)}, to fit, " if candidate.left_out else ""
    return f"{without}about {clock(candidate.own_ms)} without a wanted length"


# --- candidates: routines and the time they take ----------------------------------------------------------


def candidates(
    flags: Mapping[str, str | None],
    workspace: Workspace,
    broken: Callable[[SleepwardError], None],
    *,
    in_bed: bool = False,
) -> list[Candidate]:
    """Every routine under these settings, shortened to the wanted length. `in_bed` refuses those for other places.

    Speaking all of them would take a minute, so the length of speech is estimated from its letters. `broken` is called
    with the error of each faulty file. Raises InputError if these settings suit no routine.
    """
    found: list[Candidate] = []
    errors: list[InputError] = []
    said: set[str] = set()
    for name in workspace.routine_names():
        try:
            if in_bed and workspace.read_routine(workspace.routine_path(name)).setting != "bed":
                found.append(Candidate(name, refusal="isn't done in bed"))
                continue
            whole = _estimated(name, flags, workspace)
        except DefinitionError as error:
            if str(error) not in said:  # many routines may share a pose
                broken(error)
            said.add(str(error))
            found.append(Candidate(name, refusal="its file has faults"))
        except InputError as error:
            errors.append(error)
            found.append(Candidate(name, refusal=error.what))
        else:
            found.append(whole)
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


def source_of(candidate: Candidate, workspace: Workspace) -> ScriptSource:
    """The candidate's script."""
    return _source(candidate.routine, candidate.flags, workspace)


def try_candidate(candidate: Candidate, workspace: Workspace, context: BuildContext) -> Candidate:
    """Speak and lay out the candidate. Returns it unchanged if that works, with other poses left out, or refused."""
    try:
        planned = plan_track(read_spec(source_of(candidate, workspace), candidate.flags, workspace), context)
    except InputError as error:
        return replace(candidate, refusal=error.what)
    return _leaving_out(candidate, planned.spec, planned.choice)


def night_of(now: datetime) -> date:
    """The date of the evening on which the night of `now` began."""
    return (now - timedelta(hours=NIGHT_BEGINS_H)).date()


def _estimated(name: str, flags: Mapping[str, str | None], workspace: Workspace) -> Candidate:
    """The routine with its times estimated from the letters of its speech, shortened to its wanted length."""
    spec = read_spec(_source(name, flags, workspace), flags, workspace)
    timeline = lay_out(spec.script, estimated_clips_ms(spec), replace(timing_of(spec.settings), length_ms=None))
    least_ms, most_ms = timeline.length_range_ms
    wanted_ms = spec.settings.length
    avoided, poses = _avoided(name, spec, workspace)
    whole = Candidate(
        routine=name,
        title=spec.script.title,
        wanted_ms=wanted_ms,
        least_ms=least_ms,
        most_ms=most_ms,
        own_ms=timeline.guided_ms,
        avoided=avoided,
        flags=flags,
    )
    if len(avoided) > MOST_AVOIDED * poses:
        return replace(whole, refusal="more than half of its poses ask for what is to be avoided")
    if wanted_ms is None or least_ms * (1 - SLACK) <= wanted_ms <= most_ms * (1 + SLACK):
        return whole
    if most_ms < wanted_ms:
        return replace(whole, refusal=f"lasts about {clock(most_ms)} at its longest")
    fit = estimated_fit(spec)
    if not fit.fits:
        return replace(
            whole, refusal=f"lasts about {clock(least_ms)} at its shortest, and too long with less of it too"
        )
    return _leaving_out(whole, spec, fit.choice)


def _avoided(name: str, spec: TrackSpec, workspace: Workspace) -> tuple[tuple[str, ...], int]:
    """The poses that `avoid` leaves out of the routine, and how many there would be without it."""
    chosen, skipped = spec.settings.only, spec.settings.skip
    own = dict.fromkeys(step.pose.id for step in workspace.read_routine(workspace.routine_path(name)).steps)
    wanted = [pose for pose in own if pose not in skipped and (not chosen or pose in chosen)]
    done = {cue.where.pose for cue in spec.script.cues}
    return tuple(pose for pose in wanted if pose not in done) if spec.settings.avoid else (), len(wanted)


def _leaving_out(candidate: Candidate, spec: TrackSpec, choice: FitChoice) -> Candidate:
    """The candidate with the poses that `choice` leaves out; refused if they are most of them."""
    if spec.shortenable is None:
        return candidate
    routine = spec.shortenable.routine
    left_out = left_out_poses(routine, choice)
    if len(left_out) > MOST_LEFT_OUT * len({step.pose.id for step in routine.steps}):
        without = "and is too long even with two thirds of its poses left out"
        return replace(candidate, refusal=f"lasts about {clock(candidate.least_ms)} at its shortest, {without}")
    return replace(candidate, left_out=left_out)


def _source(name: str, flags: Mapping[str, str | None], workspace: Workspace) -> ScriptSource:
    return routine_source(workspace.read_routine(workspace.routine_path(name)), flags, workspace)


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
