"""What a listener hears of each routine: how much is said, what it speaks of, how long it is silent. Prints a table.

    python benchmarks/words.py [--style gentle] [--night 0] [--length 45m]

Sentences take as long as the default voice needs for them, 100.6 ms a character. Sensation lines are those that speak
of the breath or of what is felt; announcements say that silence comes. The scan is the way through the body before the
last hold, thanks included. The longest silence is between two sentences before the last hold.
"""

from __future__ import annotations

import argparse
import re
from itertools import pairwise
from pathlib import Path

from generator.durations import parse_duration
from generator.lint.shape import ANNOUNCES
from generator.model import Timeline
from generator.script import parse
from generator.timeline.layout import lay_out
from generator.timeline.timing import Timing, spoken_texts
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_script

ROUTINES = sorted(Path("routines").glob("*.yaml"))
LETTER_MS = 100.6  # of the default voice, over 240 sentences
SENSATION = re.compile(
    r"\b(?:feel|felt|notice|sense|breath\w*|exhale|inhale|soft\w*|heavy|heavier|warm\w*|sinks?|loos\w+|unclench|smooth\w*|"
    r"weight|ease|widen\w*)\b",
    re.IGNORECASE,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--style", default="gentle")
    parser.add_argument("--night", default="0")
    parser.add_argument("--length", type=parse_duration)
    given = parser.parse_args()
    print("| routine | guided | words a minute | voiced | announcements | sensation lines | longest silence | scan |")
    print("|---|---|---|---|---|---|---|---|")
    for path in ROUTINES:
        print(row(path, given.style, given.night, given.length))


def row(path: Path, style: str, night: str, length_ms: int | None) -> str:
    """The figures of one routine."""
    workspace = Workspace.here()
    text = routine_script(workspace.read_routine(path), {"style": style, "night": night}, workspace)
    script = parse(text, path.stem)
    timing = Timing(length_ms=length_ms, pace=float(script.settings.get("pace", "1")))
    clips = {text: round(len(text) * LETTER_MS) for text in spoken_texts(script, timing)}
    timeline = lay_out(script, clips, timing)
    speech = [event for event in timeline.events if event.kind == "speech"]
    words = sum(len(event.text.split()) for event in speech)
    voiced_ms = sum(event.end_ms - event.start_ms for event in speech)
    last = max(event.start_ms for event in timeline.events if event.kind == "hold")
    before = [event for event in speech if event.start_ms < last]
    quiet_ms = max(after.start_ms - one.end_ms for one, after in pairwise(before))
    figures = (
        f"{timeline.guided_ms / 60_000:.1f} min",
        f"{words / timeline.guided_ms * 60_000:.0f}",
        f"{voiced_ms / timeline.guided_ms:.0%}",
        f"{sum(bool(ANNOUNCES.search(event.text)) for event in speech)}",
        f"{sum(bool(SENSATION.search(event.text)) for event in speech)} of {len(speech)}",
        f"{quiet_ms / 1000:.0f} s",
        f"{scan_ms(timeline, last) / 1000:.0f} s",
    )
    return f"| {path.stem} | {' | '.join(figures)} |"


def scan_ms(timeline: Timeline, last_ms: int) -> int:
    """From the last mention of the feet before the leave to drift off, to the last hold."""
    before = [event for event in timeline.events if event.kind == "speech" and event.start_ms < last_ms]
    drift = next((at for at, event in enumerate(before) if re.search(r"\bdrift off\b", event.text, re.IGNORECASE)), 0)
    feet = [event for event in before[:drift] if re.search(r"\bfeet\b", event.text)]
    return last_ms - feet[-1].start_ms if feet else 0


if __name__ == "__main__":
    main()
