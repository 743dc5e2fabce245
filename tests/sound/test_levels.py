"""Levels of voice and background in the mix, before a lossy format adds its noise: 48 phrases in four poses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generator import beds
from generator.beds.loops import blocks
from generator.build import pipeline
from generator.build.track import BuildContext
from generator.dsp.loudness import integrated_lufs, ungated_lufs
from generator.dsp.true_peak import true_peak_db
from generator.mix.mixing import Levels, Mix
from generator.model import Event
from generator.storage.cache import Cache
from generator.workspace import Workspace
from generator.workspace.script_sources import ScriptSource

MS = 48
BEDS = ["brown", "rain"]

SENTENCES = [
    "Let your shoulders grow heavy.",
    "Breathe in through the nose, and feel the ribs open to each side.",
    "Rest here.",
    "Now the right knee drops open, as far as it likes.",
    "One hand comes to rest on your belly, and the other hand on your heart.",
    "Soften the jaw, the tongue, and the small muscles round the eyes.",
    "If this is too strong, choose a smaller shape and stay there.",
    "Slowly, both legs slide long.",
    "There is nothing to finish tonight.",
    "Press the left hand into the mattress, and roll onto your side.",
    "Feel the mattress carry the whole weight of the leg.",
    "Stay with this, and I'll be quiet.",
]


def script(poses: int) -> str:
    """Four poses have enough phrases for medians and tenths, and for the whole glide."""
    lines = ["---\ntitle: Sound\n---"]
    for index in range(poses):
        lines += [f"# Pose {index}", f"[pose pose-{index} only]"]
        lines += [f"{sentence} [{3 + number % 4}s]" for number, sentence in enumerate(SENTENCES)]
    return "\n".join([*lines, "[sleep]"])


class Take:
    """One script over one bed, mixed by the real stages: the voice alone, the bed alone, both."""

    def __init__(
        self, bed: str, cache_folder: Path, *, poses: int = 4, loudness: str = "-22", glide: str = "on"
    ) -> None:
        cache = Cache(cache_folder)
        flags: dict[str, str | None] = {"background": bed, "tail": "60s", "loudness": loudness, "glide": glide}
        spec = pipeline.read_spec(ScriptSource(script(poses), "sound", "sound.txt"), flags, Workspace.here())
        planned = pipeline.plan_track(spec, BuildContext(cache, 2))
        levels = Levels(spec.settings.loudness, spec.settings.background_level, spec.settings.glide == "on")
        self.speech = [event for event in planned.timeline.events if event.kind == "speech"]

        def mixed(background: str) -> Any:
            loop = beds.load_bed(beds.parse_background(background), cache, breath_ms=10_000, inhale_ms=4_000)
            mix = Mix(planned.timeline, planned.narration.clip, loop, levels)
            # as builds do: each clip is laid over its block alone
            return np.concatenate([mix.render(*block) for block in blocks(mix.total_samples)])

        self.voice = mixed("none")
        self.both = mixed(bed)
        self.bed = self.both - self.voice

    def phrase(self, sound: Any, event: Event) -> Any:
        return sound[event.start_ms * MS : event.end_ms * MS]

    def of_pose(self, number: int) -> list[Event]:
        return [event for event in self.speech if event.chapter == number]


@pytest.mark.slow
def test_the_loudness_setting_moves_the_voice(cache_folder: Path) -> None:
    take = Take("none", cache_folder, poses=1, loudness="-18", glide="off")
    assert abs(integrated_lufs(take.voice) + 18) <= 1
    assert true_peak_db(take.both) <= -3


@pytest.mark.parametrize("bed", BEDS)
def test_the_gap_is_there_at_the_start_and_3_lu_less_at_the_end(cache_folder: Path, bed: str) -> None:
    take = Take(bed, cache_folder)
    gaps = np.array(
        [ungated_lufs(take.phrase(take.voice, e)) - ungated_lufs(take.phrase(take.bed, e)) for e in take.speech]
    )
    poses = np.array([event.chapter for event in take.speech])
    first, last = gaps[poses == 0], gaps[poses == 3]
    assert np.median(first) >= 15
    assert np.percentile(first, 10) >= 13
    assert np.median(last) >= 12
    assert np.percentile(last, 10) >= 10


def test_without_the_glide_the_last_pose_is_spoken_like_the_first(cache_folder: Path) -> None:
    still = Take("none", cache_folder, glide="off")
    first, last = (
        np.concatenate([still.phrase(still.voice, event) for event in still.of_pose(number)]) for number in (0, 3)
    )
    assert np.array_equal(first, last)
