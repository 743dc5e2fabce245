"""The process that runs pyttsx3. `_pyttsx3_link.py` runs this file; nothing imports it.

The first line on stdin is the setup (JSON). The argument is the mode:

- ``voices``: print the voices and versions, and end.
- ``serve``: if the setup names no voice, print the voices and versions; if it gives no number of ``jobs``, wait for a
  second setup that gives all, with a voice and a folder of its own. Then speak each following line ``{"id", "text",
  "path", "properties"}`` in a forked child, up to ``jobs`` at once, and print ``{"id", "status", "reason"}`` for each.
  On espeak-ng each sentence gets its own child, because a reused engine loses utterances and lets one sentence change
  the next. Where ``workers_stay``, a child speaks one sentence after another: the neural driver keeps no state.
  Imports happen once, before the forks, while there is one thread. The server ends with its children and removes the
  folder as soon as stdin ends, so also if its parent is killed.
- ``say``: speak the following lines in this process, on systems without a safe fork.
- ``phonemes``: print the phonemes of the texts in the one following line ``{"texts"}``, in the driver's alphabet.

This stays a single file that imports only the standard library, pyttsx3, espeakng_loader and the driver beside it, so
that it runs with -P and starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib.metadata
import importlib.util
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
import wave
from collections import deque
from pathlib import Path
from typing import Any, NoReturn

ESPEAK_PATH_BYTES = 150  # espeak-ng 1.52 truncates its data path at 160 bytes and finds nothing (measured: 159 works)
ATTEMPTS = 3
ORPHAN_CHECK_S = 1.0
OVERDUE_S = 1.0

Setup = dict[str, Any]


def main() -> None:
    answers = os.dup(1)  # pyttsx3 prints to stdout, so stdout becomes the null device and answers get this descriptor
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    lines = _Lines(0)
    setup: Setup = json.loads(lines.wait())
    try:
        library = _load_driver(setup["driver"], setup.get("voice"))
        if sys.argv[1] == "serve" and "jobs" not in setup:
            if "voice" not in setup:
                _list_voices_in_child(setup, library, answers)
            setup = json.loads(lines.wait())
        if setup["driver"] == "espeak":
            only = setup["voice"] if sys.argv[1] == "serve" else None  # no other process uses the folder then
            _set_data_path(Path(setup["folder"]), only)
    except Exception as error:  # noqa: BLE001 - a missing engine may raise anything, and the user should read it
        _answer(answers, _missing(error))
        return
    if sys.argv[1] == "voices":
        _answer(answers, _list_voices(setup["driver"], library))
    elif sys.argv[1] == "phonemes":
        _answer(answers, {"phonemes": _phonemes(setup, json.loads(lines.wait())["texts"])})
        os._exit(0)  # espeak fails an assertion on a regular exit
    elif sys.argv[1] == "say":
        while line := lines.next():
            job = json.loads(line)
            status, reason = _say(setup, job)
            _answer(answers, {"id": job["id"], "status": status, "reason": reason})
        os._exit(0)  # espeak fails an assertion on a regular exit
    else:
        _ForkServer(setup, lines, answers).run()


# --- the driver ------------------------------------------------------------------------------------


def _load_driver(driver: str, voice: str | None) -> str:
    """Import pyttsx3 and its driver, with the voice's model. Returns the name and version of the speech engine."""
    library = "the system's"
    if driver == "hibari":
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # only a process with one thread may fork
        sys.modules["scipy"] = None  # type: ignore[assignment] # the package would import its 30 MB, and not need it
        module = _load_beside("hibari_driver")
        module.register()
        module.load(voice)
        library = f"hibari-tts {importlib.metadata.version('hibari-tts')}"
    if driver == "espeak":
        wheel = _load_espeak_wheel()
        import pyttsx3.drivers.espeak
        from pyttsx3.drivers import _espeak

        # the driver passes this flag with every text; now text in [[ ]] is read as phonemes, and nothing else changes
        _espeak.CHARS_UTF8 |= _espeak.PHONEMES
        # the library, the wheel's or the system's, is loaded under this name by now
        espeak = ctypes.CDLL("libespeak-ng.so.1")
        espeak.espeak_Info.restype = ctypes.c_char_p
        version = espeak.espeak_Info(None).decode().split()[0]
        library = f"espeak-ng {version} of {wheel or 'the system'}"
    import pyttsx3  # noqa: F401

    return library


def _load_beside(name: str) -> Any:
    """Import a module beside this file, without its package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _load_espeak_wheel() -> str | None:
    """Load espeakng-loader's library, so that pyttsx3 finds it by its soname. None if the wheel isn't installed."""
    try:
        import espeakng_loader
    except ImportError:
        return None
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
    return f"espeakng-loader {importlib.metadata.version('espeakng-loader')}"


def _set_data_path(folder: Path, only: str | None = None) -> None:
    """Set the environment variable by which espeak-ng finds the wheel's data. Does nothing without the wheel.

    The data are linked into `folder` if their path is too long, or if `only` one voice is needed.
    """
    try:
        import espeakng_loader
    except ImportError:
        return
    data = Path(espeakng_loader.get_data_path())
    link = folder / "espeak"
    if only is not None and len(os.fsencode(link)) <= ESPEAK_PATH_BYTES and _link_voice(data, link, only):
        data = link
    elif len(os.fsencode(data)) > ESPEAK_PATH_BYTES:
        if len(os.fsencode(link)) > ESPEAK_PATH_BYTES:
            raise OSError(f"espeak-ng can't read its data at so long a path: {data}; set TMPDIR to a shorter folder")
        link.symlink_to(data)
        data = link
    os.environ["ESPEAK_DATA_PATH"] = str(data)


def _link_voice(data: Path, link: Path, voice: str) -> bool:
    """Link espeak-ng's `data` to `link`, but of its voices only `voice` and the one that pyttsx3 starts with.

    False, with nothing left at `link`, if the file system has no links or the data keep these voices elsewhere.

    espeak-ng looks for a voice's file by its name in lower case. If the file's name has capitals, such as en-US, it
    opens all voices: 370 files for each sentence, a sixth of its time.
    """
    base, _, variant = voice.partition("+")
    wanted = {f"lang/{base}".lower(), "lang/gmw/en", *([f"voices/!v/{variant}".lower()] if variant else [])}
    try:
        for entry in data.iterdir():
            if entry.name not in ("lang", "voices"):
                _link(entry, link / entry.name)
        for kind in ("lang", "voices"):
            for file in (data / kind).rglob("*"):
                if (name := file.relative_to(data).as_posix()).lower() in wanted and file.is_file():
                    _link(file, link / name)
                    wanted.discard(name.lower())
    except OSError:
        pass
    else:
        if not wanted:
            return True
    shutil.rmtree(link, ignore_errors=True)
    return False


def _link(target: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _list_voices_in_child(setup: Setup, library: str, answers: int) -> None:
    """Print the voices and versions from a child, so that this process starts no engine."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _limit_child(setup["deadline_s"])
            try:
                _set_data_path(Path(setup["folder"]))
                offer = _list_voices(setup["driver"], library)
            except Exception as error:  # noqa: BLE001 - for the user to read, as in `main`
                offer = _missing(error)
            _answer(answers, offer)
            code = 0
        finally:
            os._exit(code)
    _, wait_status = os.waitpid(pid, 0)
    if wait_status:
        _answer(answers, {"status": "failed", "reason": _cause_of_death(wait_status)})


def _limit_child(deadline_s: float) -> None:
    """Let a timer signal end this process if it hangs, which works even in C code and without a parent."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, deadline_s)
    gc.disable()  # a collection scans all imported modules, in a process that lives a twentieth of a second


def _list_voices(driver: str, library: str) -> dict[str, Any]:
    import pyttsx3

    engine = pyttsx3.init(driver)
    voices = [
        {"id": v.id, "name": (v.name or v.id).strip(), "languages": [str(x) for x in v.languages], "gender": v.gender}
        for v in engine.getProperty("voices")
    ]
    offer = {
        "pyttsx3": importlib.metadata.version("pyttsx3"),
        "library": library,
        "default": engine.getProperty("voice"),
        "voices": voices,
        "variants": {},
    }
    if driver == "espeak":
        offer["voices"] = _audible_voices(voices)
        offer["variants"] = _variants()
    return offer


def _audible_voices(voices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`voices` without those whose dictionary is missing (three in espeakng-loader 0.2.4): they would be silent.

    espeak-ng accepts them and only prints a complaint to stderr, so this reads stderr.
    """
    from pyttsx3.drivers import _espeak

    able = []
    with tempfile.TemporaryFile() as complaints:
        os.dup2(complaints.fileno(), 2)
        for voice in voices:
            bytes_before = os.fstat(complaints.fileno()).st_size
            accepted = _espeak.SetVoiceByName(voice["id"].encode()) == 0
            if accepted and os.fstat(complaints.fileno()).st_size == bytes_before:
                able.append(voice)
    return able


def _variants() -> dict[str, str]:
    """The variants, which combine with any voice: name to gender, from their files."""
    espeak = ctypes.CDLL("libespeak-ng.so.1")
    espeak.espeak_Info.restype = ctypes.c_char_p
    data = ctypes.c_char_p()
    espeak.espeak_Info(ctypes.byref(data))
    variants = {}
    for file in sorted(Path(os.fsdecode(data.value or b""), "voices", "!v").glob("*")):
        words = [line.split() for line in file.read_text("utf-8", "replace").splitlines()]
        gender = next((w[1] for w in words if len(w) > 1 and w[0] == "gender"), "")
        variants[file.name] = gender.lower()
    return variants


# --- one sentence ----------------------------------------------------------------------------------


def _say(setup: Setup, job: dict[str, Any]) -> tuple[str, str]:
    """Speak one text to one file with a new engine. Returns a status, "ok", "silent" or "failed", and a reason."""
    import pyttsx3

    problems: list[str] = []
    finished = threading.Event()

    def fail(problem: object) -> None:
        problems.append(str(problem)[:200])
        finished.set()

    # the espeak driver writes the file in a callback from C; Python passes that callback's exceptions to this hook only
    sys.unraisablehook = lambda unraisable: fail(unraisable.exc_value)
    engine = pyttsx3.init(setup["driver"])
    if setup["driver"] == "espeak":
        _await_espeak_settings()
    engine.connect("finished-utterance", lambda **_: finished.set())
    engine.connect("error", lambda exception=None, **_: fail(exception))
    if setup["voice"] is not None:
        engine.setProperty("voice", setup["voice"])
    for name, value in job["properties"].items():
        engine.setProperty(name, value)
    engine.save_to_file(job["text"], job["path"])
    engine.runAndWait()
    # with espeak, runAndWait may return before the file exists; SAPI5 writes it before returning, and doesn't notify
    if setup["driver"] != "sapi5" and not finished.wait(setup["deadline_s"]):
        return "failed", "it didn't finish in time"
    if problems:
        return "failed", problems[0]
    spoke = engine.getProperty("voice")  # for an unknown voice the engine silently keeps the old one
    if setup["voice"] is not None and str(spoke).lower() != setup["voice"].lower():
        return "failed", f"it spoke with {spoke} instead of {setup['voice']}"
    return _check_recording(job["path"]) if setup["driver"] in ("espeak", "hibari") else ("ok", "")


def _await_espeak_settings() -> None:
    """Wait until espeak-ng has applied the rate and volume that the driver sets at its start.

    espeak-ng applies them on its own thread, and `runAndWait` cancels those not yet applied. Under load this left 1 in
    16 sentences with a pause 2 ms off, if the text didn't begin with the embedded command for the rate.
    """
    from pyttsx3.drivers import _espeak

    _espeak.Synchronize()


def _check_recording(path: str) -> tuple[str, str]:
    try:
        with wave.open(path, "rb") as file:
            sound = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        return "failed", f"its recording can't be read: {error}"
    if not sound:
        return "failed", "its recording is empty"
    return ("ok", "") if any(sound) else ("silent", "")


def _phonemes(setup: Setup, texts: list[str]) -> list[str]:
    """What the driver makes of each text: espeak-ng's own names of phonemes, or misaki's letters."""
    if setup["driver"] == "hibari":
        module = sys.modules["pyttsx3.drivers.hibari"]
        return [" ".join(module.to_phonemes(setup["voice"], text)[1:].split()) for text in texts]
    from pyttsx3.drivers import _espeak

    espeak = ctypes.CDLL("libespeak-ng.so.1")
    espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
    _espeak.Initialize(_espeak.AUDIO_OUTPUT_RETRIEVAL, 1000)
    _espeak.SetVoiceByName(setup["voice"].encode())
    _espeak.SetSynthCallback(lambda *_: 0)
    _espeak.Synth(b"a", flags=_espeak.ENDPAUSE | _espeak.CHARS_UTF8)  # from now on it reads phonemes in [[ ]]
    _espeak.Synchronize()
    found = []
    for text in texts:
        rest = ctypes.c_char_p(text.encode())
        clauses = []
        while rest.value:
            clauses.append((espeak.espeak_TextToPhonemes(ctypes.byref(rest), 1, 0) or b"").decode())  # UTF-8, names
        found.append(" ".join(" ".join(clauses).split()))
    return found


# --- the server ------------------------------------------------------------------------------------


class _Child:
    """A forked child: its pid, the job that it speaks (None: none now), and the pipe for more, if it stays."""

    def __init__(self, pid: int, jobs_pipe: int | None) -> None:
        self.pid = pid
        self.job: dict[str, Any] | None = None
        self.since_s = 0.0  # when it was given its job
        self.jobs_pipe = jobs_pipe


class _ForkServer:
    """Forks children, from its only thread. A sentence whose child dies is tried three times in all."""

    def __init__(self, setup: Setup, lines: _Lines, answers: int) -> None:
        self._setup = setup
        self._lines = lines
        self._answers = answers
        self._waiting: deque[dict[str, Any]] = deque()
        self._children: dict[int, _Child] = {}  # by the pipe from each

    def run(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: it closes our stdin
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        parent = os.getppid()
        gc.collect()
        gc.freeze()  # a collection in a child would write to the pages that it shares with us
        with contextlib.suppress(AttributeError):  # a C library without it
            ctypes.CDLL(None).malloc_trim(0)  # gives back what loading took
        self._waiting.extend(map(json.loads, self._lines.take()))
        try:
            # a sibling process may hold our stdin open after the parent's death, so this checks getppid as well
            while os.getppid() == parent:
                self._give_all()
                ready, _, _ = select.select([0, *self._children], [], [], ORPHAN_CHECK_S)
                for pipe in ready:
                    if pipe in self._children:
                        self._receive(pipe)
                self._end_overdue()
                if 0 in ready:
                    received = self._lines.read()
                    if received is None:
                        return
                    self._waiting.extend(map(json.loads, received))
        except BrokenPipeError:
            return
        finally:
            self._end()

    def _give_all(self) -> None:
        """Give waiting jobs to children. A job without text means that none will come for a while: they end."""
        while self._waiting:
            job = self._waiting[0]
            if "text" not in job:
                for pipe in [pipe for pipe, child in self._children.items() if child.job is None]:
                    self._dismiss(pipe)
            elif self._prepare(job) and not self._give(job):
                return
            self._waiting.popleft()

    def _prepare(self, job: dict[str, Any]) -> bool:
        """Make the phonemes of a job that is new, here for all children. False if its text has none."""
        if self._setup["driver"] == "hibari" and "attempts" not in job:
            try:
                job["text"] = sys.modules["hibari_driver"].to_phonemes(self._setup["voice"], job["text"])
            except Exception as error:  # noqa: BLE001 - whatever the package raises is this text's failure alone
                reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
                _answer(self._answers, {"id": job["id"], "status": "failed", "reason": reason})
                return False
            job["attempts"] = 0
        return True

    def _give(self, job: dict[str, Any]) -> bool:
        """Give a job to a child that has none, or to a new one. False if all are busy."""
        for child in self._children.values():
            if child.job is None and child.jobs_pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # it has died: `_receive` will notice, with this job
                    _answer(child.jobs_pipe, job)
                break
        else:
            if len(self._children) >= self._setup["jobs"]:
                return False
            child = self._start(job)
        child.job, child.since_s = job, time.monotonic()
        job["attempts"] = job.get("attempts", 0) + 1
        return True

    def _end_overdue(self) -> None:
        """End children that are past their deadline though it is their own to keep: a stopped one gets no alarm."""
        latest_s = time.monotonic() - self._setup["deadline_s"] - OVERDUE_S
        for child in self._children.values():
            if child.job is not None and child.since_s < latest_s:
                os.kill(child.pid, signal.SIGKILL)

    def _dismiss(self, pipe: int) -> None:
        jobs_pipe = self._children[pipe].jobs_pipe
        if jobs_pipe is not None:
            os.close(jobs_pipe)
            self._children[pipe].jobs_pipe = None
            self._bury(pipe)

    def _start(self, job: dict[str, Any]) -> _Child:
        here, there = os.pipe()
        jobs_out, jobs_in = os.pipe() if self._setup["workers_stay"] else (None, None)
        pid = os.fork()
        if pid == 0:
            self._run_child(job, there, jobs_out, [here, *([] if jobs_in is None else [jobs_in])])
        for descriptor in (there, jobs_out):
            if descriptor is not None:
                os.close(descriptor)
        self._children[here] = child = _Child(pid, jobs_in)
        return child

    def _run_child(self, job: dict[str, Any], pipe: int, jobs_out: int | None, foreign: list[int]) -> NoReturn:
        code = 1
        try:
            _limit_child(self._setup["deadline_s"])
            # if they stayed open, the parent wouldn't notice the server's death, nor a child its end
            for descriptor in (self._answers, *foreign, *self._pipes()):
                os.close(descriptor)
            for stream in (0, 2):
                os.dup2(1, stream)
            more = None if jobs_out is None else _Lines(jobs_out)
            while True:
                os.write(pipe, json.dumps(_say(self._setup, job)).encode())
                signal.setitimer(signal.ITIMER_REAL, 0)
                line = more.next() if more else None
                if line is None:
                    break
                signal.setitimer(signal.ITIMER_REAL, self._setup["deadline_s"])
                job = json.loads(line)
            code = 0
        finally:
            os._exit(code)

    def _pipes(self) -> list[int]:
        return [
            *self._children,
            *(child.jobs_pipe for child in self._children.values() if child.jobs_pipe is not None),
        ]

    def _receive(self, pipe: int) -> None:
        """Take a child's answer, or its death."""
        child, answer, reason = self._children[pipe], os.read(pipe, 65_536), ""
        if not answer or child.jobs_pipe is None:
            reason = self._bury(pipe)
        job, child.job = child.job, None
        if job is None:  # it died between two jobs
            return
        status, reason = json.loads(answer) if answer else ("failed", reason)
        if status == "failed" and job["attempts"] < ATTEMPTS:
            self._waiting.appendleft(job)
            return
        _answer(self._answers, {"id": job["id"], "status": status, "reason": reason})

    def _bury(self, pipe: int) -> str:
        """Wait for the end of a child. Returns its cause of death."""
        child = self._children.pop(pipe)
        for descriptor in (pipe, child.jobs_pipe):
            if descriptor is not None:
                os.close(descriptor)
        _, wait_status = os.waitpid(child.pid, 0)
        return _cause_of_death(wait_status)

    def _end(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
        for child in self._children.values():
            os.waitpid(child.pid, 0)
        shutil.rmtree(self._setup["folder"], ignore_errors=True)


def _cause_of_death(wait_status: int) -> str:
    code = os.waitstatus_to_exitcode(wait_status)
    if code == -signal.SIGALRM:
        return "it didn't finish in time"
    return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with code {code}"


class _Lines:
    """Whole lines from a descriptor, read without buffering ahead of `select`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._lines: deque[bytes] = deque()

    def read(self) -> list[bytes] | None:
        """The complete lines available now, perhaps none; None at the end of the input."""
        data = os.read(self._descriptor, 65_536)
        if not data:
            return None
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines

    def take(self) -> list[bytes]:
        """The lines that `next` read but didn't return."""
        taken = list(self._lines)
        self._lines.clear()
        return taken

    def next(self) -> bytes | None:
        """The next line, once it is there; None at the end of the input."""
        while not self._lines:
            received = self.read()
            if received is None:
                return None
            self._lines.extend(received)
        return self._lines.popleft()

    def wait(self) -> bytes:
        """The next line. If the input ends first, this process exits."""
        line = self.next()
        if line is None:
            sys.exit(0)
        return line


def _missing(error: Exception) -> dict[str, Any]:
    return {"missing": f"{type(error).__name__}: {error}"}


def _answer(descriptor: int, message: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
