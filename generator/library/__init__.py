"""Builds a library of tracks from one file: only what changed, on one machine or several; publishes it for players."""

__all__ = [
    "backends",
    "building",
    "comparing",
    "library_file",
    "manifest",
    "nights",
    "protocols",
    "publishing",
    "state",
    "update",
]
