"""Piper and Kokoro with the user's own models, loaded by their real libraries from tiny files made here."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from generator.errors import MissingToolError, SettingError, TrackError
from generator.model import Recording
from generator.voices import Voice, open_other_voice
from tests.conftest import Command
from tests.engines import installed, own_voice
from tests.models import tiny_kokoro, tiny_piper

TEXT = "Let the jaw be loose."
PIPER = 'engine = "piper"\nmodel = "voice.onnx"\n'
KOKORO = 'engine = "kokoro"\nmodel = "kokoro.onnx"\nvoices = "voices.bin"\nvoice = "af_one"\n'
TABLES = [
    pytest.param(
        table, marks=pytest.mark.skipif(not installed(name), reason=f"the extra {name} isn't installed"), id=name
    )
    for name, table in (("piper", PIPER), ("kokoro", KOKORO))
]


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    tiny_piper(tmp_path)
    tiny_kokoro(tmp_path)
    found: str = request.param
    return found


def opened(folder: Path, table: str) -> Voice:
    return open_other_voice(own_voice(folder, table), None)


def said(voice: Voice, *texts: str, jobs: int = 2) -> dict[str, Recording]:
    return dict(voice.speak(texts or (TEXT,), jobs))


def model_processes() -> list[psutil.Process]:
    """Those of this engine; others may wait for the next track."""
    return [child for child in psutil.Process().children() if any("_model_server" in word for word in words_of(child))]


def words_of(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


def test_without_its_package_the_error_says_what_to_install(
    tmp_path: Path, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.voices._models.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="isn't installed") as caught:
        opened(tmp_path, table)
    assert "pip install 'sleepward[" in str(caught.value)


@pytest.mark.slow
def test_a_track_is_built_with_a_model(sleepward: Command, tmp_path: Path, table: str) -> None:
    (tmp_path / "s.txt").write_text(f"{TEXT} [1s]\nRest now.\n")
    (tmp_path / "sleepward.toml").write_text(f"[voices.mine]\n{table}rate = 150\n")
    built = sleepward.json("build", "s.txt", "--voice", "mine", "--tail", "10s", "--background", "none")
    assert "within limits" in sleepward("verify", built["path"]).stdout
    sleepward("build", "s.txt", "--voice", "mine", "--tail", "10s", "--background", "none", "--no-cache", "-o", "b.mp3")
    assert (tmp_path / "b.mp3").read_bytes() == (tmp_path / built["path"]).read_bytes()


def test_another_model_or_voice_is_another_identity_wherever_it_lies(tmp_path: Path, table: str) -> None:
    first = opened(tmp_path, table).identity
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in tmp_path.glob("*.*"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert opened(elsewhere, table).identity == first
    model = elsewhere / table.split('model = "')[1].partition('"')[0]
    model.write_bytes(model.read_bytes() + b"\0")
    assert opened(elsewhere, table).identity != first


def test_a_voice_of_the_model_is_chosen_by_name(tmp_path: Path, table: str) -> None:
    other = table.replace("af_one", "bm_two") if "kokoro" in table else table + 'voice = "low"\n'
    one, two = said(opened(tmp_path, table))[TEXT], said(opened(tmp_path, other))[TEXT]
    assert not np.array_equal(one.samples, two.samples)
    wrong = table.replace("af_one", "af_onne") if "kokoro" in table else table + 'voice = "lowe"\n'
    with pytest.raises(SettingError, match=r"did you mean (af_one|low)") as caught:
        opened(tmp_path, wrong)
    assert "sleepward.toml:" in str(caught.value)


@pytest.mark.parametrize("missing", ["voice.onnx", "voice.onnx.json", "kokoro.onnx", "voices.bin"])
def test_a_missing_file_is_told_at_its_line(tmp_path: Path, table: str, missing: str) -> None:
    if missing.startswith("voice.") == ("kokoro" in table):
        return
    (tmp_path / missing).unlink()
    with pytest.raises(SettingError, match=missing) as caught:
        opened(tmp_path, table)
    assert "sleepward.toml:" in str(caught.value)


def test_a_file_that_is_no_model_is_told(tmp_path: Path, table: str) -> None:
    for name in ("voice.onnx", "kokoro.onnx"):
        (tmp_path / name).write_text("no model")
    with pytest.raises(MissingToolError, match="can't be loaded") as caught:
        said(opened(tmp_path, table))
    assert caught.value.exit_code == 3
    assert model_processes() == []


def test_a_rate_out_of_its_models_reach_is_an_error(tmp_path: Path, table: str) -> None:
    slowest = "119" if "kokoro" in table else "100"
    slow = table if "kokoro" in table else table + "natural_rate = 400\n"
    with pytest.raises(SettingError, match=f"{slowest} to"):
        opened(tmp_path, slow + "rate = 80\n")


def test_inline_phonemes_are_spoken_as_written(tmp_path: Path, table: str) -> None:
    """Piper would take what stands between double brackets for phonemes."""
    inline, plain = said(opened(tmp_path, table), "Rest [[a b]] now.", "Rest a b now.").values()
    assert len(inline.samples) == pytest.approx(len(plain.samples), rel=0.35)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_process_that_is_killed_is_told_and_leaves_nothing(tmp_path: Path, table: str) -> None:
    def strike() -> None:
        while not (found := model_processes()):
            time.sleep(0.01)
        os.kill(found[0].pid, signal.SIGKILL)

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises((TrackError, MissingToolError), match="ended with code -9"):
        said(opened(tmp_path, table), *(f"{TEXT} {number}" for number in range(500)))
    striker.join()
    assert model_processes() == []
