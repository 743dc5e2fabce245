"""Builds one track and prints its result, for `build`, `tonight` and `program`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ..model import ALONE, Place
from .progress import build_context

if TYPE_CHECKING:
    from ..build.track import BuildResult
    from ..workspace import Workspace
    from ..workspace.script_sources import ScriptSource


def build_one(
    source: ScriptSource,
    flags: Mapping[str, str | None],
    options: Mapping[str, Any],
    workspace: Workspace,
    *,
    name: str | None = None,
    place: Place = ALONE,
) -> BuildResult:
    """Build `source` at `options["out"]`, as `build` does. `name` replaces its own. Raises what `build` raises.

    `place` is the track's among others.
    """
    from ..build.pipeline import build, read_spec
    from ..build.track_file import requested_format, track_path

    flags = {**flags, "format": requested_format(options["out"], flags["format"])}
    with build_context(dict(options)) as context:
        spec = replace(read_spec(source, flags, workspace), place=place)
        for note in spec.script.adapted:
            context.notice(note)
        return build(spec, track_path(options["out"], name or spec.name, spec.settings.format), context)


def facts_of(built: BuildResult) -> dict[str, Any]:
    """The data of a finished track, ready for JSON."""
    return {**asdict(built), "path": str(built.path), "sha256": built.sha256()}


def json_of(built: BuildResult) -> str:
    """A finished track as one line of JSON."""
    return json.dumps(facts_of(built), ensure_ascii=False)


def line_of(built: BuildResult) -> str:
    """A finished track as one line of text."""
    from ..durations import clock

    state = f"made in {built.elapsed_s:.1f} s" if built.fresh else "unchanged"
    state = "its tags alone written again" if built.retitled else state
    return f"{built.path}  {clock(built.duration_ms)}  {built.bytes / 1e6:.1f} MB  {built.voice}  ({state})"
