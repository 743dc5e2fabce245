"""Put load on narration, a large library, the server and the studio. Check that nothing grows and nothing breaks.

    python benchmarks/load.py [--only narrations|library|server|studio] [--seed 1] [--quick] [--write]

- `narrations`: 10,000 narrations by the voice `tone` and 1,000 by `heart`, all in one process.
- `library`: 1,000 short tracks by `sleepward batch`, the same again, and `verify` of 20 of them.
- `server`: `sleepward serve` under 200 readers of random ranges, whose bytes are compared with the files. Beside them,
  50 clients read four bytes a second, 50 never finish a request, and one opens the page again and again.
- `studio`: 100 tracks sent to `sleepward studio` at once, of which some are cancelled while others are made.

Each part gives a table. The exit code is 1 if a figure isn't as wanted. `--quick` takes a hundredth of everything, to
test the benchmark itself. `--write` puts the tables into docs/reliability.md. It takes an hour on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import psutil
from _crowd import Crowd, Guest, Tally, enter, follow, order, write_studio
from _report import write_between
from _trial_folder import TrialFolder, finish
from _workbench import Workbench

from generator.errors import SleepwardError
from generator.formats import container_named
from generator.storage.cache import Cache
from generator.voices import open_voice
from generator.voices.narration import SpokenLine, narrate

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
FLAT = 1.05  # memory after the load, against that after a warm-up
THREADED = 1.1  # the same of many threads, for each of which the allocator keeps what it had
BEDS = ("none", "brown", "drone", "ocean", "pink", "rain", "tide", "wind")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table. `met` is None where nothing is wanted."""

    what: str
    measured: str
    wanted: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        met = {None: "", True: "met", False: "NOT MET"}[self.met]
        return f"| {self.what} | {self.measured} | {self.wanted} | {met} |"


def at_most(what: str, value: float, most: float, unit: str = "", digits: int = 2) -> Row:
    return Row(what, f"{value:,.{digits}f}{unit}", f"≤ {most:g}{unit}", value <= most)


def none_of(what: str, found: Sequence[object]) -> Row:
    """Nothing should be found; else the first tells what."""
    shown = f"{len(found)}" + (f", such as {str(found[0])[:200]}" if found else "")
    return Row(what, shown, "0", not found)


def all_of(what: str, count: int, total: int) -> Row:
    return Row(what, f"{count} of {total}", "all", count == total)


@dataclass(frozen=True, slots=True)
class Held:
    """What a process and its descendants hold: of memory PSS without files, whose share depends on others."""

    mb: float
    descriptors: int
    children: int


def held(root: psutil.Process) -> Held:
    found = []
    for each in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):  # it has just ended
            found.append((_own_bytes(each.pid), each.num_fds()))
    return Held(sum(size for size, _ in found) / 1e6, sum(opened for _, opened in found), len(found) - 1)


def _own_bytes(pid: int) -> int:
    if sys.platform != "linux":
        return int(psutil.Process(pid).memory_full_info().uss)
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    kilobytes = (int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return sum(kilobytes) * 1_024


def flat(what: str, before: Held, after: Held, most: float = FLAT) -> list[Row]:
    mb = f"{before.mb:.0f} → {after.mb:.0f} MB ({100 * (after.mb / before.mb - 1):+.1f} %)"
    opened, children = (before.descriptors, after.descriptors), (before.children, after.children)
    return [
        Row(f"{what}: memory", mb, f"≤ {100 * (most - 1):+.0f} %", after.mb <= most * before.mb),
        Row(f"{what}: open descriptors", "{} → {}".format(*opened), "no more", opened[1] <= opened[0]),
        Row(f"{what}: children", "{} → {}".format(*children), "no more", children[1] <= children[0]),
    ]


@dataclass(frozen=True, slots=True)
class Load:
    """How much of everything, and where."""

    folder: Path
    seed: int
    quick: bool

    def share(self, whole: int, least: int = 1) -> int:
        return max(whole // 100, least) if self.quick else whole

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))


# --- narrations ------------------------------------------------------------------------------------

HOW = "slowly gently softly quietly lightly calmly simply kindly evenly freely warmly loosely patiently easily".split()
DO = "soften release rest loosen notice feel ease lower settle quiet warm unfold lengthen open free".split()
PARTS = """ankle knee hip shoulder jaw belly heart back neck hand foot leg arm face brow throat tongue wrist elbow palm
 thumb heel toe calf thigh waist chest rib spine skull cheek eye lip chin ear temple scalp nape shin sole""".split()


def short_sentences(seed: int) -> Iterator[str]:
    """25,200 different sentences of three or four words."""
    words = itertools.product(HOW, DO, ("the", "your left", "your right"), PARTS)
    made = [f"{a.capitalize()} {b} {c} {d}." for a, b, c, d in words]
    random.Random(seed).shuffle(made)
    return iter(made)


def narrations(load: Load) -> Iterator[Row]:
    for name, count in (("tone", load.share(10_000)), ("heart", load.share(1_000))):
        yield from _narrated(load, name, count)


def _narrated(load: Load, name: str, count: int) -> Iterator[Row]:
    """Narrate, and remove clips in between. Memory is the highest of the second tenth, then of the last."""
    folder, voice, texts = load.new_folder(), open_voice(name), short_sentences(load.seed)
    process, cache, samples = psutil.Process(), Cache(folder), list[Held]()
    started, silent = time.perf_counter(), 0
    for number in range(count):
        said = list(itertools.islice(texts, 2))
        narration = narrate([SpokenLine(text, text, voice) for text in said], cache, jobs=2)
        silent += sum(not len(narration.clip(text)) for text in said)
        if number % max(count // 100, 1) == 0:
            samples.append(held(process))
            shutil.rmtree(folder / "clips")
    took_min = (time.perf_counter() - started) / 60
    shutil.rmtree(folder)
    tenth = len(samples) // 10 or 1
    before, after = (max(some, key=lambda each: each.mb) for some in (samples[tenth : 2 * tenth], samples[-tenth:]))
    yield Row(f"`{name}`", f"{count:,} narrations in {took_min:.1f} min")
    yield Row(f"`{name}`: clips without sound", f"{silent}", "0", silent == 0)
    yield from flat(f"`{name}`", before, after)


# --- a library -------------------------------------------------------------------------------------


def write_library(folder: Path, tracks: int, tail: str, seed: int) -> None:
    """library.yaml of short scripts, each over every background."""
    lines = ["title: Load", "output: out", f"defaults: {{voice: tone, tail: {tail}, bitrate: 64}}", "tracks:"]
    texts = short_sentences(seed)
    for number, bed in itertools.islice(itertools.product(range(tracks), BEDS), tracks):
        script = folder / f"night-{number + 1}.txt"
        if not script.exists():
            said = " [1s]\n".join(itertools.islice(texts, 3))
            script.write_text(f"# Night {number + 1}\n{said}\n[sleep]\n", encoding="utf-8")
        lines.append(f"  - {{script: {script.name}, name: night-{number + 1}/{bed}, background: {bed}}}")
    (folder / "library.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def library(load: Load) -> Iterator[Row]:
    bench, count = Workbench(load.new_folder(), load.quick), load.share(1_000)
    write_library(bench.folder, count, "10s", load.seed)
    cache, out = bench.cold(), bench.folder / "out"
    first = bench.sleepward("batch", "library.yaml", cache=cache, watch=True)
    tracks = sorted(out.rglob("*.mp3"))
    yield all_of("tracks made, and published", len(tracks), count)
    paid = f"{first.wall_s / 60:.1f} min in all, {first.cpu_s / count:.2f} CPU s a track"
    yield Row("tracks a minute", f"{60 * count / first.wall_s:.0f} ({paid})")
    yield at_most("peak memory of all processes", first.peak_mb or 0.0, 1_000, " MB", 0)
    before = _stamps(out)
    second = bench.sleepward("batch", "library.yaml", cache=cache)
    yield at_most("the same batch again", second.wall_s, 10, " s", 1)
    yield none_of("files that it wrote", [name for name, at in _stamps(out).items() if before.get(name) != at])
    chosen = random.Random(load.seed).sample(tracks, load.share(20, 2))
    whole = sum(_is_verified(bench, path, cache) for path in chosen)
    yield all_of("tracks that `verify` finds in order", whole, len(chosen))
    shown = (out / "index.html").read_text(encoding="utf-8")
    named = sum(quote(path.relative_to(out).as_posix()) in shown for path in tracks)
    yield all_of("tracks on the page", named, count)
    yield none_of("`.part` files left", [*bench.folder.rglob("*.part")])
    shutil.rmtree(bench.folder)


def _stamps(out: Path) -> dict[str, int]:
    return {path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}


def _is_verified(bench: Workbench, track: Path, cache: Path) -> bool:
    with suppress(RuntimeError):
        bench.sleepward("verify", track, cache=cache)
        return True
    return False


# --- a server --------------------------------------------------------------------------------------


@contextmanager
def running(place: TrialFolder, *words: str, **env: str) -> Iterator[tuple[subprocess.Popen[bytes], Guest]]:
    with place.started((*words, "--port", "0"), **env) as process:
        try:
            assert process.stdout
            yield process, enter(next(line for line in process.stdout if b"/~enter/" in line).decode().strip())
        finally:
            process.kill()


def stopped(process: subprocess.Popen[bytes]) -> list[Row]:
    """End a server as Ctrl-C does."""
    began = time.perf_counter()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    said = [line for line in errors.decode().splitlines() if "Traceback" in line or "Error" in line]
    return [
        at_most("Ctrl-C under load ends it within", time.perf_counter() - began, 3, " s"),
        Row("its exit code", f"{process.returncode}", "130", process.returncode == 130),
        none_of("errors on its terminal", said),
    ]


def server(load: Load) -> Iterator[Row]:
    place = TrialFolder(load.new_folder() / "place")
    write_library(place.folder, load.share(24, 4), "10m", load.seed)
    finish(place, ("batch", "library.yaml"))
    out = place.folder / "out"
    tracks = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.mp3")}
    seconds = load.share(150, 3)
    with running(place, "serve", "out") as (process, guest):
        crowd = Crowd(guest, tracks, load.share(200, 4), load.share(50, 2), load.share(50, 3), load.seed)
        root = psutil.Process(process.pid)
        fresh = held(root)
        with watched(root) as samples:
            tally = asyncio.run(crowd.visit(seconds))
        after = settled(root, fresh)
        yield from crowd_rows(crowd, tally, seconds)
        yield from flat("the server", *in_thirds(samples, fresh, after), THREADED)
        with ThreadPoolExecutor(1) as lane:
            visit = lane.submit(asyncio.run, crowd.visit(4.0))
            time.sleep(2.0)
            yield from stopped(process)
            visit.result()
    place.remove()


@contextmanager
def watched(root: psutil.Process) -> Iterator[list[float]]:
    """The memory in MB, twice a second."""
    samples, over = list[float](), threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            samples.append(held(root).mb)

    with ThreadPoolExecutor(1) as lane:
        lane.submit(look)
        try:
            yield samples
        finally:
            over.set()


def in_thirds(samples: Sequence[float], before: Held, after: Held) -> tuple[Held, Held]:
    """With the most memory in the second third of the load, and in the last."""
    third = len(samples) // 3
    return replace(before, mb=max(samples[third:-third])), replace(after, mb=max(samples[-third:]))


def settled(root: psutil.Process, fresh: Held) -> Held:
    """What is held once all connections are closed, or after 20 s."""
    until_s = time.monotonic() + 20
    while (found := held(root)).descriptors > fresh.descriptors and time.monotonic() < until_s:
        time.sleep(0.2)
    return found


def crowd_rows(crowd: Crowd, tally: Tally, seconds: float) -> Iterator[Row]:
    count = len(tally.answers_s)
    yield Row(f"ranges for {crowd.readers} readers", f"{count:,} in {seconds:.0f} s, {count / seconds:.0f} a second")
    yield Row("99 of 100 were answered within", f"{sorted(tally.answers_s)[count * 99 // 100]:.2f} s")
    yield none_of("answers with wrong bytes", tally.wrong)
    yield none_of("errors", tally.errors)
    yield at_most(f"the page was there each time, {len(tally.pages_s)} times, within", max(tally.pages_s), 1.0, " s")
    yield all_of("slow clients that were served all the time", tally.slow, crowd.slow)
    unfinished = f"unfinished requests, {len(tally.unfinished_s)} of them, were cut off within"
    yield at_most(unfinished, max(tally.unfinished_s), 13, " s", 1)


# --- the studio ------------------------------------------------------------------------------------


def studio(load: Load) -> Iterator[Row]:
    place, count = TrialFolder(load.new_folder() / "place"), load.share(100, 6)
    write_studio(place.folder)
    with running(place, "studio", "out", "--no-open") as (process, guest):
        root = psutil.Process(process.pid)
        lengths = order(guest, range(180, 184))
        follow(guest, lengths)
        before, began = held(root), time.perf_counter()
        lengths |= order(guest, range(200, 200 + count))
        with watched(root) as samples:
            jobs, cancelled = follow(guest, lengths, cancels=True)
        yield Row("tracks sent at once", f"{count}, ended after {(time.perf_counter() - began) / 60:.1f} min")
        after = settled(root, before)
        yield from studio_rows(place.folder / "out", lengths, jobs, cancelled)
        yield from flat("the studio", *in_thirds(samples, before, after), THREADED)
        order(guest, range(700, 704))
        yield from stopped(process)
        yield none_of("temporary files left", place.leftovers())
    place.remove()


def studio_rows(
    out: Path, lengths: Mapping[int, int], jobs: Mapping[int, Mapping[str, Any]], cancelled: set[int]
) -> Iterator[Row]:
    """Every track is there and whole, and nothing else."""
    done = {number: out / unquote(job["address"][1:]) for number, job in jobs.items() if job["state"] == "done"}
    ready = len(cancelled & done.keys())
    yield Row("cancelled in the middle", f"{len(cancelled) - ready}" + (f", and {ready} were ready" if ready else ""))
    others = jobs.keys() - cancelled
    yield all_of("the others made", len(others & done.keys()), len(others))
    yield none_of("failed", [job["message"] for job in jobs.values() if job["state"] == "failed"])
    broken = [path.name for number, path in done.items() if not _is_whole(path, lengths[number] + 10)]
    yield none_of("files that aren't whole, or of another length", broken)
    yield none_of("files of other tracks", sorted({*out.rglob("*.mp3")} - {*done.values()}))
    listed = {out / entry["name"] for entry in json.loads((out / "library.json").read_bytes())["tracks"]}
    yield none_of("differences to the list of tracks", sorted(listed ^ {*done.values()}))
    yield none_of("`.part` files left", [*out.rglob("*.part")])


def _is_whole(path: Path, seconds: int) -> bool:
    container = container_named(path.name)
    with suppress(SleepwardError):
        return container is not None and container.check(path) == seconds * 48_000
    return False


# --- all of it -------------------------------------------------------------------------------------

EACH = {"narrations": narrations, "library": library, "server": server, "studio": studio}


def main() -> int:
    parser = argparse.ArgumentParser(description="Put load on what runs for long.")
    parser.add_argument("--only", choices=EACH, action="append", help="one part; may be given several times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reliability.md")
    asked = parser.parse_args()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # else the servers would ignore it, too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    tables, met = [], True
    with tempfile.TemporaryDirectory(prefix="load-") as folder:  # short, since espeak-ng can't read long paths
        for name in asked.only or EACH:
            lines = [f"| {name} | measured | wanted | |", "|---|---|---|---|"]
            print("\n".join(lines), flush=True)
            for row in EACH[name](Load(Path(folder), asked.seed, asked.quick)):
                met = met and row.met is not False
                lines.append(str(row))
                print(row, flush=True)
            tables.append("\n".join(lines) + "\n")
            print(flush=True)
    if asked.write:
        write_between(PAGE, "load", "benchmarks/load.py", "\n".join(tables))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
