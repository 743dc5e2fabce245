"""A naive script as a user would write it: pyttsx3 for each sentence, pydub's + and overlay, export. For `speed.py`.

    python benchmarks/naive.py PLAN.json BED.wav OUT.mp3

PLAN.json is the output of `sleepward plan --json`. It gives the start of each sentence, so both make the same track.
Like such a script it has no trimming, levels, fades, tags, chapters or checks. Only faults that would stop it are
fixed: it waits for each file, and uses espeak-ng and ffmpeg of the wheels.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DEADLINE_S = 20.0


def main(plan_path: str, bed_path: str, out_path: str) -> None:
    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    sentences = [event for event in plan["events"] if event["kind"] == "speech"]
    with tempfile.TemporaryDirectory() as folder:
        clips = speak([event["text"] for event in sentences], Path(folder))
        assemble(plan["duration_ms"], sentences, clips, bed_path, out_path)


def speak(texts: list[str], folder: Path) -> list[Path]:
    load_wheels()
    import pyttsx3

    engine = pyttsx3.init()
    engine.setProperty("voice", "gmw/en-us+klatt4")
    engine.setProperty("rate", 98)
    clips = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.wav"
        engine.save_to_file(text, str(path))
        engine.runAndWait()
        deadline = time.monotonic() + DEADLINE_S
        while not (path.exists() and path.stat().st_size > 44) and time.monotonic() < deadline:
            time.sleep(0.001)  # runAndWait may return before the file is there
        clips.append(path)
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


def load_wheels() -> None:
    try:
        import espeakng_loader
    except ImportError:  # then pyttsx3 uses the system's espeak-ng, or reports that there is none
        return
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
    os.environ["ESPEAK_DATA_PATH"] = str(espeakng_loader.get_data_path())


if __name__ == "__main__":
    main(*sys.argv[1:])
