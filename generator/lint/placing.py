"""Findings put where they are mended, in words for whoever wrote the file. Pure: files come in as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..model import Routine
from .findings import Finding
from .places import place_of

OF_THE_ROUTINE = ("said-too-often", "hold-too-full", "prop-not-named", "unpaired-sides")  # whatever its poses say


@dataclass(frozen=True, slots=True, order=True)
class Warned:
    """What a rule advises against, at a place; lines and columns count from 1."""

    file: str
    line: int
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} ({self.rule})"

    @property
    def same(self) -> object:
        """Equal for what is said of the same words in the same place, however they were rendered.

        Words always stand farther right than column 1, which means a whole key or step.
        """
        return (self.file, self.line, self.column, self.rule) if self.column > 1 else self


def placed(
    findings: Iterable[Finding],
    routine: Routine,
    lines_of: Callable[[str], Sequence[str]],
    ways: Mapping[Finding, str],
) -> Iterator[Warned]:
    """Findings in a pose's file; or else at the routine's step, with the words and the way that makes them.

    `lines_of` gives a file's lines, `ways` the flags under which a finding was made. A routine whose steps have no
    lines is a pose tried alone: what its templates say is no concern then.
    """
    poses = {step.pose.id: step.pose for step in reversed(routine.steps)}
    steps = {step.pose.id: step.line for step in reversed(routine.steps)}
    written = any(steps.values())
    for finding in findings:
        pose = poses.get(finding.pose or "")
        if pose is not None and not (written and finding.rule in OF_THE_ROUTINE):
            place = place_of(lines_of(pose.path), finding.key, finding.quote)
            if place:
                yield Warned(pose.path, *place, finding.rule, told(finding))
                continue
        if written:
            line = finding.step_line or steps.get(finding.pose or "", 1)
            way = ways.get(finding, "")
            yield Warned(routine.path, line, 1, finding.rule, told(finding) + (f" (with {way})" if way else ""))


def told(finding: Finding) -> str:
    """What a finding says, with the words it is about."""
    said = finding.quote and finding.quote not in finding.message
    return f"“{finding.quote}”: {finding.message}" if said else finding.message
