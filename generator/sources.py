"""What a user names (a routine, a script, standard input) to script text, and the settings that hold for it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from . import resources
from .definition import load_pose, load_routine
from .errors import NotFoundError
from .model import Pose, Routine, Script
from .script import render
from .script.front_matter import decode_script
from .settings import PARSERS, Layer, Settings, flag_layer, resolve, surrounding_layers
from .yaml_source import MAX_BYTES

ROUTINE_SUFFIXES = (".yaml", ".yml")
STDIN = "<stdin>"


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be built: a script's text, the name its file is called by, and how errors name it."""

    text: str
    name: str
    shown_as: str


def load_source(argument: str, flags: Mapping[str, str | None]) -> Source:
    """A routine's name, a `.yaml` routine, or a script (any other file, or `-` for standard input)."""
    if argument == "-":
        return Source(decode_script(sys.stdin.buffer.read(MAX_BYTES + 1), STDIN), "track", STDIN)
    path = Path(argument)
    if path.suffix in ROUTINE_SUFFIXES:
        return routine_source(read_routine(path), flags)
    if argument in resources.routine_names():
        return routine_source(read_routine(resources.routine_path(argument)), flags)
    if path.exists() and not path.is_dir():  # a pipe will do
        with path.open("rb") as file:
            return Source(decode_script(file.read(MAX_BYTES + 1), argument), path.stem, argument)
    if path.is_dir():
        raise NotFoundError("this is a folder", where=argument, hint="name a routine or a file in it")
    if path.suffix or len(path.parts) > 1:
        raise NotFoundError("there is no such file", where=argument, hint="check its name and folder")
    return routine_source(read_routine(resources.routine_path(argument)), flags)  # an error that names the nearest


def routine_source(routine: Routine, flags: Mapping[str, str | None]) -> Source:
    """The routine's script. Flags that differ from it travel on the command line, not in the text."""
    return Source(routine_script(routine, flags), routine.name, f"script of {routine.name}")


def routine_script(routine: Routine, flags: Mapping[str, str | None], *, keep_flags: bool = False) -> str:
    """The routine as script text; with `keep_flags`, flags given are written into its front matter."""
    settings = resolve_for(_routine_layer(routine), flags)
    return render(
        routine,
        template_folders=resources.template_folders(),
        breath_ms=settings.breath_ms,
        count_ms=settings.count_ms,
        settings={name: text for name, text in flags.items() if text is not None} if keep_flags else {},
    )


def read_routine(path: Path) -> Routine:
    """The routine in a file, with its poses. Raises DefinitionError with every fault of all of these files."""
    return load_routine(path, poses=read_pose, known_poses=resources.pose_ids, known_settings=PARSERS)


@remember
def read_pose(pose_id: str) -> Pose:
    return load_pose(resources.pose_path(pose_id))


def script_text(argument: str, flags: Mapping[str, str | None]) -> str:
    """What `sleepward script` prints: the routine's script, with the flags given in its front matter."""
    path = Path(argument)
    if path.suffix not in ROUTINE_SUFFIXES:
        path = resources.routine_path(argument)
    return routine_script(read_routine(path), flags, keep_flags=True)


# --- settings ----------------------------------------------------------------------------------------


def resolve_for(own: Layer, flags: Mapping[str, str | None]) -> Settings:
    """Flags, environment, the routine's or script's `own`, this folder's file, the user's file: the first wins."""
    environment, *files = surrounding_layers()
    return resolve([flag_layer(flags), environment, own, *files])


def script_layer(script: Script) -> Layer:
    return Layer(script.settings, lambda name: f"{script.name}:{script.setting_lines.get(name, 1)}")


def _routine_layer(routine: Routine) -> Layer:
    return Layer(routine.settings, lambda name: routine.path)
