"""A library of tracks from one file: only what changed is built, on one machine or several."""

__all__ = ["batch", "ledger", "manifest", "places", "update", "work"]
