"""The sections about whole tracks: the floor, a long tail, the naive script, memory, formats, several tracks."""

from __future__ import annotations

import json
import os
import re
import statistics
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from _measure import Run, Runs, in_turn
from _report import Figure, Section, at_least, at_most, row

from generator.formats import CONTAINERS, container_of
from generator.formats.streamed import StreamedContainer

if TYPE_CHECKING:
    from _workbench import Workbench

MOST_MB = 450  # of all processes together
NAIVE_2H_MB = 8_000  # the naive script needs so much free memory for two hours
TAIL_PIECE_MIN = 30  # the part of the tail that is encoded for its floor, and scaled: every minute takes the same time


# --- against ffmpeg alone ------------------------------------------------------------------------------


def against_the_floor(bench: Workbench) -> Section:
    """A build of half an hour with four states of the cache, and ffmpeg alone."""
    full = bench.filled(*bench.routine)
    pcm = bench.pcm("track.mp3", "track.wav")
    changed = bench.folder / "changed.txt"
    changed.write_text(_with_one_change(bench.sleepward("script", *bench.routine, cache=full).stdout), encoding="utf-8")

    def warm(*, watch: bool = False) -> Run:
        return bench.build(*bench.routine, cache=bench.warm_bed(), watch=watch)

    def cold(*, watch: bool = False) -> Run:
        return bench.build(*bench.routine, cache=bench.cold(), watch=watch)

    def one_sentence(*, watch: bool = False) -> Run:
        return bench.build(changed, cache=bench.like(full), watch=watch)

    def unchanged(*, watch: bool = False) -> Run:
        return bench.sleepward("build", *bench.routine, "-o", "unchanged.mp3", cache=full, watch=watch)

    sides = {"warm": warm, "cold": cold, "changed": one_sentence}
    mb = {name: side(watch=True).peak_mb for name, side in sides.items()}  # warms up, too
    bench.floor(pcm)
    timed = in_turn({"floor": lambda: bench.floor(pcm), **sides}, bench.runs)
    bench.build(*bench.routine, out="unchanged.mp3", cache=full)
    mb["unchanged"] = unchanged(watch=True).peak_mb
    again = in_turn({"unchanged": unchanged}, bench.runs)["unchanged"]

    floor = timed["floor"]
    ratios = {name: timed[name].ratio(floor) for name in sides}
    rows = [
        row("the floor: ffmpeg alone", floor),
        row("bed warm, narration cold", timed["warm"], at_most(ratios["warm"], 0.60), mb["warm"]),
        row("… what we are after", None, Figure(f"{ratios['warm']:.2f}", "< 0.50", ratios["warm"] < 0.50)),
        row("everything cold", timed["cold"], at_most(ratios["cold"], 0.75), mb["cold"]),
        row("one sentence changed", timed["changed"], at_most(ratios["changed"], 0.45), mb["changed"]),
        row("unchanged", again, at_most(again.wall_s, 1, " s"), mb["unchanged"]),
    ]
    notes = [f"{bench.routine_words}. Ratios are to the floor. {_voiced(bench, full)}"]
    return Section("floor", "Against the floor", rows, notes=notes)


def _with_one_change(script: str) -> str:
    """`script` with one changed sentence in its middle."""
    spoken = list(re.finditer(r"^[A-Z][^\n\[{:]*\w\.", script, re.MULTILINE))
    middle = spoken[len(spoken) // 2]
    return f"{script[: middle.end() - 1]}, once more{script[middle.end() - 1 :]}"


def _voiced(bench: Workbench, full: Path) -> str:
    clocked = bench.staged(*bench.routine, "-o", "shares.mp3", cache=bench.like(full))
    shares = {**clocked["shares"], "spoken": _spoken_share(bench, full)}
    cores = os.cpu_count() or 1
    return (
        f"Of the track {shares['spoken']:.0%} is speech and {shares['voiced']:.0%} voiced (speech with the bed's duck"
        f" around it); {shares['encoded']:.0%} as many frames as it has are encoded, lead-ins included: with"
        f" {cores} cores busy all the time that alone is {shares['encoded'] / cores:.2f} of the floor, and speaking,"
        " the voice chain, mixing and start-up come on top."
    )


def _spoken_share(bench: Workbench, cache: Path) -> float:
    plan = bench.plan(*bench.routine, cache=cache)
    spoken_ms = sum(event["end_ms"] - event["start_ms"] for event in plan["events"] if event["kind"] == "speech")
    return float(spoken_ms / plan["duration_ms"])


def tail(bench: Workbench) -> Section:
    """Eight hours of bed after the guidance."""
    hours = 1 if bench.quick else 8
    long = [*bench.routine[:-1], f"{hours}h"]
    full = bench.filled(*bench.routine)
    short_pcm = bench.pcm("track.mp3", "track.wav")
    bench.build(*long, out="long.mp3", cache=full)
    piece_min = 5 if bench.quick else TAIL_PIECE_MIN
    piece = bench.pcm("long.mp3", "piece.wav", "-ss", "35:00", "-t", f"{piece_min}:00")
    times = hours * 60 / piece_min
    sides = {
        "short": lambda: bench.build(*bench.routine, cache=bench.warm_bed()),
        "long": lambda: bench.build(*long, out="long.mp3", cache=bench.warm_bed()),
        "short, spoken": lambda: bench.build(*bench.routine, cache=bench.like(full)),
        "long, spoken": lambda: bench.build(*long, out="long.mp3", cache=bench.like(full)),
        "short floor": lambda: bench.floor(short_pcm),
        "piece floor": lambda: bench.floor(piece),
    }
    mb = bench.build(*long, out="long.mp3", cache=bench.warm_bed(), watch=True).peak_mb
    timed = in_turn(sides, bench.few_runs)
    floors_s = [
        a.wall_s + times * b.wall_s for a, b in zip(timed["short floor"].each, timed["piece floor"].each, strict=True)
    ]
    floor = Runs(tuple(Run(wall_s, 0, None, "") for wall_s in floors_s))
    rows = [
        row("without it (10 s)", timed["short"]),
        row(f"tail of {hours} h", timed["long"], at_most(timed["long"].ratio(timed["short"]), 1.5), mb),
        row("without it, narration warm too", timed["short, spoken"]),
        row(
            f"tail of {hours} h, narration warm too",
            timed["long, spoken"],
            at_most(timed["long, spoken"].ratio(timed["short, spoken"]), 1.5),
        ),
        row(f"the floor of {piece_min} min of tail", timed["piece floor"]),
        row(f"tail of {hours} h, to its floor", None, at_most(timed["long"].ratio(floor), 0.08)),
    ]
    note = (
        f"{bench.routine_words}. The floor of the {hours} h is that of the track without them, plus {times:g} times"
        " that of a piece of the tail: bed alone takes the same time for every minute."
    )
    return Section("tail", f"A tail of {hours} hours", rows, notes=[note])


def formats(bench: Workbench) -> Section:
    """Builds of the streamed formats without narration, and the same ffmpeg alone."""
    full = bench.filled(*bench.routine)
    pcm = bench.pcm("track.mp3", "track.wav")
    rows, notes = [], []
    for kind in ("m4b", "opus", "flac"):
        container = CONTAINERS[kind]
        assert isinstance(container, StreamedContainer)
        name = f"track.{kind}"
        mb = bench.build(*bench.routine, out=name, cache=full, watch=True).peak_mb
        if (made := container_of(bench.folder / name)) is not container:
            notes.append(f"{name} isn't one, but {made and made.name}.")
            continue
        codec = [*container.codec, *(["-b:a", "128k"] if not container.lossless else []), "-f", container.muxer]
        timed = in_turn(
            {
                "alone": partial(bench.floor, pcm, codec, kind, threads=None),
                "ours": partial(bench.build, *bench.routine, out=name, cache=full),
            },
            bench.few_runs,
        )
        rows.append(row(f"{kind}: ffmpeg alone", timed["alone"]))
        rows.append(row(f"{kind}: build", timed["ours"], at_most(timed["ours"].ratio(timed["alone"]), 1.15), mb))
    notes.append(f"{bench.routine_words}; bed and narration warm, since the target is beside the narration.")
    return Section("formats", "Other formats", rows, notes=notes)


# --- against the naive script --------------------------------------------------------------------------


def naive(bench: Workbench) -> Section:
    """The script that a user would write, at half an hour and at two hours."""
    rain = bench.rain
    rows = []
    notes = [
        f"The same timeline for both, from {bench.routine[0]} over rain; ours with a warm bed and cold narration.",
        "Both speak, and encode what is spoken: only the bed around it is spared.",
    ]
    lengths = [("10 min" if bench.quick else "30 min", bench.routine, 4)]
    if not bench.quick:
        two_hours = [*bench.routine[:3], "--length", "90m", "--tail", "30m"]
        lengths.append(("2 h", two_hours, 15))
    for words, track, times in lengths:
        free_mb = psutil.virtual_memory().available / 1e6
        if words == "2 h" and free_mb < NAIVE_2H_MB:
            notes.append(f"2 h: not run, as only {free_mb:.0f} MB are free.")
            continue
        plan = bench.folder / "plan.json"
        plan.write_text(json.dumps(bench.plan(*track, cache=bench.warm_bed())), encoding="utf-8")
        ours, theirs = _beside_naive(bench, track, plan, rain)
        mine_mb = bench.build(*track, cache=bench.warm_bed(), watch=True).peak_mb
        rows.append(row(f"naive, {words}", theirs, mb=theirs.each[0].peak_mb))
        rows.append(row(f"sleepward, {words}", ours, at_least(1 / ours.ratio(theirs), times, " times"), mine_mb))
        cores = os.cpu_count() or 1
        most = theirs.wall_s / (ours.cpu_s / cores)
        notes.append(f"{words}: with {cores} cores busy all the time, ours would be {most:.1f} times as fast.")
    return Section("naive", "Against the script a user would write", rows, notes=notes)


def _beside_naive(bench: Workbench, track: list[str], plan: Path, rain: Path) -> tuple[Runs, Runs]:
    out = bench.folder / "naive.mp3"
    timed = in_turn(
        {
            "ours": lambda: bench.build(*track, cache=bench.warm_bed()),
            # it runs too long for an extra run; sampling takes at most a twentieth of a core
            "naive": lambda: bench.python("naive.py", plan, rain, out, cache=bench.folder, watch=True),
        },
        bench.few_runs,
    )
    return timed["ours"], timed["naive"]


def speaking(bench: Workbench) -> Section:
    """The default voice through our processes, and its package alone, in one process and thread."""
    events = bench.plan(*bench.routine, cache=bench.warm_bed())["events"]
    sentences = {event["text"] for event in events if event["kind"] == "speech"}
    given = bench.folder / "sentences.json"
    given.write_text(json.dumps(sorted(sentences)), encoding="utf-8")
    sides = {
        side: partial(bench.python, "_speaking.py", side, given, cache=bench.folder) for side in ("package", "ours")
    }
    in_turn(sides, 1)
    timed = in_turn(sides, bench.runs)
    times = statistics.median(
        ours.cpu_s / package.cpu_s for ours, package in zip(timed["ours"].each, timed["package"].each, strict=True)
    )
    rows = [
        row("its package alone", timed["package"]),
        row("ours", timed["ours"], at_most(times, 1.15, " of its CPU s")),
    ]
    note = (
        f"The {len(sentences)} sentences of the first track, at the default rate, to WAV files, start and loading"
        " included. Ours takes two processes beside the one that asks, and says short sentences after others."
    )
    return Section("speaking", "Speaking", rows, notes=[note])


# --- memory, several tracks, start-up ------------------------------------------------------------------


def memory(bench: Workbench) -> Section:
    """Peak memory from ten minutes to a day."""
    lengths = {
        "10 min": ["ten-minutes-in-bed", "--background", "rain", "--length", "10m", "--tail", "10s"],
        "30 min": bench.routine,
        "2 h": [*bench.routine[:-1], "90m"],
        "8 h": [*bench.routine[:-1], "450m"],
        "24 h": [*bench.routine[:-1], "1410m"],
    }
    rows = []
    for words in ["10 min", "2 h"] if bench.quick else lengths:
        done = bench.build(*lengths[words], cache=bench.cold(), watch=True)
        assert done.peak_mb is not None
        rows.append(row(words, Runs((done,)), at_most(done.peak_mb, MOST_MB, " MB"), done.peak_mb))
        (bench.folder / "track.mp3").unlink()
    note = "One run each, everything cold, so that making the bed counts. Up to 30 min it is guidance, then tail."
    return Section("memory", "Memory, by length", rows, notes=[note])


def several(bench: Workbench) -> Section:
    """Two routines in one command, and one after the other."""
    flags = bench.routine[1:]
    both = ["ten-minutes-in-bed", "neck-and-shoulders"] if bench.quick else ["deep-hip-opening", "lower-back-relief"]
    if bench.quick:
        flags = ["--background", "rain", "--tail", "10s"]

    def together(*, watch: bool = False) -> Run:
        cache = bench.warm_bed()
        for name in both:
            (bench.folder / "both" / f"{name}.mp3").unlink(missing_ok=True)
        return bench.sleepward("build", *both, *flags, "-o", "both/", cache=cache, watch=watch)

    def one_by_one() -> Run:
        cache = bench.warm_bed()
        each = [bench.build(name, *flags, cache=cache) for name in both]
        return Run(sum(run.wall_s for run in each), sum(run.cpu_s for run in each), None, "")

    (bench.folder / "both").mkdir(exist_ok=True)
    mb = together(watch=True).peak_mb
    timed = in_turn({"one": one_by_one, "both": together}, bench.few_runs)
    cores = os.cpu_count() or 1
    busy = {name: runs.cpu_s / runs.wall_s / cores for name, runs in timed.items()}
    rows = [
        row("one after the other", timed["one"], Figure(f"{busy['one']:.0%} of {cores} cores")),
        row("in one command", timed["both"], at_most(timed["both"].ratio(timed["one"]), 0.65), mb),
        row("", None, Figure(f"{busy['both']:.0%} of {cores} cores")),
    ]
    note = (
        f"`{both[0]}` and `{both[1]}`, {' '.join(flags)}; bed warm, narration cold. Cores that one build keeps busy"
        f" can't be gained again: with all of them busy all the time, the ratio would be {busy['one']:.2f}."
    )
    return Section("several", "Two tracks", rows, notes=[note])


def start_up(bench: Workbench) -> Section:
    """Commands that must answer at once."""
    cache = bench.cold()
    targets = {"--help": 0.25, "list": 0.4}
    sides = {name: lambda name=name: bench.sleepward(name, cache=cache) for name in targets}
    in_turn(sides, 1)
    timed = in_turn(sides, 3 if bench.quick else 15)
    rows = [
        row(f"`sleepward {name}`", timed[name], at_most(timed[name].wall_s, most, " s"))
        for name, most in targets.items()
    ]
    return Section("start-up", "Start-up", rows)
