"""Expands a library file into the tracks it requests, each with its name, settings and place in the file. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ..definition.library_models import FILE_ENDING, LibraryFile, expanded
from ..definition.validation import one_line
from ..yaml_source import Node, YamlSource
from .names import default_name, filled

ROUTINE, SCRIPT, NAME = "routine", "script", "name"


@dataclass(frozen=True, slots=True)
class LocatedText:
    """A text of the library file and its offset there."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class RequestedTrack:
    """One track as the library requests it. `name` has no suffix. Either `routine` or `script` is set.

    `settings` are the track's own. `offset` is its place in the library file.
    """

    name: str
    routine: str
    script: str
    settings: Mapping[str, LocatedText]
    offset: int

    def offset_of(self, setting: str) -> int:
        """The offset of the setting, or of the track if it doesn't set it."""
        return self.settings[setting].offset if setting in self.settings else self.offset


def requested_tracks(library: LibraryFile, source: YamlSource) -> list[RequestedTrack]:
    """Every track, in the order of the file. Faults are added to `source`; tracks with faults are left out."""
    matrix = source.find(("matrix",))
    nodes = [*([matrix] if matrix else []), *_entries(source, "include")]
    axes = [_axes(node) for node in nodes]
    singles = _entries(source, "tracks")
    excluded = [{axis: {*expanded(axis, values)} for axis, values in entry.items()} for entry in library.exclude]
    tracks: list[RequestedTrack] = []
    for node, found in zip(nodes, axes, strict=True):
        if found:
            tracks += _of_matrix(found, node, library.names, excluded if node is matrix else [], source)
    return [*tracks, *map(_single, singles)]


def _entries(source: YamlSource, key: str) -> list[Node]:
    node = source.find((key,))
    return node.value if node is not None and isinstance(node.value, list) else []


def _axes(node: Node) -> dict[str, list[LocatedText]]:
    """Each axis with its values, ranges expanded."""
    if not isinstance(node.value, dict):
        return {}
    found: dict[str, list[LocatedText]] = {}
    for axis, (_, values) in node.value.items():
        each = values.value if isinstance(values.value, list) else [values]
        found[axis] = [
            LocatedText(text, one.start) for one in each for text in expanded(axis, [one_line(str(one.value))])
        ]
    return found


def _of_matrix(
    axes: Mapping[str, list[LocatedText]],
    node: Node,
    pattern: str,
    excluded: Sequence[Mapping[str, Collection[str]]],
    source: YamlSource,
) -> Iterator[RequestedTrack]:
    if lacking := [name for name in _fields(pattern) if name not in axes]:
        names = " and ".join(lacking)
        source.fault(node.start, f"'names' uses {names}, but this doesn't set {names}: add it")
        return
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        texts = {axis: value.text for axis, value in chosen.items()}
        if any(all(texts[axis] in gone for axis, gone in entry.items()) for entry in excluded):
            continue
        others = [text for axis, text in texts.items() if axis not in (ROUTINE, FILE_ENDING)]
        name = filled(pattern, texts) if pattern else default_name(texts[ROUTINE], others)
        settings = {axis: value for axis, value in chosen.items() if axis != ROUTINE}
        yield RequestedTrack(name, texts[ROUTINE], "", settings, chosen[ROUTINE].offset)


def _fields(pattern: str) -> list[str]:
    return [part.partition("}")[0] for part in pattern.split("{")[1:]]


def _single(node: Node) -> RequestedTrack:
    assert isinstance(node.value, dict)  # the model has checked it
    values = {key: LocatedText(_joined(each), each.start) for key, (_, each) in node.value.items()}
    settings = {key: value for key, value in values.items() if key not in (ROUTINE, SCRIPT, NAME)}
    routine, script = (values.get(key, LocatedText("", 0)).text for key in (ROUTINE, SCRIPT))
    what = routine or script.rpartition("/")[2].rpartition(".")[0] or script
    others = [value.text for key, value in settings.items() if key != FILE_ENDING]
    name = values[NAME].text if NAME in values else default_name(what, others)
    return RequestedTrack(name, routine, script, settings, node.start)


def _joined(node: Node) -> str:
    if isinstance(node.value, list):
        return ", ".join(one_line(str(each.value)) for each in node.value)
    return one_line(str(node.value))
