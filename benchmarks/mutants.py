"""Changes the code in one place at a time, and runs the tests that reach it: a change that no test notices survives.

    python benchmarks/mutants.py [--each 40] [--seed 1] [--only ROOM]... [--write]

Of each room so many changes are drawn by the seed. Each is written to a copy of the project, where the tests run that
reach its line: the quickest first, up to the first that fails. Which tests those are is measured before, test by test.
What survives them meets the whole files of such tests, some of which may build on what another one has run.

The changes are mutmut's: another number, operator or word, an argument left out, nothing assigned. What an error says
isn't changed, as the words of errors are held elsewhere (tests/test_errors.py), and types and docstrings aren't either.

mutmut and coverage are no dependencies of the project: pip install mutmut coverage
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from _report import write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
WANTED_PERCENT = 85
MOST_S = 120.0  # of the tests of one change, which may be slower by this much than they were

ROOMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "timeline": ("generator/timeline", ("timeline", "fitting", "lengths", "script", "adapt")),
    "script": (
        "generator/script",
        (
            "script",
            "templates",
            "ssml",
            "limits",
            "fuzz_finds",
            "errors",
            "check",
            "sources",
            "text_encodings",
            "words",
        ),
    ),
    "frames": ("generator/formats/mp3_frames", ("encoding", "lame_threshold", "formats", "track", "fuzz_finds")),
    "said": ("generator/pronunciation", ("said", "lexicon", "every_sentence", "words", "fuzz_finds")),
}
"""The folder of each room, and the files of the tests that run its code within their own process."""


@dataclass(frozen=True)
class Change:
    """One place that was changed."""

    room: str
    path: str
    line: int
    is_in_function: bool
    text: str
    """The whole file with the change."""

    def shown(self) -> str:
        before = (ROOT / self.path).read_text(encoding="utf-8").splitlines()
        lines = difflib.unified_diff(before, self.text.splitlines(), n=0, lineterm="")
        return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"})


def changes(room: str, path: Path) -> Iterator[Callable[[], Change]]:
    """What makes each change of a file: writing a file anew takes longer than finding its places."""
    import libcst
    from libcst.metadata import MetadataWrapper, PositionProvider
    from mutmut.mutation.mutators import mutation_operators

    never = (libcst.Annotation, libcst.Decorator, libcst.Import, libcst.ImportFrom, libcst.Raise, libcst.Assert)

    class Finder(libcst.CSTVisitor):
        METADATA_DEPENDENCIES = (PositionProvider,)

        def __init__(self) -> None:
            super().__init__()
            self.found: list[tuple[int, bool, Any, Any]] = []
            self.functions = 0

        def on_leave(self, node: Any) -> None:
            self.functions -= isinstance(node, libcst.FunctionDef)

        def on_visit(self, node: Any) -> bool:
            if isinstance(node, never) or _types_only(node):
                return False
            self.functions += isinstance(node, libcst.FunctionDef)
            for kind, operator in mutation_operators:
                if isinstance(node, kind):
                    line = self.get_metadata(PositionProvider, node).start.line
                    self.found += [(line, self.functions > 0, node, changed) for changed in operator(node)]
            return True

    def _types_only(node: Any) -> bool:
        return isinstance(node, libcst.If) and isinstance(node.test, libcst.Name) and node.test.value == "TYPE_CHECKING"

    finder, wrapper = Finder(), MetadataWrapper(libcst.parse_module(path.read_text(encoding="utf-8")))
    wrapper.visit(finder)

    def made(line: int, is_in_function: bool, node: Any, changed: Any) -> Change:
        text = wrapper.module.deep_replace(node, changed).code
        return Change(room, str(path.relative_to(ROOT)), line, is_in_function, text)

    yield from (partial(made, *place) for place in finder.found)


def drawn(room: str, count: int, seed: int) -> list[Change]:
    """So many changes of a room, by the seed."""
    every = [made for path in sorted((ROOT / ROOMS[room][0]).glob("*.py")) for made in changes(room, path)]
    return [made() for made in random.Random(f"{seed} {room}").sample(every, min(count, len(every)))]


class Copy:
    """A copy of the project, in which one change at a time is tried."""

    def __init__(self, folder: Path) -> None:
        self.project, self.own = folder / "project", folder / "own"
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True)
        for name in listed.stdout.splitlines():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, self.project / name)
        self.own.mkdir()

    def pytest(
        self, words: Sequence[str], *, inside: Sequence[str] = (), most_s: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run pytest in one process, where `inside` are the words of a program that runs it."""
        path = os.pathsep.join(filter(None, [str(self.project), os.environ.get("PYTHONPATH")]))
        own = {"PYTHONPATH": path, "TMPDIR": str(self.own), "COVERAGE_FILE": str(self.own / "coverage")}
        command = [sys.executable, *inside, "-m", "pytest", "-n0", "-m", "not external", *words]
        command += ["-p", "no:cacheprovider", "--basetemp", str(self.own / "tests")]
        try:
            return subprocess.run(
                command,
                cwd=self.project,
                env={**os.environ, **own, "HYPOTHESIS_STORAGE_DIRECTORY": str(self.own / "hypothesis")},
                capture_output=True,
                text=True,
                check=False,
                timeout=most_s,
            )
        finally:
            shutil.rmtree(self.own / "tests", ignore_errors=True)

    def survives(self, change: Change, tests: Sequence[str], most_s: float) -> bool:
        """Whether none of the tests notices the change. One that is never ready is noticed."""
        changed = self.project / change.path
        kept = changed.read_bytes()
        changed.write_text(change.text, encoding="utf-8")
        _forget_compiled(changed)
        try:
            done = self.pytest([*tests, "-x"], most_s=most_s)
        except subprocess.TimeoutExpired:
            return False
        finally:
            changed.write_bytes(kept)
            _forget_compiled(changed)
        return done.returncode == 0


def _forget_compiled(module: Path) -> None:
    """Python compares times in whole seconds: what it compiled a moment ago would stand for the changed file."""
    for compiled in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
        compiled.unlink()


class Reached:
    """Which tests run a line, and how long each takes.

    A line that ran for a fixture, or for a test whose result others keep, concerns tests that don't run it themselves:
    so the files are known, too, whose tests ran it.
    """

    def __init__(self) -> None:
        self.tests: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.files: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.took_s: dict[str, float] = defaultdict(float)

    def measure(self, copy: Copy, test_file: str) -> None:
        """Run a file of tests, and add what it reaches."""
        from coverage import CoverageData

        settings, data_file, report = (copy.own / name for name in ("coveragerc", "coverage", "report.xml"))
        settings.write_text(f"[run]\ndynamic_context = test_function\ninclude = {copy.project}/generator/*\n", "utf-8")
        inside = ["-m", "coverage", "run", f"--rcfile={settings}"]
        done = copy.pytest([f"tests/{test_file}", f"--junitxml={report}"], inside=inside)
        if done.returncode:
            raise SystemExit(f"{test_file} fails without a change:\n{done.stdout[-3_000:]}{done.stderr[-1_000:]}")
        data = CoverageData(str(data_file))
        data.read()
        for measured in data.measured_files():
            path = str(Path(measured).relative_to(copy.project))
            for line, contexts in data.contexts_by_lineno(measured).items():
                self.tests[path, line].update(_node(context) for context in contexts if context)
                self.files[path, line].add(f"tests/{test_file}")
        for case in ET.parse(report).iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}".partition("[")[0]
            self.took_s[_node(name)] += float(case.get("time") or 0)
        data_file.unlink()

    def reaching(self, change: Change) -> tuple[list[str], list[str]]:
        """The tests that run the changed line, the quickest first, and the files of all that it may concern.

        A line outside of functions is run once, by the import, whichever test that happens in. It concerns all tests
        that run anything of the file.
        """
        tests, files = self.tests[change.path, change.line], self.files[change.path, change.line]
        if not change.is_in_function:
            tests = set().union(*(found for (path, _), found in self.tests.items() if path == change.path))
            files = {test.partition("::")[0] for test in tests}
        return sorted(tests, key=lambda test: (self.took_s[test], test)), sorted(files)

    def most_s(self, tests: Sequence[str]) -> float:
        """How long tests, or all tests of files, may take with a change."""
        return MOST_S + sum(took_s for test, took_s in self.took_s.items() if test.startswith(tuple(tests)))


def _node(context: str) -> str:
    """`tests.test_script.test_marks` as pytest is asked for it."""
    folder, module, name = context.split(".", 2)
    return f"{folder}/{module}.py::{name.replace('.', '::')}"


def tried(chosen: Sequence[Change], jobs: int) -> list[tuple[Change, str]]:
    """What became of each change: killed, survived, or not reached by any test."""
    files = sorted({f"test_{name}.py" for change in chosen for name in ROOMS[change.room][1]})
    reached, copies = Reached(), SimpleQueue[Copy]()

    @contextmanager
    def free_copy() -> Iterator[Copy]:
        copy = copies.get()
        try:
            yield copy
        finally:
            copies.put(copy)

    def measured(test_file: str) -> None:
        with free_copy() as copy:
            reached.measure(copy, test_file)

    def ended(change: Change) -> tuple[Change, str]:
        rounds = [each for each in reached.reaching(change) if each]
        if not rounds:
            return change, "not reached"
        with free_copy() as copy:
            survives = all(copy.survives(change, tests, reached.most_s(tests)) for tests in rounds)
        ending = "survived" if survives else "killed"
        print(f"{ending:9} {change.path}:{change.line}", flush=True)
        return change, ending

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(jobs) as pool:
        for job in range(jobs):
            copies.put(Copy(Path(folder) / str(job)))
        list(pool.map(measured, files))
        return list(pool.map(ended, chosen))


def table(endings: Sequence[tuple[Change, str]], page: str = "") -> str:
    """The rooms' figures. A room that wasn't tried keeps the line it has on `page`."""
    lines = ["| room | changes | killed | survived | not reached | killed % |", "|---|---:|---:|---:|---:|---:|"]
    for room in ROOMS:
        found = [ending for change, ending in endings if change.room == room]
        if found:
            counts = [found.count(ending) for ending in ("killed", "survived", "not reached")]
            cells = [room, len(found), *counts, round(100 * counts[0] / len(found))]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        else:
            lines += re.findall(rf"^\| {room} \| \d.*", page, re.MULTILINE)
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--each", type=int, default=40, help="changes of each room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=ROOMS, help="this room; it may be given several times")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write the table to docs/reliability.md")
    given = parser.parse_args()
    began_s = time.monotonic()
    chosen = [change for room in given.only or ROOMS for change in drawn(room, given.each, given.seed)]
    endings = tried(chosen, given.jobs)
    left = [(change, ending) for change, ending in endings if ending != "killed"]
    for change, ending in left:
        print(f"\n{change.path}:{change.line} {ending}\n{change.shown()}")
    print(f"\n{table(endings)}\n{(time.monotonic() - began_s) / 60:.0f} minutes")
    if given.write:
        made = table(endings, PAGE.read_text(encoding="utf-8"))
        write_between(PAGE, "mutants", "benchmarks/mutants.py", made)
    return 0 if 100 * (len(endings) - len(left)) >= WANTED_PERCENT * len(endings) else 1


if __name__ == "__main__":
    sys.exit(main())
