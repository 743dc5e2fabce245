"""Mixes timeline, clips and bed to the sound of any part of the track."""

__all__ = ["envelope", "mixing", "segments"]
