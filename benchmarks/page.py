"""Measure the page of a large library in Chromium: how long it takes to show, to filter, and to open a track.

    python benchmarks/page.py [--tracks 2000] [--slow 1 4]

The worst case: no two tracks say the same, each has 180 sentences out of 900. `--slow 4` is a processor of a quarter of
the speed. Times are in ms, to the next painted picture.
"""

from __future__ import annotations

import argparse
import gzip
import random
import shutil
import statistics
import tempfile
from pathlib import Path

from generator.library.publishing.catalogue import Catalogue, CatalogueTrack
from generator.library.publishing.page import page
from generator.library.publishing.spoken import Spoken
from generator.model import Chapter, Sentence

RUNS = 3
_ROUTINES, _BACKGROUNDS = 8, ("rain", "brown", "ocean")
_SHOWN = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_FILTER = """async ([name, value]) => {
    const select = document.getElementById(name), begun = performance.now();
    select.value = value;
    select.dispatchEvent(new Event("change"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begun;
}"""
_OPEN = """async () => {
    const begun = performance.now();
    document.querySelector("#tracks button").click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begun;
}"""
_FILTERS = (("filter-background", "rain"), ("filter-routine", "Routine 3"), ("filter-background", "ocean"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the page of a large library in Chromium.")
    parser.add_argument("--tracks", type=int, default=2_000)
    parser.add_argument("--slow", type=int, nargs="+", default=[1, 4])
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    text = large_page(given.tracks)
    packed = gzip.compress(text.encode(), 6)
    print(f"{given.tracks} tracks: {len(text) / 1e6:.1f} MB, packed {len(packed) / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "index.html")
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for slow in given.slow:
            shown, filtered, opened = [], [], []
            for _ in range(RUNS):
                context = browser.new_context(viewport={"width": 360, "height": 640})
                tab = context.new_page()
                context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": slow})
                tab.goto(file.as_uri())
                tab.wait_for_timeout(500 * slow)
                shown.append(tab.evaluate(_SHOWN))
                filtered += [tab.evaluate(_FILTER, [*each]) for each in _FILTERS]
                opened.append(tab.evaluate(_OPEN))
                context.close()
            for what, times in (("shown", shown), ("filtered", filtered), ("opened", opened)):
                print(f"at 1/{slow} of the speed, {what}: median {statistics.median(times):.0f}, most {max(times):.0f}")


def large_page(count: int) -> str:
    """The page of `count` tracks, always the same."""
    chance = random.Random(1)
    sentences = [f"Let the breath go, as slowly as it likes, number {number}." for number in range(900)]
    chapters = tuple(Chapter(f"Figure Four, part {n}", n * 90_000, (n + 1) * 90_000) for n in range(22))
    tracks, spoken = [], []
    for number in range(1, count + 1):
        routine = f"Routine {number % _ROUTINES}"
        tracks.append(
            CatalogueTrack(
                file=f"routine-{number % _ROUTINES}/{number}.mp3",
                number=number,
                title=f"{routine} · night {number}",
                practice=routine,
                summary="",
                routine=routine,
                duration_ms=chance.randint(600, 4_000) * 1_000,
                bytes=1,
                mime_type="audio/mpeg",
                voice="",
                background=chance.choice(_BACKGROUNDS),
                night=number,
                guid="",
                cover="auto",
                sha256="",
            )
        )
        starts_ms = sorted(chance.sample(range(2_000_000), 180))
        said = (Sentence(start_ms, start_ms + 2_500, chance.choice(sentences)) for start_ms in starts_ms)
        spoken.append(Spoken(tuple(said), chapters))
    return page(Catalogue("A large library", "", tuple(tracks)), spoken, has_cover=True)


if __name__ == "__main__":
    main()
