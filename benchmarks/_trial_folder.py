"""A folder in which commands are disturbed, and what is looked for in it afterwards."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

SLEEPWARD = Path(sys.executable).with_name("sleepward")
LINGERS_S = 20.0  # a process that still runs after this time is an orphan
MARK = "TRIAL_MARK"
SCRIPT = """\
# Night
Lie down, and let the bed carry {what}. [2s]
Breathe in slowly, and out more slowly. [3s]
[hold 20 s]
Let the jaw be loose, and the tongue, and {what}.
[release]
Let the shoulders sink into the pillow. [2s]
[sleep]
"""
LIBRARY = """\
title: Nights
output: out
defaults: {{voice: {voice}, tail: 1m, bitrate: 64}}
tracks:
  - {{script: one.txt, background: rain}}
  - {{script: two.txt, background: rain}}
  - {{script: three.txt, background: brown}}
"""
NAMES = {"one": "your feet", "two": "your hands", "three": "your head"}


class TrialFolder:
    """Scripts and libraries, with a home, a cache and a temporary folder of their own."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        for name in ("tmp", "home"):
            (folder / name).mkdir(parents=True)
        if cache is not None:
            shutil.copytree(cache, folder / "cache")
        for name, what in NAMES.items():
            (folder / f"{name}.txt").write_text(SCRIPT.format(what=what), encoding="utf-8")
        for voice in ("tone", "pyttsx3"):
            (folder / f"{voice}.yaml").write_text(LIBRARY.format(voice=voice), encoding="utf-8")
        self._mark = secrets.token_hex(8)

    def started(self, words: Sequence[str], **more: str) -> subprocess.Popen[bytes]:
        """The command, running. `more` are more variables of its environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SLEEPWARD_")}
        own = {"HOME": str(self.folder / "home"), "XDG_CONFIG_HOME": str(self.folder / "home")}
        own |= {"TMPDIR": str(self.folder / "tmp"), "SLEEPWARD_CACHE_DIR": str(self.folder / "cache")}
        return subprocess.Popen(
            list(words) if Path(words[0]).is_absolute() else [str(SLEEPWARD), *words],
            cwd=self.folder,
            env={**kept, **own, MARK: self._mark, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def tracks(self) -> dict[str, str]:
        """All files at final paths, except the lists of a library's tracks and of what is published: they grow."""
        out = self.folder / "out"
        files = [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {
            path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.name not in ("library.json", "published.json")
        }

    def leftovers(self) -> list[str]:
        parts = list(self.folder.rglob("*.part"))
        found = [*parts, *(self.folder / "tmp").iterdir(), *self.folder.glob("out/.sleepward-*")]
        return [path.relative_to(self.folder).as_posix() for path in found]

    def lingering(self) -> list[int]:
        """The processes of this folder's commands that don't end by themselves within LINGERS_S."""
        until_s = time.monotonic() + LINGERS_S
        while (left := self.orphans()) and time.monotonic() < until_s:
            time.sleep(0.1)  # between two looks
        return [process.pid for process in left]

    def orphans(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:  # it has ended, or belongs to another user
            return False

    def remove(self) -> None:
        for process in self.orphans():
            process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def finish(place: TrialFolder, words: Sequence[str]) -> float:
    """Run a command to its end; its duration in seconds. Raises RuntimeError if it fails."""
    started = time.perf_counter()
    with place.started(words) as process:
        _, errors = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} fails undisturbed: {errors.decode()}")
    return time.perf_counter() - started
