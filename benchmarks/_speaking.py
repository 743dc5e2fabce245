"""Speak sentences with the default voice, through our processes or with its package alone. For `speed.py`.

python benchmarks/_speaking.py ours|package SENTENCES.json
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path


def main(side: str, given: str) -> None:
    texts = json.loads(Path(given).read_text(encoding="utf-8"))
    {"ours": ours, "package": package}[side](texts)


def ours(texts: Sequence[str]) -> None:
    from generator.voices import open_voice

    for _ in open_voice(None).speak(texts, 2):
        pass


def package(texts: Sequence[str]) -> None:
    import hibari

    from generator.voices.hibari_driver import OWN_RATE_WPM, speed_at

    voice = hibari.Hibari()
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            voice.save(text, str(Path(folder, f"{number}.wav")), speed_at(OWN_RATE_WPM))


if __name__ == "__main__":
    main(*sys.argv[1:])
