"""Builds real tracks, decodes them and measures every row of `sleepward verify`; writes the tables of docs/sound.md.

`python benchmarks/sound.py` takes the eight routines over the seven beds and a music file made here, and then each
routine at its shortest and longest length at each level: about 110 tracks, three quarters of an hour on two cores.
`--beds` and `--lengths` do one of the two, `--quick` two routines.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from generator import ffmpeg

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "sound.md"
SLEEPWARD = [sys.executable, "-c", "from generator.cli import main; main()"]
BEDS = ("brown", "pink", "rain", "ocean", "tide", "wind", "drone", "music")
LEVELS = ("easier", "standard", "deeper")
RATE = 44_100

Rows = dict[str, dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--beds", action="store_true", help="every routine over every background")
    parser.add_argument("--lengths", action="store_true", help="every routine, shortest and longest, at each level")
    parser.add_argument("--quick", action="store_true", help="two routines only")
    asked = parser.parse_args()
    both = asked.beds == asked.lengths
    with tempfile.TemporaryDirectory(prefix="sleepward-sound-") as folder:
        workshop = Workshop(Path(folder))
        routines = workshop.routines()[: 2 if asked.quick else None]
        failed = 0
        if both or asked.beds:
            failed += over_beds(workshop, routines)
        if both or asked.lengths:
            failed += at_lengths(workshop, routines)
    sys.exit(1 if failed else 0)


class Workshop:
    """A folder with a cache of its own, where the command is run as a user types it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._env = {**os.environ, "SLEEPWARD_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        self.music = _music(folder / "music.flac")

    def routines(self) -> list[str]:
        return [routine["name"] for routine in json.loads(self.run("list", "--json"))]

    def run(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            [*SLEEPWARD, *words], cwd=self.folder, env=self._env, capture_output=True, text=True, check=False
        )
        if done.returncode not in codes:
            sys.exit(f"sleepward {' '.join(words)}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def measured(self, routine: str, *settings: str) -> tuple[dict[str, Any], Rows]:
        """The track's facts as `build` gives them, and the rows that `verify` measures on the decoded file."""
        built = json.loads(self.run("build", routine, *settings, "--tail", "2m", "-o", "track.mp3", "--json"))
        report = json.loads(self.run("verify", "track.mp3", "--json", codes=(0, 1)))
        (self.folder / "track.mp3").unlink()
        return built, {row["id"]: row for row in report["rows"]}


def over_beds(workshop: Workshop, routines: list[str]) -> int:
    """Each row over each bed, the range over the routines; the number of failures."""
    found: dict[str, dict[str, list[tuple[str, dict[str, Any]]]]] = defaultdict(lambda: defaultdict(list))
    titles: dict[str, dict[str, Any]] = {}
    failures = []
    for routine in routines:
        for bed in BEDS:
            name = str(workshop.music) if bed == "music" else bed
            _, rows = workshop.measured(routine, "--background", name)
            failures += [
                f"{routine} over {bed}: {row['what']} {row['measured']}" for row in rows.values() if row["ok"] is False
            ]
            for row in rows.values():
                titles.setdefault(row["id"], row)
                found[row["id"]][bed].append((routine, row))
            print(f"{routine} over {bed}: {_verdict(rows)}", flush=True)
    lines = ["| row | limit | " + " | ".join(BEDS) + " |", "|---|---|" + "---|" * len(BEDS)]
    for row_id, row in titles.items():
        cells = [_cell([entry for _, entry in found[row_id][bed]]) for bed in BEDS]
        lines.append(f"| {row['what']} | {row['limit']} | " + " | ".join(cells) + " |")
    number = len(routines) * len(BEDS)
    intro = (
        f"{len(routines)} routines over each background: {number} tracks. Each cell holds the range over the routines."
    )
    _write("beds", [intro, "", *lines, "", *_said(failures)])
    return len(failures)


def at_lengths(workshop: Workshop, routines: list[str]) -> int:
    """Each routine at its shortest and longest feasible length at each level; the number of failures."""
    lines = ["| routine | level | shortest | longest | rows measured | failed |", "|---|---|---|---|---|---|"]
    failures = []
    beds = [bed for bed in BEDS if bed != "music"]
    for number, routine in enumerate(routines):
        for level in LEVELS:
            plan = json.loads(workshop.run("plan", routine, "--level", level, "--json"))
            judged, failed, shown = 0, [], []
            for end_ms in plan["length_range_ms"]:
                length = f"{end_ms / 1000:.3f}s"
                bed = beds[number % len(beds)]
                built, rows = workshop.measured(routine, "--level", level, "--length", length, "--background", bed)
                exact = built["duration_ms"] == end_ms + 120_000
                failed += [] if exact else [f"length {length}"]
                failed += [f"{row['what']} {row['measured']}" for row in rows.values() if row["ok"] is False]
                judged += sum(row["ok"] is not None for row in rows.values())
                shown.append(_clock(end_ms))
            failures += [f"{routine}, {level}: {what}" for what in failed]
            lines.append(f"| {routine} | {level} | {shown[0]} | {shown[1]} | {judged} | {len(failed)} |")
            print(lines[-1], flush=True)
    _write(
        "lengths",
        [
            "Decoded and measured against the plan, each over one of the seven beds in turn.",
            "",
            *lines,
            "",
            *_said(failures),
        ],
    )
    return len(failures)


# --- small things ----------------------------------------------------------------------------------------


def _music(path: Path) -> Path:
    """A minute and a half of slow chords, stereo, louder and softer, as somebody's own music might be."""
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
    return path


def _cell(rows: list[dict[str, Any]]) -> str:
    shown = list(dict.fromkeys(row["measured"] for row in rows if row["ok"] is not None))
    failed = any(row["ok"] is False for row in rows)
    if not shown:
        return "not measured"
    ends = shown[0] if len(shown) == 1 else f"{min(shown, key=_number)} to {max(shown, key=_number)}"
    return f"**{ends}**" if failed else ends


def _number(text: str) -> float:
    word = text.split(maxsplit=1)[0].replace("−", "-")
    try:
        return float(word)
    except ValueError:
        return 0.0


def _verdict(rows: Rows) -> str:
    failed = [row["what"] for row in rows.values() if row["ok"] is False]
    return f"{sum(row['ok'] is not None for row in rows.values())} rows" + (f", FAILED {failed}" if failed else "")


def _said(failures: list[str]) -> list[str]:
    return [f"- {failure}" for failure in failures] or ["All within limits."]


def _clock(ms: int) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _write(section: str, lines: list[str]) -> None:
    """Put `lines` between the page's markers of `section`."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# How a track sounds\n"
    if begin not in page:
        page += f"\n{begin}\n{end}\n"
    head, _, rest = page.partition(begin)
    _, _, tail = rest.partition(end)
    PAGE.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
