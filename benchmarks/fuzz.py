"""Feeds damaged and hostile input to every parser of outside input, led by the code that each input reaches.

    python benchmarks/fuzz.py [--seconds 600] [--only NAME]... [--corpus FOLDER]

Each target runs in a process of its own for so many seconds. The inputs that reached something new stay in FOLDER/NAME,
and the next run begins with them. The first run begins with the project's own files.

A find is an error that isn't one of generator/errors.py and that the function doesn't document, or an input that takes
more than 5 s or more than 1 GB. Each lies in FOLDER/NAME.finds, in its shortest form. The table counts the files there.

Atheris makes the inputs. It is no dependency of the project: pip install atheris
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from _fuzz_targets import TARGETS

from generator.errors import SleepwardError
from generator.storage.cache import default_folder

PACKAGES = ["generator", "jinja2", "mutagen", "PIL", "starlette", "tomllib"]
"""The packages whose code leads the search. C code doesn't count."""

FOLDERS = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "SLEEPWARD_CACHE_DIR", "SLEEPWARD_DATA_DIR")
"""What names the folders of a target's process. They are its own, and are removed behind it."""

MOST_S = 5  # of one input
MOST_MB = 1_024
MOST_INPUT_BYTES = 16_384


def fuzz(name: str, corpus: Path, seconds: int) -> None:
    """Run a target in this process, which ends with it."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    finds = corpus.with_name(f"{name}.finds")
    with atheris.instrument_imports(include=PACKAGES):
        target = TARGETS[name](Path(tempfile.mkdtemp()))
        expected: tuple[type[Exception], ...] = (SleepwardError, *target.documented)

        def test_one(data: bytes) -> None:
            try:
                target.run(data)
            except expected:
                pass
            except Exception as error:  # noqa: BLE001  # any other is a find
                keep(finds, data, error)

        for seed in target.seeds:
            (corpus / f"seed-{sha256(seed).hexdigest()[:16]}").write_bytes(seed)
            test_one(seed)  # what it imports isn't counted as an input's time
        limits = [f"-max_total_time={seconds}", f"-timeout={MOST_S}", f"-rss_limit_mb={MOST_MB}"]
        limits += [f"-max_len={MOST_INPUT_BYTES}", f"-artifact_prefix={finds}{os.sep}", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, str(corpus)], test_one)
        atheris.Fuzz()


def keep(finds: Path, data: bytes, error: Exception) -> None:
    """Write an input and its error, unless a shorter input has led to the same error at the same place."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "generator" in Path(frame.filename).parts] or frames
    place = f"{type(error).__name__} {ours[-1].filename}:{ours[-1].lineno} {frames[-1].name}"
    found = finds / sha256(place.encode()).hexdigest()[:12]
    if not found.exists() or len(data) < found.stat().st_size:
        found.write_bytes(data)
        found.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")


def run_apart(name: str, corpus: Path, seconds: int) -> list[str]:
    """Run a target in processes of its own until its time is over. An input that takes too long ends its process."""
    finds = corpus.with_name(f"{name}.finds")
    for folder in (corpus, finds):
        folder.mkdir(parents=True, exist_ok=True)
    began_s, executions = time.monotonic(), 0
    while (left_s := round(seconds - (time.monotonic() - began_s))) > 0:
        inside = ["--inside", "--only", name, "--corpus", str(corpus), "--seconds", str(left_s)]
        command = [sys.executable, __file__, *inside]
        with tempfile.TemporaryDirectory(prefix="fuzz-") as own:
            environment = {**os.environ, **dict.fromkeys(FOLDERS, own)}
            ended = subprocess.run(command, capture_output=True, env=environment, check=False)
        said = ended.stderr.decode(errors="replace")
        counted = re.findall(r"number_of_executed_units: (\d+)", said)
        if not counted:
            raise SystemExit(f"{name} doesn't run: {said[-2_000:]}")
        executions += int(counted[-1])
    found = sum(path.suffix != ".txt" for path in finds.iterdir())
    return [name, f"{executions:,}", f"{time.monotonic() - began_s:.0f}", f"{len([*corpus.iterdir()]):,}", str(found)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=600, help="of each target")
    parser.add_argument("--only", action="append", choices=TARGETS, help="this target; it may be given several times")
    parser.add_argument("--corpus", type=Path, default=default_folder().with_name("sleepward-fuzz-corpus"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if find_spec("atheris") is None:
        raise SystemExit("atheris, which makes the inputs, isn't installed: pip install atheris")
    if given.inside:
        fuzz(given.only[0], given.corpus, given.seconds)
    print("| target | executions | seconds | corpus | finds |\n|---|---|---|---|---|", flush=True)
    finds = 0
    for name in given.only or TARGETS:
        row = run_apart(name, given.corpus.absolute() / name, given.seconds)
        print(f"| {' | '.join(row)} |", flush=True)
        finds += int(row[-1])
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
