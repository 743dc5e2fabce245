"""The default voice is understood over a bed, by an ear that knows nothing of us, and by STOI.

`python benchmarks/voices.py` does the same for every sentence, bed and voice, and writes docs/sound.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ear
import numpy as np
import pytest

from generator.voices import open_voice
from generator.voices.calibration import CALIBRATION_SENTENCES, calibrate
from generator.voices.mastering import master

COUNT = 120  # of the routines' sentences
BEDS = ["rain", "brown"]  # the one that covers most, and the default
UNDER_LU = 15.0


@pytest.fixture(scope="module")
def asked() -> Any:
    return ear.phrases(COUNT)


@pytest.fixture(scope="module")
def clips(asked: Any) -> dict[str, np.ndarray]:
    texts = [phrase.text for phrase in asked]
    said = dict(open_voice(None).speak([*CALIBRATION_SENTENCES, *texts], jobs=2))
    gain = calibrate([said[text] for text in CALIBRATION_SENTENCES])
    return {text: master(said[text], gain, text).samples[:, 0] for text in texts}


@pytest.fixture
def bed(request: pytest.FixtureRequest, cache_folder: Path) -> np.ndarray:
    return ear.bed_sound(request.param, cache_folder)


def test_the_ear_knows_every_word_of_the_routines() -> None:
    """A sentence with another word could never be understood."""
    assert ear.ear().unknown(phrase.text for phrase in ear.phrases()) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("bed", "count"), [("rain", COUNT), ("brown", COUNT // 2)], indirect=["bed"])
def test_a_sentence_is_told_from_nine_others_of_its_routine(asked: Any, clips: Any, bed: Any, count: int) -> None:
    """Nearly all of them, at the default level of a bed: this weak ear misses 16 of the 120 over rain, and none over
    brown, so that fewer tell there. Whisper mishears 2 of 834 words over rain (benchmarks/naturalness.py)."""
    lost = ear.misheard(clips, asked[:count], bed, UNDER_LU)
    assert len(lost) <= 0.15 * count, [phrase.text for phrase in lost]


@pytest.mark.parametrize("bed", BEDS, indirect=True)
def test_no_phrase_is_covered_by_the_bed(asked: Any, clips: Any, bed: Any) -> None:
    for phrase in ear.sentences(asked)[:8]:
        scores = [ear.stoi_and_estoi(clips[phrase.text], bed, UNDER_LU, place) for place in range(3)]
        stoi, estoi = np.mean(scores, axis=0)
        assert stoi >= 0.90, phrase.text
        assert estoi >= 0.75, phrase.text


@pytest.mark.slow
@pytest.mark.parametrize("bed", BEDS[:1], indirect=True)
def test_the_ear_can_fail(asked: Any, clips: Any, bed: Any) -> None:
    """Controls: a bed as loud as the voice hides the words, and neither noise nor another sentence passes for one."""
    few = asked[:8]
    assert len(ear.misheard(clips, few, bed, under_lu=0.0)) > len(few) / 2
    silent = {phrase.text: np.zeros_like(clips[phrase.text]) for phrase in few}
    assert ear.misheard(silent, few, bed, UNDER_LU) == few
    swapped = {one.text: clips[other.text] for one, other in zip(few, [*few[1:], few[0]], strict=True)}
    assert len(ear.misheard(swapped, few, bed, UNDER_LU)) >= len(few) - 1  # chance lets one in ten pass
