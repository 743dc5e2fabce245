"""Words judged as a teacher would: rules over poses, routines and parsed scripts, each with what to do about it. Pure.

The rules know English. What a rule finds is advice, never a fault: a track can be built all the same.
"""

from .findings import RULES, Finding
from .placing import Warned, placed, told
from .practice import pose_findings, routine_findings, unrendered_texts
from .scripts import mirror_findings, script_findings, sentence_findings

__all__ = [
    "RULES",
    "Finding",
    "Warned",
    "mirror_findings",
    "placed",
    "pose_findings",
    "routine_findings",
    "script_findings",
    "sentence_findings",
    "told",
    "unrendered_texts",
]
