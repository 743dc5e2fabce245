"""Tonight's routine: it fits the time, doesn't repeat itself, ends safely, and says why."""

from __future__ import annotations

import hashlib
import importlib
import itertools
import json
import os
import random
import re
import select
import shlex
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from generator.app import tonight
from generator.app.night_answers import read_answers, usual_settings
from generator.app.night_ranges import NightRanges
from generator.app.tonight import Candidate, PastNight, choose, night_of, read_history, record
from generator.build.fitting import ESTIMATE_SLACK, estimated_fit
from generator.build.pipeline import plan_track
from generator.build.track import BuildContext
from generator.errors import InputError, LengthError, SleepwardError
from generator.settings import SETTINGS
from generator.storage.cache import Cache
from generator.workspace import Workspace
from tests.conftest import SHORT_ROUTINE, SLEEPWARD, Command

QUICK = ("--voice", "tone", "--tail", "10s", "--background", "none")
MINUTE = 60_000


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The history of a person of their own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(tonight.DATA_VARIABLE, raising=False)
    return tonight.history_path()


@pytest.fixture
def short_ones(tmp_path: Path) -> None:
    """Two routines of one's own that can last three minutes; the built-in ones can't."""
    (tmp_path / "routines").mkdir()
    for name in ("one", "two"):
        (tmp_path / "routines" / f"{name}.yaml").write_text(SHORT_ROUTINE, encoding="utf-8")


def flags(**given: str) -> dict[str, str | None]:
    return {name: given.get(name) for name in SETTINGS}


def candidate(routine: str, own_min: int, *left_out: str, wanted_min: int = 20) -> Candidate:
    own_ms = own_min * MINUTE
    return Candidate(routine, routine, wanted_min * MINUTE, own_ms // 2, own_ms * 2, own_ms, left_out)


def losing(routine: str, *avoided: str) -> Candidate:
    return replace(candidate(routine, 20), avoided=avoided, poses=5)


def done_on(place: str, routine: str) -> Candidate:
    return replace(candidate(routine, 20), place=place)


def done(*routines: str) -> list[PastNight]:
    return [PastNight(date(2025, 1, day), routine) for day, routine in enumerate(routines, 1)]


# --- the choice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidates", "before", "taken"),
    [
        ([candidate("a", 21), candidate("b", 30)], (), "a"),  # nearest to its own length
        ([candidate("a", 12), candidate("b", 30)], (), "b"),  # by proportion
        ([candidate("a", 21), candidate("b", 30)], ("a",), "b"),  # what was never done
        ([candidate("a", 21), candidate("b", 30)], ("b", "a"), "b"),  # what was done longer ago
        ([candidate("a", 21), candidate("b", 30)], ("a", "b", "a"), "b"),  # its last time counts
        ([candidate("a", 20, "x"), candidate("b", 35)], (), "b"),  # fewest poses left out
        ([candidate("a", 20, "x"), candidate("b", 35)], ("b",), "a"),
        ([candidate("a", 20), replace(candidate("b", 20), refusal="too long")], ("a",), "a"),
        ([candidate("b", 20), candidate("a", 20)], (), "a"),
        ([losing("a", "x"), candidate("b", 90)], (), "b"),  # what loses least to avoid
        ([losing("a", "x"), candidate("b", 90)], ("b",), "a"),  # but not the same night after night
        ([losing("a", "x"), candidate("b", 90)], ("b", "c", "d", "e"), "b"),  # and not for long
        ([done_on("mat", "a"), done_on("room", "b"), done_on("bed", "c")], (), "c"),
        ([done_on("mat", "b"), done_on("room", "a")], (), "b"),
        ([losing("a", "x"), done_on("room", "b")], (), "b"),
        ([replace(candidate("b", 40), wanted_ms=None), replace(candidate("a", 90), wanted_ms=None)], ("a",), "b"),
    ],
)
def test_least_recent_first_then_whole_then_best_fit(
    candidates: list[Candidate], before: tuple[str, ...], taken: str
) -> None:
    assert choose(candidates, done(*before), lambda candidate: candidate).candidate.routine == taken
    assert choose(candidates[::-1], done(*before), lambda candidate: candidate).candidate.routine == taken


def test_nights_in_a_row_repeat_nothing_until_all_were_done() -> None:
    kept = [candidate(name, own) for name, own in zip("abcde", (19, 35, 12, 22, 28), strict=True)]
    before: list[PastNight] = []
    for _ in range(15):
        shuffled = random.Random(len(before)).sample(kept, len(kept))
        before += done(choose(shuffled, before, lambda candidate: candidate).candidate.routine)
    nights = [entry.routine for entry in before]
    assert nights[:5] == nights[5:10] == nights[10:]
    assert sorted(nights[:5]) == list("abcde")


def test_every_routine_has_a_reason_and_one_is_taken() -> None:
    kept = [
        candidate("a", 30),
        candidate("b", 22),
        candidate("c", 20, "x"),
        replace(candidate("d", 90), refusal="lasts about 45:00"),
    ]
    reasons = choose(kept, done("b"), lambda candidate: candidate).reasons
    assert reasons.keys() == set("abcd")
    assert [routine for routine, reason in reasons.items() if reason.startswith("taken")] == ["a"]
    assert "2025-01-01" in reasons["b"]
    assert "without x" in reasons["c"]
    assert reasons["d"] == "lasts about 45:00"


def test_what_turns_out_not_to_fit_gives_way() -> None:
    def attempt(candidate: Candidate) -> Candidate:
        if candidate.routine == "a":
            return replace(candidate, refusal="a line doesn't fit its hold")
        return candidate if candidate.left_out else replace(candidate, left_out=("x",))

    choice = choose([candidate("a", 20), candidate("b", 21)], [], attempt)
    assert (choice.candidate.routine, choice.candidate.left_out) == ("b", ("x",))
    assert choice.reasons["a"] == "a line doesn't fit its hold"
    with pytest.raises(LengthError, match="a line doesn't fit"):
        choose([candidate("a", 20)], [], attempt)


# --- what is found ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("minutes", [9, 15, 20, 27])
def test_what_is_left_out_to_fit_keeps_the_order_and_the_last(minutes: int, cache_folder: Path) -> None:
    asked = flags(length=f"{minutes}m", voice="tone", avoid="standing")
    shortened = 0
    ranges = NightRanges(asked, Workspace.here(), Cache(cache_folder))
    for each in tonight.candidates(ranges, asked, Workspace.here(), pytest.fail):
        if each.refusal:
            continue
        spec = ranges.spec(each.routine)
        whole = _poses(spec.script.body)
        if each.left_out:
            less = _poses(estimated_fit(spec).spec.script.body)
            assert set(less) == {pose for pose in whole if pose not in each.left_out}
            assert less[-1] == whole[-1]
        assert len(each.left_out) <= len(set(whole)) * 2 / 3
        shortened += bool(each.left_out)
    assert shortened


def _poses(script: str) -> list[str]:
    """In order, rounds in a row of the same pose as one."""
    marks = (line.split()[1] for line in script.splitlines() if line.startswith("[pose "))
    return [pose for pose, _ in itertools.groupby(marks)]


def test_the_estimate_is_near_what_the_default_voice_takes(cache_folder: Path) -> None:
    context = BuildContext(Cache(cache_folder), 2)
    for routine in ("ten-minutes-in-bed", "psoas-release"):
        ranges = NightRanges(flags(), Workspace.here(), context.cache)
        each = ranges.of(routine)
        least_ms, most_ms = plan_track(ranges.spec(routine), context).timeline.length_range_ms
        assert each.least_ms == pytest.approx(least_ms, rel=ESTIMATE_SLACK / 2)
        assert each.most_ms == pytest.approx(most_ms, rel=ESTIMATE_SLACK / 2)


def test_an_own_voice_is_proposed_by_its_own_name(tmp_path: Path) -> None:
    toml = 'voice = "calm"\nbackground = "drone"\n[voices.calm]\nvoice = "tone"\nrate = 100\n'
    (tmp_path / "sleepward.toml").write_text(toml, encoding="utf-8")
    usual = usual_settings(("voice", "background", "pace", "length"), Workspace.here().layers())
    assert usual == {"voice": "calm", "background": "drone", "pace": "1", "length": ""}


@pytest.mark.parametrize(("routine", "minutes"), [("psoas-release", 20), ("neck-and-shoulders", 12)])
def test_what_is_sure_is_left_out_as_it_is_spoken(routine: str, minutes: int, cache_folder: Path) -> None:
    context = BuildContext(Cache(cache_folder), 2)
    ranges = NightRanges(flags(length=f"{minutes}m"), Workspace.here(), context.cache)
    left_out, sure = ranges.left_out(routine, ranges.of(routine), minutes * 60_000)
    assert sure
    assert left_out == ranges.spoken_left_out(routine, context)[0]


def test_an_answer_that_is_sure_needs_no_speech(sleepward: Command, history: Path, tmp_path: Path) -> None:
    cache = {"SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}
    for words in (("--minutes", "20"), ("--minutes", "30", "--avoid", "wrists")):
        assert "Tonight: " in sleepward("tonight", *words, "--dry-run", env=cache).stdout
    assert not (tmp_path / "cache" / "clips").exists()


@pytest.mark.parametrize(("where", "places"), [("bed", {"bed"}), ("floor", {"bed", "mat"})])
def test_where_keeps_to_the_place(sleepward: Command, history: Path, where: str, places: set[str]) -> None:
    reasons = sleepward.json("tonight", "--where", where, "--dry-run", "--minutes", "20", *QUICK)["reasons"]
    workspace = Workspace.here()
    done_in = {name: workspace.read_routine(workspace.routine_path(name)).setting for name in reasons}
    refused = {name for name, reason in reasons.items() if reason.startswith("isn't done")}
    assert refused == {name for name, place in done_in.items() if place not in places}
    sleepward("tonight", "--where", "floor", "--in-bed", code=2)


def test_in_bed_leaves_out_what_is_done_elsewhere(sleepward: Command, history: Path) -> None:
    reasons = sleepward.json("tonight", "--in-bed", "--dry-run", "--minutes", "20", *QUICK)["reasons"]
    elsewhere = {routine for routine, reason in reasons.items() if reason == "isn't done in bed"}
    assert elsewhere == {"soothing-hips", "ten-minute-hips", "internal-hip-rotation"}


def test_files_with_faults_are_said_once_and_hide_no_others(tmp_path: Path, cache_folder: Path) -> None:
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    (tmp_path / "routines" / "poses" / "crooked.yaml").write_text("name: Crooked\n")
    for name in ("mine", "yours"):
        head = "title: x\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n"
        (tmp_path / "routines" / f"{name}.yaml").write_text(f"{head}  - pose: crooked\n    hold: 1 min\n")
    said: list[SleepwardError] = []
    asked = flags(length="20m")
    ranges = NightRanges(asked, Workspace.here(), Cache(cache_folder))
    found = {each.routine: each for each in tonight.candidates(ranges, asked, Workspace.here(), said.append)}
    assert ["crooked.yaml:1" in str(error) for error in said] == [True]
    assert "faults" in found["mine"].refusal
    assert "faults" in found["yours"].refusal
    assert not found["ten-minutes-in-bed"].refusal


def test_a_range_is_kept_until_a_file_that_it_comes_from_changes(tmp_path: Path) -> None:
    folder = tmp_path / "routines"
    folder.mkdir()
    cache = Cache(tmp_path / "cache")
    head = "title: Mine\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n"

    def most_ms(hold: str) -> int:
        (folder / "mine.yaml").write_text(f"{head}  - pose: rest\n    hold: {hold}\n")
        return NightRanges(flags(voice="tone"), Workspace.here(), cache).of("mine").most_ms

    first = most_ms("2 min")
    kept = [path for path in (cache.folder / "ranges").rglob("*") if path.is_file()]
    assert (most_ms("2 min"), len(kept)) == (first, 1)
    assert most_ms("3 min") == first + MINUTE
    (tmp_path / "sleepward.toml").write_text('pace = "2"\n')
    assert most_ms("3 min") > first + MINUTE


@pytest.mark.slow
def test_a_wanted_length_comes_from_the_flag_or_the_settings(tmp_path: Path, cache_folder: Path) -> None:
    cache = Cache(cache_folder)
    (tmp_path / "sleepward.toml").write_text('length = "12m"\n')

    def wanted(**given: str) -> int | None:
        asked = flags(voice="tone", **given)
        found = tonight.candidates(NightRanges(asked, Workspace.here(), cache), asked, Workspace.here(), pytest.fail)
        return {each.wanted_ms for each in found}.pop()

    assert [wanted(length="20m"), wanted(), wanted(length="9m")] == [20 * MINUTE, 12 * MINUTE, 9 * MINUTE]


# --- the command --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("short_ones")
def test_two_nights_are_two_routines_of_the_length_asked(sleepward: Command, history: Path, tmp_path: Path) -> None:
    first, second = (sleepward.json("tonight", "--minutes", "3", *QUICK) for _ in range(2))
    assert first["routine"] != second["routine"]
    assert [entry.routine for entry in read_history(history)] == [first["routine"], second["routine"]]
    assert first["duration_ms"] == second["duration_ms"] == 3 * MINUTE + 10_000
    again = tmp_path / "again.mp3"
    sleepward(*shlex.split(second["command"])[1:], "-o", again)
    assert hashlib.sha256(again.read_bytes()).hexdigest() == second["sha256"]


def test_a_dry_run_says_why_and_leaves_nothing(sleepward: Command, history: Path, tmp_path: Path) -> None:
    words = ("tonight", "--minutes", "8", "--avoid", "knees", "--why", "--dry-run", *QUICK)
    shown = sleepward(*words).stdout
    assert sleepward(*words).stdout == shown
    assert "taken: never done" in shown
    assert "Make it with: sleepward build " in shown
    assert "--avoid knees --" in shown
    assert "at its shortest, and" in shown
    assert not history.exists()
    assert not (tmp_path / "output").exists()


def test_a_night_that_failed_is_not_recorded(sleepward: Command, history: Path, tmp_path: Path) -> None:
    (tmp_path / "output").write_text("in the way")
    sleepward("tonight", "--minutes", "12", *QUICK, code=2)
    assert not history.exists()


def test_a_broken_history_is_said_and_kept(sleepward: Command, history: Path, tmp_path: Path) -> None:
    record(history, PastNight(date(2025, 1, 1), "psoas-release"))
    for broken in ('{"night": "2025-13-01", "routine": "x"}', '{"routine": "x"}', "[1]", "nonsense", "\x00"):
        text = f"{history.read_text().splitlines()[0]}\n{broken}\n"
        history.write_text(text)
        done = sleepward("tonight", "--minutes", "12", *QUICK, code=2)
        assert f"{history}:2" in done.stderr
        assert "delete this line" in done.stderr
        assert history.read_text() == text
    history.write_bytes(b"\xff\n")
    assert str(history) in sleepward("tonight", "--minutes", "12", *QUICK, code=2).stderr
    assert not (tmp_path / "output").exists()


def test_the_history_goes_on_where_it_was_left(history: Path) -> None:
    assert read_history(history) == []
    record(history, PastNight(date(2025, 1, 1), "a"))
    history.write_text(history.read_text().rstrip("\n"))  # as an editor may leave it
    record(history, PastNight(date(2025, 1, 2), "b"))
    assert read_history(history) == [PastNight(date(2025, 1, 1), "a"), PastNight(date(2025, 1, 2), "b")]
    assert [json.loads(line)["night"] for line in history.read_text().splitlines()] == ["2025-01-01", "2025-01-02"]


def test_the_data_folder_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(tonight.DATA_VARIABLE, str(tmp_path / "mine"))
    assert tonight.history_path() == tmp_path / "mine" / "history.jsonl"
    (tmp_path / "mine").write_text("in the way")
    with pytest.raises(InputError, match="history of nights can't be written"):
        record(tonight.history_path(), PastNight(date(2025, 1, 1), "a"))


def test_after_midnight_is_still_the_same_night() -> None:
    assert night_of(datetime(2025, 1, 2, 0, 30)) == night_of(datetime(2025, 1, 1, 22, 0)) == date(2025, 1, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--minutes", "2"], ["ten-minutes-in-bed: lasts about", "--minutes"]),
        (["--minutes", "900"], ["at its longest", "--minutes"]),
        (["--minutes", "0"], ["--minutes"]),
        (["--minutes", "20", "--length", "20m"], ["--minutes and --length"]),
        (["--minutes", "20", "--rate", "fast"], ["--rate", "60 to 300"]),
        (["--minutes", "20", "--avoid", "knes"], ["knes", "knees"]),
        (["--minutes", "20", "--skip", "figure-fuor"], ["figure-fuor", "figure-four"]),
        (["--minutes", "20", "--only", "leg-dangel"], ["suit no routine", "psoas-release: ", "leg-dangel"]),
    ],
)
def test_what_cannot_be_had_is_said(sleepward: Command, history: Path, words: list[str], says: list[str]) -> None:
    done = sleepward("tonight", *words, "--voice", "tone", code=2)
    assert all(part in done.stderr for part in says), done.stderr
    assert done.stdout == ""
    assert not history.exists()


def test_a_voice_that_is_not_there_is_said_once(sleepward: Command, history: Path) -> None:
    done = sleepward("tonight", "--minutes", "20", "--voice", "nobody:x", code=3)
    assert done.stderr.count("Error") == 1


def test_without_minutes_each_is_as_long_as_it_is(sleepward: Command, history: Path) -> None:
    chosen = sleepward.json("tonight", "--only", "leg-dangle", "--dry-run", "--voice", "tone")
    assert chosen["routine"] == "psoas-release"
    assert "length" not in chosen["command"]


# --- the questions, as typed at a terminal ------------------------------------------------------------------


@pytest.fixture
def typed(history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.setenv("SLEEPWARD_TAIL", "10s")  # nobody is asked for it
    return Typed(tmp_path)


class Typed:
    """`sleepward` at a pseudo-terminal of 50 columns: each answer is typed when a question waits for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, answers: Sequence[str] = (), code: int = 0) -> str:
        pty, fcntl, termios = (importlib.import_module(name) for name in ("pty", "fcntl", "termios"))
        own, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 50, 0, 0))
        assert SLEEPWARD
        process = subprocess.Popen([SLEEPWARD, *words], cwd=self.folder, stdin=its, stdout=its, stderr=its)
        os.close(its)
        shown, left = b"", list(answers)
        asked_at = 0
        while select.select([own], [], [], 300)[0]:
            try:
                read = os.read(own, 65_536)
            except OSError:  # so Linux says that the other end is closed
                break
            if not read:
                break
            shown += read
            if left and shown[asked_at:].endswith(b": "):
                asked_at = len(shown)
                os.write(own, f"{left.pop(0)}\n".encode())
        os.close(own)
        assert process.wait(60) == code, shown.decode()
        assert not left, f"never asked for {left}: {shown.decode()}"
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
class TestQuestions:
    @pytest.mark.slow
    def test_four_are_asked_and_the_answers_proposed_the_next_time(self, typed: Typed, history: Path) -> None:
        shown = typed("tonight", answers=["8", "sore knees", "knees and lower back", "", "n", "tone", "none"])
        questions = ["Minutes [20]: ", "What hurts (knees, back) [nothing]: ", "Where (bed, floor, anywhere) [bed]: "]
        assert [question in shown for question in [*questions, "Sound: heart, brown [Y/n]: "]] == [True] * 4
        assert "no pose is known to be bad for 'sore-knees'" in shown
        (made,) = (typed.folder / "output").glob("*.mp3")
        assert "8:00 guided" in shown
        assert "--avoid knees,lower-back" in " ".join(shown.split())
        again = typed("tonight", answers=["", "", "", ""])
        proposed = ["Minutes [8]", "[knees,lower-back]", "[bed]", "Sound: tone, none [Y/n]"]
        assert [each in again for each in proposed] == [True] * 4
        first, second = [entry.routine for entry in read_history(history)]
        assert first == made.stem != second

    @pytest.mark.usefixtures("short_ones")
    def test_what_cannot_be_answered_is_asked_again(self, typed: Typed, history: Path) -> None:
        shown = typed("tonight", answers=["soon", "0", "3", "kneees", "", "bet", "bed", "n", "tone", "none"])
        assert "'soon' isn't a number of minutes" in shown
        assert "did you mean knees?" in shown
        assert "'bet' is not one of" in shown

    def test_with_any_option_nothing_is_asked_or_remembered(self, typed: Typed, history: Path) -> None:
        shown = typed("tonight", "--dry-run", "--minutes", "8", "--voice", "tone")
        assert "Minutes [" not in shown
        assert "Make it with: sleepward build" in shown
        assert not tonight.answers_path().exists()

    def test_the_end_of_input_is_no_answer(self, typed: Typed, history: Path) -> None:
        assert "interrupted" in typed("tonight", answers=["8", "\x04"], code=130)
        assert not tonight.answers_path().exists()

    def test_broken_answers_are_said_and_kept(self, typed: Typed, history: Path) -> None:
        tonight.answers_path().parent.mkdir(parents=True)
        for broken in ("{", "[]", '{"minutes": "8"}', '{"minutes": 0}', '{"where": "roof"}', '{"voice": 1}'):
            tonight.answers_path().write_text(broken)
            with pytest.raises(InputError, match="the last answers can't be read"):
                read_answers(tonight.answers_path())
        assert "the last answers can't be read" in " ".join(typed("tonight", code=2).split())
        assert tonight.answers_path().read_text() == broken
