"""The neural voice: repeatable, told of before it is missed, and silent towards the network."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from _trial_folder import TrialFolder

from generator.errors import MissingToolError, SettingError, TrackError
from generator.voices import Voice, expect_speech, open_voice
from generator.voices._pyttsx3_link import servers
from generator.voices._pyttsx3_voice import Pyttsx3Voice
from generator.voices.mastering import trim
from tests.conftest import Command, voice_processes

SENTENCES = ["Rest.", "Let the jaw be loose, and the tongue, too.", "Now the right knee falls out to the side."]


@pytest.fixture
def heart() -> Pyttsx3Voice:
    voice = open_voice("heart")
    assert isinstance(voice, Pyttsx3Voice)
    return voice


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with a copy of the package, whose registry takes heart's own file for its sibling kore."""
    spec = importlib.util.find_spec("hibari")
    assert spec is not None
    assert spec.origin is not None
    copy = tmp_path / "packages" / "hibari"
    shutil.copytree(Path(spec.origin).parent, copy, copy_function=os.symlink)
    registry = copy / "assets" / "voices.json"
    voices = json.loads(registry.read_text("utf-8"))
    voices["kore"]["sha256"] = voices["heart"]["sha256"]
    registry.unlink()
    registry.write_text(json.dumps(voices), encoding="utf-8")
    return copy.parent


def sounds(voice: Voice) -> dict[str, bytes]:
    return {text: recording.samples.tobytes() for text, recording in voice.speak(SENTENCES, 2)}


def test_systems_without_fork_hear_the_same(heart: Pyttsx3Voice) -> None:
    assert sounds(dataclasses.replace(heart, forks=False)) == sounds(heart)


def test_a_server_that_waited_speaks_like_a_new_one(heart: Pyttsx3Voice) -> None:
    servers.close()
    first = sounds(heart)
    server = voice_processes()[0]
    assert sounds(heart) == first
    assert voice_processes()[0] == server


def test_who_speaks_takes_over_the_server_that_has_loaded_ahead(heart: Pyttsx3Voice) -> None:
    servers.close()
    expected = sounds(heart)
    servers.close()
    expect_speech("heart")
    expect_speech(None)  # the same, and it is being loaded already
    (server,) = voice_processes()
    assert sounds(heart) == expected
    assert voice_processes()[0] == server


@pytest.mark.parametrize("choice", ["hibari:kore", "hibari:nosuch", "tone", "nosuch:voice"])
def test_no_other_voice_is_loaded_ahead(choice: str) -> None:
    """A file that was fetched is compared with its digest first."""
    servers.close()
    expect_speech(choice)
    assert voice_processes() == []


def test_what_was_loaded_ahead_for_another_voice_ends_as_soon_as_that_is_known(
    sleepward: Command, tmp_path: Path
) -> None:
    """A routine's or script's own settings are read last. What the surroundings say is known before."""
    own, plain = tmp_path / "own.txt", tmp_path / "plain.txt"
    own.write_text("---\nvoice: tone\n---\nRest.\n[sleep]\n", encoding="utf-8")
    plain.write_text("Rest.\n[sleep]\n", encoding="utf-8")
    build = ("--background", "none", "--tail", "10s")
    servers.close()
    sleepward("build", own, *build)
    sleepward("build", plain, *build, env={"SLEEPWARD_VOICE": "tone"})
    sleepward("build", plain, *build, "-o", "spoken.mp3", "--voice", "heart")
    servers.close()
    sleepward("build", plain, *build, "-o", "again.mp3", "--voice", "heart")  # all of it is in the cache
    assert voice_processes() == []


def test_a_build_that_speaks_nothing_leaves_no_process_that_loads_a_voice(tmp_path: Path) -> None:
    place = TrialFolder(tmp_path / "trial")
    with place.started(["build", "nosuch-routine"]) as process:
        process.communicate(timeout=60)
    assert process.returncode == 2
    assert place.orphans() == []


def test_a_server_that_died_while_it_waited_is_replaced(heart: Pyttsx3Voice) -> None:
    servers.close()
    first = sounds(heart)
    server = voice_processes()[0]
    server.kill()
    server.wait(20)
    assert sounds(heart) == first


@pytest.mark.slow
def test_a_worker_that_is_stopped_is_replaced_at_its_deadline(heart: Pyttsx3Voice) -> None:
    servers.close()
    texts = [f"{sentence} {n}" for n in range(4) for sentence in SENTENCES]
    expected = {text: each.samples.tobytes() for text, each in heart.speak(texts, 1)}
    servers.close()
    speaking = dataclasses.replace(heart, deadline_s=3.0).speak(texts, 1)
    spoken = dict([next(speaking)])
    worker = voice_processes()[0].children()[0]
    worker.suspend()
    spoken |= dict(speaking)
    assert {text: each.samples.tobytes() for text, each in spoken.items()} == expected
    assert psutil.wait_procs([worker], timeout=20)[1] == []


def test_what_cannot_be_written_is_said_by_name(heart: Pyttsx3Voice, tmp_path: Path) -> None:
    code = "import pyttsx3\nfrom generator.voices import hibari_driver\nhibari_driver.register()\n"
    code += "engine = pyttsx3.init('hibari')\nengine.connect('error', lambda exception, **_: print(exception))\n"
    code += "engine.save_to_file('Rest.', 'nowhere/rest.wav')\nengine.save_to_file('Rest.', 'rest.wav')\n"
    code += "engine.runAndWait()\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nowhere/rest.wav" in done.stdout
    assert (tmp_path / "rest.wav").stat().st_size > 44


def test_one_text_that_fails_ends_no_other(heart: Pyttsx3Voice) -> None:
    with pytest.raises(TrackError, match="1111"):
        list(heart.speak(["Rest.", "Breathe.", "1" * 40, "Be still."], 2))
    assert list(heart.speak(["Be still."], 2))


def test_the_server_has_one_thread_no_connection_and_no_worker_while_it_waits(heart: Pyttsx3Voice) -> None:
    """onnxruntime's reports, which are off, would come from a thread of their own; and only one thread may fork."""
    servers.close()
    speaking = heart.speak(SENTENCES, 2)
    next(speaking)
    server = voice_processes()[0]
    for process in (server, *server.children()):
        assert process.num_threads() == 1
        assert process.net_connections() == []
    workers = server.children()
    list(speaking)
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert server.is_running()


def test_another_program_can_take_the_driver(tmp_path: Path, heart: Pyttsx3Voice) -> None:
    """The example of docs/voices.md."""
    page = (Path(__file__).parents[1] / "docs" / "voices.md").read_text("utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    code += "engine.save_to_file('Rest.', 'rest.wav')\nengine.runAndWait()\n"  # and another one with the same engine
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    spoken = dict(heart.speak(["Let your shoulders grow heavy."], 1))["Let your shoulders grow heavy."]
    pcm = np.frombuffer((tmp_path / "heavy.wav").read_bytes()[44:], "<i2")
    np.testing.assert_array_equal(pcm / np.float32(32_768), spoken.samples[:, 0])
    rest = dict(heart.speak(["Rest."], 1))["Rest."]
    pcm = np.frombuffer((tmp_path / "rest.wav").read_bytes()[44:], "<i2")
    np.testing.assert_array_equal(pcm / np.float32(32_768), rest.samples[:, 0])


def test_inline_phonemes_are_said_and_wrong_ones_are_an_error(heart: Pyttsx3Voice) -> None:
    plain, same, other = "Wind down.", "[Wind](/wˈInd/) down.", "[Wind](/wˈɪnd/) down."
    spoken = {text: recording.samples.tobytes() for text, recording in heart.speak([plain, same, other], 2)}
    assert spoken[same] != spoken[other]
    assert spoken[plain] in (spoken[same], spoken[other])
    with pytest.raises(TrackError, match="phoneme"):
        list(heart.speak(["[Wind](/wʬnd/) down."], 1))


@pytest.mark.parametrize("rate", [120, 146, 200])
def test_a_short_sentence_keeps_its_first_words(rate: int) -> None:
    """It is cut out of a longer sound, at a pause; its own pauses are no such place."""
    four, two, one = "Inhale, arch; exhale, round.", "Exhale, round.", "Round."
    spoken = dict(open_voice("heart", rate=rate).speak([four, two, one], 1))
    lengths = {text: len(trim(recording, -45).samples) for text, recording in spoken.items()}
    assert lengths[four] > 1.5 * lengths[two]
    assert lengths[two] > 1.5 * lengths[one]


@pytest.mark.parametrize("pitch", [0, 50, 99])
def test_of_what_leads_to_a_short_sentence_nothing_is_heard(pitch: int) -> None:
    """Nor is anything of it missing: two words last somewhat longer than the second of them alone."""
    pairs = {"Just breathe.": "Breathe.", "In again.": "Again.", "Rest here.": "Here."}
    spoken = dict(open_voice("heart", pitch=pitch).speak([*pairs, *pairs.values()], 1))
    lengths = {text: len(trim(recording, -45).samples) for text, recording in spoken.items()}
    for two, one in pairs.items():
        assert 0.9 < lengths[two] / lengths[one] < 1.6, two


def test_pitch_leaves_the_formants(heart: Pyttsx3Voice) -> None:
    """The long-term spectrum's envelope stays where it is, though the fundamental is a third higher."""
    envelopes = []
    for pitch in (0, 99):
        (recording,) = dict(open_voice("heart", pitch=pitch).speak([SENTENCES[1]], 1)).values()
        power = np.abs(np.fft.rfft(recording.samples[:, 0])) ** 2
        hz = np.fft.rfftfreq(len(recording.samples), 1 / recording.sample_rate)
        bands = [power[(hz >= low) & (hz < low + 400)].sum() for low in range(200, 4_000, 400)]
        envelopes.append(10 * np.log10(np.array(bands) / sum(bands)))
    assert np.abs(envelopes[0] - envelopes[1]).mean() < 3


@pytest.mark.parametrize("rate", [119, 201])
def test_a_rate_at_which_it_would_drawl_or_rush_is_an_error(rate: int) -> None:
    with pytest.raises(SettingError, match=str(rate)) as caught:
        open_voice("heart", rate=rate)
    assert "120 to 200" in str(caught.value)


@pytest.mark.slow
def test_a_sibling_is_fetched_by_hand_or_not_at_all(outside: Command, package: Path, tmp_path: Path) -> None:
    """Without a connection: what to copy where is said, and the copied file then speaks."""
    home = tmp_path / "voices"
    env = {"PYTHONPATH": f"{package}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "HIBARI_HOME": str(home)}
    env |= dict.fromkeys(("https_proxy", "http_proxy"), "http://127.0.0.1:9")  # no connection, on any machine
    (tmp_path / "s.txt").write_text("Rest.", encoding="utf-8")
    build = ("build", "s.txt", "--voice", "kore", "--tail", "10s", "--background", "none")

    refused = outside(*build, code=3, env=env)
    assert "sleepward voices --get kore" in refused.stderr
    refused = outside("voices", "--get", "kore", code=3, env=env)
    assert "https://" in refused.stderr
    place = home / "af_kore.int8.onnx"
    assert str(place) in refused.stderr

    place.write_bytes(b"half a download")
    refused = outside(*build, code=3, env=env)
    assert "sha256" in refused.stderr
    shutil.copy(package / "hibari" / "assets" / "hibari.onnx", place)
    assert str(place) in outside("voices", "--get", "kore", env=env).stdout
    assert "hibari:kore" in outside(*build, env=env).stdout


def test_where_onnxruntime_is_missing_both_ways_out_are_named(outside: Command, tmp_path: Path) -> None:
    hide = "import sys\nclass Hidden:\n    def find_spec(self, name, path=None, target=None):\n"
    hide += "        if name == 'onnxruntime': raise ModuleNotFoundError(name)\n"
    hide += "import importlib.util as u\nreal = u.find_spec\n"
    hide += "u.find_spec = lambda name, package=None: None if name == 'onnxruntime' else real(name, package)\n"
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(hide, encoding="utf-8")
    (tmp_path / "s.txt").write_text("Rest.", encoding="utf-8")
    env = {"PYTHONPATH": f"{tmp_path / 'hide'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    refused = outside("build", "s.txt", code=3, env=env)
    assert "pip install onnxruntime" in refused.stderr
    assert "--voice en-us+klatt4" in refused.stderr
    assert not (tmp_path / "output").exists()


def test_an_unknown_name_is_answered_with_this_engines_names() -> None:
    with pytest.raises(MissingToolError, match="fenrir"):
        open_voice("hibari:fenrr")
