"""Scripts: a routine and its templates to script text, and script text to cues."""

from .faults import ScriptFaultsError
from .parse import parse
from .render import described, render
from .visits import Manner

__all__ = ["Manner", "ScriptFaultsError", "described", "front_matter", "parse", "prose", "render", "say_tag", "ssml"]
