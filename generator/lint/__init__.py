"""Rules for the words of poses, routines and parsed scripts, as a teacher would judge them. Pure.

The rules are for English. A finding says what to do, and is advice, never a fault: the track can still be built.
"""

from .findings import RULES, Finding
from .placing import located, same_advice, warning
from .practice import pose_findings, routine_findings, unrendered_texts, unspoken_lines
from .scripts import mirror_findings, script_findings, sentence_findings

__all__ = [
    "RULES",
    "Finding",
    "located",
    "mirror_findings",
    "pose_findings",
    "routine_findings",
    "same_advice",
    "script_findings",
    "sentence_findings",
    "unrendered_texts",
    "unspoken_lines",
    "warning",
]
