"""Slowing down toward sleep: how much longer the gaps between sentences grow, pose by pose. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..model import Cue, PoseKey

LAST_SCALE = 1.6
"""The gap after the last sentences, as a multiple of the first. A judgement: a teacher's pauses grow like that."""


def gap_scales(cues: Sequence[Cue]) -> dict[PoseKey, float]:
    """By how much each pose stretches the gaps between its sentences: from 1.0 at the first to `LAST_SCALE` at last.

    All rounds of a pose have one scale, so both sides are alike. What comes before the first pose is the first step,
    and what comes after the last keeps that one's. A script without poses goes by its chapters.
    """
    keys = list(dict.fromkeys(cue.where.pose_key for cue in cues))
    has_poses = any(pose is not None for _, pose in keys)
    steps = [0]
    for before, here in pairwise(keys):
        begins = here[1] not in (None, before[1]) if has_poses else True
        steps.append(steps[-1] + begins)
    return {key: 1 + (LAST_SCALE - 1) * step / max(steps[-1], 1) for key, step in zip(keys, steps, strict=True)}
