"""The cache of routines, stored as JSON.

Reading one takes 0.12 s of CPU time, mostly to import pydantic and PyYAML: a quarter of an unchanged build.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache as remember
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..errors import SleepwardError
from ..model import Pose, Routine, Variant
from ..storage.cache import Cache
from ..storage.code_key import files_key

KIND = "routines"


def cached_routine(path: Path, pose_files: Iterable[Path], cache: Cache, read: Callable[[Path], Routine]) -> Routine:
    """The routine in the file at `path`, as `read` returns it; from the cache if the same files were read before.

    `pose_files` are all files that the routine could name. A routine is stored if it has no faults and no file changed
    meanwhile. `read` must read the files each time. Raises what `read` does.
    """
    files = [path, *pose_files]
    key = files_key(files)
    if key is None:
        return read(path)
    stored = cache.get(KIND, key)
    if stored is not None:
        with suppress(ValueError):  # a broken entry: read again
            return routine_from_json(bytes(stored))
    routine = read(path)
    if files_key(files) == key:
        with suppress(SleepwardError):  # a routine that can't be stored is read again next time
            cache.put(KIND, key, routine_to_json(routine))
    return routine


# --- as JSON -----------------------------------------------------------------------------------------


def routine_to_json(routine: Routine) -> bytes:
    """The routine as JSON: each pose once, and the steps with the ids of their poses."""
    poses = {step.pose.id: step.pose for step in routine.steps}
    steps = [{**_plain(step), "pose": step.pose.id} for step in routine.steps]
    return json.dumps({"poses": poses, "routine": {**_plain(routine), "steps": steps}}, default=_plain).encode()


def routine_from_json(text: bytes) -> Routine:
    """The routine that `routine_to_json` wrote. Raises ValueError for anything else."""
    try:
        found = json.loads(text)
        poses = {pose_id: _typed(Pose, pose) for pose_id, pose in found["poses"].items()}
        steps = [{**step, "pose": poses[step["pose"]]} for step in found["routine"]["steps"]]
        routine: Routine = _typed(Routine, {**found["routine"], "steps": steps})
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("this is no routine") from error
    return routine


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


class _Changes:
    """Marks a mapping from names of a pose's fields to values."""


@remember
def _types(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields, by name."""
    types = get_type_hints(kind)
    if kind is Variant:
        types["changes"] = _Changes
    elif kind is Pose:
        types["styles"] = Mapping[str, _Changes]
    return types


def _typed(kind: Any, value: Any) -> Any:
    """A JSON value as one of the type `kind`. Raises ValueError, AttributeError or KeyError if it isn't one."""
    if isinstance(kind, type):
        return value if type(value) is kind else _made(kind, value)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_typed(*each) for each in zip(kinds, value, strict=True))
    if origin is Mapping:
        return {name: _typed(inner[1], each) for name, each in value.items()}
    if origin is UnionType:  # … or None
        return None if value is None else _typed(inner[0], value)
    if origin is Literal and value in inner:
        return value
    raise ValueError(f"{value!r} isn't {kind}")


def _made(kind: type, value: Any) -> Any:
    """A dataclass from the values of all its fields, or a pose's changes."""
    if kind is _Changes:
        return {name: _typed(_types(Pose)[name], each) for name, each in value.items()}
    if not is_dataclass(kind) or value.keys() != _types(kind).keys():
        raise ValueError(f"{value!r} isn't a {kind.__name__}")
    return kind(**{name: _typed(each, value[name]) for name, each in _types(kind).items()})
