"""Libraries on a phone: what players, servers and podcast apps read beside the tracks, and nothing written twice."""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin
from xml.etree import ElementTree as ET

import feedparser
import mutagen
import pytest
from PIL import Image

from generator.errors import InputError, NotFoundError, TrackError
from generator.formats import LyricLine, Tags, read_tags
from generator.formats.id3 import id3_tag
from generator.formats.lrc import lrc_text, parse_lrc
from generator.library.manifest import Manifest, ManifestEntry, dump_manifest
from generator.library.publishing import Published, publish
from generator.library.publishing.catalogue import catalogue_of
from generator.library.publishing.feed import checked_base, feed
from generator.library.publishing.playlists import playlists
from generator.library.publishing.record import dump_record, parse_record
from tests.conftest import Command

BASE = "https://nas.example/nights/"
WORDS = ("Let the jaw be loose.", "Rest & breathe <slowly>; it's night.", "眠り.")


def plan(words: tuple[str, ...], duration_ms: int) -> dict[str, Any]:
    """The plan of a track that says `words`, one each four seconds, in two chapters."""
    speech = [
        {"kind": "speech", "start_ms": 4_000 * n + 1_234, "end_ms": 4_000 * n + 3_000, "text": text, "chapter": 0}
        for n, text in enumerate(words)
    ]
    rest = {"kind": "tail", "start_ms": 20_000, "end_ms": duration_ms, "text": "", "chapter": 1}
    return {
        "title": "Psoas release",
        "events": [{**each, "pose": None, "round": None} for each in [*speech, rest]],
        "chapters": [
            {"title": "Arrival", "start_ms": 0, "end_ms": 20_000},
            {"title": "Rest", "start_ms": 20_000, "end_ms": duration_ms},
        ],
        "guided_ms": 20_000,
        "tail_ms": duration_ms - 20_000,
        "length_range_ms": [20_000, 20_000],
    }


class Library:
    """A library's folder: files with the tags of tracks, without their sound, and the list of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: dict[str, ManifestEntry] = {}
        self.title = "A year of Sundays"

    def add(self, name: str, *, words: tuple[str, ...] = WORDS, cover: bytes = b"", **facts: Any) -> None:
        tags = Tags("T", "", "", "", "", (), json.dumps(plan(words, 60_000)), "k" * 64, 60_000, cover=cover)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(id3_tag(tags))
        routine = name.partition("/")[0]
        number = len(self.entries) + 1
        usual = ManifestEntry(
            name, f"Psoas release · night {number}", routine, "k", "t", path.stat().st_size, repr(words), 60_000,
            {"background": "rain", "night": f"{number}"}, {}, "Psoas release", "Ten quiet minutes.", number,
        )  # fmt: skip
        self.entries[name] = replace(usual, **facts)

    def publish(self, base_url: str | None = None) -> Published:
        self.root.mkdir(exist_ok=True)
        manifest = Manifest(self.title, self.entries, "2026")
        (self.root / "library.json").write_bytes(dump_manifest(manifest))
        return publish(self.root, base_url)

    def read(self, name: str) -> str:
        return (self.root / name).read_bytes().decode("utf-8")

    def files(self) -> list[str]:
        paths = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in paths)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Three nights of one routine, and one of another."""
    found = Library(tmp_path / "nights")
    for night in (1, 2, 3):
        found.add(f"psoas-release/35m-{night}.mp3")
    found.add(
        "soothing-hips/40m #1.mp3", title="Soothing hips & back", practice="Soothing hips", summary="Hips <first>."
    )
    return found


def written_times(library: Library) -> dict[str, int]:
    return {name: (library.root / name).stat().st_mtime_ns for name in library.files()}


# --- what lies beside a track ------------------------------------------------------------------------


def test_every_track_has_its_words_and_chapters_beside_it(library: Library) -> None:
    library.publish()
    for entry in library.entries:
        stem = entry.removesuffix(".mp3")
        assert {f"{stem}.lrc", f"{stem}.vtt", f"{stem}.chapters.json"} <= {*library.files()}


def test_lyrics_follow_the_voice(library: Library) -> None:
    library.publish()
    lines = library.read("psoas-release/35m-2.lrc").splitlines()
    assert lines[:3] == ["[ti:Psoas release · night 2]", "[al:A year of Sundays]", "[length:01:00]"]
    assert lines[3:] == [f"[00:0{1 + 4 * n}.23]{text}" for n, text in enumerate(WORDS)]


def test_captions_are_escaped_and_timed(library: Library) -> None:
    library.publish()
    head, *cues = library.read("psoas-release/35m-1.vtt").split("\n\n")
    assert head == "WEBVTT"
    assert cues[1] == "00:00:05.234 --> 00:00:07.000\nRest &amp; breathe &lt;slowly&gt;; it's night."
    assert len(cues) == len(WORDS)


def test_chapters_are_those_of_the_podcast_namespace(library: Library) -> None:
    library.publish()
    facts = json.loads(library.read("psoas-release/35m-1.chapters.json"))
    assert isinstance(facts["version"], str)
    assert facts["title"] == "Psoas release · night 1"
    assert [(each["startTime"], each["title"]) for each in facts["chapters"]] == [(0, "Arrival"), (20, "Rest")]


@pytest.mark.parametrize("ms", [0, 10, 59_990, 60_000, 3_599_990, 6_000_000])
def test_lyrics_are_read_back(ms: int) -> None:
    lines = (LyricLine(ms, "[hold] rest"), LyricLine(ms + 10, "眠り"))
    assert parse_lrc(lrc_text(lines)) == lines


def test_a_text_that_isnt_timed_is_no_lyrics() -> None:
    assert parse_lrc("Let the jaw be loose.\n[hold]\n[1:2]x") == ()


# --- playlists ---------------------------------------------------------------------------------------


def test_playlists_have_the_order_of_the_library_and_relative_paths(library: Library) -> None:
    library.add("extra.mp3", routine=None, number=0, title="First of all")
    library.publish()
    whole = library.read("A-year-of-Sundays.m3u8").splitlines()
    assert whole[0] == "#EXTM3U"
    assert "#PLAYLIST:A year of Sundays" in whole
    paths = [line for line in whole if not line.startswith("#")]
    assert paths == ["extra.mp3", *(name for name in library.entries if name != "extra.mp3")]
    assert all((library.root / path).is_file() for path in paths)
    assert whole[whole.index("psoas-release/35m-2.mp3") - 1] == "#EXTINF:60,Psoas release · night 2"
    own = library.read("psoas-release.m3u8").splitlines()
    assert [line for line in own if not line.startswith("#")] == [f"psoas-release/35m-{n}.mp3" for n in (1, 2, 3)]
    assert "#PLAYLIST:Psoas release" in own


def test_a_library_called_like_a_routine_keeps_both_playlists(library: Library) -> None:
    library.title = "Psoas release"
    names = playlists(catalogue_of(Manifest(library.title, library.entries), dict.fromkeys(library.entries, 1)))
    assert sorted(names) == ["Psoas-release-all.m3u8", "psoas-release.m3u8", "soothing-hips.m3u8"]


def test_a_track_whose_name_looks_like_a_remark_is_still_played(library: Library) -> None:
    library.add("#1.mp3", routine=None)
    library.publish()
    assert "./#1.mp3" in library.read("A-year-of-Sundays.m3u8").splitlines()


# --- covers ------------------------------------------------------------------------------------------


def test_each_folder_shows_what_it_holds(library: Library) -> None:
    library.publish()
    covers = [name for name in library.files() if name.endswith("cover.jpg")]
    assert covers == ["cover.jpg", "psoas-release/cover.jpg", "soothing-hips/cover.jpg"]
    pictures = {(library.root / name).read_bytes() for name in covers}
    assert len(pictures) == 3
    for content in pictures:
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", (1_000, 1_000))


def test_ones_own_cover_is_the_folders_too_and_none_is_none(library: Library) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (30, 30), (10, 120, 200, 255)).save(file, "PNG")
    library.add("mine/a.mp3", cover=file.getvalue(), settings={"cover": "moon.png"})
    library.add("bare/a.mp3", settings={"cover": "none"})
    library.publish()
    with Image.open(library.root / "mine" / "cover.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (30, 30))
        assert picture.getpixel((9, 9)) == pytest.approx((10, 120, 200), abs=6)
    assert "bare/cover.jpg" not in library.files()


# --- the feed ----------------------------------------------------------------------------------------

ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"


def channel_of(text: str) -> ET.Element:
    root = ET.fromstring(text)
    assert (root.tag, root.attrib) == ("rss", {"version": "2.0"})
    (channel,) = root
    return channel


def test_a_podcast_app_finds_every_track(library: Library) -> None:
    library.publish(BASE)
    found = feedparser.parse(library.read("feed.xml"))
    assert not found.bozo
    assert found.version == "rss20"
    assert found.feed.title == "A year of Sundays"
    assert found.feed.image.href == f"{BASE}cover.jpg"
    assert [entry.title for entry in found.entries] == [entry.title for entry in library.entries.values()]
    for entry, name in zip(found.entries, library.entries, strict=True):
        (enclosure,) = entry.enclosures
        assert unquote(enclosure.href) == f"{BASE}{name}"
        assert "#" not in enclosure.href  # the rest would be lost
        assert int(enclosure.length) == (library.root / name).stat().st_size
        assert enclosure.type == "audio/mpeg"
        assert entry.itunes_duration == "60"
        assert html.unescape(entry.summary) == library.entries[name].summary  # apps take it for HTML
    dates = [entry.published_parsed for entry in found.entries]
    assert dates == sorted(dates)
    assert {date.tm_year for date in dates} == {2026}


def test_the_feed_has_what_rss_and_both_namespaces_require(library: Library) -> None:
    """Apple's required tags, and those of podcast:chapters, transcript, locked, block, medium and guid."""
    library.publish(BASE)
    channel = channel_of(library.read("feed.xml"))
    for name in ("title", "link", "description", "language"):
        (found,) = channel.findall(name)
        assert found.text
    (image,) = channel.findall(f"{ITUNES}image")
    assert re.fullmatch(r"https?://\S+\.(jpg|png)", image.attrib["href"])
    assert channel.findtext(f"{ITUNES}explicit") in ("true", "false")
    assert channel.findtext(f"{ITUNES}type") in ("episodic", "serial")
    assert channel.findtext(f"{ITUNES}block") == "Yes"
    assert [each.attrib["text"] for each in channel.iter(f"{ITUNES}category")] == ["Health & Fitness", "Mental Health"]
    assert channel.findtext(f"{PODCAST}locked") == channel.findtext(f"{PODCAST}block") == "yes"
    assert channel.findtext(f"{PODCAST}medium") == "podcast"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", guid_of(channel))
    (own,) = channel.findall("{http://www.w3.org/2005/Atom}link")
    assert own.attrib == {"href": f"{BASE}feed.xml", "rel": "self", "type": "application/rss+xml"}
    items = channel.findall("item")
    assert len({item.findtext("guid") for item in items}) == len(library.entries) == len(items)
    for number, item in enumerate(items, 1):
        (enclosure,) = item.findall("enclosure")
        assert {*enclosure.attrib} == {"url", "length", "type"}
        (guid,) = item.findall("guid")
        assert guid.attrib == {"isPermaLink": "false"}
        assert item.findtext(f"{ITUNES}episode") == str(number)
        assert item.findtext(f"{ITUNES}episodeType") == "full"
        for tag, kind in (("chapters", "application/json+chapters"), ("transcript", "text/vtt")):
            (found,) = item.findall(f"{PODCAST}{tag}")
            assert found.attrib["type"] == kind
            assert (library.root / unquote(found.attrib["url"].removeprefix(BASE))).is_file()
        (picture,) = item.findall(f"{ITUNES}image")
        assert (library.root / picture.attrib["href"].removeprefix(BASE)).is_file()


def guid_of(channel: ET.Element) -> str:
    return channel.findtext(f"{PODCAST}guid") or ""


@pytest.mark.parametrize(
    ("address", "guid"),
    [
        ("https://podnews.net/rss", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        ("https://mp3s.nashownotes.com/pc20rss.xml", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
    ],
)
def test_the_podcasts_guid_is_the_one_that_the_namespace_computes(address: str, guid: str) -> None:
    """Its own two examples."""
    base, _, name = address.rpartition("/")
    text = feed(catalogue_of(Manifest("N", {}), {}), checked_base(base), (), name=name)
    assert guid_of(channel_of(text)) == guid


def test_without_an_address_everything_is_relative_to_the_feed(library: Library) -> None:
    library.publish()
    channel = channel_of(library.read("feed.xml"))
    assert not guid_of(channel)
    for element in channel.iter("enclosure"):
        place = urljoin("https://host/some/feed.xml", element.attrib["url"])
        assert unquote(place.removeprefix("https://host/some/")) in library.entries


def test_an_address_is_remembered_until_it_is_taken_back(library: Library) -> None:
    assert library.publish(BASE).base_url == BASE
    library.add("psoas-release/35m-4.mp3")
    assert library.publish().base_url == BASE
    assert f"{BASE}psoas-release/35m-4.mp3" in library.read("feed.xml")
    assert library.publish("").base_url == ""
    assert BASE not in library.read("feed.xml")


@pytest.mark.parametrize(
    "url", ["nas.example", "ftp://nas/x", "https://", "https://h/?a=b", "https://h/#x", "https://[h"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(InputError, match=r"address|URL|IPv6") as caught:
        checked_base(url)
    assert caught.value.hint


def test_a_track_keeps_its_guid_when_its_sound_changes(library: Library) -> None:
    library.publish()
    before = [item.findtext("guid") for item in channel_of(library.read("feed.xml")).iter("item")]
    library.add("psoas-release/35m-2.mp3", words=("Other words.",), number=2)
    library.publish()
    assert [item.findtext("guid") for item in channel_of(library.read("feed.xml")).iter("item")] == before
    assert "Other words." in library.read("psoas-release/35m-2.vtt")


def test_more_than_a_hundred_tracks_have_a_feed_for_each_routine(library: Library) -> None:
    for number in range(98):
        library.add(f"ten-minutes-in-bed/{number}.mp3", practice="Ten minutes in bed")
    library.publish(BASE)
    feeds_there = [name for name in library.files() if name.endswith(".xml")]
    assert feeds_there == [
        "feed-psoas-release.xml", "feed-soothing-hips.xml", "feed-ten-minutes-in-bed.xml", "feed.xml",
    ]  # fmt: skip
    counts = {name: len(feedparser.parse(library.read(name)).entries) for name in feeds_there}
    assert counts == {
        "feed-psoas-release.xml": 3, "feed-soothing-hips.xml": 1, "feed-ten-minutes-in-bed.xml": 98, "feed.xml": 102,
    }  # fmt: skip
    assert feedparser.parse(library.read("feed-psoas-release.xml")).feed.title == "Psoas release"
    guids = {guid_of(channel_of(library.read(name))) for name in feeds_there}
    assert len(guids) == 4
    for name in [*library.entries][90:]:
        (library.root / name).unlink()
        del library.entries[name]
    library.publish()
    assert [name for name in library.files() if name.endswith(".xml")] == ["feed.xml"]


def test_a_title_cannot_break_the_feed(library: Library) -> None:
    library.add(
        "a.mp3",
        title="</title><script>\x07&]]>",
        summary="\x00🌙",
    )
    library.publish(BASE)
    found = feedparser.parse(library.read("feed.xml"), sanitize_html=False)
    assert not found.bozo
    assert found.entries[-1].title == "</title><script>&]]>"


# --- only what changed -------------------------------------------------------------------------------


def test_an_unchanged_library_is_left_as_it_is(library: Library) -> None:
    assert library.publish(BASE).changed
    before = written_times(library)
    again = publish(library.root)
    assert not again.changed
    assert (again.tracks, again.base_url) == (4, BASE)
    assert written_times(library) == before


def test_the_same_library_is_published_alike_anywhere(library: Library, tmp_path: Path) -> None:
    library.publish()
    other = Library(tmp_path / "elsewhere")
    for name in reversed(library.entries):
        other.add(name)
    other.entries = library.entries
    other.publish()
    assert other.files() == library.files()
    for name in library.files():
        assert (other.root / name).read_bytes() == (library.root / name).read_bytes(), name


def test_another_title_writes_what_shows_it_and_reads_no_other_track(library: Library) -> None:
    library.publish()
    name = "psoas-release/35m-2.mp3"
    library.entries[name] = replace(library.entries[name], title="Another title", sha256="other")
    for other in library.entries:
        if other != name:  # what isn't read can't be missed
            path = library.root / other
            path.write_bytes(bytes(path.stat().st_size))
    written = library.publish().written
    assert {*written} == {
        "A-year-of-Sundays.m3u8", "feed.xml", "index.html", "psoas-release.m3u8",
        "psoas-release/35m-2.lrc", "psoas-release/35m-2.chapters.json",
    }  # fmt: skip


def test_what_belonged_to_a_track_goes_with_it_and_nothing_else(library: Library) -> None:
    library.publish()
    (library.root / "soothing-hips" / "notes.txt").write_text("mine")
    (library.root / "mine.lrc").write_text("mine")
    changed = library.root / "soothing-hips" / "40m #1.vtt"
    changed.write_text("WEBVTT\n\nmy own words\n")
    (library.root / "soothing-hips" / "40m #1.mp3").unlink()
    del library.entries["soothing-hips/40m #1.mp3"]
    done = library.publish()
    assert done.foreign == ("soothing-hips/40m #1.vtt",)
    assert {*done.removed} == {
        "soothing-hips.m3u8", "soothing-hips/40m #1.lrc", "soothing-hips/40m #1.chapters.json", "soothing-hips/cover.jpg",
    }  # fmt: skip
    assert {"mine.lrc", "soothing-hips/notes.txt", "soothing-hips/40m #1.vtt"} <= {*library.files()}
    assert not library.publish().foreign


def test_a_track_that_was_deleted_by_hand_is_listed_no_more(library: Library) -> None:
    library.publish()
    (library.root / "psoas-release" / "35m-3.mp3").unlink()
    done = publish(library.root)
    assert done.tracks == 3
    assert "psoas-release/35m-3.lrc" in done.removed
    assert "35m-3" not in library.read("feed.xml")


def test_a_published_file_that_was_deleted_comes_back(library: Library) -> None:
    library.publish()
    (library.root / "psoas-release" / "35m-1.lrc").unlink()
    (library.root / "cover.jpg").unlink()
    assert publish(library.root).written == ("psoas-release/35m-1.lrc", "cover.jpg")


def test_files_of_the_users_own_are_never_replaced(library: Library) -> None:
    mine = library.root / "psoas-release" / "cover.jpg"
    mine.write_bytes(b"my own photograph")
    done = library.publish()
    assert done.foreign == ("psoas-release/cover.jpg",)
    assert mine.read_bytes() == b"my own photograph"
    again = publish(library.root)
    assert again.foreign == ()  # it is said once
    assert not again.changed
    library.add("psoas-release/35m-4.mp3")
    library.publish()
    assert mine.read_bytes() == b"my own photograph"
    mine.unlink()
    assert "psoas-release/cover.jpg" in publish(library.root).written


def test_an_interrupted_run_knows_its_files_the_next_time(library: Library) -> None:
    library.publish()
    for number in (1, 2):
        library.add(f"psoas-release/35m-{number}.mp3", words=("Changed.",), number=number)
    good = (library.root / "psoas-release" / "35m-2.mp3").read_bytes()
    (library.root / "psoas-release" / "35m-2.mp3").write_bytes(b"\0" * len(good))
    with pytest.raises(TrackError, match=r"35m-2"):
        library.publish()
    library.add("psoas-release/35m-1.mp3", words=("Changed again.",), number=1)
    (library.root / "psoas-release" / "35m-2.mp3").write_bytes(good)
    assert not library.publish().foreign
    assert "Changed again." in library.read("psoas-release/35m-1.lrc")


def test_no_library_and_no_list_are_said(tmp_path: Path, library: Library) -> None:
    with pytest.raises(NotFoundError, match="no library"):
        publish(tmp_path)
    library.publish()
    (library.root / "published.json").write_text("[]")
    with pytest.raises(InputError, match=r"published\.json"):
        publish(library.root)


@pytest.mark.parametrize("name", ["../x.lrc", "/etc/x.vtt", "a\\b.lrc", "c:x.xml", "notes.txt", "a/song.mp3"])
def test_a_strangers_list_removes_nothing_else(name: str) -> None:
    record = parse_record(None, "x")
    content = dump_record(record).replace(
        b'"files": [\n\n]', json.dumps({"files": [[name, "s", "d", 1]]})[1:-1].encode()
    )
    with pytest.raises(InputError, match="can't be one"):
        parse_record(content, "published.json")


def test_nothing_is_written_through_a_link_that_leads_out(library: Library, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (library.root / "psoas-release").rename(outside)
    (library.root / "psoas-release").symlink_to(outside)
    with pytest.raises(InputError, match="leads out"):
        library.publish()
    assert sorted(path.suffix for path in outside.iterdir()) == [".mp3"] * 3


# --- as typed ----------------------------------------------------------------------------------------

SCRIPT = "---\ntitle: {title}\nsummary: Rest.\n---\n# Rest\nThis is {title}. [1s]\nLet the body rest. [2s]\n[sleep]\n"
LIBRARY = """\
title: My nights
year: 2026
output: nights
defaults: {voice: tone, tail: 10s, bitrate: 64}
tracks:
  - {script: one.txt, background: rain}
  - {script: one.txt, background: brown}
  - {script: two.txt, background: rain, format: m4b}
"""
PROGRAM = """\
title: Three quiet nights
summary: Two poses.
year: 2026
nights:
  - {routine: mine, repeat: 2}
  - {routine: mine, first_side: left}
"""
ROUTINE = """\
title: Mine
summary: A pose, and rest.
setting: bed
eyes: closed
steps:
  - {pose: soles-together, hold: 20-90 s}
  - {pose: rest, hold: 10-60 s}
"""


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(SCRIPT.format(title=name.title()), encoding="utf-8")
    (tmp_path / "library.yaml").write_text(LIBRARY, encoding="utf-8")
    return tmp_path / "nights"


def tags_of(path: Path) -> Tags:
    tags = read_tags(path)
    assert tags is not None
    return tags


def test_a_batch_ends_with_publishing_and_its_tracks_can_be_told_apart(inside: Command, scripts: Path) -> None:
    told = inside("batch", "-j", "1").stderr
    assert "published 3 tracks in nights" in told
    assert "--base-url" in told
    shown = [tags_of(scripts / name) for name in ("one/rain.mp3", "one/brown.mp3", "two/rain.m4b")]
    assert [(tags.title, tags.number, tags.total) for tags in shown] == [
        ("One · rain", 1, 3), ("One · brown", 2, 3), ("Two", 3, 3),
    ]  # fmt: skip
    assert {(tags.album, tags.album_artist, tags.year) for tags in shown} == {("My nights", "sleepward", "2026")}
    assert len({tags.cover for tags in shown}) == 3
    lyrics = mutagen.File(scripts / "two" / "rain.m4b").tags["\xa9lyr"][0]
    assert parse_lrc(lyrics) == shown[2].lines
    assert [line.text for line in shown[2].lines] == ["This is Two.", "Let the body rest."]
    assert (scripts / "two" / "rain.lrc").read_text(encoding="utf-8").endswith(f"{lyrics}\n")
    assert [line for line in (scripts / "My-nights.m3u8").read_text().splitlines() if line[0] != "#"] == [
        "one/rain.mp3", "one/brown.mp3", "two/rain.m4b",
    ]  # fmt: skip
    again = inside("batch", "-j", "1").stderr
    assert "published" not in again
    assert "--base-url" not in again


def test_publish_redoes_it_alone(inside: Command, scripts: Path) -> None:
    inside("batch", "-j", "1")
    (scripts / "one" / "rain.vtt").unlink()
    facts = inside.json("publish", "nights", "--base-url", "https://nas.example/n")
    assert (facts["base_url"], facts["tracks"], facts["removed"]) == ("https://nas.example/n/", 3, [])
    assert facts["written"] == ["one/rain.vtt", "feed.xml"]
    assert "nothing has changed" in inside("publish", "nights").stdout
    assert "no library" in inside("publish", ".", code=2).stderr


@pytest.mark.slow
def test_pruned_tracks_take_their_files_along(inside: Command, scripts: Path, tmp_path: Path) -> None:
    inside("batch", "-j", "1")
    (tmp_path / "library.yaml").write_text("\n".join(LIBRARY.splitlines()[:7]), encoding="utf-8")
    inside("batch", "-j", "1", "--prune")
    assert not (scripts / "two").exists()
    assert tags_of(scripts / "one" / "brown.mp3").total == 2


@pytest.mark.slow
def test_a_programme_is_an_album_of_its_own(inside: Command, tmp_path: Path) -> None:
    (tmp_path / "routines" / "programs").mkdir(parents=True)
    (tmp_path / "routines" / "mine.yaml").write_text(ROUTINE, encoding="utf-8")
    (tmp_path / "routines" / "programs" / "quiet.yaml").write_text(PROGRAM, encoding="utf-8")
    words = (
        "program",
        "quiet",
        "--build",
        "--voice",
        "tone",
        "--tail",
        "10s",
        "--background",
        "none",
        "--style",
        "spare",
    )
    told = inside(*words).stderr
    folder = tmp_path / "output" / "quiet"
    assert "published 3 tracks" in told
    shown = [tags_of(folder / f"0{number}-mine.mp3") for number in (1, 2, 3)]
    assert [tags.title for tags in shown] == [f"Mine · night {number}" for number in (1, 2, 3)]
    assert [(tags.number, tags.total) for tags in shown] == [(1, 3), (2, 3), (3, 3)]
    assert {tags.album for tags in shown} == {"Three quiet nights"}
    assert len({tags.cover for tags in shown}) == 3
    assert [entry.title for entry in feedparser.parse((folder / "feed.xml").read_text()).entries] == [
        tags.title for tags in shown
    ]
    assert (folder / "Three-quiet-nights.m3u8").is_file()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    inside(*words)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.slow
def test_a_programme_doesnt_mix_with_another_library(inside: Command, scripts: Path, tmp_path: Path) -> None:
    inside("batch", "-j", "1")
    listed = (scripts / "library.json").read_bytes()
    (tmp_path / "routines" / "programs").mkdir(parents=True)
    (tmp_path / "routines" / "mine.yaml").write_text(ROUTINE, encoding="utf-8")
    (tmp_path / "routines" / "programs" / "quiet.yaml").write_text(PROGRAM, encoding="utf-8")
    quick = ("--voice", "tone", "--tail", "10s", "--background", "none", "--style", "spare")
    told = inside("program", "quiet", "--build", "--days", "1", *quick, "-o", "nights").stderr
    assert "not published" in told
    assert (scripts / "library.json").read_bytes() == listed
