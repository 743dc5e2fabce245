"""Builds a library of tracks from one file: only what changed, on one machine or several."""

__all__ = ["backends", "building", "comparing", "library_file", "manifest", "protocols", "state", "update"]
