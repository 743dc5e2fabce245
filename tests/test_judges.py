"""Word errors, as the benchmark of naturalness counts them."""

from __future__ import annotations

import pytest
from _judges import word_errors


@pytest.mark.parametrize(
    ("said", "understood", "errors"),
    [
        ("Six more breaths here.", " 6 more breaths here", 0),
        ("Twenty-five breaths.", "25 breaths.", 0),
        ("Stay upright, in a half-circle.", "Stay up right in a half circle", 0),
        ("The soles of the feet touch.", "The souls of the feet touch.", 0),
        ("Don’t push.", "Don't push!", 0),
        ("This is Psoas release in bed.", "This is so-us release in bed.", 0),
        ("You need know nothing of the whole.", "You need no nothing of the hole.", 0),
        ("Let the right knee sink.", "Let the left knee sink.", 1),
        ("Let go of the knee.", "Let go the knee.", 1),
        ("Rest here.", "Rest here. Thank you.", 2),
        ("Rest here.", "", 2),
    ],
)
def test_only_words_that_sound_different_are_errors(said: str, understood: str, errors: int) -> None:
    assert word_errors(said, understood)[0] == errors
