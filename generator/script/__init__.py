"""Scripts: a routine is rendered to script text by templates, and script text is parsed to cues."""

from .faults import ScriptFaultsError, combined
from .parse import parse
from .render import TEMPLATE_NAMES, plain_description, render
from .round_contexts import WordingSettings, has_reminders

__all__ = [
    "TEMPLATE_NAMES",
    "ScriptFaultsError",
    "WordingSettings",
    "combined",
    "front_matter",
    "has_reminders",
    "parse",
    "plain_description",
    "render",
    "say_tag",
    "ssml",
    "template_faults",
    "templates",
]
