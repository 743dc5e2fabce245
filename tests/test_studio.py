"""The studio: what its page is told, what it makes, what it refuses; and a track made in a real browser."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
import wave
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from generator.errors import InputError, TrackError
from generator.formats import read_tags
from generator.server import Served, serve
from generator.server.studio.jobs import MOST_WAITING, Made, Queue, Reporter
from generator.system import ffmpeg
from tests.conftest import SHORT_ROUTINE, SLEEPWARD, Command
from tests.pages import (
    DESKTOP,
    PHONE,
    button,
    expect_darkness,
    expect_large_controls,
    expect_no_barriers,
    in_browser,
    wait_until,
)
from tests.test_publishing import Library
from tests.test_serve import Answer, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

WISHES = {"routine": "short", "length": "3m", "background": "none", "tail": "10s"}
"""The track that is made quickest."""
QUICK_TOML = 'length = "3m"\nbackground = "none"\ntail = "10s"\n'
"""That it is the usual one."""


@pytest.fixture
def own_routine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "short.yaml").write_text(SHORT_ROUTINE, encoding="utf-8")
    monkeypatch.setenv("SLEEPWARD_VOICE", "tone")


@pytest.fixture
def studio(own_routine: None, tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path / "made", port=0, studio=True) as found:
        yield found


class Guest(Visitor):
    """A browser that has come in, and asks as the studio's page does."""

    def post(self, what: str, value: Any, kind: str = "application/json") -> Answer:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        headers = {"Cookie": self.cookie, "Content-Type": kind, "Origin": f"http://{self.host}:{self.port}"}
        connection.request("POST", f"/~studio/{what}", body, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    def try_post(self, what: str, value: Any) -> None:
        """Ask, whatever comes of it: the server may end meanwhile."""
        with suppress(OSError, http.client.HTTPException):
            self.post(what, value)

    def told(self, what: str, value: Any) -> Any:
        answer = self.post(what, value)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def refused(self, what: str, value: Any) -> str:
        answer = self.post(what, value)
        assert answer.status == 422, answer.body
        return str(json.loads(answer.body)["error"])

    def queue(self) -> Generator[list[dict[str, Any]]]:
        """The queue, each time that it changes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        connection.request("GET", "/~studio/queue", headers={"Cookie": self.cookie})
        with closing(connection), connection.getresponse() as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            while line := response.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    def made(self, wishes: Any) -> dict[str, Any]:
        """The job of a track, once it has ended."""
        number = self.told("build", wishes)["number"]
        with closing(self.queue()) as changes:
            for jobs in changes:
                job: dict[str, Any] = next(each for each in jobs if each["number"] == number)
                if job["state"] not in ("waiting", "working"):
                    return job
        raise AssertionError("the queue broke off")


@pytest.fixture
def guest(studio: Served) -> Guest:
    found = Guest(studio.host, studio.port)
    assert b"url=/~studio/" in found.enter(studio.address).body
    return found


@pytest.fixture(scope="module")
def idle_studio(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all who only ask: it makes nothing, and each end of a server takes a while."""
    with serve(tmp_path_factory.mktemp("idle") / "made", port=0, studio=True) as found:
        yield found


@pytest.fixture
def asker(own_routine: None, idle_studio: Served) -> Guest:
    """A guest who has nothing made."""
    found = Guest(idle_studio.host, idle_studio.port)
    assert b"url=/~studio/" in found.enter(idle_studio.address).body
    return found


# --- what it tells --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wishes", [{"length": "4m"}, {"length": "12m", "avoid": "knees"}, {"pace": "1.5", "style": "spare"}, {}]
)
def test_a_sketch_is_what_plan_shows(asker: Guest, sleepward: Command, wishes: dict[str, str]) -> None:
    routine = {"routine": "ten-minutes-in-bed" if wishes.get("length") == "12m" else "short"}
    sketch = asker.told("sketch", routine | wishes)
    flags = [word for name, text in wishes.items() for word in (f"--{name}", text)]
    plan = sleepward.json("plan", routine["routine"], *flags)
    assert sketch["title"] == plan["title"]
    assert [chapter["title"] for chapter in sketch["chapters"]] == [chapter["title"] for chapter in plan["chapters"]]
    assert len(sketch["holds"]) == sum(event["kind"] == "hold" for event in plan["events"])
    assert len(sketch["speech"]) == sum(event["kind"] == "speech" for event in plan["events"])
    assert all(any(note in told for told in plan["adapted"]) for note in sketch["notes"])
    assert len(sketch["notes"]) == len(plan["adapted"])
    assert sketch["line"].split()[1:] == ["build", routine["routine"], *flags]
    if "length" in wishes:
        assert sketch["guided_ms"] == plan["guided_ms"]


def test_lengths_are_those_that_can_be_had(guest: Guest) -> None:
    lengths = guest.told("lengths", {"routine": "deep-hip-opening", "voice": "heart"})
    assert lengths["shortest_ms"] < 10 * 60_000 < lengths["whole_ms"] < lengths["own_ms"] < lengths["longest_ms"]
    wishes = {"routine": "deep-hip-opening", "voice": "heart"}

    def notes(ms: int) -> list[str]:
        return list(guest.told("sketch", {**wishes, "length": f"{ms}ms"})["notes"])

    assert notes(lengths["whole_ms"] + 1_000) == []
    assert notes(lengths["whole_ms"] - 1_000) != []
    assert "left out" in notes(lengths["shortest_ms"] + 1_000)[0]
    assert "isn't possible" in guest.refused("sketch", {**wishes, "length": f"{lengths['longest_ms'] + 60_000}ms"})


@pytest.mark.parametrize(
    ("name", "text"), [("length", "soon"), ("length", "0m"), ("pace", "9"), ("voice", "nobody"), ("background", "rian"), ("style", "loud"), ("tail", "1s")]
)  # fmt: skip
def test_a_wrong_value_gets_the_words_of_the_command_line(
    asker: Guest, sleepward: Command, name: str, text: str
) -> None:
    said = asker.refused("sketch", {"routine": "short", name: text})
    typed = sleepward("plan", "short", f"--{name}", text, code=3 if name == "voice" else 2).stderr
    assert said.split() == typed.removeprefix("Error: ").split()


def test_what_hurts_is_told_in_peoples_words(guest: Guest) -> None:
    sketch = guest.told("sketch", {"routine": "ten-minutes-in-bed", "avoid": "Knees and lower back"})
    assert sketch["line"].endswith("--avoid knees,lower-back")
    assert any("to avoid knees" in note for note in sketch["notes"])
    assert "did you mean knees" in guest.refused("sketch", {"routine": "short", "avoid": "nees"})


# --- what it makes --------------------------------------------------------------------------------------


def test_a_track_is_made_plays_and_joins_the_library(guest: Guest, tmp_path: Path) -> None:
    job = guest.made({**WISHES, "length": "3m", "background": "rain"})
    assert (job["state"], job["message"]) == ("done", "")
    assert job["title"] == "Two quiet minutes · 3 min · rain · 10 s of sound after it"
    answer = guest.ask(job["address"])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/mpeg")
    (tmp_path / "back.mp3").write_bytes(answer.body)
    assert len(ffmpeg.decode_at(tmp_path / "back.mp3")) == 190 * 48_000
    tags = read_tags(tmp_path / "back.mp3")
    assert tags is not None
    assert (tags.title, tags.album) == (job["title"], "Made in the studio")
    page = guest.ask("/")
    assert (page.status, job["title"].encode() in page.body) == (200, True)
    assert b'"has_tracks":true' in guest.ask("/~studio/").body


def test_the_same_wishes_are_the_same_track_and_others_another(guest: Guest, tmp_path: Path) -> None:
    first = guest.made(WISHES)
    made_ns = (tmp_path / "made" / first["address"][1:]).stat().st_mtime_ns
    again, other = guest.made({**WISHES, "pace": ""}), guest.made({**WISHES, "length": "4m"})
    assert again["address"] == first["address"] != other["address"]
    assert (tmp_path / "made" / first["address"][1:]).stat().st_mtime_ns == made_ns
    entries = json.loads((tmp_path / "made" / "library.json").read_bytes())["tracks"]
    assert sorted((entry["number"], entry["title"].split(" · ")[1]) for entry in entries) == [
        (1, "3 min"),
        (2, "4 min"),
    ]


def test_a_minute_and_samples_are_heard_and_leave_nothing(guest: Guest, tmp_path: Path) -> None:
    wishes = {"routine": "ten-minutes-in-bed", "background": "rain"}
    for what, least_s, most_s in (("preview", 59, 61), ("voice", 5, 30), ("background", 5, 30)):
        address = guest.told(what, wishes)["address"]
        answer = guest.ask(address)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/mpeg"), what
        (tmp_path / "heard.mp3").write_bytes(answer.body)
        assert least_s < len(ffmpeg.decode_at(tmp_path / "heard.mp3")) / 48_000 < most_s
    assert not (tmp_path / "made").exists()
    assert guest.ask("/~studio/sounds/other.mp3").status == 404


def test_a_track_that_cant_be_made_says_why_and_the_next_is_made(guest: Guest) -> None:
    failed = guest.made({**WISHES, "length": "2h"})
    assert failed["state"] == "failed"
    assert "2h isn't possible" in failed["message"]
    assert guest.made(WISHES)["state"] == "done"


TOML = """\
background = "drone"
voice = "calm"
avoid = "knees"
length = "4m"
[voices.calm]
voice = "tone"
"""


def test_what_is_usual_comes_from_the_routine_and_the_settings(
    guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLEEPWARD_VOICE")
    (tmp_path / "sleepward.toml").write_text(TOML, encoding="utf-8")
    (tmp_path / "routines" / "own.yaml").write_text(SHORT_ROUTINE + "background: none\npace: 1.5\n", encoding="utf-8")
    usual = guest.told("usual", {"routine": "own"})
    assert usual == {
        "length": "4m", "avoid": "knees", "voice": "calm", "background": "none", "pace": "1.5", "style": "gentle", "tail": "5m",
    }  # fmt: skip
    assert '<option value="calm">' in guest.ask("/~studio/").body.decode()
    line = guest.told("sketch", {"routine": "own", **usual, "pace": "1.50"})["line"]
    assert line == "sleepward build own"
    line = guest.told("sketch", {"routine": "own", **usual, "avoid": "none", "background": "drone"})["line"]
    assert line == "sleepward build own --avoid none --background drone"
    made = guest.made({"routine": "own", "voice": "calm", "tail": "10s"})["address"]
    assert made == "/own/tail-10s.mp3"


@pytest.mark.slow
def test_different_wishes_are_different_files(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "sleepward.toml").write_text(QUICK_TOML, encoding="utf-8")
    wishes = ({"tail": "4m"}, {"length": "4m"}, {"pace": "1.5"}, {"style": "spare"})
    addresses = [guest.told("build", {"routine": "short", **each})["number"] for each in wishes]
    assert len(set(addresses)) == len(wishes)
    for each, name in zip(wishes, ("tail-4m", "4m", "pace-1.5", "style-spare"), strict=True):
        assert guest.made({"routine": "short", **each})["address"] == f"/short/{name}.mp3"
    (tmp_path / "routines" / "sh ort.yaml").write_text(SHORT_ROUTINE, encoding="utf-8")
    (tmp_path / "routines" / "sh-ort.yaml").write_text(SHORT_ROUTINE, encoding="utf-8")
    assert guest.made({"routine": "sh ort"})["state"] == "done"
    assert "would have the same file" in guest.refused("build", {"routine": "sh-ort"})


@pytest.mark.slow
def test_routines_may_be_called_as_the_server_calls_its_own(guest: Guest, tmp_path: Path) -> None:
    for name in ("studio", "enter"):
        (tmp_path / "routines" / f"{name}.yaml").write_text(SHORT_ROUTINE, encoding="utf-8")
        address = guest.made({**WISHES, "routine": name})["address"]
        assert guest.ask(address).status == 200


def test_music_that_is_usual_is_heard_and_nothing_is_written_elsewhere(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    with wave.open(str(tmp_path / "music" / "harp.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(1).integers(-3_000, 3_000, 48_000 * 8, np.int16).tobytes())
    (tmp_path / "sleepward.toml").write_text('background = "music/harp.wav"\n', encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    addresses = {guest.told("background", {"routine": "short"})["address"] for _ in range(2)}
    assert len(addresses) == 2
    assert all(guest.ask(address).status == 200 for address in addresses)
    assert sorted(tmp_path.rglob("*")) == before
    assert guest.told("usual", {"routine": "short"})["background"] == "music/harp.wav"


def test_a_file_called_like_a_background_hides_it_from_nobody(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "rain").write_bytes(b"")
    assert guest.told("sketch", {"routine": "short", "background": "rain"})["title"] == "Two quiet minutes"


def test_a_link_out_of_the_folder_is_refused_before_anything_is_made(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "short").symlink_to(tmp_path / "elsewhere")
    assert "a link leads out" in guest.refused("build", WISHES)
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_a_routine_that_doesnt_stretch_keeps_its_length(guest: Guest, tmp_path: Path) -> None:
    fixed = SHORT_ROUTINE.replace("20-40 s", "30 s").replace("30+ s", "60 s")
    (tmp_path / "routines" / "fixed.yaml").write_text(fixed, encoding="utf-8")
    lengths = guest.told("lengths", {"routine": "fixed"})
    assert not lengths["stretch"]
    assert lengths["whole_ms"] == lengths["own_ms"] == lengths["longest_ms"]


# --- who may, and what nobody may ---------------------------------------------------------------------------


def test_whoever_hasnt_come_in_gets_nothing(studio: Served) -> None:
    stranger = Guest(studio.host, studio.port)
    for path in ("/~studio/", "/~studio/queue", "/~studio/sounds/a.mp3"):
        assert stranger.ask(path).status == 403
    assert stranger.post("build", WISHES).status == 403


def test_a_library_that_is_only_served_makes_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path / "nights")
    library.add("psoas-release/1.mp3")
    library.publish()
    with serve(library.root, port=0) as served:
        guest = Guest(served.host, served.port)
        guest.enter(served.address)
        assert guest.ask("/~studio/").status == 404
        assert guest.post("build", WISHES).status in (404, 405)


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        ({"routine": "short", "background": "../secret.wav"}, "names a file"),
        ({"routine": "short", "background": "rain+/etc/hostname"}, "names a file"),
        ({"routine": "../short"}, "no routine called"),
        ({"routine": ""}, "no routine called"),
        ({"routine": "short", "cover": "x.jpg"}, "doesn't ask for cover"),
        ({"routine": "short", "voice": ["tone"]}, "as texts"),
        ({"routine": "short", "avoid": "x" * 5_000}, ""),
        ([], "as texts"),
        ("short", "as texts"),
        (b"{", "no JSON"),
        (b"[" * 10_000, "no JSON"),
        (b'"' + b"x" * 30_000 + b'"', "at most 20,000 bytes"),
        ({"routine": "short", "background": "rain:-6"}, "is the only layer"),
        ({"routine": "short", "background": "rain+rain+rain+rain+rain"}, "has 5 layers"),
        ({"routine": "\ud800"}, "are Unicode"),
        ({"\udfff": "x"}, "are Unicode"),
    ],
)  # fmt: skip
def test_what_no_page_asks_is_refused(asker: Guest, wishes: Any, why: str) -> None:
    for what in ("lengths", "sketch", "build", "preview", "voice", "background"):
        assert why in asker.refused(what, wishes)


def test_other_pages_and_forms_ask_in_vain(guest: Guest) -> None:
    assert "is JSON" in json.loads(guest.post("build", WISHES, "text/plain").body)["error"]
    assert guest.ask("/~studio/build").status == 405
    assert guest.ask("/~studio/queue", Origin="http://evil.example").status == 403
    assert "by its number" in guest.refused("cancel", "1")


def test_its_page_asks_nobody_else(guest: Guest) -> None:
    answer = guest.ask("/~studio/")
    policy = answer.headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert not any(word in policy for word in ("unsafe", "*", "http"))
    assert answer.body.count(b"://") == answer.body.count(b"http://www.w3.org/2000/svg") == 1


def test_another_librarys_folder_is_left_alone(own_routine: None, tmp_path: Path) -> None:
    library = Library(tmp_path / "nights")
    library.add("psoas-release/1.mp3")
    library.publish()
    with pytest.raises(InputError, match="folder of another library"), serve(library.root, port=0, studio=True):
        pass


# --- the queue ------------------------------------------------------------------------------------------


def held(begun: threading.Event) -> Any:
    """Work that goes on until it is cancelled."""

    def work(reporter: Reporter) -> Made:
        begun.set()
        while True:
            reporter.progress("sound", 1, 2)

    return work


def states(queue: Queue) -> list[str]:
    return [job["state"] for job in queue.seen()]


def test_jobs_wait_in_their_order_and_can_be_cancelled() -> None:
    queue, begun = Queue(1, "test"), threading.Event()
    first = queue.add("first", held(begun))
    second = queue.add("second", lambda reporter: Made("/second"))
    third = queue.add("third", lambda reporter: Made("/third"))
    assert begun.wait(10)
    assert states(queue) == ["working", "waiting", "waiting"]
    queue.cancel(second.view.number)
    assert states(queue) == ["working", "cancelled", "waiting"]
    queue.cancel(first.view.number)
    assert third.ended.result(10) == Made("/third")
    assert states(queue) == ["cancelled", "cancelled", "done"]
    queue.cancel(third.view.number)
    queue.cancel(99)
    assert states(queue)[2] == "done"
    queue.close()


def test_what_is_cancelled_while_it_works_ends_at_its_next_step() -> None:
    queue, begun, go_on = Queue(1, "test"), threading.Event(), threading.Event()

    def work(reporter: Reporter) -> Made:
        begun.set()
        assert go_on.wait(10)
        reporter.check()
        return Made("/")

    job = queue.add("first", work)
    assert begun.wait(10)
    queue.cancel(job.view.number)
    assert states(queue) == ["ending"]
    go_on.set()
    with pytest.raises(InputError, match="was cancelled"):
        job.ended.result(10)
    assert states(queue) == ["cancelled"]
    queue.close()


def test_a_failure_is_said_and_stops_nobody() -> None:
    queue = Queue(1, "test")

    def fail(reporter: Reporter) -> Made:
        raise TrackError("the voice broke off", where="short")

    def stumble(reporter: Reporter) -> Made:
        raise KeyError("x")

    jobs = [queue.add("a", fail), queue.add("b", stumble), queue.add("c", lambda reporter: Made("/c"))]
    assert jobs[2].ended.result(10) == Made("/c")
    with pytest.raises(TrackError, match="KeyError"):
        jobs[1].ended.result()
    assert [(job["state"], job["message"]) for job in queue.seen()] == [
        ("failed", "short: the voice broke off"),
        ("failed", "KeyError: 'x'"),
        ("done", ""),
    ]
    queue.close()


def test_a_full_queue_refuses_and_closing_ends_all() -> None:
    queue, begun = Queue(1, "test"), threading.Event()
    queue.add("first", held(begun))
    assert begun.wait(10)
    for number in range(MOST_WAITING):
        queue.add(f"{number}", lambda reporter: Made("/"))
    with pytest.raises(InputError, match=f"{MOST_WAITING} tracks are waiting"):
        queue.add("one more", lambda reporter: Made("/"))
    queue.close()
    assert set(states(queue)) == {"cancelled"}


def test_what_ended_long_ago_is_forgotten() -> None:
    queue = Queue(1, "test")
    for number in range(60):
        queue.add(f"{number}", lambda reporter: Made("/")).ended.result(10)
    assert len(queue.seen()) < 40
    assert queue.seen()[-1]["title"] == "59"
    queue.close()


# --- the command ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("interruptible", "own_routine")
def test_ctrl_c_ends_it_whatever_is_being_made(tmp_path: Path) -> None:
    assert SLEEPWARD
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [SLEEPWARD, "studio", "made", "--port", "0", "--no-open"]
    env = {**os.environ, "TMPDIR": str(scratch), "SLEEPWARD_CACHE_DIR": str(tmp_path / "cache")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout
        process.stdout.readline()
        address = process.stdout.readline().strip()
        guest = Guest("127.0.0.1", urlsplit(address).port or 0)
        guest.enter(address)
        wishes = {"routine": "deep-hip-opening", "voice": "en-us+klatt4"}
        guest.told("build", wishes)
        asked = [threading.Thread(target=guest.try_post, args=(what, wishes)) for what in ("preview", "voice")]
        for each in asked:
            each.start()
        next(jobs for jobs in guest.queue() if jobs and jobs[0]["state"] == "working")
        process.send_signal(signal.SIGINT)
        _, noted = process.communicate(timeout=30)
        for each in asked:
            each.join()
    assert process.returncode == 130
    assert "Traceback" not in noted
    assert [path.name for path in scratch.iterdir() if "studio" in path.name] == []
    assert not [*tmp_path.rglob("*.part")]


# --- in a browser -----------------------------------------------------------------------------------------


class TestInABrowser:
    pytestmark = in_browser

    def test_from_nothing_to_sound(self, studio: Served, page: Page) -> None:
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")
        page.get_by_label("Routine").select_option("Two quiet minutes")
        page.get_by_label("Background", exact=True).select_option("rain")
        page.get_by_label("Background after it").select_option("only the fade")
        page.get_by_text("From 3 min to").wait_for()
        page.get_by_label("Length of the guided part").fill("3")
        page.get_by_text("Two quiet minutes: 3:00").wait_for()
        assert page.locator("#drawing rect").count() > 10
        assert (
            page.locator("#line").inner_text().strip()
            == "sleepward build short --length 3m --background rain --tail 10s"
        )
        button(page, "Make the track").click()
        button(page, "Play Two quiet minutes · 3 min · rain · 10 s of sound after it").click(timeout=60_000)
        wait_until(page, "audio.currentTime > 0.1")
        page.get_by_label("Place in the sound").fill("100")
        wait_until(page, "audio.currentTime > 100")
        button(page, "Pause").click()
        wait_until(page, "audio.paused")
        page.get_by_role("link", name="All its tracks").click()
        page.get_by_role("region", name="Tonight").get_by_text("Two quiet minutes").wait_for()

    def test_what_a_length_leaves_out_and_what_hurts_is_shown_before(self, studio: Served, page: Page) -> None:
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")
        page.get_by_label("Routine").select_option("deep-hip-opening")
        page.get_by_label("Length of the guided part").fill("15")
        page.get_by_text("left out: ").wait_for()
        assert "All of it fits from" in page.locator("#minutes-note").inner_text()
        page.get_by_label("Length of the guided part").fill("60")
        page.get_by_text("All of it fits.").wait_for()
        page.get_by_text("What hurts: ").click()
        button(page, "knees").click()
        page.get_by_text("to avoid knees").wait_for()
        assert page.locator("#hurting").inner_text() == "knees"

    def test_what_holds_here_is_shown_and_stays(self, studio: Served, page: Page, tmp_path: Path) -> None:
        (tmp_path / "sleepward.toml").write_text('avoid = "knees"\nbackground = "drone"\n', encoding="utf-8")
        (tmp_path / "routines" / "own.yaml").write_text(
            SHORT_ROUTINE.replace("Two", "Own") + "pace: 1.4\n", encoding="utf-8"
        )
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")
        page.get_by_label("Routine").select_option("deep-hip-opening")
        page.get_by_text("to avoid knees").wait_for()
        assert page.locator("#hurting").inner_text() == "knees"
        page.get_by_text("What hurts: ").click()
        button(page, "neck").click()
        page.get_by_text("to avoid neck").wait_for()
        assert "to avoid knees" in page.locator("#sketch-notes").inner_text()
        page.get_by_label("Routine").select_option("own")
        page.get_by_text("Own quiet minutes: ").wait_for()
        shown = [page.get_by_label(name, exact=True).input_value() for name in ("Background", "Pauses", "Voice")]
        assert shown == ["drone", "1.4", "tone"]
        assert page.locator("#line").inner_text().split()[3:] == ["--avoid", "knees,neck"]

    def test_a_minute_and_the_voice_are_heard(self, studio: Served, page: Page) -> None:
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")
        page.get_by_label("Routine").select_option("ten-minutes-in-bed")
        for name in ("Hear the voice", "Hear it under the voice", "Hear a minute of it"):
            button(page, name).click()
            wait_until(page, "!audio.paused && audio.currentTime > 0.1")
            button(page, "Pause").click()
            wait_until(page, "audio.paused")

    def test_with_the_keyboard_alone(self, studio: Served, page: Page, tmp_path: Path) -> None:
        (tmp_path / "sleepward.toml").write_text('background = "none"\n', encoding="utf-8")
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")

        def tab_to(element: str) -> None:
            for _ in range(40):
                page.keyboard.press("Tab")
                if page.evaluate("document.activeElement.id || document.activeElement.innerText") == element:
                    return
            raise AssertionError(f"{element} isn't reached")

        tab_to("routine")
        page.keyboard.type("Two")
        page.get_by_text("Two quiet minutes:").wait_for()
        tab_to("minutes")
        page.keyboard.press("Home")
        tab_to("tail")
        page.keyboard.type("only")
        tab_to("build")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Play Two quiet minutes").wait_for(timeout=60_000)
        tab_to("Play")
        page.keyboard.press("Enter")
        wait_until(page, "audio.currentTime > 0.1")
        page.keyboard.press("Escape")
        wait_until(page, "audio.paused")

    @pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
    def test_it_is_dark_large_and_without_barriers(
        self, studio: Served, page: Page, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        (tmp_path / "sleepward.toml").write_text('background = "none"\ntail = "10s"\n', encoding="utf-8")
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(studio.address)
        page.wait_for_url("**/~studio/")
        page.get_by_label("Routine").select_option("Two quiet minutes")
        page.get_by_text("Two quiet minutes:").wait_for()
        page.get_by_text("What hurts: ").click()
        button(page, "Make the track").click()
        page.get_by_role("button", name="Play Two quiet minutes").click(timeout=60_000)
        wait_until(page, "audio.currentTime > 0.1")
        expect_no_barriers(page)
        expect_darkness(page, tmp_path / "shot.png")
        expect_large_controls(page, size[0])
