"""Time the stages of one build in this process, and print a JSON object. For `speed.py`.

python benchmarks/_stages.py SECONDS-SINCE-THE-EPOCH-AT-ITS-START BUILD-ARGUMENT...
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from functools import wraps
from typing import Any

import psutil

Clock = dict[str, float]
"""Seconds: `wall`, `own` CPU of this process (all threads), `children`'s CPU."""

stages: dict[str, Clock] = {}
within: dict[str, float] = defaultdict(float)  # CPU seconds of functions that several threads call inside a stage
shares: dict[str, float] = {}
_adding = threading.Lock()


def main(arguments: list[str]) -> None:
    from generator import beds
    from generator.build import fitting, pipeline, several
    from generator.cli.commands import group
    from generator.formats import CONTAINERS, mp3_frames
    from generator.mix import mixing
    from generator.voices import narration

    _stage(several, "load_source", "read the routine, write its script")
    _stage(several, "read_spec", "read the script, settle settings, find the voice")
    _stage(fitting, "narrate", "narration")
    _inside(narration, "master_wave", "voice chain")
    _stage(pipeline, "lay_out", "timeline")
    _stage(beds, "load_bed", "bed")
    _stage(mp3_frames, "encode_loop", "the bed's encoded loop")
    _inside(mixing.Mix, "open", "mixing the bed's loop")
    _look_at_spans(mp3_frames)
    _stage(mp3_frames, "encode_mp3", "mix, encode, write")
    _inside(mixing.Mix, "render", "mixing")
    _stage(CONTAINERS["mp3"], "check", "check the finished file")
    started, *arguments = arguments
    start_s = time.time() - float(started)
    before = _now()
    with redirect_stdout(sys.stderr):  # stdout is for the JSON
        group.main(["build", *arguments], standalone_mode=False)
    whole = _since(before)
    rest = {each: whole[each] - sum(stage[each] for stage in stages.values()) for each in whole}
    start = {"wall": start_s, "own": before["own"], "children": 0.0}
    everything = {
        "start and imports": start,
        **stages,
        "the rest: imports, tags, keys": rest,
    }
    json.dump({"stages": everything, "within": within, "shares": shares}, sys.stdout)


def _stage(module: Any, name: str, stage: str) -> None:
    """Time the function `name` of `module`, which only one thread calls at a time."""
    function = getattr(module, name)

    @wraps(function)
    def clocked(*args: Any, **named: Any) -> Any:
        before = _now()
        try:
            return function(*args, **named)
        finally:
            took = _since(before)
            known = stages.setdefault(stage, dict.fromkeys(took, 0.0))
            stages[stage] = {each: known[each] + took[each] for each in took}

    setattr(module, name, clocked)


def _inside(place: Any, name: str, what: str) -> None:
    """Add up the function's CPU time in all threads."""
    function: Callable[..., Any] = getattr(place, name)

    @wraps(function)
    def clocked(*args: Any, **named: Any) -> Any:
        before = time.thread_time()
        try:
            return function(*args, **named)
        finally:
            with _adding:
                within[what] += time.thread_time() - before

    setattr(place, name, clocked)


def _look_at_spans(mp3_frames: Any) -> None:
    """The voiced and the encoded share of the track, with margins, lead-ins and short open spans."""
    from generator.formats.mp3_frames.plan import plan_batches, plan_ranges

    function = mp3_frames.encode_mp3

    def looking(sink: Any, sound: Any, loop: Any, *rest: Any) -> None:
        model = None if loop is None else mp3_frames.threshold_model(loop, sound.bitrate_kbps)
        ranges = plan_ranges(sound.spans, sound.total_samples, model, sound.sounding_ms)
        fed = sum(run.fed for batch in plan_batches(ranges, model) for run in batch)
        voiced_ms = sum(span.end_ms - span.start_ms for span in sound.spans if span.kind == "voiced")
        shares["voiced"] = voiced_ms / sound.spans[-1].end_ms
        shares["encoded"] = fed / sum(part.frames for part in ranges)
        function(sink, sound, loop, *rest)

    mp3_frames.encode_mp3 = looking


def _now() -> Clock:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    children_s = ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children(recursive=True):  # a voice's server goes on
        with suppress(psutil.Error):
            used = child.cpu_times()
            children_s += used.user + used.system + used.children_user + used.children_system
    return {"wall": time.perf_counter(), "own": time.process_time(), "children": children_s}


def _since(before: Clock) -> Clock:
    now = _now()
    return {each: now[each] - before[each] for each in now}


if __name__ == "__main__":
    main(sys.argv[1:])
