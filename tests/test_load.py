"""A small sample of what `python benchmarks/load.py` does for long: clips let go, a crowd at the server and the studio."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import weakref
from pathlib import Path

import psutil
import pytest
from _crowd import Crowd, enter, follow, order, write_studio
from load import held, settled, studio_rows

from generator.server import serve
from generator.storage.cache import Cache
from generator.voices import open_voice
from generator.voices.narration import SpokenLine, narrate
from tests.test_publishing import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows counts no descriptors")


def test_the_clips_of_a_narration_go_with_it(tmp_path: Path) -> None:
    """A cycle would keep them until it is looked for, which is seldom: clips are few objects, and large."""
    text = "Let the jaw be loose."
    narration = narrate([SpokenLine(text, text, open_voice("tone"))], Cache(tmp_path), jobs=1)
    clip = weakref.ref(narration.clip(text))
    assert clip() is narration.clip(text)
    gc.disable()
    try:
        del narration
        assert clip() is None
    finally:
        gc.enable()


def test_many_readers_get_their_bytes_beside_slow_clients_and_unfinished_requests(tmp_path: Path) -> None:
    library, chance, tracks = Library(tmp_path / "nights"), random.Random(1), {}
    for night in range(6):
        name = f"psoas-release/{night}.mp3"
        library.add(name)
        tracks[name] = (library.root / name).read_bytes() + chance.randbytes(600_000)
        (library.root / name).write_bytes(tracks[name])
    library.publish()
    with serve(library.root, port=0) as served:
        guest = enter(served.address)
        crowd = Crowd(guest, tracks, readers=20, slow=5, unfinished=6, seed=1)
        before = held(psutil.Process())
        tally = asyncio.run(crowd.visit(2.0))
        assert settled(psutil.Process(), before).descriptors <= before.descriptors
    assert (tally.wrong, tally.errors, tally.slow) == ([], [], crowd.slow)
    assert len(tally.answers_s) > crowd.readers
    assert max(tally.pages_s) < 5


@pytest.mark.slow
def test_tracks_sent_at_once_are_all_made_but_those_that_are_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("SLEEPWARD_BACKGROUND", "none")
    write_studio(tmp_path)
    with serve(tmp_path / "made", port=0, studio=True) as served:
        guest = enter(served.address)
        lengths = order(guest, range(180, 186))
        jobs, cancelled = follow(guest, lengths, cancels=True)
    assert [str(row) for row in studio_rows(tmp_path / "made", lengths, jobs, cancelled) if row.met is False] == []
    assert "cancelled" in {jobs[number]["state"] for number in cancelled}
    assert [*scratch.iterdir()] == []
