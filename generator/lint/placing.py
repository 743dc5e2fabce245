"""Findings put where they are mended, in words for whoever wrote the file. Pure: files come in as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..errors import Diagnostic
from ..model import Routine
from .findings import Finding
from .places import find_quote

ROUTINE_RULES = ("said-too-often", "hold-too-full", "prop-not-named", "unpaired-sides")  # whatever its poses say


def located(
    findings: Iterable[Finding],
    routine: Routine,
    lines_of: Callable[[str], Sequence[str]],
    ways: Mapping[Finding, str],
) -> Iterator[Diagnostic]:
    """Findings in a pose's file; or else at the routine's step, with the words and the way that makes them.

    `lines_of` gives a file's lines, `ways` the flags under which a finding was made. A routine whose steps have no
    lines is a pose tried alone: what its templates say is no concern then.
    """
    poses = {step.pose.id: step.pose for step in reversed(routine.steps)}
    steps = {step.pose.id: step.line for step in reversed(routine.steps)}
    written = any(steps.values())
    for finding in findings:
        pose = poses.get(finding.pose or "")
        if pose is not None and not (written and finding.rule in ROUTINE_RULES):
            place = find_quote(lines_of(pose.path), finding.key, finding.quote)
            if place:
                yield warning(finding, pose.path, *place)
                continue
        if written:
            line = finding.step_line or steps.get(finding.pose or "", 1)
            way = ways.get(finding, "")
            found = warning(finding, routine.path, line)
            yield replace(found, message=f"{found.message} (with {way})") if way else found


def warning(finding: Finding, file: str, line: int, column: int = 1) -> Diagnostic:
    """A finding as a warning at a place. Its message begins with the words that it is about."""
    quoted = finding.quote and finding.quote not in finding.message
    message = f"“{finding.quote}”: {finding.message}" if quoted else finding.message
    return Diagnostic(file, line, column, message, rule=finding.rule, severity="warning")


def same_advice(found: Diagnostic) -> object:
    """A key that warnings share if they are about the same words of a file, in whatever way these were rendered.

    Words never begin in column 1: a warning there is about a whole key or step, and is its own key.
    """
    return (found.file, found.line, found.column, found.rule) if found.column > 1 else found
