"""What the studio offers, and what it answers to wishes: the lengths that a track can have, and how it would be.

Nothing is spoken for an answer: clips are estimated by their letters, as `tonight` does it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..beds import BEDS
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
from ..voices import LAST_RANK, short_label
from ..workspace import Workspace
from ..workspace.script_sources import KEEP_HINT, load_source
from ..workspace.settings_layers import SettingsLayer, resolve_for
from .night_answers import parse_hurts
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
    """A routine of a workspace, and the settings that were chosen for it, as flags have them."""

    routine: str
    flags: Mapping[str, str]
    workspace: Workspace

    @property
    def line(self) -> str:
        """The command that makes the same track."""
        return build_line(self.routine, self.flags)

    @property
    def unusual(self) -> dict[str, str]:
        """The settings that differ from those that hold without a wish."""
        usual = usual_wishes(self.workspace)
        return {name: text for name, text in self.flags.items() if text != usual.get(name)}

    def spec(self, cache: Cache) -> TrackSpec:
        """The track's specification. Raises what reading its routine and settings raises."""
        source = load_source(self.routine, self.flags, self.workspace, cache)
        return read_spec(source, self.flags, self.workspace)


def parse_wishes(written: Any, workspace: Workspace) -> Wishes:
    """Wishes as a page sends them: the routine's name, and texts by the names of settings; an empty one wishes nothing.

    Raises the errors that flags raise. Files can't be named: whoever holds the page may sit at another machine.
    """
    if not isinstance(written, dict) or not all(isinstance(text, str) for text in written.values()):
        raise InputError("wishes are a routine and settings, as texts")
    texts: dict[str, str] = {name: text.strip() for name, text in written.items()}
    routine = texts.pop("routine", "")
    workspace.routine_path(routine)  # an unknown one raises here
    if unknown := texts.keys() - {*WISHES}:
        raise InputError(f"the studio doesn't ask for {min(unknown)}", hint="build it with the command line")
    flags = {name: texts[name] for name in WISHES if texts.get(name)}
    if "avoid" in flags and not (avoid := parse_hurts(flags["avoid"], workspace)):
        del flags["avoid"]
    elif "avoid" in flags:
        flags["avoid"] = avoid
    for name, text in flags.items():
        try:
            SETTINGS[name].kind.check(text)
        except ValueError as error:
            raise SettingError(str(error), where=SETTINGS[name].flag) from error
    if "background" in flags and SETTINGS["background"].kind.parse(flags["background"]).files:
        hint = "choose one by its name here; your own music goes with the command line"
        raise SettingError("this names a file", where="--background", hint=hint)
    return Wishes(routine, flags, workspace)


# --- what there is ----------------------------------------------------------------------------------------


def offer(workspace: Workspace) -> dict[str, Any]:
    """What the studio's page shows to choose from, as JSON. `usual` has what holds without a choice."""
    usual = usual_wishes(workspace)
    return {
        "routines": _routines(workspace),
        "voices": _voices(workspace, usual["voice"]),
        "backgrounds": [_entry(name, note=kind.summary) for name, kind in BEDS.items()],
        "styles": [_entry(name) for name in workspace.styles()],
        "paces": _with_usual(PACES, usual["pace"]),
        "tails": _with_usual(TAILS, usual["tail"]),
        "hurts": [*WORDS],
        "usual": usual,
    }


def usual_wishes(workspace: Workspace) -> dict[str, str]:
    """What holds for a setting without a wish, as it is written. Raises SettingError."""
    settings = resolve_for(SettingsLayer({}, str), {}, workspace.layers())
    found = {name: SETTINGS[name].kind.write(value) for name in WISHES if (value := getattr(settings, name))}
    return {"voice": SETTINGS["voice"].otherwise, **found}


def _with_usual(entries: Mapping[str, str], usual: str) -> list[dict[str, str]]:
    """Values with what they are called. The usual one is the first, if it isn't among them."""
    own = {} if usual in entries else {usual: f"as usual here: {usual}"}
    return [_entry(name, title) for name, title in {**own, **entries}.items()]


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


def _voices(workspace: Workspace, usual: str) -> list[dict[str, str]]:
    """The default voice, the user's own, and those to try first; before them the usual one, if it is another."""
    own = workspace.own_voices()
    listed = all_voices(own, SETTINGS["voice"].otherwise)
    first = [each for each in listed if each.id in own or (each.rank is not None and each.rank < LAST_RANK)]
    found = [_entry(short_label(each.id), note=each.note) for each in first]
    return found if usual in {each["name"] for each in found} else [_entry(usual, note="the usual one here"), *found]


# --- answers to wishes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the guided part can be, by estimate.

    From `shortest_ms` on with steps left out, from `whole_ms` on with all of them, to `longest_ms`; without a wanted
    length, `own_ms`.
    """

    shortest_ms: int
    whole_ms: int
    longest_ms: int
    own_ms: int


def lengths(wishes: Wishes, cache: Cache) -> Lengths:
    """The lengths that these wishes can have, whatever length is among them. Raises what reading the routine raises."""
    flags: dict[str, str | None] = {name: text for name, text in wishes.flags.items() if name != "length"}
    found = NightRanges(flags, wishes.workspace, cache).of(wishes.routine)
    spec = replace(wishes, flags={**wishes.flags, "length": _ANY_LENGTH}).spec(cache)
    shortest_ms = min(shortest_estimated_ms(spec), found.least_ms)
    return Lengths(shortest_ms, found.least_ms, found.most_ms, found.own_ms)


def sketch(wishes: Wishes, cache: Cache) -> dict[str, Any]:
    """How the track would be, as JSON. Times are milliseconds, estimated where they depend on speech.

    `notes` say what is left out. `holds` and `speech` are spans. Raises LengthError for a length that can't be had.
    """
    spec = wishes.spec(cache)
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
