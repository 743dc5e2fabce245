"""What every voice must do, and what pyttsx3 in particular would do wrong if it were left to itself."""

from __future__ import annotations

import ctypes.util
import dataclasses
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
import wave
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from generator.errors import MissingToolError, SettingError, TrackError
from generator.model import Recording
from generator.voices import BUILT_IN, GROUP, Voice, engines, list_voices, open_voice
from generator.voices._pyttsx3_link import servers
from generator.voices._pyttsx3_server import _link_voice
from generator.voices._pyttsx3_voice import Pyttsx3Voice
from generator.voices._recordings import read_recording
from tests.conftest import Command, voice_processes
from tests.engines import OWN, Subject, all_engines

if TYPE_CHECKING:
    from numpy.typing import NDArray

SENTENCE = "Now the right ankle comes to lie across the left knee."
SENTENCES = [
    SENTENCE,
    "Rest.",
    "Let the jaw be loose.",
    "I'll be quiet for a while now, and the breath comes and goes at its own pace.",
    "Count 10 with me.",
    "Bend your knees, and rest both feet on the bed.",
]
LONG = " ".join(SENTENCES * 10)  # takes its process so long that it can be killed while it speaks
LIGHT_VOICE = "en-us+klatt4"
Noted = Callable[[str, object], None]
"""What an engine does `instead` of keeping a line of the contract: benchmarks/contract.py shows it."""

espeak_only = pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="espeak-ng is the engine on Linux")


@pytest.fixture(params=all_engines())
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """Every engine that is installed, plug-ins among them."""
    return Subject(request.param, tmp_path_factory.mktemp("voice"))


@pytest.fixture
def voice(subject: Subject) -> Voice:
    return subject.open()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where voices put their files: a folder of this test's own, so that it can see what is left there."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    servers.close()  # one that waits has its folder elsewhere
    return tmp_path


def speak(voice: Voice, *texts: str, jobs: int = 2) -> dict[str, Recording]:
    return dict(voice.speak(texts, jobs))


def one(voice: Voice, text: str) -> Recording:
    return speak(voice, text)[text]


def same(a: Recording, b: Recording) -> bool:
    return a.sample_rate == b.sample_rate and np.array_equal(a.samples, b.samples)


def levels_dbfs(recording: Recording) -> NDArray[np.float64]:
    """RMS of each 10 ms."""
    frame = recording.sample_rate // 100
    x = recording.samples[:, 0].astype(np.float64)
    rms = np.sqrt(np.mean(x[: len(x) // frame * frame].reshape(-1, frame) ** 2, axis=1))
    return np.asarray(20 * np.log10(np.maximum(rms, 1e-9)))


def spoken_s(recording: Recording) -> float:
    """From the first sound to the last."""
    loud = np.flatnonzero(levels_dbfs(recording) > -55)
    return float(loud[-1] - loud[0] + 1) / 100


def pitch_hz(recording: Recording) -> float:
    """Median over the louder half of what is spoken, by the first strong peak of the autocorrelation."""
    x, rate = recording.samples[:, 0].astype(np.float64), recording.sample_rate
    size = rate // 20
    frames = x[: len(x) // size * size].reshape(-1, size)
    power = np.sum(frames**2, axis=1)
    found = []
    for frame in frames[power > np.median(power[power > 0])]:
        windowed = frame * np.hanning(size)
        correlation = np.correlate(windowed, windowed, "full")[size - 1 :] / np.arange(size, 0, -1)
        lags = correlation[rate // 900 : rate // 45]
        peaks = np.flatnonzero(
            (lags[1:-1] >= lags[:-2]) & (lags[1:-1] > lags[2:]) & (lags[1:-1] > 0.8 * lags[1:].max())
        )
        if len(peaks):
            found.append(rate / (peaks[0] + 1 + rate // 900))
    return float(np.median(found))


# --- the contract ----------------------------------------------------------------------------------


def test_a_recording_is_speech_with_silence_after_it(voice: Voice) -> None:
    recording = one(voice, SENTENCE)
    assert recording.samples.dtype == np.float32
    assert recording.samples.ndim == 2
    assert recording.samples.shape[1] == 1
    level = levels_dbfs(recording)
    assert level[-5:].max() < -55
    speech = level[level > -55]
    assert np.ptp(speech) > 10, "speech rises and falls"
    assert -35 < np.percentile(speech, 75) < -6
    assert np.abs(recording.samples).max() < 0.98, "nothing is clipped"


def test_the_same_text_always_sounds_the_same(subject: Subject) -> None:
    first, second = subject.open(), subject.open()
    assert first.identity == second.identity
    assert same(one(first, SENTENCE), one(second, SENTENCE))


def test_no_two_engines_and_no_two_rates_share_a_clip(subject: Subject) -> None:
    rates = (125, 200) if subject.changes_rate else (None,)
    identities = [subject.open(rate).identity for rate in rates]
    assert all(identity.startswith(f"{subject.engine} ") for identity in identities)
    assert len(set(identities)) == len(rates)


def test_every_listed_voice_belongs_to_its_engine() -> None:
    assert {info.id.partition(":")[0] for info in list_voices()} == set(engines()) - OWN.keys()


def test_neither_order_nor_jobs_change_a_sound(voice: Voice) -> None:
    forwards = speak(voice, *SENTENCES, jobs=1)
    backwards = speak(voice, *reversed(SENTENCES), jobs=4)
    assert forwards.keys() == backwards.keys() == set(SENTENCES)
    assert all(same(forwards[text], backwards[text]) for text in SENTENCES)


def test_every_distinct_text_comes_once(voice: Voice) -> None:
    spoken = [text for text, _ in voice.speak([*SENTENCES, SENTENCE, *SENTENCES], 3)]
    assert sorted(spoken) == sorted(SENTENCES)
    assert list(voice.speak([], 2)) == []


def test_different_texts_sound_different(voice: Voice) -> None:
    recordings = list(speak(voice, *SENTENCES).values())
    assert not any(same(a, b) for i, a in enumerate(recordings) for b in recordings[:i])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Rest \x01300Snow.", "Rest 300Snow."),
        ("Rest\x00 and \x1b[0mbreathe.\x7f", "Rest and [0mbreathe."),
        ("Rest\n  and\tbreathe.\r\n", "Rest and breathe."),
        ("Rest \ud800and breathe.", "Rest and breathe."),
    ],
)
def test_control_characters_are_not_spoken_nor_obeyed(voice: Voice, written: str, meant: str) -> None:
    assert same(one(voice, written), one(voice, meant))


@pytest.mark.parametrize("text", ["", "   ", "\n", "\x01\x02", "…", "—", "( )"])
def test_a_text_without_anything_to_speak_is_an_error_and_no_silence(voice: Voice, text: str) -> None:
    with pytest.raises(TrackError, match=re.escape(repr(text))) as caught:
        speak(voice, "Rest.", text)
    assert caught.value.exit_code == 1
    assert caught.value.hint


def test_a_voice_that_is_not_there_is_an_error_and_no_other_voice(subject: Subject) -> None:
    with pytest.raises(MissingToolError, match="nosuchvoice") as caught:
        open_voice(f"{subject.engine}:nosuchvoice", rate=116, pitch=None)
    assert caught.value.exit_code == 3
    assert "--voice" in str(caught.value)


def test_a_higher_rate_is_shorter_by_as_much(subject: Subject, record_property: Noted) -> None:
    if not subject.changes_rate:
        record_property("instead", "an error")
        with pytest.raises(SettingError, match="rate"):
            subject.open(125)
        return
    slow, fast = (sum(map(spoken_s, speak(subject.open(rate), *SENTENCES).values())) for rate in (125, 200))
    assert slow / fast == pytest.approx(1.6, rel=0.1)


@espeak_only
def test_a_higher_pitch_is_higher_and_lasts_as_long(subject: Subject, record_property: Noted) -> None:
    if not subject.changes_pitch:
        record_property("instead", "an error")
        with pytest.raises(SettingError, match="pitch"):
            subject.open(pitch=20)
        return
    low, own, high = (one(subject.open(pitch=pitch), SENTENCE) for pitch in (0, None, 99))
    assert pitch_hz(low) < 0.9 * pitch_hz(own)
    assert pitch_hz(high) > 1.1 * pitch_hz(own)
    assert spoken_s(low) == pytest.approx(spoken_s(high), rel=0.03)


@pytest.mark.parametrize(("rate", "pitch"), [(5, None), (1000, None), (130, -1), (130, 100)])
def test_a_rate_or_pitch_out_of_reach_is_an_error(subject: Subject, rate: int, pitch: int | None) -> None:
    with pytest.raises(SettingError) as caught:
        subject.open(rate, pitch)
    assert caught.value.hint


@espeak_only
def test_the_identity_tells_voices_apart_and_holds_no_path(subject: Subject) -> None:
    rates = [130] if subject.changes_rate else []
    pitches = [30] if subject.changes_pitch else []
    voices = [subject.open(), *map(subject.open, rates), *(subject.open(pitch=pitch) for pitch in pitches)]
    assert len({voice.identity for voice in voices}) == len(voices)
    for voice in voices:
        assert "/" not in voice.identity
        assert "\\" not in voice.identity


@pytest.mark.parametrize("taken", [1, 3])
def test_closing_early_leaves_nothing_behind(voice: Voice, taken: int, scratch: Path) -> None:
    speaking = voice.speak([f"{sentence} {n}" for n in range(20) for sentence in SENTENCES], 2)
    for _ in range(taken):
        next(speaking)
    speaking.close()  # type: ignore[attr-defined]  # every voice's iterator is a generator
    servers.close()
    assert voice_processes() == []
    assert list(scratch.iterdir()) == []


def test_speaking_prints_nothing_and_leaves_nothing_behind(
    voice: Voice, capfd: pytest.CaptureFixture[str], scratch: Path
) -> None:
    speak(voice, *SENTENCES)
    servers.close()  # one may wait for the next track
    assert capfd.readouterr() == ("", "")
    assert voice_processes() == []
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    ["Zwölf Atemzüge, naïve café, ½ and 3°.", "Breathe 😴 in 🧘‍♀️ and out.", "Привет, мир. שלום 你好 world.", "A" * 300],
)
def test_any_script_and_any_sign_beside_words_is_spoken(subject: Subject, text: str) -> None:
    said = one(subject.open(), text)
    assert said.samples.any()
    assert np.isfinite(said.samples).all()
    assert same(said, one(subject.open(), text))


def test_a_voice_that_takes_too_long_is_given_up_and_its_text_named(subject: Subject, record_property: Noted) -> None:
    voice = subject.open()
    if not hasattr(voice, "deadline_s"):
        record_property("instead", "nothing that could hang")  # it speaks within this process
        assert one(voice, LONG).samples.any()
        return
    servers.close()
    hasty = dataclasses.replace(voice, deadline_s=0.002)  # type: ignore[type-var]  # a dataclass, as it has the field
    with pytest.raises(TrackError, match=r"'Now the right ankle.*: it didn't finish in") as caught:
        speak(hasty, LONG)
    assert caught.value.exit_code == 1
    assert voice_processes() == []


@pytest.mark.slow
def test_a_voice_that_is_killed_is_told_or_replaced(voice: Voice, scratch: Path) -> None:
    """What comes is whole, and an error names what doesn't."""
    texts = [f"{n} {sentence}" for n in range(3) for sentence in SENTENCES]  # told apart by how they begin
    whole = speak(voice, *texts)
    servers.close()
    speaking = voice.speak(texts, 1)
    came = dict([next(speaking)])
    for process in voice_processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    try:
        came.update(speaking)
    except TrackError as error:
        assert any(text[:20] in str(error) for text in whole.keys() - came.keys())
    else:
        assert came.keys() == whole.keys()
    assert all(same(recording, whole[text]) for text, recording in came.items())
    servers.close()
    assert voice_processes() == []
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_text_of_5000_characters_is_spoken_to_its_end(subject: Subject) -> None:
    words = (f"{SENTENCE} " * 91)[:5000].rsplit(" ", 1)[0]
    whole, sentence = one(subject.open(), words), one(subject.open(), SENTENCE)
    assert spoken_s(whole) > 0.8 * 90 * spoken_s(sentence)


@pytest.mark.slow
def test_200_sentences_leave_no_process_file_nor_descriptor(subject: Subject, scratch: Path) -> None:
    voice = subject.open()
    speak(voice, "Rest.")
    servers.close()
    this = psutil.Process()
    before = this.num_fds(), this.num_threads()
    texts = [f"Rest, {number}." for number in range(200)]  # short: it is their number that counts
    spoken = speak(voice, *texts)
    assert spoken.keys() == set(texts)
    assert all(recording.samples.any() for recording in spoken.values())
    servers.close()
    assert this.num_fds() == before[0]
    assert this.num_threads() <= before[1]
    assert voice_processes() == []
    assert list(scratch.iterdir()) == []


FULL_DISK = """
import pickle, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from generator.errors import SleepwardError
choice, text = pickle.loads(sys.stdin.buffer.read())
from generator.voices import open_voice
try:
    ((_, recording),) = open_voice(choice).speak([text], 1)
except SleepwardError as error:
    print(error)
    sys.exit(error.exit_code)
print(len(recording.samples))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_where_no_more_can_be_written_nothing_is_cut_short(subject: Subject) -> None:
    """As on a full disk: files end at 20 kB, which is half a second of speech."""
    text = " ".join([SENTENCE] * 3)
    whole = len(one(subject.open(), text).samples)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK], input=pickle.dumps((subject.choice, text)), capture_output=True, check=False
    )
    if done.returncode == 0:
        assert int(done.stdout) == whole, "an engine that writes nothing isn't concerned"
    else:
        assert done.returncode == 1, done.stderr
        assert text[:30] in done.stdout.decode()


# --- the choice ------------------------------------------------------------------------------------


@espeak_only
@pytest.mark.parametrize(
    ("choice", "label"),
    [
        (None, "hibari:heart"),
        ("Heart", "hibari:heart"),
        ("hibari", "hibari:heart"),
        ("pyttsx3", "pyttsx3:en-us+klatt4"),
        ("en-us+klatt4", "pyttsx3:en-us+klatt4"),
        ("pyttsx3:EN-US+Klatt4", "pyttsx3:en-us+klatt4"),
        ("gmw/en-us", "pyttsx3:en-us"),
        ("English (America)", "pyttsx3:en-us"),
        ("de+belinda", "pyttsx3:de+belinda"),
        ("en-us+mr serious", "pyttsx3:en-us+Mr serious"),
        ("tone", "tone:tone"),
        ("tone:tone", "tone:tone"),
    ],
)
def test_a_voice_is_found_however_it_is_written(choice: str | None, label: str) -> None:
    voice = open_voice(choice, rate=130, pitch=None)
    assert voice.label == label
    assert one(voice, "Rest.").samples.any()


@espeak_only
@pytest.mark.parametrize(
    ("choice", "nearest"),
    [
        ("en-us+klat4", "pyttsx3:en-us+klatt4"),
        ("en-ux", "pyttsx3:en-us"),
        ("en-uss+klatt4", "pyttsx3:en-us+klatt4"),
        ("pytsx3:en-us", "did you mean pyttsx3?"),
        ("hibari:haert", "heart"),
    ],
)
def test_a_misspelt_voice_is_answered_with_the_nearest(choice: str, nearest: str) -> None:
    with pytest.raises(MissingToolError) as caught:
        open_voice(choice, rate=116, pitch=None)
    assert nearest in str(caught.value)
    assert nearest.startswith("did you mean") or "--voice" in str(caught.value)


@espeak_only
def test_the_list_names_voices_that_can_be_had() -> None:
    listed = list_voices()
    ids = [info.id for info in listed]
    assert len(ids) == len(set(ids))
    assert {"pyttsx3:en-us", "pyttsx3:en-gb", "pyttsx3:en-us+klatt4", "pyttsx3:en-us+belinda", "tone:tone"} <= set(ids)
    assert ids[0] == "hibari:heart", "the default comes first"
    for info in listed:
        if "--get" in info.note:  # one that isn't here yet
            with pytest.raises(MissingToolError, match=info.note.partition(": ")[2]):
                open_voice(info.id)
        else:
            assert open_voice(info.id, rate=200, pitch=None).label == info.id
    by_id = {info.id: info for info in listed}
    assert by_id["pyttsx3:en-us+belinda"].gender == "female"
    assert by_id["pyttsx3:en-us+klatt4"].language == "en-us"
    assert "default" in by_id["hibari:heart"].note


@espeak_only
@pytest.mark.parametrize("mute", ["fo", "kaa", "xex"])  # espeakng-loader 0.2.4 has no dictionaries for them
def test_voices_that_would_stay_silent_are_not_offered(mute: str) -> None:
    try:
        voice = open_voice(mute, rate=200, pitch=None)
    except MissingToolError:
        return
    assert one(voice, "Let the jaw be loose.").samples.any()


@pytest.mark.slow
@espeak_only
@pytest.mark.parametrize(
    "name", ["en-us", "en-us+klatt2", "en-us+belinda", "en-us+m4", "en-us+Marco", "en-us+f3", "en-us+UniRobot"]
)
def test_the_rate_means_the_same_for_other_variants(name: str) -> None:
    default, other = (
        sum(map(spoken_s, speak(open_voice(each, rate=150, pitch=None), *SENTENCES).values()))
        for each in (LIGHT_VOICE, name)
    )
    assert other == pytest.approx(default, rel=0.06)


@espeak_only
def test_the_default_rate_is_a_slow_speakers() -> None:
    text = "Supporting the shoulder comfortably, gradually soften everything that remains unnecessarily tense."
    words_per_minute = len(text.split()) / spoken_s(one(open_voice(LIGHT_VOICE), text)) * 60
    assert 60 < words_per_minute < 116  # long words
    short = "Bend your knees and rest both feet on the bed."
    assert 105 < len(short.split()) / spoken_s(one(open_voice(LIGHT_VOICE), short)) * 60 < 145


@espeak_only
def test_a_rate_below_espeaks_slowest_is_an_error_and_not_its_slowest() -> None:
    with pytest.raises(SettingError) as caught:
        open_voice(LIGHT_VOICE, rate=90, pitch=None)
    slowest = int(re.search(r"slowest is (\d+)", str(caught.value))[1])  # type: ignore[index]
    assert open_voice(LIGHT_VOICE, rate=slowest, pitch=None).identity
    with pytest.raises(SettingError):
        open_voice(LIGHT_VOICE, rate=slowest - 1, pitch=None)


# --- engines of other packages ---------------------------------------------------------------------


def registered(folder: Path, package: str, name: str, module: str) -> str:
    """What pip leaves of an installed package that registers an engine; as PYTHONPATH, the package is installed."""
    info = folder / package / f"{package}-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n", encoding="utf-8")
    return str(info.parent)


def test_our_own_engines_are_registered_as_anybody_elses() -> None:
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"][GROUP] == {name: f"generator.voices.{name}" for name in BUILT_IN}


def test_an_engine_that_cannot_be_loaded_is_told_with_its_package(outside: Command, tmp_path: Path) -> None:
    env = {"PYTHONPATH": os.pathsep.join([registered(tmp_path, "quavers", "quaver", "no_such_module"), *sys.path])}
    said = outside("build", "ten-minutes-in-bed", "--voice", "quaver:low", env=env, code=3).stderr
    assert "'quaver' of quavers can't be loaded" in said
    assert "pip install --force-reinstall quavers" in said


def test_two_packages_with_engines_of_one_name_are_told(outside: Command, tmp_path: Path) -> None:
    packages = [registered(tmp_path, package, "quaver", "generator.voices.tone") for package in ("quavers", "others")]
    env = {"PYTHONPATH": os.pathsep.join([*packages, *sys.path])}
    said = outside("plan", "ten-minutes-in-bed", "--voice", "quaver", env=env, code=3).stderr
    assert "2 packages have a voice engine 'quaver': others, quavers" in said


def test_nobody_takes_the_name_of_an_engine_of_ours(outside: Command, tmp_path: Path) -> None:
    env = {"PYTHONPATH": os.pathsep.join([registered(tmp_path, "quavers", "tone", "no_such_module"), *sys.path])}
    assert outside.json("plan", "ten-minutes-in-bed", "--voice", "tone", env=env)["voice"] == "tone:tone"


# --- the tone --------------------------------------------------------------------------------------


def test_the_tone_takes_exactly_the_time_its_words_need() -> None:
    for rate, text, words in ((100, SENTENCE, 11), (150, "Let the jaw be loose.", 5), (120, "Rest.", 1)):
        recording = one(open_voice("tone", rate=rate, pitch=None), text)
        silence_s = 0.12 + 0.4
        assert len(recording.samples) / recording.sample_rate == pytest.approx(words * 60 / rate + silence_s, abs=0.002)


def test_the_tone_lies_at_its_level_with_silence_around() -> None:
    recording = one(open_voice("tone", rate=116, pitch=None), SENTENCE)
    assert recording.sample_rate == 48_000
    head, speech, tail = np.split(recording.samples[:, 0], [48 * 120, -48 * 400])
    assert not head.any()
    assert not tail.any()
    assert 20 * np.log10(np.sqrt(np.mean(speech.astype(np.float64) ** 2))) == pytest.approx(-20, abs=0.1)


# --- pyttsx3's processes ---------------------------------------------------------------------------


@pytest.fixture
def klatt() -> Pyttsx3Voice:
    voice = open_voice(LIGHT_VOICE)
    assert isinstance(voice, Pyttsx3Voice)
    return voice


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


SAY_AND_HASH = """
import hashlib
from generator.errors import SleepwardError
from generator.voices import open_voice
try:
    for text, recording in open_voice("en-us+klatt4").speak(["Let the jaw be loose."], 1):
        print(hashlib.sha256(recording.samples.tobytes()).hexdigest())
except SleepwardError as error:
    print(error)
    raise SystemExit(error.exit_code)
"""


@espeak_only
def test_a_process_per_sentence_without_fork_sounds_the_same(klatt: Pyttsx3Voice) -> None:
    """The way for systems without fork, here with espeak-ng, which has both."""
    forked = speak(klatt, *SENTENCES[:3])
    alone = speak(dataclasses.replace(klatt, forks=False), *SENTENCES[:3])
    assert all(same(forked[text], alone[text]) for text in SENTENCES[:3])
    with pytest.raises(TrackError, match="…"):
        speak(dataclasses.replace(klatt, forks=False), "…", "Rest.")


def test_what_other_drivers_write_is_read_at_its_own_rate(tmp_path: Path) -> None:
    """SAPI5 and NSSpeech write other rates than espeak-ng, and may write two channels."""
    left = (8000 * np.sin(np.arange(4410) / 20)).astype("<i2")
    with wave.open(str(tmp_path / "spoken.wav"), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(np.stack([left, np.zeros_like(left)], axis=1).tobytes())
    recording = read_recording(tmp_path / "spoken.wav")
    assert recording.sample_rate == 44_100
    assert recording.samples.dtype == np.float32
    np.testing.assert_allclose(recording.samples[:, 0], left / 65_536, atol=2 / 32_768)


@espeak_only
def test_a_process_for_one_sentence_that_hangs_is_given_up(klatt: Pyttsx3Voice) -> None:
    servers.close()
    hasty = dataclasses.replace(klatt, deadline_s=0.002, forks=False)
    with pytest.raises(TrackError, match=r"'Rest\.': it didn't finish in time") as caught:
        speak(hasty, "Rest.")
    assert caught.value.exit_code == 1
    assert voice_processes() == []


@espeak_only
def test_a_voice_pyttsx3_would_silently_replace_is_noticed(klatt: Pyttsx3Voice) -> None:
    for unknown in ("gmw/en-us+nosuch", "nosuch"):
        with pytest.raises(TrackError, match="nosuch"):
            speak(dataclasses.replace(klatt, voice_id=unknown), "Rest.")


@espeak_only
def test_a_child_that_dies_is_replaced(klatt: Pyttsx3Voice) -> None:
    expected = one(klatt, LONG)
    killed: list[int] = []

    def kill_the_first_child() -> None:
        while not killed:
            for process in psutil.Process().children(recursive=True):
                if process.ppid() != os.getpid():  # the server's child, not the server
                    process.kill()
                    killed.append(process.pid)
                    return

    killer = threading.Thread(target=kill_the_first_child)
    killer.start()
    spoken = speak(klatt, LONG, jobs=1)
    killed.append(0)
    killer.join()
    assert killed[0] != 0, "the child was gone before it could be killed"
    assert same(spoken[LONG], expected)


@espeak_only
def test_a_server_that_dies_is_an_error_that_names_the_text(klatt: Pyttsx3Voice, scratch: Path) -> None:
    speaking = klatt.speak(["Rest.", LONG], 1)
    assert next(speaking)[0] == "Rest."
    for process in voice_processes():
        process.kill()
    with pytest.raises(TrackError, match="Now the right ankle"):
        next(speaking)
    assert list(scratch.iterdir()) == []


@espeak_only
def test_the_server_ends_when_its_parent_is_killed(scratch: Path) -> None:
    code = f"""
from generator.voices import open_voice
speaking = open_voice("en-us+klatt4").speak(["Rest.", {LONG!r}, {LONG!r} + "again"], 2)
next(speaking)
print("speaking", flush=True)
input()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"speaking\n"
        others = psutil.Process(parent.pid).children(recursive=True)
        assert others, "a server speaks"
        parent.kill()
        _, alive = psutil.wait_procs(others, timeout=30)
    assert alive == []
    assert list(scratch.iterdir()) == []


@espeak_only
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_prints_no_tracebacks(scratch: Path) -> None:
    code = f"""
from generator.voices import open_voice
speaking = open_voice("en-us+klatt4").speak(["Rest.", {LONG!r}, {LONG!r} + "again"], 2)
try:
    next(speaking)
    print("speaking", flush=True)
    list(speaking)
    print("finished")
except KeyboardInterrupt:
    print("interrupted")
"""
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"speaking\n"
        others = psutil.Process(parent.pid).children(recursive=True)
        os.killpg(parent.pid, signal.SIGINT)  # what a terminal does
        out, err = parent.communicate(timeout=60)
    assert (out, err) == (b"interrupted\n", b"")
    assert not any(process.is_running() for process in others)
    assert list(scratch.iterdir()) == []


@espeak_only
def test_who_was_asked_for_voices_speaks_and_ends_with_us(scratch: Path) -> None:
    """A build asks while it reads what to make; where all is there already, nobody speaks."""
    code = """
import psutil
from generator.voices import expect_voice, open_voice
expect_voice("en-us+klatt4")
voice = open_voice("en-us+klatt4")
(asked,) = psutil.Process().children()
speaking = voice.speak(["Rest.", "And breathe."], 1)
if {speak}:
    assert next(speaking)[0] == "Rest."
    assert psutil.Process().children() == [asked]
    assert [text for text, _ in speaking] == ["And breathe."]
    assert psutil.Process().children() == []
    assert [text for text, _ in voice.speak(["Rest."], 1)] == ["Rest."]  # another one does
print(asked.pid)
"""
    for speak in (True, False):
        done = run_python(code.format(speak=speak))
        assert (done.returncode, done.stderr) == (0, "")
        with suppress(psutil.NoSuchProcess):
            psutil.Process(int(done.stdout)).wait(timeout=30)
        assert list(scratch.iterdir()) == []


@espeak_only
def test_pyttsx3_is_never_loaded_here() -> None:
    done = run_python(SAY_AND_HASH + "import sys; print(*(m for m in sys.modules if m.split('.')[0] == 'pyttsx3'))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [""]


@espeak_only
def test_a_working_folder_with_a_pyttsx3_of_its_own_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, klatt: Pyttsx3Voice
) -> None:
    expected = one(klatt, "Rest.")
    (tmp_path / "pyttsx3.py").write_text("raise SystemExit('the wrong one')\n")
    (tmp_path / "wave.py").write_text("raise SystemExit('the wrong one')\n")
    monkeypatch.chdir(tmp_path)
    assert same(one(klatt, "Rest."), expected)


@pytest.fixture
def far_wheel(tmp_path: Path) -> Path:
    """A folder that offers espeakng-loader at a path too long for espeak-ng."""
    loader = pytest.importorskip("espeakng_loader")
    far = tmp_path.joinpath(*["a-folder-with-a-rather-long-name"] * 5)
    far.mkdir(parents=True)
    (far / "espeakng_loader").symlink_to(Path(loader.__file__).parent)
    return far


@espeak_only
def test_a_long_path_to_the_voices_does_not_matter(far_wheel: Path) -> None:
    near = run_python(SAY_AND_HASH)
    far = run_python(SAY_AND_HASH, PYTHONPATH=str(far_wheel))
    assert near.returncode == 0, near.stderr
    assert (far.returncode, far.stdout) == (0, near.stdout)


@espeak_only
def test_where_no_short_path_can_be_had_the_error_says_so(far_wheel: Path) -> None:
    done = run_python(SAY_AND_HASH, PYTHONPATH=str(far_wheel), TMPDIR=str(far_wheel))
    assert done.returncode == 3
    assert "TMPDIR" in done.stdout
    assert done.stderr == ""


@espeak_only
@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is not None, reason="needs a system without espeak-ng")
def test_without_any_espeak_the_error_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('not here')\n")
    done = run_python(SAY_AND_HASH, PYTHONPATH=str(tmp_path))
    assert done.returncode == 3
    assert "pip install" in done.stdout
    assert "espeakng-loader" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("missing", ["lang/gmw/en-US", "lang/gmw/en", "voices/!v/klatt4"])
def test_data_that_has_a_voice_elsewhere_is_taken_as_it_is(tmp_path: Path, missing: str) -> None:
    """A server then looks through all of espeak-ng's voices, as it would by itself."""
    data, link = tmp_path / "data", tmp_path / "link"
    for name in ("phontab", "lang/gmw/en-US", "lang/gmw/en", "lang/gmw/de", "voices/!v/klatt4", "voices/!v/f2"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    assert _link_voice(data, link, "gmw/en-us+klatt4")
    linked = {path.relative_to(link).as_posix() for path in link.rglob("*") if path.is_file()}
    assert linked == {"phontab", "lang/gmw/en-US", "lang/gmw/en", "voices/!v/klatt4"}
    shutil.rmtree(link)
    (data / missing).unlink()
    assert not _link_voice(data, link, "gmw/en-us+klatt4")
    assert not link.exists()
