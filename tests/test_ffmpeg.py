"""Any file a user may bring is heard as it is; what can't be read is said, and how to mend it."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from generator.errors import InputError, MissingToolError, NotFoundError, TrackError
from generator.system import ffmpeg
from tests.conftest import running_ffmpegs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from generator.model import Samples


def sine(frequency: float, rate: int, seconds: float, level: float = 0.25) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def write_wav(path: Path, channels: list[NDArray[np.float64]], rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.round(np.stack(channels, axis=1) * 32767).astype("<i2").tobytes())
    return path


def level_at(sound: Samples, frequency: float, rate: int = 48_000) -> float:
    """Amplitude in dB of a frequency in the middle of a sound."""
    middle = sound[len(sound) // 4 : 3 * len(sound) // 4, 0] * np.hanning(
        len(sound[len(sound) // 4 : 3 * len(sound) // 4])
    )
    spectrum = np.abs(np.fft.rfft(middle)) / len(middle) * 4
    near = round(frequency * len(middle) / rate)
    return float(20 * np.log10(spectrum[near - 3 : near + 4].max() + 1e-12))


# --- decoding --------------------------------------------------------------------------------------


def test_a_recording_keeps_its_rate_channels_and_samples(tmp_path: Path) -> None:
    left, right = sine(440, 22_050, 0.5), sine(660, 22_050, 0.5)
    samples, rate = ffmpeg.decode(write_wav(tmp_path / "two.wav", [left, right], 22_050))
    assert (rate, samples.shape, samples.dtype) == (22_050, (11_025, 2), np.float32)
    assert np.abs(samples - np.stack([left, right], axis=1)).max() < 1e-4


@pytest.mark.parametrize("name", ["song.flac", "song.ogg", "song.m4a", "song.mp3", "song.aiff"])
def test_formats_people_have_are_heard(tmp_path: Path, name: str) -> None:
    source = write_wav(tmp_path / "source.wav", [sine(440, 44_100, 2.0)], 44_100)
    ffmpeg.run(["-i", str(source), str(tmp_path / name)])
    samples, rate = ffmpeg.decode(tmp_path / name)
    assert (rate, samples.shape[1]) == (44_100, 1)
    assert abs(len(samples) - 88_200) < 5_000  # some formats pad
    assert level_at(samples, 440, 44_100) == pytest.approx(20 * np.log10(0.25), abs=0.5)


def test_a_song_with_a_cover_is_its_sound(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "source.wav", [sine(440, 48_000, 1.0)], 48_000)
    cover, song = tmp_path / "cover.png", tmp_path / "song.mp3"
    ffmpeg.run(["-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", str(cover)])
    ffmpeg.run(["-i", str(source), "-i", str(cover), "-map", "1:v", "-map", "0:a", "-c:v", "copy", str(song)])
    assert ffmpeg.decode_at(song).shape == (48_000, 2)


@pytest.mark.parametrize("name", ["-i.wav", "a: b.wav", "100%d.wav", "Nachtmusik, für Élise.wav", "concat:x|y.wav"])
def test_any_file_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if sys.platform == "win32" and set(name) & set(':|"'):
        pytest.skip("no such names on Windows")
    write_wav(tmp_path / name, [sine(440, 48_000, 0.1)], 48_000)
    monkeypatch.chdir(tmp_path)
    assert ffmpeg.decode(Path(name))[0].shape == (4_800, 1)


def test_resampling_leaves_no_image(tmp_path: Path) -> None:
    """Linear interpolation would leave a 13 kHz whistle 15 dB under this 9 kHz tone."""
    path = write_wav(tmp_path / "tone.wav", [sine(9_000, 22_050, 1.0)], 22_050)
    samples = ffmpeg.decode_at(path)
    assert len(samples) == 48_000
    assert level_at(samples, 9_000) == pytest.approx(20 * np.log10(0.25), abs=0.2)
    assert level_at(samples, 22_050 - 9_000) < -80


def test_mono_sounds_as_loud_on_both_sides(tmp_path: Path) -> None:
    tone = sine(440, 48_000, 0.5)
    samples = ffmpeg.decode_at(write_wav(tmp_path / "mono.wav", [tone], 48_000))
    assert np.array_equal(samples[:, 0], samples[:, 1])
    assert np.abs(samples[:, 0] - tone).max() < 1e-4


def test_surround_is_heard_in_stereo(tmp_path: Path) -> None:
    channels = [sine(300 + 100 * number, 48_000, 0.5, 0.05) for number in range(6)]
    samples, _ = ffmpeg.decode(write_wav(tmp_path / "six.wav", channels, 48_000))
    assert samples.shape == (24_000, 6)
    assert ffmpeg.decode_at(tmp_path / "six.wav").shape == (24_000, 2)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_pieces_of_a_long_file_make_the_whole(tmp_path: Path, rate: int) -> None:
    path = write_wav(tmp_path / "long.wav", [sine(440, rate, 3.0), sine(550, rate, 3.0)], rate)
    pieces = list(ffmpeg.decode_chunks(path, seconds_per_chunk=0.4))
    assert len(pieces) >= 7
    assert max(map(len, pieces)) <= 24_000  # none is more than asked for, by much
    assert np.concatenate(pieces).shape == (144_000, 2)
    assert np.allclose(np.concatenate(pieces), ffmpeg.decode_at(path), atol=1e-6)


def test_listening_to_the_beginning_only_leaves_no_decoder_behind(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "long.wav", [sine(440, 48_000, 60.0)], 48_000)
    pieces = ffmpeg.decode_chunks(path, seconds_per_chunk=0.1)
    assert next(pieces).shape == (4_800, 2)
    assert running_ffmpegs()
    pieces.close()  # type: ignore[attr-defined]  # a generator
    assert not running_ffmpegs()


# --- what can't be read ----------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"rain\.mp3"):
        ffmpeg.decode(tmp_path / "rain.mp3")


@pytest.mark.parametrize("content", [b"", b"Dear diary, today it rained.\n" * 50], ids=["empty", "letter"])
def test_a_file_without_sound_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rain.mp3"
    path.write_bytes(content)
    with pytest.raises(InputError, match="can't be read as sound") as caught:
        ffmpeg.decode_at(path)
    assert caught.value.where == str(path)
    assert "damaged, or no sound file" in str(caught.value)
    assert not re.search(r"Error opening|Invalid data|0x", str(caught.value))


def test_a_picture_that_calls_itself_a_song_is_told_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "rain.mp3"
    Image.new("RGB", (30, 30)).save(path, "PNG")
    with pytest.raises(InputError, match="can't be read as sound: it isn't a sound file, but a picture"):
        ffmpeg.decode_at(path)


def test_a_recording_of_no_length_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read as sound"):
        ffmpeg.decode(write_wav(tmp_path / "nothing.wav", [sine(1, 48_000, 0.0)], 48_000))


def test_a_playlist_cannot_fetch_from_the_network(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match="can't be read as sound"):
        ffmpeg.decode(path)


# --- running it ------------------------------------------------------------------------------------


def last_words(args: list[str], data: bytes = b"") -> str:
    """The last line that ffmpeg itself says, in the words of whatever version it is."""
    command = [ffmpeg.find(), "-v", "error", *args]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode
    return done.stderr.decode().splitlines()[-1].strip()


def test_what_goes_wrong_is_said_in_ffmpegs_own_last_words() -> None:
    args = ["-f", "lavfi", "-i", "anullsrc=d=1", "-c:a", "nonesuch", "-f", "mp3", "-"]
    with pytest.raises(TrackError, match=r"ffmpeg failed \(exit \d+\): .*'nonesuch'") as caught:
        ffmpeg.run(args)
    assert caught.value.what.endswith(last_words(args))


def test_input_after_its_end_doesnt_hide_the_reason() -> None:
    """It ends at once, while megabytes are still to come."""
    args, data = ["-f", "wav", "-i", "-", "-f", "mp3", "-"], b"no WAV at all" * 1_000_000
    with pytest.raises(TrackError, match=r"ffmpeg failed \(exit \d+\): ") as caught:
        ffmpeg.run(args, data)
    assert caught.value.what.endswith(last_words(args, data))


# --- which one -------------------------------------------------------------------------------------


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As where the wheel isn't installed."""
    ffmpeg.find.cache_clear()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    yield monkeypatch
    ffmpeg.find.cache_clear()


def test_the_wheels_own_is_taken_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ffmpeg.find.cache_clear()
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "another"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find().parent.name == "binaries"
    assert ffmpeg.identity().startswith("imageio-ffmpeg ")
    assert ffmpeg.find().name in ffmpeg.identity()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_without_the_wheel_the_systems_is_taken_and_told_apart(no_wheel: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_wheel.undo()
    own = ffmpeg.find()
    ffmpeg.find.cache_clear()
    no_wheel.setitem(sys.modules, "imageio_ffmpeg", None)
    (tmp_path / "ffmpeg").symlink_to(own)
    no_wheel.setenv("PATH", str(tmp_path))
    assert ffmpeg.find() == tmp_path / "ffmpeg"
    assert ffmpeg.identity().startswith("ffmpeg version ")


def test_without_any_the_error_says_what_to_type(no_wheel: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_wheel.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError) as caught:
        ffmpeg.run(["-version"])
    assert caught.value.exit_code == 3
    assert "python -m pip install --force-reinstall imageio-ffmpeg" in str(caught.value)
