"""Words judged as a teacher would: rules over poses, routines and parsed scripts, each with what to do about it. Pure.

The rules know English. What a rule finds is advice, never a fault: a track can be built all the same.
"""

from .findings import RULES, Finding
from .placing import located, same_advice, warning
from .practice import pose_findings, routine_findings, unrendered_texts
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
    "warning",
]
