"""A voice in a package of its own, `tests/plugins/sleepward-hum`, as whoever writes one would try it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.formats import read_tags
from generator.voices import engines
from tests.conftest import Command

FOLDER = Path(__file__).parent / "plugins" / "sleepward-hum"
SCRIPT = "Let the jaw be loose. [2s]\nAnd rest.\n"

pytestmark = pytest.mark.skipif(
    "hum" not in engines(), reason=f"the plug-in isn't installed: pip install --no-deps {FOLDER}"
)


def test_its_voices_are_listed_with_all_others(sleepward: Command) -> None:
    assert {"hum:low", "hum:high"} <= {voice["id"] for voice in sleepward.json("voices")}


def test_a_track_is_built_with_it(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text(SCRIPT, encoding="utf-8")
    built = sleepward.json("build", "s.txt", "--voice", "hum:high", "--tail", "10s")
    tags = read_tags(tmp_path / built["path"])
    assert tags is not None
    assert '"voice": "hum:high"' in tags.plan_json
    assert "within limits" in sleepward("verify", built["path"]).stdout


@pytest.mark.slow
def test_its_clips_are_kept_apart_from_those_of_other_voices(sleepward: Command, tmp_path: Path) -> None:
    """Over one cache, each voice's track is what it would be over an empty one."""
    (tmp_path / "s.txt").write_text(SCRIPT, encoding="utf-8")

    def sha256(voice: str, cache: str) -> str:
        env = {"SLEEPWARD_CACHE_DIR": str(tmp_path / cache)}
        words = ("build", "s.txt", "--voice", voice, "--tail", "10s", "--background", "none", "-o", f"{cache}.mp3")
        found: str = sleepward.json(*words, env=env)["sha256"]
        return found

    together = [sha256(voice, "one") for voice in ("tone", "hum", "hum:high", "tone", "hum")]
    alone = [sha256("tone", "a"), sha256("hum", "b"), sha256("hum:high", "c")]
    assert together == [*alone, *alone[:2]]
    assert len(set(alone)) == 3


def test_a_voice_it_does_not_have_is_an_error(sleepward: Command) -> None:
    said = sleepward("plan", "ten-minutes-in-bed", "--voice", "hum:middle", code=3).stderr
    assert "there is no voice hum:middle" in said
