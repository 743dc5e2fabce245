"""Builds a library of tracks from one file: only what changed, on one machine or several."""

__all__ = ["backends", "batch", "manifest", "protocols", "state", "update"]
