"""Build and decode real tracks, measure every row of the sound targets, and write the tables of docs/sound.md.

`python benchmarks/sound.py --beds` builds each of the eight routines over every second of the seven beds and a music
file made here, 32 tracks. `--voices` builds the eight routines with two more voices, over the backgrounds in turn, 16
tracks. `--lengths` builds each routine at its shortest and longest length at one of the levels, 16 tracks. Without
these flags, it builds all. `--whole` takes every background and every level, `--quick` two routines. `sleepward
verify` measures its rows, and `_sound_rows.py` the others.

`--keep FILE` stores each track's figures in FILE, and takes figures that it has from there. So a stopped run can go
on. To measure a column again, delete its lines.

The tracks of `--beds` and `--voices` have bells (`--chime on`), so that those are measured too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import _sound_rows
import numpy as np

from generator import beds
from generator.storage.cache import Cache
from generator.system import ffmpeg

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "sound.md"
SLEEPWARD = [sys.executable, "-c", "from generator.cli import main; main()"]
BEDS = (*(name for name, kind in beds.BEDS.items() if kind.texture != "none"), "music")
VOICES = ("en-us+klatt5", "en-us+klatt4")  # the softest of the others, and the light one
LEVELS = ("easier", "standard", "deeper")
RATE = 44_100
TAIL = ("--tail", "2m")
CLEAN = ("--background", "none", "--format", "wav", "--glide", "off", "--tail", "10s")

# The rows of the sound targets as one line each; "as changed" is explained on the page.
TARGETS = {
    "1": "voice at -22 ±1 LUFS at the start",
    "2": "true peak at most -3 dBTP",
    "3": "voice over the background, median and lowest tenth: 15 and 13 LU, over tones and music 10 and 8",
    "4": "no rise over 20 LU within 400 ms",
    "5": "STOI 0.90 and ESTOI 0.75 (as changed)",
    "6": "3 dB softer by the end, in steps, both sides alike",
    "7": "fades of 8 s and 60 s, the last second silent",
    "8": "no hard onset, no click",
    "9": "voice dark above 5 kHz, background dark (but for rain)",
    "10": "nothing rough",
    "11": "voice centred, background wide, whole on one small speaker",
    "12": "on the breath",
    "13": "125 to 155 words a minute for the natural voice, 105 to 125 for the others",
    "14": "bells softer than the voice, with a soft beginning",
    "beds": "no seam",
    "plan": "as planned",
}

Entry = dict[str, Any]
Rows = dict[str, Entry]


@dataclass(frozen=True)
class Found:
    """A measured track: its routine, its column in the table, the output of `build`, and its rows by id."""

    routine: str
    column: str
    built: dict[str, Any]
    rows: Rows

    @property
    def failures(self) -> list[str]:
        return [f"{row['what']} {row['measured']} {row['note']}".strip() for row in self.rows.values() if _fails(row)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--beds", action="store_true", help="every routine over every second background")
    parser.add_argument("--voices", action="store_true", help="two more voices, every routine over some background")
    parser.add_argument("--lengths", action="store_true", help="every routine, shortest and longest, at one level")
    parser.add_argument("--whole", action="store_true", help="over every background, and at every level")
    parser.add_argument("--quick", action="store_true", help="two routines only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="routines that are measured at a time")
    parser.add_argument("--page", type=Path, default=PAGE, help="where to write, instead of docs/sound.md")
    parser.add_argument("--keep", type=Path, help="JSON lines of the tracks measured so far, to go on from")
    asked = parser.parse_args()
    every = not (asked.beds or asked.voices or asked.lengths)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sleepward-sound-") as folder, ProcessPoolExecutor(asked.jobs) as pool:
        workshop = Workshop(Path(folder), asked.page, asked.keep)
        _music(workshop.music)
        routines = workshop.routines()[: 2 if asked.quick else None]
        failed = 0
        if every or asked.beds:
            failed += over_beds(workshop, routines, pool, whole=asked.whole)
        if every or asked.voices:
            failed += in_voices(workshop, routines, pool)
        if every or asked.lengths:
            failed += at_lengths(workshop, routines, pool, whole=asked.whole)
    print(f"{(time.monotonic() - started) / 60:.0f} minutes, {failed} failures")
    sys.exit(1 if failed else 0)


@dataclass(frozen=True)
class Workshop:
    """A folder with its own cache, in which commands run as a user types them."""

    folder: Path
    page: Path
    keep: Path | None

    @property
    def music(self) -> Path:
        return self.folder / "music.flac"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def routines(self) -> list[str]:
        return [routine["name"] for routine in json.loads(self.run("list", "--json"))]

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(self.cache), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*SLEEPWARD, *words], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode not in codes:
            raise RuntimeError(f"sleepward {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def build(self, routine: str, name: str, *settings: str) -> dict[str, Any]:
        """Build the track `name` in the folder. Returns the command's JSON."""
        facts: dict[str, Any] = json.loads(self.run("build", routine, *settings, "-o", name, "--json"))
        return facts

    def verified(self, name: str) -> Rows:
        """The rows of `sleepward verify`."""
        report = json.loads(self.run("verify", name, "--json", codes=(0, 1)))
        return {row["id"]: {**row, "by": "verify"} for row in report["rows"]}


# --- over every background, and in the softest voices ----------------------------------------------------


@dataclass(frozen=True)
class Series:
    """Tracks of one routine with one narration. Each is a column of the table and has its background."""

    routine: str
    settings: tuple[str, ...]
    tracks: tuple[tuple[str, str], ...]


def over_beds(workshop: Workshop, routines: list[str], pool: ProcessPoolExecutor, *, whole: bool) -> int:
    """Measure each row over each bed, as a range over the routines. Returns the number of failures."""
    step = 1 if whole else 2  # the first routine over the first, third … background, the second over the others
    every = [
        Series(routine, (), tuple((bed, bed) for bed in BEDS[number % step :: step]))
        for number, routine in enumerate(routines)
    ]
    found = _measured(workshop, every, pool)
    intro = (
        f"{len(routines) // step} of {len(routines)} routines over each background, {len(found)} tracks, all with"
        " bells. Each cell holds the range over the routines."
    )
    _write(workshop.page, "beds", [intro, "", *_table(found, BEDS), "", *_said(found)])
    _write(workshop.page, "targets", _targets(found))
    return sum(len(each.failures) for each in found)


def in_voices(workshop: Workshop, routines: list[str], pool: ProcessPoolExecutor) -> int:
    """Measure each row with each of the voices, over all backgrounds in turn. Returns the failure count."""
    every = [
        Series(routine, ("--voice", voice), ((voice, BEDS[(number + 3 * shift) % len(BEDS)]),))
        for number, routine in enumerate(routines)
        for shift, voice in enumerate(VOICES)
    ]
    found = _measured(workshop, every, pool)
    intro = (
        f"{len(routines)} routines in each of the voices, {len(found)} tracks, each over the next background."
        " Each cell holds the range over the routines."
    )
    _write(workshop.page, "softest", [intro, "", *_table(found, VOICES), "", *_said(found)])
    return sum(len(each.failures) for each in found)


def _measured(workshop: Workshop, every: Sequence[Series], pool: ProcessPoolExecutor) -> list[Found]:
    kept: dict[tuple[str, str], Found] = {}
    if workshop.keep is not None and workshop.keep.exists():
        for line in workshop.keep.read_text(encoding="utf-8").splitlines():
            found = Found(**json.loads(line))
            kept[found.routine, found.column] = found
    for each in pool.map(partial(_missing, workshop, frozenset(kept)), every):
        for found in each:
            kept[found.routine, found.column] = found
    return [kept[series.routine, column] for series in every for column, _ in series.tracks]


def _missing(workshop: Workshop, kept: frozenset[tuple[str, str]], series: Series) -> list[Found]:
    tracks = tuple(track for track in series.tracks if (series.routine, track[0]) not in kept)
    return measure(workshop, replace(series, tracks=tracks)) if tracks else []


def measure(workshop: Workshop, series: Series) -> list[Found]:
    """Build the narration alone and each track, and compare them."""
    stem = "-".join([series.routine, *(word.strip("-") for word in series.settings)])
    options = ("--chime", "on", *series.settings)
    wav, raw, clean_raw = workshop.folder / f"{stem}.wav", f"{stem}.track", workshop.folder / f"{stem}.clean"
    workshop.build(series.routine, wav.name, *options, *CLEAN)
    clean = _sound_rows.left_of(wav, clean_raw)
    wav.unlink()
    several = []
    for column, bed in series.tracks:
        started = time.monotonic()
        path = workshop.folder / f"{stem}-{bed}.mp3"
        background = str(workshop.music) if bed == "music" else bed
        built = workshop.build(series.routine, path.name, *options, "--background", background, *TAIL)
        rows = workshop.verified(path.name)
        planned = _sound_rows.plan_in(path)
        loop = _sound_rows.breath_loop(planned, Cache(workshop.cache))
        track = _sound_rows.left_of(path, workshop.folder / raw)
        taken = _sound_rows.measured(_sound_rows.Take(planned, track, clean, loop))
        rows |= {row.id: {**row.as_dict(), "by": "sound.py"} for row in taken}
        path.unlink()
        several.append(Found(series.routine, column, built, rows))
        if workshop.keep is not None:
            with workshop.keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(several[-1])) + "\n")
        judged = sum(row["ok"] is not None for row in rows.values())
        failed = "".join(f"; FAILED {what}" for what in several[-1].failures)
        print(f"{stem} over {bed}: {judged} rows, {time.monotonic() - started:.0f} s{failed}", flush=True)
    for name in (clean_raw.name, raw):
        (workshop.folder / name).unlink()
    return several


# --- the shortest and the longest ------------------------------------------------------------------------


def at_lengths(workshop: Workshop, routines: list[str], pool: ProcessPoolExecutor, *, whole: bool) -> int:
    """Measure each routine at its shortest and longest length. Returns the number of failures."""
    lines = ["| routine | level | shortest | longest | rows measured | failed |", "|---|---|---|---|---|---|"]
    failures = []
    levels = [LEVELS if whole else (LEVELS[number % len(LEVELS)],) for number in range(len(routines))]
    for new_lines, new_failures in pool.map(partial(_at_its_ends, workshop), enumerate(routines), levels):
        lines += new_lines
        failures += new_failures
    intro = "Decoded and measured by `verify` against the plan, each over one of the seven beds in turn."
    _write(workshop.page, "lengths", [intro, "", *lines, "", *_listed(failures)])
    return len(failures)


def _at_its_ends(workshop: Workshop, numbered: tuple[int, str], levels: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of a routine in the table, and its failures."""
    number, routine = numbered
    bed = BEDS[number % (len(BEDS) - 1)]  # without music, the last one
    path = workshop.folder / f"{routine}.mp3"
    lines, failures = [], []
    for level in levels:
        plan = json.loads(workshop.run("plan", routine, "--level", level, "--json"))
        judged, failed, shown = 0, [], []
        for end_ms in plan["length_range_ms"]:
            length = f"{end_ms / 1000:.3f}s"
            options = ("--level", level, "--length", length, "--background", bed)
            built = workshop.build(routine, path.name, *options, *TAIL)
            rows = workshop.verified(path.name)
            path.unlink()
            exact = built["duration_ms"] == end_ms + 120_000
            failed += [] if exact else [f"length {length}"]
            failed += Found(routine, bed, built, rows).failures
            judged += sum(row["ok"] is not None for row in rows.values())
            shown.append(_clock(end_ms))
        failures += [f"{routine}, {level}: {what}" for what in failed]
        lines.append(f"| {routine} | {level} | {shown[0]} | {shown[1]} | {judged} | {len(failed)} |")
        print(lines[-1], flush=True)
    return lines, failures


# --- telling ---------------------------------------------------------------------------------------------


def _table(found: Sequence[Found], columns: Sequence[str]) -> list[str]:
    cells: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    titles: dict[str, Entry] = {}
    for each in found:
        for name, row in each.rows.items():
            cells[name][each.column].append(row)
            if name not in titles or not titles[name]["limit"]:
                titles[name] = row
    lines = ["| row | limit | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for name, row in sorted(titles.items(), key=lambda item: _order(item[1]["basis"])):
        shown = " | ".join(_cell(cells[name][column]) for column in columns)
        lines.append(f"| {row['what']} ({row['basis']}) | {_limits(cells[name].values())} | {shown} |")
    return lines


def _targets(found: Sequence[Found]) -> list[str]:
    """Each row of the targets, its tool, and the range of its figures over all tracks."""
    by_basis: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for each in found:
        for name, row in each.rows.items():
            by_basis[row["basis"].removeprefix("row ")][name].append(row)
    lines = ["| row | target | measured by | over all tracks |", "|---|---|---|---|"]
    for basis, target in TARGETS.items():
        rows = by_basis[basis]
        by = sorted({f"`{row['by']}`" for several in rows.values() for row in several}, reverse=True)
        figures = "; ".join(f"{several[0]['what']}: {_cell(several)}" for several in rows.values())
        lines.append(f"| {basis} | {target} | {', '.join(by)} | {figures} |")
    return lines


def _order(basis: str) -> int:
    number = basis.removeprefix("row ")
    return list(TARGETS).index(number) if number in TARGETS else len(TARGETS)


def _limits(columns: Iterable[list[Entry]]) -> str:
    limits = list(dict.fromkeys(row["limit"] for rows in columns for row in rows if row["ok"] is not None))
    return _range(limits) if len(limits) > 2 else " or ".join(limits)


def _cell(rows: Sequence[Entry]) -> str:
    shown = list(dict.fromkeys(row["measured"].rpartition(", ")[2] for row in rows if row["ok"] is not None))
    if not shown:
        return "–"
    text = _range(shown)
    return f"**{text}**" if any(map(_fails, rows)) else text


def _range(texts: Sequence[str]) -> str:
    """The range of texts that differ in their first number."""
    low, high = min(texts, key=_number), max(texts, key=_number)
    if low == high:
        return low
    (low_head, low_number, low_rest), (high_head, high_number, high_rest) = map(_split, (low, high))
    if (low_head, low_rest) == (high_head, high_rest):
        return f"{low_head}{low_number} to {high_number}{low_rest}"
    return f"{low} to {high}"


def _split(text: str) -> tuple[str, str, str]:
    number = re.search(r"[-−]?\d+(\.\d+)?", text)
    return (text[: number.start()], number[0], text[number.end() :]) if number else (text, "", "")


def _number(text: str) -> float:
    return float(_split(text)[1].replace("−", "-") or 0)


def _fails(row: Entry) -> bool:
    return row["ok"] is False


def _said(found: Iterable[Found]) -> list[str]:
    return _listed([f"{each.routine}, {each.column}: {what}" for each in found for what in each.failures])


def _listed(failures: list[str]) -> list[str]:
    return [f"- {failure}" for failure in failures] or ["All within limits."]


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _write(page_path: Path, section: str, lines: list[str]) -> None:
    """Put `lines` between the page's markers of `section`."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    page = page_path.read_text(encoding="utf-8") if page_path.exists() else "# How a track sounds\n"
    if begin not in page:
        page += f"\n{begin}\n{end}\n"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    page_path.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail, encoding="utf-8")


def _music(path: Path) -> None:
    """A minute and a half of slow stereo chords of varying loudness, as an example of a user's music."""
    at = np.arange(90 * RATE) / RATE
    chords = ((220, 277.2, 329.6), (196, 246.9, 293.7), (174.6, 220, 261.6), (196, 246.9, 329.6))
    sound = np.zeros((len(at), 2), np.float32)
    for number in range(15):
        since = at - number * 6
        swell = np.where((since >= 0) & (since < 9), np.sin(np.pi * np.clip(since / 9, 0, 1)) ** 2, 0)
        for place, hz in enumerate(chords[number % len(chords)]):
            wave = (swell * np.sin(2 * np.pi * hz * at)).astype(np.float32)
            sound[:, 0] += wave * (0.10, 0.07, 0.05)[place]
            sound[:, 1] += wave * (0.05, 0.07, 0.10)[place]
    args = ["-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "-", "-y", str(path)]
    ffmpeg.run(args, (0.5 * sound).astype("<f4").tobytes())


if __name__ == "__main__":
    main()
