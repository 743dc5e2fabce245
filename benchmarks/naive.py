"""A naive script as a user would write it: pyttsx3 for each sentence, pydub's + and overlay, export. For `speed.py`.

    python benchmarks/naive.py PLAN.json BED.wav OUT.mp3

PLAN.json is the output of `sleepward plan --json`. It gives the start of each sentence, so both make the same track.
Like such a script it has no trimming, levels, fades, tags, chapters or checks. Only faults that would stop it are
fixed: it uses the ffmpeg of the wheel. It speaks with the same voice, through the same driver.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(plan_path: str, bed_path: str, out_path: str) -> None:
    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    sentences = [event for event in plan["events"] if event["kind"] == "speech"]
    with tempfile.TemporaryDirectory() as folder:
        clips = speak([event["text"] for event in sentences], Path(folder))
        assemble(plan["duration_ms"], sentences, clips, bed_path, out_path)


def speak(texts: list[str], folder: Path) -> list[Path]:
    import pyttsx3

    from generator.voices import hibari_driver

    hibari_driver.register()
    engine = pyttsx3.init("hibari")
    clips = []
    for number, text in enumerate(texts):
        clips.append(folder / f"{number}.wav")
        engine.save_to_file(text, str(clips[-1]))
        engine.runAndWait()
    return clips


def assemble(duration_ms: int, sentences: list[dict[str, Any]], clips: list[Path], bed_path: str, out: str) -> None:
    from pydub import AudioSegment

    import generator.system.ffmpeg

    AudioSegment.converter = str(generator.system.ffmpeg.find())
    track = AudioSegment.silent(0, frame_rate=48_000)
    for event, path in zip(sentences, clips, strict=True):
        track += AudioSegment.silent(max(0, event["start_ms"] - len(track)), frame_rate=48_000)
        track += AudioSegment.from_wav(path)
    track += AudioSegment.silent(max(0, duration_ms - len(track)), frame_rate=48_000)
    bed = AudioSegment.from_wav(bed_path) - 15
    bed = (bed * (duration_ms // len(bed) + 1))[:duration_ms]
    bed.overlay(track).export(out, format="mp3", bitrate="128k")


if __name__ == "__main__":
    main(*sys.argv[1:])
