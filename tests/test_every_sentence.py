"""What the benchmarks of all sentences and all words list for a person to look at, and what they don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from every_sentence import durations_off, packed, stray, understood
from every_word import arpabet, is_alike, main_stress, plain_lines, sounds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = ["Rest both hands.", "Let go.", "Feel the breath."]


@pytest.mark.parametrize(
    ("together", "right"),
    [
        ("Rest both hands. Let go. Feel the breath.", TEXTS),
        ("rest both hands, let us go, feel the breath", ["Rest both hands.", "Feel the breath."]),
        ("Rest both hands. Feel the breath.", []),  # both stand beside words that are missing
        ("Rest both hands. Let go. Feel the breath. Thank you.", TEXTS[:2]),
        ("And rest both hands. Let go. Feel the breath.", TEXTS[1:]),
        ("", []),
    ],
)
def test_a_sentence_with_an_error_in_it_or_beside_it_is_played_again(together: str, right: list[str]) -> None:
    assert understood(TEXTS, together) == set(right)


def test_as_many_sentences_as_fit_are_played_at_once() -> None:
    lengths_ms = {"a": 10_000, "b": 10_000, "c": 10_000, "d": 50_000, "e": 1_000}
    assert packed(lengths_ms) == [["a", "b"], ["c"], ["d"], ["e"]]


def test_a_sentence_that_lasts_too_long_is_listed() -> None:
    usual = {f"{'x' * length}": 80 * length for length in range(20, 60)}
    assert durations_off(usual) == []
    (line,) = durations_off({**usual, "a drawl of a sentence": 80 * 21 * 2})
    assert line.startswith("+100% 160 ms a character: a drawl")


def sound(*parts: tuple[int, float]) -> NDArray[np.float32]:
    """Stretches of noise: milliseconds and RMS."""
    noise = np.random.default_rng(1)
    return np.concatenate([noise.standard_normal(48 * ms) * rms for ms, rms in parts]).astype(np.float32)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (((30, 0), (900, 0.1), (120, 0)), ""),
        (((30, 0), (400, 0.1), (500, 0), (400, 0.1), (120, 0)), ""),  # a comma
        (((30, 0), (900, 0.1), (100, 0), (50, 0.1), (120, 0)), ""),  # a final t
        (((30, 0), (900, 0.1), (300, 0), (50, 0.1), (120, 0)), "50 ms at its end"),
        (((30, 0), (50, 0.1), (300, 0), (900, 0.1), (120, 0)), "50 ms at its beginning"),
    ],
)
def test_what_stands_alone_at_an_edge_is_told(parts: tuple[tuple[int, float], ...], told: str) -> None:
    assert stray(sound(*parts)) == told


@pytest.mark.parametrize(
    ("phonemes", "codes", "alike"),
    [
        ("ɹˈɪtn", "R IH1 T AH0 N", True),
        ("hˈɪɹ", "HH IY1 R", True),
        ("bijˈɑnd", "B IY2 AO1 N D", True),
        ("ʃˈOldəɹz", "SH OW1 L D ER0 Z", True),
        ("ˈAkz", "EY1 K S", False),
        ("dɹˈYŋ", "D R AO1 IH0 NG", False),
        ("nˈIndi", "N AY1 N T IY0", False),
        ("klˈOs", "K L OW1 Z", False),
        ("lˈɛft", "L IH1 F T", False),
    ],
)
def test_only_what_sounds_different_differs_from_the_dictionary(phonemes: str, codes: str, alike: bool) -> None:
    assert is_alike(sounds_of(phonemes), arpabet(codes.split())) is alike


def test_the_main_stress_is_where_its_mark_stands() -> None:
    assert main_stress(sounds_of("pˌɪɹəfˈɔɹmɪs")) == 2
    assert main_stress(arpabet("S UW1 P AY0 N".split())) == 0


def test_a_templates_words_are_found_without_its_tags() -> None:
    template = "{# not spoken #}Lift the {{ side }} foot. [4s]\n{% if easier %}A little.{% endif %}{{ 'Roll wide' if a == 'b' }}"
    assert list(plain_lines(template)) == ["Lift the right foot.", "A little.", "Roll wide"]
