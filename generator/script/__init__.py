"""Scripts: a routine and its templates to script text, and script text to cues."""

from .faults import ScriptFaultsError
from .parse import parse
from .render import plain_description, render
from .round_contexts import WordingSettings

__all__ = [
    "ScriptFaultsError",
    "WordingSettings",
    "front_matter",
    "parse",
    "plain_description",
    "prose",
    "render",
    "say_tag",
    "ssml",
    "templates",
]
