"""A program as anybody may have one that speaks: a text file in, a WAV out, one hum a word. Without any package.

    python speak.py TEXT_FILE WAV [--rate WPM] [--pitch 0-99] [--way WAY]

WAY makes it go wrong: hang, crash, killed, mute, nothing, noise (no sound file), full (no room on the disk).
"""

from __future__ import annotations

import argparse
import errno
import math
import os
import re
import signal
import subprocess
import sys
import time
import wave
import zlib
from array import array
from pathlib import Path

RATE_HZ = 8_000
QUIET = array("h", bytes(2 * RATE_HZ // 4))


def hum(word: str, samples: int, pitch: int) -> array[int]:
    hz = 220 * 2 ** ((pitch - 50) / 50) * (0.95 + 0.1 * (zlib.crc32(word.casefold().encode()) % 97) / 96)
    turn, rise = 2 * math.pi * hz / RATE_HZ, math.pi / samples
    return array("h", (int(9_000 * math.sin(rise * at) ** 2 * math.sin(turn * at)) for at in range(samples)))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("text_file")
    parser.add_argument("wav")
    parser.add_argument("--rate", type=int, default=120)
    parser.add_argument("--pitch", type=int, default=50)
    parser.add_argument("--way", default="")
    asked = parser.parse_args()
    text = sys.stdin.read() if asked.text_file == "-" else Path(asked.text_file).read_text(encoding="utf-8")
    if asked.way == "hang":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # with a child of its own
        time.sleep(600)
    if asked.way == "crash":
        print("loading the model\nthe model is broken", file=sys.stderr)
        return 3
    if asked.way == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if asked.way == "nothing":
        return 0
    if asked.way == "noise":
        Path(asked.wav).write_text("this is no sound")
        return 0
    if asked.way == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), asked.wav)
    words = [] if asked.way == "mute" else re.findall(r"\w+(?:['’]\w+)*", text)
    with wave.open(asked.wav, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(QUIET)
        for word in words:
            file.writeframes(hum(word, 60 * RATE_HZ // asked.rate, asked.pitch))
        file.writeframes(QUIET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
