"""Cues and the lengths of clips to a timeline, of a wanted length where one is asked for; pure."""

__all__ = ["fit", "layout", "timing"]
