"""Draw docs/sample.mp3 as a spectrogram below that of the light voice: docs/images/sample-spectrogram.png.

    python benchmarks/spectrogram.py

Time goes to the right, 0 to 8 kHz upwards; brighter is louder, from -100 to -30 dB of full scale.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from _trial_folder import SLEEPWARD
from PIL import Image, ImageDraw
from scipy import signal

from generator.system import ffmpeg

DOCS = Path(__file__).resolve().parents[1] / "docs"
PICTURE = DOCS / "images" / "sample-spectrogram.png"
RATE_HZ = 16_000
SIZE = (1_000, 220)  # of each voice
DARKEST_DB, BRIGHTEST_DB = -100.0, -30.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        light = Path(folder) / "light.mp3"
        words = ["build", DOCS / "sample.txt", "--voice", "en-us+klatt4", "-o", light]
        subprocess.run([SLEEPWARD, *map(str, words)], check=True)
        drawn = [(name, drawing(path)) for name, path in (("en-us+klatt4", light), ("heart", DOCS / "sample.mp3"))]
    width, height = SIZE
    picture = Image.new("L", (width, len(drawn) * height), 0)
    pen = ImageDraw.Draw(picture)
    for number, (name, image) in enumerate(drawn):
        picture.paste(image, (0, number * height))
        pen.text((8, number * height + 6), f"{name}, 0 to 8 kHz", fill=255)
    picture.save(PICTURE, optimize=True)


def drawing(track: Path) -> Image.Image:
    """The spectrogram of a track in grey, as wide as its time."""
    args = ["-i", track, "-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", "-"]
    samples = np.frombuffer(ffmpeg.run([str(word) for word in args], b""), "<f4")
    _, _, power = signal.spectrogram(samples, RATE_HZ, nperseg=512, noverlap=256, scaling="spectrum")
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    grey = np.clip((level_db - DARKEST_DB) / (BRIGHTEST_DB - DARKEST_DB), 0, 1) * 255
    return Image.fromarray(grey[::-1].astype(np.uint8)).resize(SIZE, Image.Resampling.BOX)


if __name__ == "__main__":
    main()
