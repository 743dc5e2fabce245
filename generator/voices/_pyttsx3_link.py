"""Starts pyttsx3's processes, exchanges messages with them, and reads their recordings."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import MissingToolError, SleepwardError
from ..model import Recording
from ..storage.leftovers import TemporaryFolder
from ..system.stopping import check
from ..system.waiting import POLL_S
from ._failures import out_of_resources

_SERVER = Path(__file__).with_name("_pyttsx3_server.py")
DEADLINE_S = 20.0  # for one sentence, which takes 0.03 s
SHUTDOWN_TIMEOUT_S = 20.0  # a server needs a hundredth of a second to end after its stdin is closed
FORKS = sys.platform == "linux"  # NSSpeech isn't safe after a fork, and Windows has no fork

Message = Mapping[str, Any]


def scratch_folder() -> TemporaryFolder:
    """A folder for the recordings of one voice."""
    return TemporaryFolder("voice")


class SpeechServer:
    """A process that lists voices, and speaks. It ends when it is closed, or when this process ends.

    It removes its `folder` at its end.
    """

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe that nobody reads would fill up; closed in `close`
        # its own session, so that Ctrl-C doesn't reach it; it ends when its stdin is closed
        self._process = subprocess.Popen(
            _command("serve"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._received = b""

    @property
    def folder(self) -> Path:
        """The folder for its recordings, made when it is first asked for."""
        return self._scratch.path

    @cached_property
    def _scratch(self) -> TemporaryFolder:
        return scratch_folder()

    @property
    def has_folder(self) -> bool:
        """Whether it was asked for: only a server that was given a voice has one."""
        return "_scratch" in vars(self)

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def send(self, message: Message) -> None:
        with contextlib.suppress(BrokenPipeError):  # `receive` notices that the server has ended
            self._requests.write(json.dumps(message).encode() + b"\n")
            self._requests.flush()

    def receive(self, deadline_s: float) -> dict[str, Any] | None:
        """The next answer. None if the server has ended, or was killed because no answer came in time.

        Raises StoppedError if this process is to stop meanwhile.
        """
        descriptor, until_s = self._answers.fileno(), time.monotonic() + deadline_s
        while b"\n" not in self._received:
            check()
            ready, _, _ = select.select([descriptor], [], [], POLL_S)
            if ready:
                more = os.read(descriptor, 65_536)
                if not more:
                    check()
                    return None
                self._received += more
            elif time.monotonic() > until_s:
                self._process.terminate()  # it ends its children; `close` kills it if it doesn't
                return None
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def last_log_line(self) -> str:
        """A colon and the last line of its stderr; empty if there is none."""
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()
        return f": {said[-1][:200]}" if said else ""

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        try:
            self._process.wait(SHUTDOWN_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode < 0:
            _end_group(self._process.pid)  # it couldn't end its children, and they may still write into the folder
        self._answers.close()
        self._log.close()
        if self.has_folder:
            self._scratch.close()  # a server that was killed couldn't remove it


def _end_group(group: int) -> None:
    """End what is left of a server's process group, and wait for its end."""
    until_s = time.monotonic() + SHUTDOWN_TIMEOUT_S
    with contextlib.suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < until_s:
            os.killpg(group, signal.SIGKILL)
            time.sleep(POLL_S / 10)


class IdleServers:
    """Servers that wait for the next voice, by what they can speak; they end with this process at the latest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[str, list[SpeechServer]] = {}

    def put(self, key: str, server: SpeechServer) -> None:
        with self._lock:
            self._servers.setdefault(key, []).append(server)

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return any(server.is_running for server in self._servers.get(key, []))

    def take(self, key: str) -> SpeechServer | None:
        with self._lock:
            waiting = self._servers.get(key, [])
            while waiting:
                server = waiting.pop()
                if server.is_running:
                    return server
                server.close()
            return None

    def end(self, key: str) -> None:
        """End those that wait under `key`, even while they load."""
        while (server := self.take(key)) is not None:
            server.kill()
            server.close()

    def close_ended(self) -> None:
        """Close those that were killed, and kill those that nobody has spoken with: they may be loading still.

        The others end with this process, and remove their folders themselves.
        """
        with self._lock:
            for waiting in self._servers.values():
                for server in waiting:
                    if not server.has_folder:
                        server.kill()
                    if not server.is_running:
                        server.close()

    def close(self) -> None:
        """End them all."""
        with self._lock:
            ending = [server for waiting in self._servers.values() for server in waiting]
            self._servers.clear()
        for server in ending:
            server.close()


servers = IdleServers()
atexit.register(servers.close_ended)


def run_once(mode: str, lines: Sequence[Message], deadline_s: float) -> list[dict[str, Any]]:
    """Start a process and wait for its answers. If it gives none, one has status "failed" and a reason."""
    own_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        process = subprocess.run(
            _command(mode),
            input=b"".join(json.dumps(line).encode() + b"\n" for line in lines),
            capture_output=True,
            timeout=deadline_s,
            check=False,
            start_new_session=True,
            creationflags=own_group,
        )
    except subprocess.TimeoutExpired:
        return [{"status": "failed", "reason": "it didn't finish in time"}]
    if not process.stdout:
        said = process.stderr.decode(errors="replace").strip().splitlines()
        why = f": {said[-1][:200]}" if said else ""
        return [{"status": "failed", "reason": f"its process ended with code {process.returncode}{why}"}]
    return [json.loads(line) for line in process.stdout.splitlines()]


def _command(mode: str) -> list[str]:
    # run as a file and with -P, because the working folder may contain another pyttsx3.py
    return [sys.executable, "-P", str(_SERVER), mode]


def raise_if_missing(answer: Message) -> None:
    if "missing" in answer:
        raise missing_engine_error(answer["missing"])


def recording_path(folder: Path, number: int, driver: str = "espeak") -> Path:
    return folder / (f"{number}.aiff" if driver == "nsss" else f"{number}.wav")


def read_wav(path: Path) -> Recording:
    """Read a 16-bit mono WAV as pyttsx3's espeak driver (22,050 Hz) and ours (24,000 Hz) write it."""
    import wave

    import numpy as np

    with wave.open(str(path), "rb") as file:
        data = file.readframes(file.getnframes())
        rate = file.getframerate()
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    return Recording(samples.reshape(-1, 1), rate)


def missing_engine_error(reason: str) -> SleepwardError:
    """The error for a speech engine that didn't start, for a `reason` that its process gives."""
    if short := out_of_resources(reason):
        return short
    if sys.platform in ("darwin", "win32"):
        mend = f"Mend it with: {sys.executable} -m pip install --force-reinstall pyttsx3"
    else:
        mend = (
            f"Mend it with: {sys.executable} -m pip install --force-reinstall pyttsx3 espeakng-loader"
            " (or, without that wheel, your system's own: apt install libespeak-ng1)"
        )
    return MissingToolError(f"pyttsx3 has no speech engine here: {reason}", hint=mend)
