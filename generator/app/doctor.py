"""Tries everything that a build needs: speaks a sentence, encodes one second and decodes it, and more."""

from __future__ import annotations

import io
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DefinitionError, SleepwardError
from ..storage.cache import default_folder, whole_file
from ..storage.leftovers import TemporaryFolder
from .pinned_versions import constraints_file, differences

if TYPE_CHECKING:
    from ..values import OwnVoice
    from ..voices import Voice

_REPOSITORY = Path(__file__).parent.parent.parent
PIP = f"{sys.executable} -m pip install --force-reinstall"
_IN_REPOSITORY = (_REPOSITORY / "pyproject.toml").is_file()
REINSTALL = f"{PIP} -c {constraints_file()} {f'-e {_REPOSITORY}' if _IN_REPOSITORY else 'sleepward'}"
SENTENCE = "Breathe in, and let it go."


@dataclass(frozen=True, slots=True)
class Checkup:
    """The result of one check: what was found, or what went wrong and the command that mends it.

    A good result with `mend` set is a note: nothing fails, but the user should know.
    """

    name: str
    good: bool
    found: str
    mend: str = ""
    exit_code: int = 0


def examine(output: Path) -> Iterator[Checkup]:
    """Run each check and yield its result. A failed check doesn't stop the next."""
    checks: tuple[tuple[str, Callable[[], str | Checkup], str], ...] = (
        ("Python", _python, "install Python 3.11 or newer"),
        ("versions", _versions, REINSTALL),
        ("voice", _default_speaks, REINSTALL),
        *_own_voices(),
        ("ffmpeg", _encodes, f"{PIP} imageio-ffmpeg"),
        ("routines", _routines, REINSTALL),
        ("cache", lambda: _writable(default_folder()), "export SLEEPWARD_CACHE_DIR=FOLDER"),
        ("output", lambda: _writable(output), f"mkdir -p {output} && chmod u+w {output}"),
    )
    for name, check, mend in checks:
        try:
            found = check()
            yield found if isinstance(found, Checkup) else Checkup(name, True, found)
        except DefinitionError as error:  # in the user's own file, which no command can mend
            fault = error.faults[0]
            yield Checkup(name, False, str(fault), f"edit {fault.file}, or move it away", error.exit_code)
        except SleepwardError as error:
            yield Checkup(name, False, error.what, error.hint or mend, error.exit_code)
        except Exception as error:  # noqa: BLE001  # a broken installation may raise anything
            yield Checkup(name, False, f"{type(error).__name__}: {error}", mend, 3)


def _python() -> str:
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _versions() -> str | Checkup:
    """Other package versions change a track's bytes but not its quality, so they give a note and no failure."""
    path = constraints_file()
    found = differences(path.read_text(encoding="utf-8"))
    if not found:
        return "every package has the version that constraints.txt pins"
    shown = ", ".join(f"{each.package} {each.installed} (pinned: {each.pinned})" for each in found)
    return Checkup("versions", True, f"tracks may have other bytes than on other machines: {shown}", REINSTALL)


def _default_speaks() -> str | Checkup:
    from ..voices import default_is_as_measured, open_voice

    spoke = _speaks(open_voice(None))
    if default_is_as_measured():
        return spoke
    return Checkup("voice", True, f"{spoke}, but its model isn't the one that was measured", REINSTALL)


def _own_voices() -> Iterator[tuple[str, Callable[[], str], str]]:
    """A check for each of the user's own voices."""
    from ..workspace import Workspace

    workspace = Workspace.here()
    try:
        own = workspace.own_voices()
    except SleepwardError:
        yield "settings", lambda: f"{len(workspace.own_voices())} voices of your own", ""
        return
    for name, voice in own.items():
        yield f"voice {name}", partial(_own_voice_speaks, voice), f"edit {voice.where}"


def _own_voice_speaks(own: OwnVoice) -> str:
    from ..voices import open_other_voice

    return _speaks(open_other_voice(own, None))


def _speaks(voice: Voice) -> str:
    from ..voices import VoiceOfRecordings

    if isinstance(voice, VoiceOfRecordings):
        return f"{voice.label} has {len(voice.texts())} recordings"
    ((_, recording),) = voice.speak([SENTENCE], 1)
    seconds = len(recording.samples) / recording.sample_rate
    return f"{voice.label} spoke {seconds:.1f} s"


def _encodes() -> str:
    import numpy as np

    from ..formats import CONTAINERS, TrackSound
    from ..model import SAMPLE_RATE
    from ..system import ffmpeg

    hum = 0.1 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    sound = np.repeat(hum.astype(np.float32)[:, None], 2, axis=1)

    def mix(start: int, end: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        out = np.zeros((end - start, 2), np.float32)
        low, high = max(start, 0), min(end, len(sound))
        if low < high:
            out[low - start : high - start] = sound[low:high]
        return out

    encoded = io.BytesIO()
    CONTAINERS["mp3"].write(encoded, TrackSound(mix, SAMPLE_RATE, jobs=1))
    with TemporaryFolder("doctor") as folder:
        path = folder / "second.mp3"
        path.write_bytes(encoded.getvalue())
        decoded, _ = ffmpeg.decode(path)
    if len(decoded) != SAMPLE_RATE or abs(float(np.abs(decoded).max()) - 0.1) > 0.02:
        raise SleepwardError(f"one second came back as {len(decoded)} samples")
    return f"{ffmpeg.identity()} encoded one second and read it back"


def _routines() -> str:
    from ..workspace import Workspace

    workspace = Workspace.here()
    names = workspace.routine_names()
    for pose_id in workspace.pose_ids():
        workspace.read_pose(pose_id)
    for name in names:
        workspace.read_routine(workspace.routine_path(name))
    if not names:
        raise SleepwardError("no routine was found", hint=REINSTALL)
    return f"{len(names)} routines: {', '.join(names)}"


def _writable(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".sleepward-probe"
    with whole_file(probe) as file:
        file.write(b"x")
    probe.unlink()
    return f"{folder} can be written"
