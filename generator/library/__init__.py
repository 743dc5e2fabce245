"""Builds a library of tracks from one file: only what changed, on one machine or several; publishes it for players."""

__all__ = [
    "backends",
    "building",
    "comparing",
    "library_file",
    "made_tracks",
    "manifest",
    "names",
    "places",
    "protocols",
    "publishing",
    "state",
    "update",
]
