"""Playlists in M3U, extended, in UTF-8: one for each routine, and one of everything. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..names import slug
from .catalogue import Catalogue, CatalogueTrack


def playlists(catalogue: Catalogue) -> dict[str, str]:
    """The text of each playlist by its name in the library's folder. Its paths are relative, so the folder can move."""
    routines = catalogue.by_routine()
    texts = {f"{name}.m3u8": _playlist(tracks[0].practice, tracks) for name, tracks in routines.items()}
    return {f"{_name_of_all(catalogue, routines)}.m3u8": _playlist(catalogue.title, catalogue.tracks), **texts}


def _name_of_all(catalogue: Catalogue, routines: Iterable[str]) -> str:
    name = slug(catalogue.title) or "library"
    return f"{name}-all" if name.casefold() in {routine.casefold() for routine in routines} else name


def _playlist(title: str, tracks: Iterable[CatalogueTrack]) -> str:
    lines = ["#EXTM3U", "#EXTENC:UTF-8", f"#PLAYLIST:{_line(title)}"]
    for track in tracks:
        path = f"./{track.file}" if track.file.startswith("#") else track.file
        lines += [f"#EXTINF:{round(track.duration_ms / 1_000)},{_line(track.title)}", path]
    return "\n".join([*lines, ""])


def _line(text: str) -> str:
    return " ".join(text.split())
