"""Damaged and hostile input that led to errors of no use, in short forms, and a moment of each target of the fuzzer.

What came in: templates that name another one which isn't there, or call a helper of Jinja's wrongly. A script with a
slash after a space, and a lexicon with a word that is an accent alone. Tracks with times, sizes and boxes that no track
has. Pictures with a damaged EXIF, or a side that no JPEG can have. Plans and lists with texts and numbers that can't be
shown or written again. Names that are longer than a file's can be, and homes of users that there aren't. A request whose
query isn't ASCII.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _fuzz_targets import TARGETS, small_plan, small_tracks
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from generator.build.plan_json import PLAN_DAMAGES
from generator.errors import InputError, ScriptError, SettingError, SleepwardError, TrackError
from generator.formats import CONTAINERS, Tags, read_tags
from generator.formats.container import MAX_TAG_BYTES
from generator.formats.cover import as_jpeg, load_cover
from generator.formats.id3 import id3_tag
from generator.library.manifest import Manifest, ManifestEntry, dump_manifest, parse_manifest
from generator.library.publishing.record import parse_record
from generator.library.publishing.spoken import spoken_in
from generator.library.remote import open_store
from generator.pronunciation.lexicon import parse_lexicon
from generator.pronunciation.places import placed_remarks
from generator.pronunciation.reading import Reading
from generator.script import parse
from generator.settings import FORMATS
from generator.values import OwnOption, OwnVoice
from generator.verify import read_plan
from generator.voices import piper
from tests.conftest import TONE, Command

# --- templates and words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{% include 'nowhere.j2' %}", "there is no template nowhere.j2"),
        ("{% include 'way.j2' %}", "did you mean"),
        ("{% include '" + "a" * 300 + "' %}", "there is no template aaa"),
        ("{{ cycler() }}", "this template doesn't render"),
    ],
)
def test_a_template_that_names_or_calls_what_is_not_there_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScriptError, match=says):
        TARGETS["template"](tmp_path).run(text.encode())


def test_an_accent_alone_in_a_lexicon_is_left_out_where_letters_are_plain() -> None:
    found = parse_lexicon('"\u0301": see\npsoas: so-as\n', "lexicon.yaml")
    assert found.plain.apply("The psoas.") == "The so-as."


@pytest.mark.parametrize(("text", "column"), [("Take /0.", 5), ("Rest now /10 breaths.", 9), ("A1 /0a.", 3)])
def test_a_slash_after_a_space_has_its_place(text: str, column: int) -> None:
    remarks = [*placed_remarks(parse(text, "night.txt"), Reading(language="en"))]
    assert column in [each.column for each in remarks]


# --- tracks ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return small_tracks(tmp_path_factory.mktemp("tracks"))


@pytest.mark.parametrize("name", ["opus", "flac"])
def test_a_chapter_that_never_begins_makes_it_no_track_of_ours(
    tmp_path: Path, tracks: dict[str, bytes], name: str
) -> None:
    path = tmp_path / f"night.{name}"
    path.write_bytes(tracks[name].replace(b"00:00:00.000", b"00:0000: inf"))
    assert read_tags(path) is None


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def test_boxes_without_end_in_each_other_are_damage(tmp_path: Path) -> None:
    inner = b""
    for _ in range(1_500):
        inner = box(b"moov", inner)
    path = tmp_path / "night.m4b"
    path.write_bytes(box(b"ftyp", b"M4B \0\0\0\0") + box(b"mdat", b"") + inner)
    assert read_tags(path) is None
    with pytest.raises(TrackError, match="more than 8 deep"):
        CONTAINERS["m4b"].check(path)


def test_a_time_scale_of_zero_is_damage(tmp_path: Path, tracks: dict[str, bytes]) -> None:
    whole = tracks["m4b"]
    at = whole.index(b"mvhd") + 16
    path = tmp_path / "night.m4b"
    path.write_bytes(whole[:at] + bytes(4) + whole[at + 4 :])
    read_tags(path)
    with pytest.raises(TrackError, match="its time has no scale"):
        CONTAINERS["m4b"].check(path)


@pytest.mark.parametrize("sound_bytes", [2**40, 2**63, 2**64 - 1])
def test_a_wav_that_says_it_is_endless_is_read_to_its_end(tmp_path: Path, sound_bytes: int) -> None:
    sizes = b"ds64" + struct.pack("<IQQQ", 24, 2**64 - 1, sound_bytes, 0)
    path = tmp_path / "night.wav"
    path.write_bytes(b"RF64" + b"\xff" * 4 + b"WAVE" + sizes + b"data" + b"\xff" * 4 + bytes(40))
    assert read_tags(path) is None
    assert CONTAINERS["wav"].sound_sha256(path)
    with pytest.raises(TrackError, match="it should have"):
        CONTAINERS["wav"].check(path)


def with_a_gap(path: Path, *parts: bytes, gap: int, times: int = 1) -> Path:
    """A file of the first part, and `times` the second with a gap behind it that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(parts[0])
        for number in range(times):
            file.write(parts[1].replace(b"NUMB", struct.pack("<I", number + 1)))
            file.seek(gap, io.SEEK_CUR)
        file.truncate()
    return path


def huge_tags(name: str, path: Path) -> Path:
    """A file whose tags have hundreds of megabytes."""
    much = 900_000_000
    match name:
        case "mp3":
            frame = b"GEOB" + struct.pack(">I", 2**28 - 40) + bytes(2)
            return with_a_gap(path, b"ID3\x03\0\0\x7f\x7f\x7f\x7f", frame, gap=2**28)
        case "wav":
            head = b"RIFF" + struct.pack("<I", much + 12) + b"WAVE"
            return with_a_gap(path, head, b"id3 " + struct.pack("<I", much) + b"ID3\x03\0\0\x7f\x7f\x7f\x7f", gap=much)
        case "m4b":
            cover = struct.pack(">I4s", much, b"covr") + struct.pack(">I4sQ", much - 8, b"data", 0)
            tags = struct.pack(">I4s", much + 8, b"ilst") + cover
            meta = struct.pack(">I4sI", much + 20, b"meta", 0) + tags
            outer = struct.pack(">I4s", much + 36, b"moov") + struct.pack(">I4s", much + 28, b"udta") + meta
            return with_a_gap(path, box(b"ftyp", b"M4B \0\0\0\0"), outer, gap=much - 24)
        case "flac":
            info = b"fLaC\0\0\0\x22" + bytes(10) + b"\x0b\xb8\x03\xf0" + bytes(20)
            return with_a_gap(path, info, b"\x01\xff\xff\xff", gap=2**24 - 1, times=50)
        case _:
            head = b"OggS\0\x02" + bytes(12) + bytes(8) + b"\x01\x13OpusHead\x01\x02" + bytes(9)
            page = b"OggS\0\x01" + bytes(12) + b"NUMB" + bytes(4) + b"\xff" + b"\xff" * 255 + b"OpusTags"
            return with_a_gap(path, head, page, gap=255 * 255 - 8, times=6_000)


@pytest.mark.parametrize("name", FORMATS)
def test_huge_tags_are_not_read_to_their_end(tmp_path: Path, name: str) -> None:
    path = huge_tags(name, tmp_path / f"night.{name}")
    assert path.stat().st_size > 250_000_000
    tracemalloc.start()
    try:
        assert read_tags(path) is None
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_TAG_BYTES
    finally:
        tracemalloc.stop()


# --- pictures ----------------------------------------------------------------------------------------


def jpeg_with_exif(*entries: tuple[int, int, int, int]) -> bytes:
    """A JPEG of 6 by 4 pixels. An entry of its EXIF has a tag, a type, a count and a value."""
    listed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + listed + bytes(4)
    Image.new("RGB", (6, 4)).save(file := io.BytesIO(), "JPEG", exif=exif)
    return file.getvalue()


def test_a_picture_is_turned_though_its_exif_has_a_text_where_a_number_belongs(tmp_path: Path) -> None:
    path = tmp_path / "cover.jpg"
    path.write_bytes(jpeg_with_exif((0x0112, 3, 1, 6), (0x011A, 2, 4, 0x616161)))
    assert Image.open(io.BytesIO(load_cover(path))).size == (4, 6)


def png_chunk(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *more: bytes) -> bytes:
    """A black PNG of one bit a pixel, with `more` chunks after its pixels."""
    pixels = zlib.compress(bytes((1 + -(-width // 8)) * height))
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", pixels) + b"".join(more) + png_chunk(b"IEND")


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (png(70_000, 1), "a side of 70,000 pixels is too long"),
        (png(1, 1, png_chunk(b"iCCP", b"a")), "this picture is damaged or cut short"),
    ],
)
def test_a_picture_that_no_player_could_show_is_refused(tmp_path: Path, picture: bytes, says: str) -> None:
    path = tmp_path / "cover.png"
    path.write_bytes(picture)
    with pytest.raises(InputError, match=says):
        load_cover(path)


@pytest.mark.parametrize(
    "picture", [png(70_000, 1), png(1, 1, png_chunk(b"iCCP", b"a")), png(6_000, 6_000), png(8, 8)[:40], b"RIFF", b""]
)
def test_a_picture_that_another_program_put_into_a_track_is_refused_where_it_is_published(picture: bytes) -> None:
    with pytest.raises(InputError, match="this picture is too large or damaged, or no PNG and no JPEG"):
        as_jpeg(picture)


# --- plans and lists ---------------------------------------------------------------------------------


def changed_plan(change: Callable[[dict[str, Any]], object]) -> str:
    plan: dict[str, Any] = json.loads(small_plan())
    change(plan)
    return json.dumps(plan)


PLANS = {
    "a level of 400 digits": changed_plan(lambda plan: plan["settings"].update(loudness=10**400)),
    "half a character in the title": changed_plan(lambda plan: plan.update(title="\ud800")),
    "half a character in a sentence": changed_plan(lambda plan: plan["events"][1].update(text="\ud800")),
    "a number as a sentence": changed_plan(lambda plan: plan["events"][1].update(text=5)),
    "a text as a time": changed_plan(lambda plan: plan["events"][0].update(start_ms="0")),
    "a time of 400 digits": changed_plan(lambda plan: plan["chapters"][0].update(start_ms=10**400)),
}
NOT_JUDGED = {
    "no routine": changed_plan(lambda plan: plan.pop("routine")),
    "no background": changed_plan(lambda plan: plan["settings"].update(background="")),
    "a sentence after the end": changed_plan(lambda plan: plan["events"][1].update(start_ms=50_000, end_ms=60_000)),
    "a sentence that ends before it begins": changed_plan(lambda plan: plan["events"][1].update(end_ms=0)),
    "a sentence of no time": changed_plan(lambda plan: plan["events"][1].update(end_ms=plan["events"][1]["start_ms"])),
    "events in no order": changed_plan(lambda plan: plan["events"].insert(0, plan["events"][1])),
}


@pytest.mark.parametrize("name", [*PLANS, *NOT_JUDGED])
def test_a_plan_that_nobody_built_cannot_be_judged(name: str) -> None:
    with pytest.raises(InputError, match=r"the plan inside it can't be read|its plan can't be judged"):
        read_plan({**PLANS, **NOT_JUDGED}[name], "night.mp3")


def test_a_track_with_a_plan_that_nobody_built_is_damaged_where_it_is_published(tmp_path: Path) -> None:
    for name, plan in PLANS.items():
        path = tmp_path / "night.mp3"
        path.write_bytes(small_tag(plan))
        tags = read_tags(path)
        assert tags is not None
        if "level" not in name and "title" not in name:  # publishing reads neither
            with pytest.raises(PLAN_DAMAGES):
                spoken_in(tags)


def small_tag(plan: str) -> bytes:
    return id3_tag(Tags("Night", "", "", "", "", (), plan, "5f" * 32, 100))


NIGHTS = dump_manifest(
    Manifest("Nights", {"a.mp3": ManifestEntry("a.mp3", "A", None, "1", "2", 3, "4", 5, {"tail": "8h"}, {})}, "2026")
)
RECORD = b'{"version": 1, "made_from": "", "base_url": "", "tracks": [], "files": [["a.lrc", "1", "2", 3]]}'


@pytest.mark.parametrize(
    "content",
    [
        NIGHTS.replace(b'"A"', rb'"\ud800"'),
        NIGHTS.replace(b"2026", rb"\ud800"),
        NIGHTS.replace(b'"8h"', b"8"),
        NIGHTS.replace(b"null", b"[]"),
        b"[" * 100_000,
    ],
)
def test_a_list_of_tracks_that_could_not_be_written_again_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="this isn't a library's list of tracks"):
        parse_manifest(content, "library.json")


@pytest.mark.parametrize(
    "content",
    [RECORD.replace(b"3]", b"1e999]"), RECORD.replace(b"a.lrc", rb"\ud800.lrc"), b"[" * 100_000],
)
def test_a_list_of_published_files_that_could_not_be_written_again_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="this isn't a list of published files"):
        parse_record(content, "published.json")


@pytest.mark.parametrize("content", [b"[1]", b'"key"', b"5", b"[" * 100_000])
def test_a_key_file_that_is_none_counts_as_none(tmp_path: Path, content: bytes) -> None:
    store = open_store(f"file://{tmp_path}/nights")
    (tmp_path / "made.mp3").write_bytes(b"sound")
    store.put("a.mp3", str(tmp_path / "made.mp3"), "5f")
    assert store.key_of("a.mp3") == "5f"
    (key_file,) = [path for path in (tmp_path / "nights").rglob("*") if path.is_file() and path.name != "a.mp3"]
    key_file.write_bytes(content)
    assert store.key_of("a.mp3") is None


def test_the_lists_that_were_changed_here_are_whole() -> None:
    assert dump_manifest(parse_manifest(NIGHTS, "library.json")) == NIGHTS
    assert [*parse_record(RECORD, "published.json").files] == ["a.lrc"]


# --- names -------------------------------------------------------------------------------------------

LONG = "a" * 300  # no file's name may be so long


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("verify", LONG), "there is no file"),
        (("check", LONG), "there is no such file or folder"),
        (("publish", LONG), "there is no library in"),
        (("plan", "ten-minutes-in-bed", *TONE, "--cover", LONG), "there is no file"),
        (("batch", "nights.yaml"), "nights.yaml:3:14: 'script': this folder has no file"),
        (("plan", "ten-minutes-in-bed", "--voice", "long"), "sleepward.toml:3: there is no folder"),
        (("plan", "ten-minutes-in-bed", "--voice", "homeless"), "~nobody-is-called-so/clips"),
        (("plan", "ten-minutes-in-bed", "--voice", "modelless"), "~nobody-is-called-so/model.onnx"),
    ],
)
def test_a_name_that_no_file_can_have_is_said(
    sleepward: Command, tmp_path: Path, command: tuple[str, ...], says: str
) -> None:
    (tmp_path / "nights.yaml").write_text(f"title: Nights\ntracks:\n  - {{script: {LONG}.txt}}\n")
    (tmp_path / "sleepward.toml").write_text(
        f'[voices.long]\nengine = "recorded"\nfolder = "{LONG}"\n'
        '[voices.homeless]\nengine = "recorded"\nfolder = "~nobody-is-called-so/clips"\n'
        '[voices.modelless]\nengine = "piper"\nmodel = "~nobody-is-called-so/model.onnx"\n'
    )
    assert says in sleepward(*command, code=2).stderr


@pytest.mark.parametrize("name", [f"{LONG}.mp3", "ü" * 126 + ".mp3"])
def test_a_list_with_a_track_that_no_folder_can_hold_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="can't be a track's name"):
        parse_manifest(NIGHTS.replace(b"a.mp3", name.encode()), "library.json")


@pytest.mark.parametrize(
    "description",
    [
        {"inference": 5},
        {"inference": {"length_scale": 1e999}},
        {"espeak": [1]},
        {"speaker_id_map": [1]},
        {"speaker_id_map": {"low": "x"}},
        {"num_speakers": "x"},
        {"num_speakers": 10**12},
        None,
    ],
)
def test_a_model_of_piper_that_is_described_wrongly_is_said(tmp_path: Path, description: object) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    text = json.dumps({"phoneme_id_map": {}, **description}) if isinstance(description, dict) else "[" * 100_000
    (tmp_path / "model.onnx.json").write_text(text)
    options = (OwnOption("model", ("model.onnx",), "sleepward.toml:2"), OwnOption("voice", ("7",), "sleepward.toml:3"))
    own = OwnVoice("mine", "piper", "sleepward.toml:1", str(tmp_path), options=options)
    with pytest.raises(SettingError, match=r"is no description of a Piper model|can't be read"):
        piper.open_own_voice(own, rate=None, pitch=None)


# --- every target, for a moment ------------------------------------------------------------------------

SLOW = {"studio": 5, "music": 6, "template": 8, "definitions": 12}  # so many inputs; of the others there are more
USUAL = 20
HOSTILE = [
    b"\0", b"\xff" * 4, b"\xff" * 8, b"\x7f" * 8, b"-1", b"0", b"1e999", b"9" * 400, b"inf", b"nan", b"null", b"\\ud800",
    b"\xed\xa0\x80", "\u0301".encode(), "\u202e".encode(), b"\n", b"\t", b"---", b": ", b"[", b"[[", b"{", b"{{", b"}}", b"{%",
    b"'", b'"', b"#", b"&a", b"*a", b"!!x", b"\\", b"%00", b"..", b"/" * 300, b"a" * 300,
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of `seeds` with a few stretches cut out, doubled, or replaced by what parsers stumble over."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(0, len(data)))
        last = min(first + draw(st.sampled_from([0, 0, 1, 4, 8, 100])), len(data))
        stretch = data[first:last]
        put = draw(st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=8), st.just(stretch * 2), st.just(b"")))
        data = data[:first] + put + data[last:]
    return data


def test_a_query_that_is_not_ascii_is_no_fault_of_the_server(tmp_path: Path) -> None:
    """The target raises RuntimeError for an answer of 500 or more."""
    request = b"GET %b?/a.lrc\xe9\nhost: 127.0.0.1:80\ncookie: sleepward-80=KNOWN\n\n"
    for path in (b"", b"/", b"/a.lrc/", b"/~studio/queue"):
        TARGETS["server"](tmp_path).run(request % path)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_our_own_errors_comes_out_of_a_parser(name: str, tmp_path: Path) -> None:
    target = TARGETS[name](tmp_path)

    @settings(max_examples=SLOW.get(name, USUAL))
    @given(damaged([*target.seeds]))
    def tried(data: bytes) -> None:
        with contextlib.suppress(SleepwardError, *target.documented):
            target.run(data)

    tried()
