"""The files of a folder that sleepward reads, and the kind of each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ..definition.library_models import LibraryFile
from ..definition.models import PoseFile, RoutineFile
from ..definition.program_models import ProgramFile
from ..errors import NotFoundError, SleepwardError
from ..values import path_test
from ..yaml_source import read_text
from .settings_layers import PROJECT_FILE
from .trusted_folders import ROUTINE_SUFFIXES, ROUTINES, TEMPLATES

Kind = Literal["routine", "pose", "script", "library", "program", "lexicon", "settings", "template"]
SCRIPT_SUFFIX, TEMPLATE_SUFFIX = ".txt", ".j2"

_KEY = re.compile(r"^[\"']?([a-z_]+)[\"']?\s*:", re.MULTILINE)


def kind_of(path: Path) -> Kind:
    """The kind of a file, told by its suffix, its folder, its name, and then its keys."""
    if path.name == PROJECT_FILE:
        return "settings"
    if path.suffix == TEMPLATE_SUFFIX:
        return "template"
    if path.suffix.lower() not in ROUTINE_SUFFIXES:
        return "script"
    keys = set(_KEY.findall(text_or_nothing(path)))
    if "steps" in keys:
        return "routine"
    by_name: Mapping[str, Kind] = {"library": "library", "lexicon": "lexicon", "poses": "pose", "programs": "program"}
    if kind := by_name.get(path.absolute().parent.name, by_name.get(path.stem)):
        return kind
    models: Mapping[Kind, set[str]] = {
        "routine": set(RoutineFile.keys()),
        "pose": set(PoseFile.keys()),
        "library": set(LibraryFile.keys()),
        "program": set(ProgramFile.keys()),
    }
    return max(models, key=lambda kind: len(keys & models[kind]))


def files_of(paths: Sequence[str]) -> Iterator[Path]:
    """The files that `paths` name, each once. A folder stands for all files of ours in it and below it.

    Without paths, the working folder's `routines/`, `scripts_templates/` and `sleepward.toml` are meant. Raises
    NotFoundError for a path or folder without such files.
    """
    if not paths and not Path(ROUTINES).is_dir():
        hint = "name files or folders, like: sleepward check my-night.yaml"
        raise NotFoundError(f"there is no folder {ROUTINES}/ here, so there is nothing to check", hint=hint)
    seen: set[Path] = set()
    if not paths and Path(PROJECT_FILE).is_file():
        yield Path(PROJECT_FILE)
    for name in paths or [ROUTINES, *([TEMPLATES] if Path(TEMPLATES).is_dir() else [])]:
        path = Path(name)
        if not path_test(path.exists):
            raise NotFoundError("there is no such file or folder", where=name, hint="check its name")
        found = [*_below(path)] if path.is_dir() else [path]
        if not found and paths:
            what = "there is no routine, pose, program, library (.yaml), script (.txt) or template (.j2) in this folder"
            raise NotFoundError(what, where=name, hint="name another, or the file itself")
        yield from (path for path in found if path not in seen)
        seen.update(found)


def _below(folder: Path) -> Iterator[Path]:
    """The files of ours below a folder, in a fixed order. Hidden folders and virtual environments are skipped."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not Path(root, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or not path.is_file():
                continue
            if (
                path.suffix in (SCRIPT_SUFFIX, TEMPLATE_SUFFIX)
                or path.name == PROJECT_FILE
                or (path.suffix in ROUTINE_SUFFIXES and _is_ours(path))
            ):
                yield path


def _is_ours(path: Path) -> bool:
    """Whether a YAML file is meant for sleepward: it lies in routines/, or has a key that only sleepward uses."""
    telling = {"steps", "pose", "enter", "leave", "position", "matrix", "tracks", "nights"}
    return (
        ROUTINES in path.absolute().parts
        or path.stem in ("library", "lexicon")
        or bool(telling & set(_KEY.findall(text_or_nothing(path))))
    )


def text_or_nothing(path: Path) -> str:
    """A file's text, or an empty one if it can't be read. The error comes when the file is loaded."""
    try:
        return read_text(path)
    except SleepwardError:
        return ""
