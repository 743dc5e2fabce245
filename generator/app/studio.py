"""What the studio offers, and what it answers to wishes: the lengths that a track can have, and how it would be.

Nothing is spoken for an answer: clips are estimated by their letters, as `tonight` does it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..beds import BEDS, resolve_background
from ..build.fitting import estimated_clips_ms, estimated_fit, shortest_estimated_ms
from ..build.pipeline import read_spec
from ..build.track import TrackSpec, title_of
from ..definition.bodies import WORDS
from ..definition.outline import routine_outline
from ..errors import InputError, SettingError, SleepwardError
from ..settings import SETTINGS
from ..storage.cache import Cache
from ..timeline.layout import lay_out
from ..timeline.timing import timing_of
from ..values import NO_NAMES, is_utf8
from ..voices import LAST_RANK, short_label
from ..workspace import Workspace
from ..workspace.script_sources import KEEP_HINT, load_source
from ..workspace.settings_layers import flag_layer, layers_of, own_layer, placed
from .night_answers import parse_hurts, usual_settings
from .night_ranges import NightRanges
from .tonight import build_line
from .voice_list import all_voices

WISHES = ("length", "avoid", "voice", "background", "pace", "style", "tail")
"""The settings that the studio asks for."""

PACES: Mapping[str, str] = {"0.75": "shorter", "1": "as written", "1.25": "longer", "1.5": "half as long again"}
TAILS: Mapping[str, str] = {
    "10s": "only the fade",
    "1m": "1 min",
    "5m": "5 min",
    "15m": "15 min",
    "30m": "30 min",
    "1h": "1 h",
    "8h": "8 h, all night",
}
_ANY_LENGTH = "20m"  # a track can be shortened only once some length is wanted


@dataclass(frozen=True, slots=True)
class Wishes:
    """A routine of a workspace, and the settings that differ from its `usual` ones, as flags have them."""

    routine: str
    flags: Mapping[str, str]
    usual: Mapping[str, str]
    workspace: Workspace
    cache: Cache

    @property
    def line(self) -> str:
        """The command that makes the same track."""
        return build_line(self.routine, self.flags)

    def value(self, name: str) -> str:
        """What holds for a setting, as it is written."""
        return self.flags.get(name, self.usual[name])

    def spec(self) -> TrackSpec:
        """The track's specification. Raises what reading its routine and settings raises."""
        source = load_source(self.routine, self.flags, self.workspace, self.cache)
        return read_spec(source, self.flags, self.workspace)


def parse_wishes(written: Any, workspace: Workspace, cache: Cache) -> Wishes:
    """Wishes as a page sends them: the routine's name, and texts by the names of settings; an empty one wishes nothing.

    Raises the errors that flags raise. Files can't be named: whoever holds the page may sit at another machine.
    """
    if not isinstance(written, dict) or not all(isinstance(text, str) for text in written.values()):
        raise InputError("wishes are a routine and settings, as texts")
    if not all(map(is_utf8, (*written, *written.values()))):
        raise InputError("wishes are Unicode, without halves of surrogate pairs")
    texts: dict[str, str] = {name: text.strip() for name, text in written.items()}
    routine = texts.pop("routine", "")
    usual = usual_wishes(routine, workspace, cache)
    if unknown := texts.keys() - {*WISHES}:
        raise InputError(f"the studio doesn't ask for {min(unknown)}", hint="build it with the command line")
    if texts.get("avoid"):
        texts["avoid"] = parse_hurts(texts["avoid"], workspace) or NO_NAMES
    chosen = {name: texts[name] for name in WISHES if texts.get(name)}
    flags = {name: text for name, text in chosen.items() if _normal(name, text) != _normal(name, usual[name])}
    with placed("background", [flag_layer(flags)]):
        if "background" in flags and _names_file(flags["background"]):
            hint = "choose one by its name here; your own music goes with the command line"
            raise SettingError("this names a file", hint=hint)
    return Wishes(routine, flags, usual, workspace, cache)


def usual_wishes(routine: str, workspace: Workspace, cache: Cache) -> dict[str, str]:
    """What holds for a routine without a wish, as it is written; a length may be empty, for that of its holds.

    Raises what reading the routine raises, and SettingError.
    """
    path = workspace.routine_path(routine)
    read = workspace.read_routine(path, cache)
    own = own_layer(read.settings, lambda name: f"{read.path}: {name}", path.parent)
    return usual_settings(WISHES, layers_of(own, {}, workspace.layers()))


def _names_file(background: str) -> bool:
    """Whether a layer is a file, or would be one if it were there. Raises SettingError for an unknown name."""
    parsed = SETTINGS["background"].kind.parse(background)
    paths = [layer for layer in parsed.layers if layer.name not in BEDS and re.search(r"[/\\.]", layer.name)]
    return bool(paths or resolve_background(parsed).files)


def _normal(name: str, text: str) -> str:
    """A value in the one way in which equal ones are written. Raises SettingError."""
    kind = SETTINGS[name].kind
    try:
        if name == "avoid":
            return ",".join(sorted(kind.parse(text)))
        return text if name == "voice" or not text else kind.write(kind.parse(text))
    except ValueError as error:
        raise SettingError(str(error), where=SETTINGS[name].flag) from error


# --- what there is ----------------------------------------------------------------------------------------


def offer(workspace: Workspace) -> dict[str, Any]:
    """What the studio's page shows to choose from, as JSON."""
    return {
        "routines": _routines(workspace),
        "voices": _voices(workspace),
        "backgrounds": [_entry(name, note=kind.summary) for name, kind in BEDS.items()],
        "styles": [_entry(name) for name in workspace.styles()],
        "paces": [_entry(name, title) for name, title in PACES.items()],
        "tails": [_entry(name, title) for name, title in TAILS.items()],
        "hurts": [*WORDS],
    }


def _entry(name: str, title: str = "", note: str = "") -> dict[str, str]:
    """A value to choose: as a flag has it, as people call it, and what is to say of it."""
    return {"name": name, "title": title or name, "note": note}


def _routines(workspace: Workspace) -> list[dict[str, str]]:
    found = []
    for name in workspace.routine_names():
        with suppress(SleepwardError):  # `sleepward check` says what is wrong in it
            if (outline := routine_outline(workspace.routine_path(name))) is not None:
                found.append(_entry(name, outline.title, outline.summary))
    return found


def _voices(workspace: Workspace) -> list[dict[str, str]]:
    """The default voice, the user's own, and those to try first."""
    own = workspace.own_voices()
    listed = all_voices(own, SETTINGS["voice"].otherwise)
    first = [each for each in listed if each.id in own or (each.rank is not None and each.rank < LAST_RANK)]
    return [_entry(short_label(each.id), note=each.note) for each in first]


# --- answers to wishes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the guided part can be, by estimate.

    From `shortest_ms` on with steps left out, from `whole_ms` on with all of them, to `longest_ms`; without a wanted
    length, `own_ms`. Where its holds don't `stretch`, no other can be had.
    """

    shortest_ms: int
    whole_ms: int
    longest_ms: int
    own_ms: int
    stretch: bool


def lengths(wishes: Wishes) -> Lengths:
    """The lengths that these wishes can have, whatever length is among them. Raises what reading the routine raises."""
    flags: dict[str, str | None] = {name: text for name, text in wishes.flags.items() if name != "length"}
    found = NightRanges(flags, wishes.workspace, wishes.cache).of(wishes.routine)
    spec = replace(wishes, flags={**wishes.flags, "length": _ANY_LENGTH}).spec()
    shortest_ms = min(shortest_estimated_ms(spec), found.least_ms)
    own_ms = found.own_ms if found.length_ms is None else found.length_ms
    return Lengths(shortest_ms, found.least_ms, found.most_ms, own_ms, stretch=found.least_ms < found.most_ms)


def sketch(wishes: Wishes) -> dict[str, Any]:
    """How the track would be, as JSON. Times are milliseconds, estimated where they depend on speech.

    `notes` say what is left out. `holds` and `speech` are spans. Raises LengthError for a length that can't be had.
    """
    spec = wishes.spec()
    if spec.settings.length is not None:
        spec = estimated_fit(spec).spec
    timeline = lay_out(spec.script, estimated_clips_ms(spec), timing_of(spec.settings))
    spans = {
        kind: [[event.start_ms, event.end_ms] for event in timeline.events if event.kind == kind]
        for kind in ("hold", "speech")
    }
    return {
        "title": title_of(spec),
        "guided_ms": timeline.guided_ms,
        "duration_ms": timeline.duration_ms,
        "notes": [plain_note(note) for note in spec.script.adapted],
        "chapters": [{"title": c.title, "start_ms": c.start_ms, "end_ms": c.end_ms} for c in timeline.chapters],
        "holds": spans["hold"],
        "speech": spans["speech"],
        "line": wishes.line,
    }


def plain_note(note: str) -> str:
    """A note of what was left out, without the flag that it ends with."""
    return note.removesuffix(KEEP_HINT).rstrip()
