"""How far back the encoder looks over a bed: told too long it costs time, told too short the joints aren't the bed's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from generator.formats.mp3_frames.lame_threshold import (
    CONVERGENCE_FRAMES,
    PROVED_ENCODERS,
    REACH_FRAMES,
    LameThresholdModel,
    threshold_limits,
)
from generator.formats.mp3_frames.layout import frame_bytes
from generator.formats.mp3_frames.plan import SILENT_FRAMES
from generator.model import FRAME_SAMPLES, SAMPLE_RATE
from tests.conftest import encoded_in_one_piece

if TYPE_CHECKING:
    from generator.model import Samples

LOWEST = 0.000_625


class Encoder:
    """LAME's factor, frame by frame, after its own published source."""

    def __init__(self, factor: float = 0.01, before: float = 1.0) -> None:
        self.factor, self.before = factor, before

    def hear(self, limit: float) -> float:
        if self.factor >= limit:
            self.factor = max(limit, self.factor * (0.925 + 0.075 * limit))
        elif self.before >= limit:
            self.factor = limit
        else:
            self.factor = max(self.factor, self.before)
        self.before = limit
        return self.factor


def gone_round(limits: list[float]) -> list[float]:
    encoder = Encoder()
    for limit in limits * (1 + 400 // len(limits)):
        encoder.hear(limit)
    return [encoder.hear(limit) for limit in limits]


limits_of_a_loop = st.lists(st.floats(LOWEST, 1.0), min_size=1, max_size=300)
soft_limits = st.lists(st.floats(LOWEST, 0.01), min_size=1, max_size=300)


@given(limits_of_a_loop | soft_limits, st.integers(0, 10_000), st.floats(LOWEST, 1.0))
@example([LOWEST], 7, 1.0)
@example([1.0, 0.007_812_5], 0, 1.0)
@example(list(np.geomspace(1.0, LOWEST, 200)), 199, 1.0)
def test_a_fresh_encoder_agrees_after_its_lead(limits: list[float], frame: int, jump: float) -> None:
    """Whatever the limit of the frame in which silence turns into the bed."""
    lead = LameThresholdModel(limits).lead(frame)
    assert REACH_FRAMES <= lead <= 2 * CONVERGENCE_FRAMES
    encoder = Encoder()
    for _ in range(SILENT_FRAMES):
        encoder.hear(LOWEST)
    encoder.hear(jump)
    for at in range(frame - lead + 1, frame):
        encoder.hear(limits[at % len(limits)])
    assert encoder.factor == gone_round(limits)[(frame - 1) % len(limits)]


@given(limits_of_a_loop | soft_limits, st.integers(0, 10_000), st.integers(0, 10_000), st.floats(LOWEST, 1.0))
def test_an_encoder_agrees_that_had_another_place_of_the_bed_before(
    limits: list[float], frame: int, after: int, jump: float
) -> None:
    lead = LameThresholdModel(limits).lead(frame, after)
    steady = gone_round(limits)
    encoder = Encoder(steady[after % len(limits)], limits[after % len(limits)])
    encoder.hear(jump)
    for at in range(frame - lead + 1, frame):
        encoder.hear(limits[at % len(limits)])
    assert encoder.factor == steady[(frame - 1) % len(limits)]


@given(
    limits_of_a_loop | soft_limits,
    st.integers(0, 500),
    st.integers(0, 200),
    st.floats(LOWEST, 1.0),
    st.floats(LOWEST, 1.0),
    st.floats(0.3, 1.0),
)
def test_other_sound_is_forgotten_where_the_bed_is_said_to_be_settled(
    limits: list[float], heard: int, rises: int, factor: float, before: float, duck: float
) -> None:
    """The bed comes up from its duck between `heard` and `alone`; what was before may have been as loud as it likes."""
    alone = heard + rises
    settled = LameThresholdModel(limits).settled(heard, alone)
    assert alone + REACH_FRAMES <= settled <= alone + 2 * CONVERGENCE_FRAMES
    encoder = Encoder(factor, before)
    encoder.hear(before)  # the frame in which it ends
    for at in range(heard + 1, settled):
        limit = limits[at % len(limits)]
        encoder.hear(limit if at > alone else max(LOWEST, limit * duck))
    assert encoder.factor == gone_round(limits)[(settled - 1) % len(limits)]


# --- the real encoder ------------------------------------------------------------------------------


def soft_wind(level_db: float, frames: int = 500) -> Samples:
    """Seamless noise in waves, so soft that LAME's threshold of hearing decides about bits."""
    rng = np.random.default_rng(4)
    samples = frames * FRAME_SAMPLES
    spectrum = np.fft.rfft(rng.standard_normal((samples, 2)), axis=0)
    hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)[:, None]
    sound = np.fft.irfft(spectrum * (hz > 30) / np.maximum(hz, 400) ** 2, samples, axis=0)
    sound *= np.exp(0.7 * np.sin(2 * np.pi * 3 * np.arange(samples) / samples))[:, None]
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    return sound.astype(np.float32)


def swelling(frames: int = 300) -> Samples:
    """Soft low noise and a hiss, which swell by themselves: what each counts for decides which frame is the louder."""
    rng = np.random.default_rng(1)
    samples = frames * FRAME_SAMPLES
    hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)[:, None]
    turns = 2 * np.pi * np.arange(samples) / samples
    sound = np.zeros((samples, 2))
    low, hiss = (hz > 30) / np.maximum(hz, 400) ** 2, (hz > 9_000) & (hz < 13_000)
    for shape, swell in ((low, 1.2 * np.sin(3 * turns)), (hiss, 2.0 * np.sin(7 * turns + 1))):
        part = np.fft.irfft(np.fft.rfft(rng.standard_normal((samples, 2)), axis=0) * shape, samples, axis=0)
        sound += part / np.sqrt(np.mean(part**2)) * np.exp(swell)[:, None] * 10 ** (-44 / 20)
    return sound.astype(np.float32)


class Joints:
    """A loop, and whether a fresh encoder gives the loop's own bytes from a frame on, after a lead-in."""

    def __init__(self, loop: Samples, bitrate_kbps: int) -> None:
        self.loop, self.bitrate_kbps, self.size = loop, bitrate_kbps, frame_bytes(bitrate_kbps)
        self.frames = len(loop) // FRAME_SAMPLES
        self.own = encoded_in_one_piece(np.tile(loop, (3, 1)), bitrate_kbps)[self.frames * self.size :][
            : self.frames * self.size
        ]
        self.model = LameThresholdModel(threshold_limits(self.bed, self.frames, bitrate_kbps).tolist())

    def bed(self, start: int, end: int) -> Samples:
        return self.loop[np.arange(start, end) % len(self.loop)]

    def joined(self, frame: int, lead: int, length: int = 30) -> bool:
        silence = np.zeros((SILENT_FRAMES * FRAME_SAMPLES, 2), np.float32)
        bed = self.bed((frame - lead) * FRAME_SAMPLES, (frame + length + 1) * FRAME_SAMPLES)
        frames = encoded_in_one_piece(np.concatenate((silence, bed)), self.bitrate_kbps)[
            (SILENT_FRAMES + lead) * self.size :
        ]
        wanted = (self.own * 2)[frame * self.size :]
        return frames[: length * self.size] == wanted[: length * self.size]


@pytest.mark.slow
@pytest.mark.parametrize("level_db", [-50, -44])
def test_the_real_encoder_agrees_where_it_should_and_often_not_sooner(level_db: float) -> None:
    joints = Joints(soft_wind(level_db), 128)
    leads = {frame: joints.model.lead(frame) for frame in range(0, joints.frames - 31, 29)}
    assert min(leads.values()) < 24 < max(leads.values())
    assert all(joints.joined(frame, lead) for frame, lead in leads.items())
    sooner = [joints.joined(frame, max(lead - 7, 1)) for frame, lead in leads.items()]
    assert sooner.count(False) >= 4  # so that this test could fail


@pytest.mark.slow
@pytest.mark.parametrize("bitrate_kbps", [64, 192, 256, 320])
def test_each_bit_rate_has_its_own_threshold(bitrate_kbps: int) -> None:
    """By the threshold of 128 kb/s, some of these leads are too short for 256 and 320."""
    joints = Joints(swelling(), bitrate_kbps)
    leads = {frame: joints.model.lead(frame) for frame in range(5, joints.frames, 9)}
    assert [frame for frame, lead in leads.items() if not joints.joined(frame, lead)] == []


def test_the_pinned_encoder_is_one_that_the_model_was_proved_on() -> None:
    """With a newer one tracks stay right and take longer: prove the model on it, and name it beside the others."""
    pins = (Path(__file__).parent.parent / "constraints.txt").read_text(encoding="utf-8")
    assert any(encoder.replace(" ", "==", 1).rpartition(" ")[0] in pins for encoder in PROVED_ENCODERS)
