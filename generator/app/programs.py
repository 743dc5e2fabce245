"""Programmes: where they are found, and each of their nights as something to build."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from functools import cache as remember
from pathlib import Path

from ..definition.program_models import Program, ProgramNight, parse_program
from ..durations import MAX_DIGITS
from ..errors import InputError, NotFoundError, SleepwardError, did_you_mean
from ..settings import PARSERS
from ..workspace import resources
from ..workspace.layers import environment_layer
from ..workspace.resources import ROUTINE_SUFFIXES
from ..workspace.sources import Source, own_layer, read_routine, routine_source
from ..yaml_source import text_of

FOLDER = "routines/programs"

_DAYS = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")


def program_names() -> list[str]:
    """The programmes of the working folder and the built-in ones."""
    return sorted(_files())


def load_program(argument: str) -> Program:
    """A programme by its name or its `.yaml` file. Raises NotFoundError, and DefinitionError with all its faults."""
    path = Path(argument)
    return read_program(path if path.suffix in ROUTINE_SUFFIXES else _path_of(argument))


def read_program(path: Path) -> Program:
    """The programme in a file. Raises DefinitionError with every fault found in it, and NotFoundError."""
    return parse_program(
        text_of(path),
        str(path),
        name=path.stem,
        known_settings=PARSERS,
        known_routines=resources.routine_names(),
        poses_of=_poses_of,
    )


def chosen_nights(program: Program, days: str | None) -> tuple[ProgramNight, ...]:
    """The nights that `days` names, like 3 or 1-7; all where it is None. Raises InputError."""
    last = len(program.nights)
    if days is None:
        return program.nights
    match = _DAYS.fullmatch(days.strip())
    if match is None or len(days) > 2 * MAX_DIGITS:
        raise InputError(f"--days {days[:60]!r} isn't a night or a range of them", hint="write it like 3 or 1-7")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= last:
        raise InputError(f"--days {days}: {program.name} has the nights 1 to {last}", hint="choose some of these")
    return program.nights[low - 1 : high]


def night_flags(
    program: Program, night: ProgramNight, flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ
) -> dict[str, str | None]:
    """`flags`, and below them and the `environment` what the night itself sets; above all that the routine does.

    Raises SettingError where the night names a file outside the programme's folder: a stranger may have written it.
    """
    own = own_layer(night.settings, lambda name: f"{program.path}:{night.line}", Path(program.path).parent)
    from_outside = environment_layer(environment).values
    kept = {name: text for name, text in own.values.items() if name not in from_outside}
    return {**flags, **{name: text for name, text in kept.items() if flags.get(name) is None}}


def night_source(night: ProgramNight, flags: Mapping[str, str | None]) -> Source:
    """The night's script, under the flags of `night_flags`."""
    return routine_source(read_routine(resources.routine_path(night.routine)), flags)


def track_name(program: Program, night: ProgramNight) -> str:
    """Its file's name without the ending: nights sort in their order."""
    digits = max(2, len(str(len(program.nights))))
    return f"{night.number:0{digits}}-{night.routine}"


def _path_of(name: str) -> Path:
    files = _files()
    if name not in files:
        hint = f"{did_you_mean(name, sorted(files), 3)}; your own goes into {FOLDER}/{name}.yaml"
        raise NotFoundError(f"there is no programme called {name!r}", hint=hint)
    return files[name]


def _files() -> dict[str, Path]:
    """The programmes' files by their names; the first that has a name wins."""
    found: dict[str, Path] = {}
    for root in resources.roots():
        for suffix in ROUTINE_SUFFIXES:
            for path in sorted((root / FOLDER).glob(f"*{suffix}")):
                found.setdefault(path.stem, path)
    return found


@remember
def _poses_of(routine: str) -> Collection[str]:
    """The poses of a routine; none where it can't be read, which is said where it is used."""
    try:
        steps = read_routine(resources.routine_path(routine)).steps
    except SleepwardError:
        return ()
    return [step.pose.id for step in steps]
