"""`benchmarks/_stages.py`, which looks up by name the functions that it times: none may be gone unnoticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import TONE

STAGES = Path(__file__).parents[1] / "benchmarks" / "_stages.py"


def test_each_stage_of_a_build_is_timed(tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text("Lie down.\n[3s]\nRest here.\n[sleep]\n", encoding="utf-8")
    build = ("night.txt", *TONE, "--background", "rain", "--tail", "9m", "-o", "night.mp3")
    command = [sys.executable, STAGES, repr(time.time()), *build]
    env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}
    clocked = json.loads(subprocess.run(command, env=env, capture_output=True, check=True).stdout)
    assert (tmp_path / "night.mp3").exists()
    assert set(clocked["stages"]) == {
        "start and imports",
        "read the routine, write its script",
        "read the script, settle settings, find the voice",
        "narration",
        "timeline",
        "bed",
        "the bed's encoded loop",
        "mix, encode, write",
        "check the finished file",
        "the rest: imports, tags, keys",
    }
    assert clocked["stages"]["mix, encode, write"]["wall"] > 0
    assert {"voice chain", "mixing"} <= set(clocked["within"])
    assert set(clocked["shares"]) == {"voiced", "encoded"}
