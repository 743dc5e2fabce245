"""Filters against scipy's, which work one sample after the other."""

from __future__ import annotations

from math import cos, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from generator.dsp.biquads import Filter, all_pass, apply_filters, bell, high_pass, high_shelf, low_pass
from generator.voices.filters import CHAIN_RATE, equaliser, equaliser_bands

FILTERS = [equaliser(), *equaliser_bands()]


@settings(max_examples=30)
@given(
    seed=st.integers(0, 99),
    samples=st.sampled_from([1, 47, 2_048, 14_336, 14_337, 40_000]),
    channels=st.sampled_from([None, 1, 2]),
    precision=st.sampled_from([(np.float32, 1e-5), (np.float64, 1e-7)]),
)
def test_sound_comes_out_as_from_a_filter_that_runs_through_it(
    seed: int, samples: int, channels: int | None, precision: tuple[type, float]
) -> None:
    kind, tolerance = precision
    sound = np.random.default_rng(seed).standard_normal(samples if channels is None else (samples, channels))
    for each, mine in zip(FILTERS, apply_filters(sound.astype(kind), *FILTERS), strict=True):
        assert mine.dtype == kind
        assert mine.shape == sound.shape
        assert np.allclose(mine, signal.sosfilt(each.sections, sound, axis=0), atol=tolerance)


def test_nothing_comes_of_nothing() -> None:
    assert equaliser()(np.zeros(0, np.float32)).shape == (0,)
    assert equaliser()(np.zeros((0, 2), np.float32)).shape == (0, 2)


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
def test_passes_are_butterworths(kind: str) -> None:
    make = {"lowpass": low_pass, "highpass": high_pass}[kind]
    hz = np.linspace(10, 11_900, 400)
    for order, qs in ((2, [1 / sqrt(2)]), (4, [1 / (2 * cos(pi / 8)), 1 / (2 * cos(3 * pi / 8))])):
        mine = Filter(np.vstack([make(1_200, q, CHAIN_RATE) for q in qs]), CHAIN_RATE).response(hz)
        theirs = signal.butter(order, 1_200, kind, fs=CHAIN_RATE, output="sos")
        assert np.allclose(mine, signal.sosfreqz(theirs, hz, fs=CHAIN_RATE)[1])


def test_sections_do_what_they_are_called() -> None:
    hz = np.array([1.0, 300.0, 1_000.0, 11_900.0])

    def gains_db(sections: np.ndarray) -> np.ndarray:
        return 20 * np.log10(np.abs(Filter(sections, CHAIN_RATE).response(hz)))

    assert gains_db(bell(1_000, 6, 0.7, CHAIN_RATE)) == pytest.approx([0, 1.1, 6, 0], abs=0.1)
    assert gains_db(high_shelf(1_000, -8, CHAIN_RATE)) == pytest.approx([0, -0.3, -4, -8], abs=0.3)
    assert gains_db(all_pass(300, 0.7, CHAIN_RATE)) == pytest.approx([0, 0, 0, 0], abs=1e-9)
