"""Findings as warnings, each at the place where its writer can mend it. Pure: files come in as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..errors import Diagnostic
from ..model import Routine
from .findings import Finding
from .places import find_quote

FOLDED_LINES = 4  # over so many a sentence may run in YAML
ROUTINE_RULES = ("said-too-often", "hold-too-full", "prop-not-named", "unpaired-sides")  # not about one pose alone


def located(
    findings: Iterable[Finding],
    routine: Routine,
    lines_of: Callable[[str], Sequence[str]],
    ways: Mapping[Finding, str],
) -> Iterator[Diagnostic]:
    """Each finding at its place in a pose's file; or else at the routine's step, with the flags that lead to it.

    `lines_of` gives a file's lines, `ways` the flags under which a finding was made. Steps without lines mean that a
    pose is checked alone: findings about the words of templates are left out then.
    """
    poses = {step.pose.id: step.pose for step in reversed(routine.steps)}
    steps = {step.pose.id: step.line for step in reversed(routine.steps)}
    written = any(steps.values())
    for finding in findings:
        pose = poses.get(finding.pose or "")
        if pose is not None and not (written and finding.rule in ROUTINE_RULES):
            place = find_quote(lines_of(pose.path), finding.key, finding.quote)
            if place:
                yield warning(finding, pose.path, *_place_of_part(lines_of(pose.path), place, finding.part))
                continue
        if written:
            line = finding.step_line or steps.get(finding.pose or "", 1)
            way = ways.get(finding, "")
            found = warning(finding, routine.path, line)
            yield replace(found, message=f"{found.message} (with {way})") if way else found


def _place_of_part(lines: Sequence[str], place: tuple[int, int], part: str) -> tuple[int, int]:
    """Where `part` stands in the words that begin at `place`, or else in the lines below; or `place` itself."""
    line, column = place
    if part:
        for number in range(line, min(line + FOLDED_LINES, len(lines)) + 1):
            at = lines[number - 1].find(part, column - 1 if number == line else 0)
            if at < 0 and number == line:
                at = lines[number - 1].find(part)
            if at >= 0:
                return number, at + 1
    return place


def warning(finding: Finding, file: str, line: int, column: int = 1) -> Diagnostic:
    """A finding as a warning at this place. The message begins with the words that the finding is about."""
    quoted = finding.quote and finding.quote not in finding.message
    message = f"“{finding.quote}”: {finding.message}" if quoted else finding.message
    return Diagnostic(file, line, column, message, rule=finding.rule, severity="warning")


def same_advice(found: Diagnostic) -> object:
    """A key that is equal for warnings about the same words of a file, however these were rendered.

    Words never begin in column 1. A warning there is about a whole key or step, and is equal only to itself.
    """
    return (found.file, found.line, found.column, found.rule) if found.column > 1 else found
