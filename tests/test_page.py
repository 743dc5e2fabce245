"""The page to listen on a phone: in its text, and in a real browser, from the folder and from the server."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from generator.library.publishing import page_policy
from generator.library.publishing.page_source import source
from generator.server import serve
from tests.conftest import encoded_in_one_piece
from tests.pages import (
    DESKTOP,
    MOST_LUMINANCE,
    PHONE,
    button,
    expect_darkness,
    expect_large_controls,
    expect_no_barriers,
    in_browser,
    luminance,
    wait_until,
)
from tests.test_publishing import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = "</script><img src=x onerror=alert(1)><!--"


# --- its text -----------------------------------------------------------------------------------------


@pytest.fixture
def library(tmp_path: Path) -> Library:
    found = Library(tmp_path / "nights")
    found.title = f"Nights {HOSTILE}"
    for night in (1, 2):
        found.add(f"psoas-release/35m-{night}.mp3")
    found.add("soothing-hips/40m #1.mp3", words=(HOSTILE,), title=HOSTILE, practice=HOSTILE)
    found.publish()
    return found


def data_of(page: str, name: str) -> str:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return str(found)


def test_nothing_that_a_user_writes_becomes_part_of_the_page(library: Library) -> None:
    page = library.read("index.html")
    assert "<img" not in page
    assert page.count("<script") == page.count("</script") == 3
    facts = json.loads(data_of(page, "library"))
    assert (facts["title"], facts["tracks"][2][1:3]) == (library.title, [HOSTILE, HOSTILE])
    assert HOSTILE in json.loads(data_of(page, "spoken").splitlines()[0])


def test_the_page_names_no_address_and_loads_nothing(library: Library) -> None:
    page = library.read("index.html")
    assert "://" not in page
    assert not re.search(r"@import|url\(|<link|<iframe|fetch\(|XMLHttpRequest|import\(", page)


def test_its_policy_lets_its_own_script_and_style_run_and_no_other(library: Library) -> None:
    page = library.read("index.html")
    for kind, pattern in (("script", r"<script>(.*?)</script>"), ("style", r"<style>(.*?)</style>")):
        (content,) = re.findall(pattern, page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}';" in page_policy()
        assert f"sha256-{digest}" in page
    assert "unsafe" not in page_policy()


def test_tracks_that_say_the_same_share_it(library: Library) -> None:
    page = library.read("index.html")
    places = [track[-1] for track in json.loads(data_of(page, "library"))["tracks"]]
    assert places == [0, 0, 1]
    texts, *lines = map(json.loads, data_of(page, "spoken").split("\n"))
    assert len(lines) == 2
    chapters, words = lines[0]
    assert [texts[number] for number in chapters[1::2]] == ["Arrival", "Rest"]
    assert words[::2] == [1_234, 5_234, 9_234]


def test_the_words_are_the_same_whether_read_from_tracks_or_from_the_files_beside_them(library: Library) -> None:
    before = library.read("index.html")
    (library.root / "index.html").unlink()
    for name in library.entries:
        path = library.root / name
        path.write_bytes(bytes(path.stat().st_size))  # what isn't read can't be missed
    library.publish()
    assert library.read("index.html") == before


def test_no_color_is_bright_and_every_text_can_be_read() -> None:
    tokens = dict(re.findall(r"--(\w+): #([0-9a-f]{6});", source()))
    bright = {name: float(luminance(np.array([*bytes.fromhex(value)]) / 255)) for name, value in tokens.items()}
    assert max(bright.values()) <= MOST_LUMINANCE
    assert bright["night"] == 0
    for text in ("ink", "faint", "glow"):
        for ground in ("night", "raised"):
            assert (bright[text] + 0.05) / (bright[ground] + 0.05) >= 4.5
    assert (bright["line"] + 0.05) / 0.05 >= 3
    rules = source().partition(":root {")[2].partition("}")[2].partition('"use strict"')[0]
    assert not re.search(r"#[0-9a-f]{3,8}\b(?=[^{]*;)|rgba?\(|hsla?\(", rules)  # tokens alone


# --- in a browser -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights of a minute each, that sound and are published."""
    library = Library(tmp_path_factory.mktemp("page") / "nights")
    hiss = np.random.default_rng(1).normal(0, 0.01, (60 * 48_000, 2)).astype(np.float32)
    frames = encoded_in_one_piece(hiss, 64)
    library.add("psoas-release/1.mp3", settings={"background": "rain"})
    library.add("psoas-release/2.mp3", settings={"background": "ocean"})
    settings = {"background": "rain", "voice": "en-us+klatt4"}
    library.add("hips/a #1?.mp3", title=HOSTILE, practice="Hips", settings=settings)
    for name in library.entries:
        with (library.root / name).open("ab") as file:
            file.write(frames)
    library.publish()
    return library.root


@pytest.fixture(params=["file", "server"])
def address(request: pytest.FixtureRequest, nights: Path) -> Iterator[str]:
    """The page from the folder itself, and from the server."""
    if request.param == "file":
        yield (nights / "index.html").as_uri()
        return
    with serve(nights, port=0) as served:
        yield served.address


def heard_s(page: Page) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def play_tonights(page: Page) -> None:
    page.get_by_role("region", name="Tonight").get_by_role("button").click()
    wait_until(page, "audio.currentTime > 0.1")


class TestInABrowser:
    pytestmark = in_browser

    def test_it_plays_jumps_to_a_chapter_and_goes_on_after_a_reload(self, address: str, page: Page) -> None:
        page.goto(address)
        page.get_by_role("heading", name="A year of Sundays").wait_for()
        page.get_by_role("button", name="</script><img").click()
        wait_until(page, "audio.currentTime > 0.1")
        assert page.get_by_role("heading", level=1).inner_text() == HOSTILE
        button(page, "Rest 0:20").click()
        wait_until(page, "audio.currentTime > 20.1")
        assert button(page, "Rest 0:20").get_attribute("aria-current") == "true"
        facts = page.evaluate("[navigator.mediaSession.metadata.artist, navigator.mediaSession.playbackState]")
        assert facts == ["Rest", "playing"]
        button(page, "Pause").click()
        stopped_s = heard_s(page)
        page.reload()
        assert page.get_by_role("region", name="Where you stopped").locator(".facts").inner_text() == "at 0:20, Rest"
        button(page, f"Go on with {HOSTILE}").click()
        wait_until(page, "!audio.paused && audio.readyState > 2")
        assert button(page, "Pause").is_visible()
        assert stopped_s - 0.2 <= heard_s(page) < stopped_s + 3

    def test_the_timer_fades_at_the_end_of_a_chapter_and_goes_back_ten_seconds(self, page: Page, nights: Path) -> None:
        page.goto((nights / "index.html").as_uri())
        play_tonights(page)
        page.get_by_label("Place in the track").fill("17")
        page.get_by_label("Sleep timer").select_option("End of chapter")
        heard = page.evaluate(
            """new Promise((done) => {
                const audio = document.getElementById("audio"), heard = [];
                setInterval(() => audio.paused ? done(heard) : heard.push([audio.currentTime, audio.volume]), 50);
            })"""
        )
        levels = [level for _, level in heard]
        assert levels == sorted(levels, reverse=True)
        assert (levels[0] > 0.6, levels[-1] < 0.05) == (True, True)
        assert 19.7 < heard[-1][0] < 20.3
        wait_until(page, "Math.abs(audio.currentTime - 10) < 1")
        assert "sleep timer" in page.get_by_role("status").first.inner_text()
        assert page.get_by_label("Sleep timer").input_value() == ""
        button(page, "Play").click()
        wait_until(page, "!audio.paused && audio.volume === 1")

    def test_the_timer_fades_where_a_page_cant_set_the_volume(self, page: Page, nights: Path) -> None:
        """As on an iPhone, where the element's volume is always 1."""
        page.add_init_script(
            """Object.defineProperty(HTMLMediaElement.prototype, "volume", { get: () => 1, set() {} });
            const createGain = AudioContext.prototype.createGain;
            AudioContext.prototype.createGain = function () { return (window.gain = createGain.call(this)); };"""
        )
        with serve(nights, port=0) as served:
            page.goto(served.address)
            play_tonights(page)
            page.get_by_label("Place in the track").fill("17")
            page.get_by_label("Sleep timer").select_option("End of chapter")
            wait_until(page, "window.gain && window.gain.gain.value < 0.3")
            wait_until(page, "audio.paused")
            button(page, "Play").click()
            wait_until(page, "!audio.paused && window.gain.gain.value > 0.9")

    def test_the_timer_counts_minutes_and_ends_a_track(self, page: Page, nights: Path) -> None:
        page.clock.install()
        page.goto((nights / "index.html").as_uri())
        play_tonights(page)
        page.get_by_label("Sleep timer").select_option("5 minutes")
        page.clock.fast_forward(270_000)
        wait_until(page, "audio.volume > 0.9 && !audio.paused")
        page.clock.fast_forward(15_000)
        wait_until(page, "audio.volume < 0.3 && audio.volume > 0.1")
        page.clock.fast_forward(16_000)
        wait_until(page, "audio.paused")
        page.get_by_label("Place in the track").fill("58")
        page.get_by_label("Sleep timer").select_option("End of track")
        button(page, "Play").click()
        wait_until(page, "audio.paused && Math.abs(audio.currentTime - 50) < 1")

    def test_filters_leave_what_fits_and_tonights_suggestion_with_it(self, page: Page, nights: Path) -> None:
        page.goto((nights / "index.html").as_uri())
        rows = page.locator("#tracks li")
        assert rows.count() == 3
        page.get_by_label("Background").select_option("ocean")
        assert (rows.count(), page.locator("#count").inner_text()) == (1, "1 track")
        assert page.locator("#tonight-title").inner_text() == "Psoas release · night 2"
        page.get_by_label("Routine").select_option("Hips")
        assert page.locator("#count").inner_text() == "No track fits. Choose All in one of the filters."
        page.get_by_label("Background").select_option("All")
        assert rows.count() == 1
        page.get_by_label("Routine").select_option("All")
        assert page.get_by_label("Voice").locator("option").all_inner_texts() == ["All", "usual voice", "en-us+klatt4"]
        page.get_by_label("Voice").select_option("usual voice")
        assert rows.count() == 2
        assert not page.get_by_label("Length").is_visible()  # all have the same

    def test_what_was_longest_ago_is_suggested_and_stays_for_the_evening(self, page: Page, nights: Path) -> None:
        page.clock.set_fixed_time("2026-11-20T22:00:00")
        page.goto((nights / "index.html").as_uri())
        titles = []
        for evening in ("20T22:00", "20T23:59", "21T02:00", "21T22:00", "22T22:00"):
            page.clock.set_fixed_time(f"2026-11-{evening}:00")
            page.reload()
            titles.append(page.locator("#tonight-title").inner_text())
            play_tonights(page)
        first, other, second = "Psoas release · night 1", HOSTILE, "Psoas release · night 2"
        assert titles == [first, first, first, other, second]

    def test_everything_can_be_done_with_the_keyboard_alone(self, page: Page, nights: Path) -> None:
        page.goto((nights / "index.html").as_uri())

        def tab_to(name: str) -> None:
            for _ in range(20):
                page.keyboard.press("Tab")
                label = page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText")
                if label.startswith(name):
                    return
            raise AssertionError(f"{name} isn't reached")

        tab_to("Play")
        page.keyboard.press("Enter")
        wait_until(page, "audio.currentTime > 0.1")
        page.keyboard.press("Space")  # the focus is on Pause
        wait_until(page, "audio.paused")
        page.keyboard.press("ArrowRight")
        wait_until(page, "audio.currentTime > 10")
        tab_to("Words")
        page.keyboard.press("Enter")
        assert button(page, "Words").get_attribute("aria-pressed") == "true"
        page.keyboard.press("Escape")
        wait_until(page, "document.activeElement.dataset.file === 'psoas-release/1.mp3'")
        page.keyboard.press("Space")
        wait_until(page, "!audio.paused")

    def test_words_come_with_the_voice_once_they_are_wanted(self, page: Page, nights: Path) -> None:
        page.goto((nights / "index.html").as_uri())
        play_tonights(page)
        assert not page.locator("#words").is_visible()
        button(page, "Words").click()
        page.get_by_label("Place in the track").fill("6")
        words = page.locator("#words p").all_inner_texts()
        assert words == ["Let the jaw be loose.", "Rest & breathe <slowly>; it's night."]

    def test_a_track_that_is_gone_is_said(self, page: Page, tmp_path: Path) -> None:
        library = Library(tmp_path / "gone")
        library.add("psoas-release/1.mp3")
        library.publish()
        page.goto((library.root / "index.html").as_uri())
        page.get_by_role("region", name="Tonight").get_by_role("button").click()
        page.get_by_text("can't be played").wait_for()

    @pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
    def test_it_is_dark_large_and_without_barriers(
        self, page: Page, nights: Path, tmp_path: Path, size: tuple[int, int]
    ) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto((nights / "index.html").as_uri())
        for view in ("shelf", "player"):
            if view == "player":
                play_tonights(page)
                button(page, "Words").click()
            expect_no_barriers(page)
            expect_darkness(page, tmp_path / "shot.png")
            expect_large_controls(page, size[0])
