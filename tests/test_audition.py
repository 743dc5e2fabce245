"""A page to choose voices and backgrounds by ear: as typed, in its text, and in a real browser."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from generator.app.audition import Candidate, write_backgrounds_page, write_voices_page
from generator.beds import BEDS
from generator.system import ffmpeg
from tests.conftest import Command
from tests.pages import (
    PHONE,
    button,
    expect_darkness,
    expect_large_controls,
    expect_no_barriers,
    in_browser,
    wait_until,
)
from tests.test_offer import loudness

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = '</h3><img src=x onerror=alert(1)> & "it"'
OWN = """\
[voices.calm]
voice = "en-us+klatt4"
rate = 105

[voices."my own"]
engine = "command"
command = "no-such-program {wav}"
"""


def buttons(page: str) -> dict[str, str]:
    """The name and the sound's file of every play button."""
    found = re.findall(r'data-sound="(.*?)" data-name="(.*?)"', page)
    return {unescape(name): unquote(unescape(sound)) for sound, name in found}


def flags(page: str) -> list[str]:
    return [unescape(each) for each in re.findall("<code>(.*?)</code>", page)]


# --- as typed -----------------------------------------------------------------------------------------


def test_named_voices_can_be_heard_on_one_page(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "sleepward.toml").write_text(OWN, encoding="utf-8")
    done = sleepward("voices", "--audition", "en-us+klatt4", "calm", "my own", "-o", "ears", code=3)
    assert done.stdout.split() == ["ears/voices/en-us+klatt4.mp3", "ears/voices/calm.mp3", "ears/voices.html"]
    page = (tmp_path / "ears" / "voices.html").read_text(encoding="utf-8")
    assert buttons(page) == {"en-us+klatt4": "voices/en-us+klatt4.mp3", "calm": "voices/calm.mp3"}
    assert flags(page) == ["--voice en-us+klatt4", "--voice calm", '--voice "my own"']
    assert "no-such-program" in page  # why it has no button
    sounds = [ffmpeg.decode(tmp_path / "ears" / name)[0] for name in buttons(page).values()]
    assert len(sounds[1]) > len(sounds[0])  # the slower one isn't the other's file


@pytest.mark.slow
def test_the_short_list_comes_in_the_order_of_the_list_and_the_rest_is_left_out(
    sleepward: Command, tmp_path: Path
) -> None:
    listed = [voice for voice in sleepward.json("voices") if voice["rank"] is not None]
    names = [voice["id"].removeprefix("hibari:").removeprefix("pyttsx3:") for voice in listed if voice["rank"] < 100]
    done = sleepward("voices", "--audition")
    assert "more: sleepward voices --audition --all" in done.stderr
    page = (tmp_path / "output" / "audition" / "voices.html").read_text(encoding="utf-8")
    assert list(buttons(page)) == names
    assert names[0] == "heart"
    assert "<details" not in page
    assert "always here" in page  # the reasons
    for sound in buttons(page).values():
        assert (tmp_path / "output" / "audition" / sound).stat().st_size > 10_000


@pytest.mark.slow
def test_every_background_can_be_heard_under_the_voice_of_ones_nights(sleepward: Command, tmp_path: Path) -> None:
    done = sleepward("backgrounds", "--audition", "-o", "ears", env={"SLEEPWARD_VOICE": "en-us+klatt4"})
    assert done.stdout.split()[-1] == "ears/backgrounds.html"
    page = (tmp_path / "ears" / "backgrounds.html").read_text(encoding="utf-8")
    assert buttons(page) == {name: f"backgrounds/{name}.mp3" for name in BEDS}
    assert flags(page) == [f"--background {name}" for name in BEDS]
    paths = {name: tmp_path / "ears" / sound for name, sound in buttons(page).items()}
    for path in paths.values():
        assert loudness(path) == pytest.approx(-22, abs=1.5)
    assert len({path.read_bytes() for path in paths.values()}) == len(BEDS)
    lengths = {len(ffmpeg.decode(path)[0]) for path in paths.values()}
    assert len(lengths) == 1  # the same words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["voices", "--audition", "--json"], "give only one of them"),
        (["voices", "--audition", "--sample", "a"], "give only one of them"),
        (["voices", "-o", "a"], "-o goes only with --sheet or --audition"),
        (["voices", "--audition", "--sheet", "ten-minutes-in-bed"], "--sheet goes only with"),
        (["backgrounds", "--audition", "--json"], "give only one of them"),
        (["backgrounds", "-o", "a"], "-o goes only with --audition"),
        (["voices", "--audition", "tone", "-o", "taken"], "choose another folder with -o"),
        (["backgrounds", "--audition", "-o", "taken"], "choose another folder with -o"),
    ],
)
def test_what_cant_be_done_is_said(sleepward: Command, tmp_path: Path, words: list[str], says: str) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    assert says in sleepward(*words, code=2, env={"SLEEPWARD_VOICE": "tone"}).stderr


# --- its text -----------------------------------------------------------------------------------------


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    """Two voices to try first, one of them with a hostile name; one that is folded away, one without a sound."""
    folder = tmp_path / "ears"
    (folder / "voices").mkdir(parents=True)
    hum = ["-f", "lavfi", "-i", "sine=frequency=220:duration=20"]
    for name in ("first.mp3", "#2 %41?.mp3", "third.mp3"):
        ffmpeg.run([*hum, "-y", str(folder / "voices" / name)], b"")
    (folder / "voices" / "damaged.mp3").write_bytes(b"no sound")
    candidates = [
        Candidate("first", "the default", "--voice first", "first.mp3"),
        Candidate(HOSTILE, HOSTILE, f"--voice {HOSTILE}", "#2 %41?.mp3"),
        Candidate("third", "bright", "--voice third", "third.mp3", shortlist=False),
        Candidate("silent", "get it first", "--voice silent", None, shortlist=False),
        Candidate("damaged", "its file isn't a sound", "--voice damaged", "damaged.mp3", shortlist=False),
    ]
    return write_voices_page(candidates, folder, ranked=True)


def test_the_page_names_no_address_and_nothing_in_a_name_becomes_part_of_it(page_file: Path) -> None:
    page = page_file.read_text(encoding="utf-8")
    assert "://" not in page
    assert not re.search(r"@import|url\(|<link|<iframe|<img|fetch\(|XMLHttpRequest|import\(|unsafe", page)
    assert page.count("<script") == page.count("</script") == 1
    assert buttons(page)[HOSTILE] == "voices/#2 %41?.mp3"
    first, folded = page.split("<details>")
    assert list(buttons(first)) == ["first", HOSTILE]
    assert list(buttons(folded)) == ["third", "damaged"]
    assert "<summary>3 more</summary>" in folded


def test_a_page_without_others_has_nothing_to_unfold(tmp_path: Path) -> None:
    path = write_backgrounds_page([Candidate("rain", "drops", "--background rain", "rain.mp3")], tmp_path)
    assert "<details" not in path.read_text(encoding="utf-8")


# --- in a browser -----------------------------------------------------------------------------------------


class TestInABrowser:
    pytestmark = in_browser

    def test_one_sound_plays_at_a_time_and_its_button_pauses_it(self, page: Page, page_file: Path) -> None:
        page.goto(page_file.as_uri())
        assert page.locator("audio, video").count() == 1  # nothing else can sound
        button(page, "Play first").click()
        wait_until(page, "audio.currentTime > 0.3 && audio.src.endsWith('/first.mp3')")
        button(page, f"Play {HOSTILE}").click()
        wait_until(page, "audio.currentTime > 0.1 && !audio.paused && !audio.src.endsWith('/first.mp3')")
        assert button(page, "Play first").is_visible()
        button(page, f"Pause {HOSTILE}").click()
        wait_until(page, "audio.paused")
        stopped_s = page.evaluate("document.getElementById('audio').currentTime")
        button(page, f"Play {HOSTILE}").click()
        wait_until(page, f"!audio.paused && audio.currentTime > {stopped_s}")
        page.keyboard.press("Escape")
        wait_until(page, "audio.paused")

    def test_a_sound_that_ends_can_be_heard_again(self, page: Page, page_file: Path) -> None:
        page.goto(page_file.as_uri())
        button(page, "Play first").click()
        wait_until(page, "audio.currentTime > 0.1")
        page.evaluate("document.getElementById('audio').currentTime = 19.7")
        button(page, "Play first").wait_for()
        button(page, "Play first").click()
        wait_until(page, "!audio.paused && audio.currentTime > 0.1 && audio.currentTime < 10")

    def test_the_keyboard_reaches_what_is_folded_away(self, page: Page, page_file: Path) -> None:
        page.goto(page_file.as_uri())
        assert not button(page, "Play third").is_visible()
        for key in ("Tab", "Tab", "Tab", "Enter", "Tab", "Enter"):
            page.keyboard.press(key)
        wait_until(page, "!audio.paused && audio.src.endsWith('/third.mp3')")

    def test_the_flag_is_selected_whole(self, page: Page, page_file: Path) -> None:
        page.goto(page_file.as_uri())
        page.get_by_text("--voice first", exact=True).click()
        assert page.evaluate("getSelection().toString()") == "--voice first"

    def test_a_sound_that_cant_be_played_is_said(self, page: Page, page_file: Path) -> None:
        page.goto(page_file.as_uri())
        page.locator("summary").click()
        button(page, "Play damaged").click()
        page.get_by_text("damaged can't be played: voices/damaged.mp3").wait_for()
        button(page, "Play first").click()
        wait_until(page, "!audio.paused")
        assert page.get_by_role("status").inner_text() == ""

    def test_it_is_dark_large_and_without_barriers(self, page: Page, page_file: Path, tmp_path: Path) -> None:
        page.goto(page_file.as_uri())
        page.locator("summary").click()
        button(page, "Play first").click()
        wait_until(page, "audio.currentTime > 0.1")
        expect_no_barriers(page)
        expect_darkness(page, tmp_path / "shot.png")
        expect_large_controls(page, PHONE[0])
