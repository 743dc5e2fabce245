"""Hundreds of sentences while every core is busy: each whole, at its rate, and equal to its reference.

`python benchmarks/narration.py` does the same with 2,000 and prints a table.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from generator.voices import open_voice
from generator.voices._pyttsx3_voice import Pyttsx3Voice

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "narration.py"
pytestmark = pytest.mark.slow
espeak_only = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="espeak-ng is the engine on Linux")


@pytest.fixture(scope="module")
def narration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_narration", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


@espeak_only
@pytest.mark.parametrize(("name", "count"), [("heart", 20), ("en-us+klatt4", 50)])
def test_under_load_every_sentence_equals_its_reference(narration: ModuleType, name: str, count: int) -> None:
    texts = narration.sentences(count)
    assert (min(map(len, texts)), max(map(len, texts)), len(set(texts))) == (3, 400, count)
    outcome = narration.stress(open_voice(name), texts, jobs=4)
    assert outcome.rate_blind == [], "the rendering at a lost rate must differ, or a lost one wouldn't be noticed"
    assert (outcome.missing, outcome.cut, outcome.wrong_rate, outcome.different) == ([], [], [], [])
    assert outcome.clipped == []


@espeak_only
@pytest.mark.parametrize("name", ["heart", "en-us+klatt4"])
def test_a_server_with_a_past_speaks_like_a_fresh_one(narration: ModuleType, name: str) -> None:
    texts = narration.sentences(6)
    outcome = narration.stress(open_voice(name), texts, jobs=3, one_server_each=True)
    assert outcome.flawless


@espeak_only
def test_the_comparison_notices_what_it_looks_for(narration: ModuleType) -> None:
    """A voice that loses its rate between the reference and the loaded run is found out, sentence by sentence."""
    texts = narration.sentences(8)
    voice = open_voice("en-us+klatt4")
    assert isinstance(voice, Pyttsx3Voice)
    reference = narration.spoken(voice, texts, 1)
    lost = narration.spoken(dataclasses.replace(voice, prefix=voice.prefix.replace("96S", "200S")), texts, 1)
    as_property = narration.spoken(
        dataclasses.replace(voice, prefix=voice.prefix.replace("\x0196S", ""), properties=(("rate", 200),)),
        texts[:1],
        1,
    )
    assert all(lost[text][0] < reference[text][0] for text in texts)
    assert as_property[texts[0]][0] < reference[texts[0]][0]
    beyond = narration.spoken(dataclasses.replace(voice, voice_id="nosuch"), texts[:3], 1)
    assert beyond == {}, "a voice that breaks off counts as missing"
