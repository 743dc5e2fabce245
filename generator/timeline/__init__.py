"""Lays out cues and clip lengths as a timeline, fitted to a wanted length. Pure."""

__all__ = ["fit", "layout", "timing"]
