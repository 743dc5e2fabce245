"""Scripts: a routine and its templates to script text, and script text to cues."""

from .parse import parse
from .render import described, render
from .visits import Manner

__all__ = ["Manner", "described", "parse", "render"]
