"""Turns a written routine into an audio track to play in bed with the eyes closed."""

__version__ = "0.1.0"
