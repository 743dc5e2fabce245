"""Finds programmes, and turns each of their nights into a script to build."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..definition.program_models import Program, ProgramNight, parse_program
from ..durations import MAX_DIGITS
from ..errors import InputError
from ..model import Place
from ..settings import PARSERS
from ..workspace import Workspace
from ..workspace.script_sources import ScriptSource, routine_source
from ..workspace.settings_layers import environment_layer, own_layer
from ..workspace.trusted_folders import ROUTINE_SUFFIXES
from ..yaml_source import read_text

_DAYS = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")


def load_program(argument: str, workspace: Workspace) -> Program:
    """A programme by its name or its `.yaml` file. Raises NotFoundError, and DefinitionError with all its faults."""
    path = Path(argument)
    named = path.suffix in ROUTINE_SUFFIXES
    return read_program(path if named else workspace.program_path(argument), workspace)


def read_program(path: Path, workspace: Workspace) -> Program:
    """The programme in a file. Raises DefinitionError with all its faults, and NotFoundError."""
    return parse_program(
        read_text(path),
        str(path),
        name=path.stem,
        known_settings=PARSERS,
        known_routines=workspace.routine_names(),
        poses_of=workspace.poses_of,
    )


def chosen_nights(program: Program, days: str | None) -> tuple[ProgramNight, ...]:
    """The nights that `days` names, like 3 or 1-7. None means all. Raises InputError."""
    last = len(program.nights)
    if days is None:
        return program.nights
    match = _DAYS.fullmatch(days.strip())
    if match is None or len(days) > 2 * MAX_DIGITS:
        raise InputError(f"--days {days[:60]!r} isn't a night or a range of them", hint="write it like 3 or 1-7")
    low, high = int(match[1]), int(match[2] or match[1])
    if not 1 <= low <= high <= last:
        raise InputError(f"--days {days}: {program.name} has the nights 1 to {last}", hint="choose from these")
    return program.nights[low - 1 : high]


def night_flags(
    program: Program, night: ProgramNight, flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ
) -> dict[str, str | None]:
    """`flags` with the night's own settings, which yield to flags and `environment` but override the routine's.

    Raises SettingError if the night names a file outside the programme's folder: a stranger may have written it.
    """
    own = own_layer(night.settings, lambda name: f"{program.path}:{night.line}", Path(program.path).parent)
    from_outside = environment_layer(environment).values
    kept = {name: text for name, text in own.values.items() if name not in from_outside}
    return {**flags, **{name: text for name, text in kept.items() if flags.get(name) is None}}


def night_source(night: ProgramNight, flags: Mapping[str, str | None], workspace: Workspace) -> ScriptSource:
    """The night's script, under the flags of `night_flags`."""
    routine = workspace.read_routine(workspace.routine_path(night.routine))
    return routine_source(replace(routine, note=night.say), flags, workspace)


def place_of(program: Program, night: ProgramNight) -> Place:
    """The night's place in the programme, as players show it."""
    return Place(program.title, (f"night {night.number}",), night.number, len(program.nights), program.year)


def track_name(program: Program, night: ProgramNight) -> str:
    """The name of the night's file without suffix. Names sort by night."""
    digits = max(2, len(str(len(program.nights))))
    return f"{night.number:0{digits}}-{night.routine}"
