"""The folder for measured commands, with cold or warm caches."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from _measure import Run, run

from generator.system import ffmpeg

SLEEPWARD = Path(sys.executable).with_name("sleepward")
BITRATE = ["-c:a", "libmp3lame", "-b:a", "128k", "-reservoir", "0"]
"""What makes our MP3's sound, for ffmpeg alone: the same bit rate, LAME's own quality, the bit reservoir off."""

# Another routine and voice: it fills the cache with the bed and its encoded loop, but with no narration.
_OTHER_TRACK = ["psoas-release", "--voice", "tone", "--background", "rain", "--tail", "10s"]
_REST = "Rest here for a while.\n[5m]\nAnd rest.\n[sleep]\n"


@dataclass(frozen=True)
class Workbench:
    """`quick` makes everything short, to test the benchmarks themselves."""

    folder: Path
    quick: bool

    @property
    def runs(self) -> int:
        return 1 if self.quick else 5

    @property
    def few_runs(self) -> int:
        return 1 if self.quick else 3

    @property
    def routine(self) -> list[str]:
        """The track of most sections: 30 minutes of guidance over rain, with the shortest tail."""
        if self.quick:
            return ["ten-minutes-in-bed", "--background", "rain", "--length", "10m", "--tail", "10s"]
        return ["deep-hip-opening", "--background", "rain", "--length", "30m", "--tail", "10s"]

    @property
    def routine_words(self) -> str:
        name, _, background, _, length, _, tail = self.routine
        return f"`{name}` over {background}, {length} guided, {tail} of tail"

    def sleepward(self, *args: str | Path, cache: Path, watch: bool = False) -> Run:
        env = {name: value for name, value in os.environ.items() if not name.startswith("SLEEPWARD_")}
        env |= {"SLEEPWARD_CACHE_DIR": str(cache), "XDG_CONFIG_HOME": str(self.folder / "config")}
        return run([SLEEPWARD, *args], cwd=self.folder, env=env, watch=watch)

    def build(self, *args: str | Path, out: str | Path = "track.mp3", cache: Path, watch: bool = False) -> Run:
        """Build a track that isn't there yet."""
        (self.folder / out).unlink(missing_ok=True)
        return self.sleepward("build", *args, "-o", out, cache=cache, watch=watch)

    def plan(self, *args: str | Path, cache: Path) -> dict[str, Any]:
        plan: dict[str, Any] = json.loads(self.sleepward("plan", *args, "--json", cache=cache).stdout)
        return plan

    def python(self, script: str, *args: str | Path, cache: Path, watch: bool = False) -> Run:
        """Run a script of this folder."""
        env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(cache)}
        path = Path(__file__).with_name(script)
        return run([sys.executable, path, *args], cwd=self.folder, env=env, watch=watch)

    def staged(self, *build: str | Path, cache: Path) -> dict[str, Any]:
        """The output of `_stages.py` for a build."""
        clocked: dict[str, Any] = json.loads(self.python("_stages.py", repr(time.time()), *build, cache=cache).stdout)
        return clocked

    def ffmpeg(self, *args: str | Path, watch: bool = False) -> Run:
        return run([ffmpeg.find(), "-v", "error", "-y", *args], cwd=self.folder, env=os.environ, watch=watch)

    def pcm(self, track: str | Path, name: str, *cut: str) -> Path:
        """`track`, or a part of it, decoded to a 16-bit WAV."""
        path = self.folder / name
        self.ffmpeg(*cut, "-i", track, "-c:a", "pcm_s16le", path)
        return path

    def floor(self, pcm: Path, encoding: Sequence[str] = BITRATE, suffix: str = "mp3", threads: int | None = 1) -> Run:
        """Encode mixed sound with ffmpeg alone."""
        limit = [] if threads is None else ["-threads", str(threads)]
        return self.ffmpeg(*limit, "-i", pcm, *limit, *encoding, f"floor.{suffix}")

    # --- caches ----------------------------------------------------------------------------------

    def cold(self) -> Path:
        return self._fresh()

    def warm_bed(self) -> Path:
        """A cache after another routine's track over the same bed."""
        return self._copy(self._with_bed)

    def filled(self, *track: str) -> Path:
        """A cache with everything of `track`, which it builds as `track.mp3`."""
        full = self._fresh("full-cache")
        self.build(*track, cache=full)
        return full

    def like(self, cache: Path) -> Path:
        """A copy of a filled cache."""
        return self._copy(cache)

    @cached_property
    def _with_bed(self) -> Path:
        cache = self._fresh("with-bed")
        self.build(*_OTHER_TRACK, out="other.mp3", cache=cache)
        return cache

    @property
    def rain(self) -> Path:
        """Two minutes of the bed alone, as a WAV."""
        script = self.folder / "rest.txt"
        script.write_text(_REST, encoding="utf-8")
        self.build(script, "--background", "rain", "--voice", "tone", out="rest.mp3", cache=self.warm_bed())
        return self.pcm("rest.mp3", "rain.wav", "-ss", "60", "-t", "120")

    def _fresh(self, name: str = "cache") -> Path:
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def _copy(self, cache: Path) -> Path:
        path = self.folder / "cache"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(cache, path, copy_function=os.link)  # files of a cache are replaced, never changed
        return path
