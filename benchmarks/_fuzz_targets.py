"""The parsers of outside input that `fuzz.py` tries, each with inputs to begin with."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

from _fuzz_server import ask, asking

from generator.errors import SleepwardError

PROJECT = Path(__file__).parent.parent
CASES = PROJECT.parent / "shared" / "cases"
SEED_BYTES = 12_000  # of a file of the project

Run = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """A parser. `run` gives it one input. `documented` are errors that its callers expect beside the project's own."""

    run: Run
    seeds: Sequence[bytes]
    documented: tuple[type[Exception], ...] = ()


def any_of(*parsers: tuple[Run, Sequence[bytes]]) -> Target:
    """Several parsers as one target. The first byte of an input chooses one of them."""

    def run(data: bytes) -> None:
        if data:
            parsers[data[0] % len(parsers)][0](data[1:])

    return Target(run, [bytes([at]) + seed for at, (_, seeds) in enumerate(parsers) for seed in seeds])


def files(pattern: str, folder: Path = PROJECT) -> list[bytes]:
    """The first bytes of the files of that name."""
    return [path.read_bytes()[:SEED_BYTES] for path in sorted(folder.glob(pattern))]


def examples(page: str) -> list[bytes]:
    """The blocks of code in a page of the docs."""
    return re.findall(rb"```\w*\n(.*?)```", (PROJECT / "docs" / page).read_bytes(), re.DOTALL)


def with_parts(run: Run, whole: bytes) -> Run:
    """`run` for `whole`, which is JSON, with parts of it replaced.

    Each line of an input replaces one: its first byte chooses which, the rest is JSON.
    """

    def changed(data: bytes) -> None:
        root = [json.loads(whole)]
        for line in data.split(b"\n"):
            with suppress(ValueError, RecursionError):
                value = json.loads(line[1:])
                holder, key = (places := [*_places(root)])[line[0] % len(places)]
                holder[key] = value
        run(json.dumps(root[0]).encode())

    return changed


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a tree of JSON: what holds it, and by which key."""
    for key in range(len(holder)) if isinstance(holder, list) else holder:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


PARTS = [b'\x09"text"\n\x121e999', b"\x27[5]\n\x01{}", b"\x16-1", b'\x1f"\\ud800"', b"\x25" + b"9" * 400]

# --- texts -----------------------------------------------------------------------------------------


def script(_: Path) -> Target:
    """A script, and what its sentences are read as."""
    from generator.pronunciation.lexicon import parse_lexicon
    from generator.pronunciation.places import placed_remarks
    from generator.pronunciation.reading import Reading
    from generator.script import parse
    from generator.script.front_matter import decode_script

    said = re.findall(rb'text: "(.*?)"', b"".join(files("said.yaml", CASES)))
    seeds = [*files("docs/*.txt"), *examples("script.md"), *examples("tutorial.md"), *said[::40]]
    entries = (PROJECT / "scripts_templates" / "lexicon.yaml").read_text(encoding="utf-8")
    reading = Reading(parse_lexicon(entries, "lexicon.yaml"), "en", "misaki")
    return Target(lambda data: [*placed_remarks(parse(decode_script(data, "x.txt"), "x.txt"), reading)], seeds)


def front_matter(_: Path) -> Target:
    from generator.script.front_matter import decode_script, split_front_matter

    seed = (
        b"title: A night\nsummary: Short.\nadapted: a | b\nroutine: x\nskip: [frog, rest]\ntail: 8h\n---\nLie down.\n"
    )
    return Target(lambda data: split_front_matter(decode_script(b"---\n" + data, "x.txt"), "x.txt"), [seed])


def template(folder: Path) -> Target:
    """A template, which may be a stranger's, for a routine of two steps."""
    from generator.script import WordingSettings, render
    from generator.workspace import Workspace

    workspace = Workspace.here()
    routine = workspace.read_routine(workspace.routine_path("ten-minutes-in-bed"))
    routine = replace(routine, steps=routine.steps[:2])
    folders = [(folder, folder), *workspace.template_folders("gentle")]

    def run(data: bytes) -> None:
        (folder / "routine.j2").write_bytes(data)
        render(routine, template_folders=folders, wording=WordingSettings(breath_ms=10_000, count_ms=1_500))

    hold = b"{% for v in visits %}[pose {{ v.pose.id }} {{ v.round }}]\n[hold {{ v.hold }}]\n[release]\n{% endfor %}"
    calls = (
        b"{% set n = namespace(a=0) %}{% include 'x' %}{{ cycler(1).next() ~ ([1] | join('-') | replace('1', 'y')) }}"
    )
    return Target(run, [hold, calls, *files("scripts_templates/*/*.j2")])


def definitions(_: Path) -> Target:
    from generator.definition.library_reading import parse_library
    from generator.definition.loading import parse_pose, parse_routine
    from generator.definition.program_models import parse_program
    from generator.settings import PARSERS
    from generator.workspace import Workspace
    from generator.yaml_source import decode

    here = Workspace.here()
    ids = here.pose_ids()
    known: dict[str, Any] = {"known_settings": PARSERS}
    poses: dict[str, Any] = {"name": "x", "poses": here.read_pose, "known_poses": lambda: ids, **known}
    routines: dict[str, Any] = {"known_routines": here.routine_names(), **known}
    program = partial(parse_program, name="x", poses_of=here.poses_of, **routines)

    def read(parse: Callable[..., object], **more: Any) -> Run:
        return lambda data: parse(decode(data, "x.yaml"), "x.yaml", **more)

    return any_of(
        (read(parse_routine, **poses), [*files("routines/*.yaml"), *examples("routine.md")]),
        (read(parse_pose, id="x"), files("routines/poses/*.yaml")),
        (read(program), files("routines/programs/*.yaml")),
        (read(parse_library, **routines), [*files("library.yaml"), *examples("library.md")]),
    )


def settings_file(folder: Path) -> Target:
    from generator.workspace.settings_file import file_layer
    from generator.workspace.settings_layers import resolve

    def run(data: bytes) -> None:
        (folder / "x.toml").write_bytes(data)
        resolve([file_layer(folder / "x.toml")])

    own = (
        b'voice = "me"\ntail = "8h"\nskip = ["frog"]\nnight = 3\n[voices.me]\nvoice = "en-us"\nrate = 108\npitch = 4\n'
    )
    engine = b'[voices.me]\nengine = "recorded"\nfill = "tone"\nfolder = "clips"\n[voices.you]\nengine = "command"\n'
    return Target(run, [own, engine, *examples("voices.md")])


def lexicon(_: Path) -> Target:
    from generator.pronunciation.lexicon import parse_lexicon
    from generator.yaml_source import decode

    def run(data: bytes) -> None:
        found = parse_lexicon(decode(data, "x.yaml"), "x.yaml")
        for each in (found, found.plain, found.signs, found.words):
            each.apply("Lie down, and don't hold the psoas's weight: 3 OMs.", "espeak")

    seed = b"psoas: SO-as\nom: {say: ohm, espeak: 'oUm'}\nuse: {verb: yooz, noun: {say: yooss}}\n"
    return Target(run, [seed, *examples("words.md"), files("scripts_templates/lexicon.yaml")[0][:2_000]])


def values(folder: Path) -> Target:
    """The value of every setting, and durations and holds. What isn't UTF-8 comes as from a terminal."""
    from generator.durations import parse_duration, parse_hold
    from generator.settings import SETTINGS

    def read(parse: Callable[[str], object]) -> Run:
        return lambda data: parse(data.decode("utf-8", "surrogateescape"))

    spans = [b"90 s", b"1m30s", b"1:04:10", b"1-3+ min", b"5-10 breaths, usually 7 breaths", b"count 10 silent"]
    texts = {"background": b"rain+drone:-6", "count_voice": b"on belinda", "only": b"frog, rest"}
    parsers = [(read(parse_duration), spans), (read(parse_hold), spans)]
    for name, info in SETTINGS.items():
        parse = partial(info.kind.parse, folder=folder)
        parsers.append((read(parse), [texts.get(name, info.default_text.encode())]))
    return replace(any_of(*parsers), documented=(ValueError,))


# --- tracks and what lies beside them --------------------------------------------------------------


def small_plan() -> str:
    """The plan of the sample in the docs."""
    from generator.formats import read_tags

    tags = read_tags(PROJECT / "docs" / "sample.mp3")
    assert tags is not None
    return tags.plan_json


def small_tracks(folder: Path) -> dict[str, bytes]:
    """A few milliseconds in every format, with all tags, by the format's name."""
    import numpy as np

    from generator.formats import CONTAINERS, LyricLine, Tags, TrackSound
    from generator.model import Chapter

    sound = TrackSound(lambda start, end: np.zeros((end - start, 2), np.float32), 1_200, bitrate_kbps=64, jobs=1)
    chapters = (Chapter("Lie down", 0, 10), Chapter("Rest", 10, 25))
    lines, picture = (LyricLine(20, "Lie down."),), b"\xff\xd8\xff\xd9"
    about = ("Night", "Nights", "sleepward", "Sleep", "A note", chapters, small_plan(), "5f" * 32, 25, lines, picture)
    tags = Tags(*about, "sleepward", "2026", 1, 7, "ab" * 32)
    for name, container in CONTAINERS.items():
        with (folder / f"seed.{name}").open("w+b") as sink:
            container.write(sink, sound, lambda: tags)
    return {name: (folder / f"seed.{name}").read_bytes() for name in CONTAINERS}


def mp3_frames(folder: Path) -> Target:
    """An mp3 without its tag. The check sum of its Info frame is mended, so that what it says is read."""
    from fastcrc.crc16 import arc

    from generator.formats.container import BrokenFileError
    from generator.formats.mp3_frames.layout import read_structure

    def run(data: bytes) -> None:
        if data[:3] != b"ID3" and len(data) > 192:
            data = data[:190] + arc(data[:190]).to_bytes(2, "big") + data[192:]
        read_structure(io.BytesIO(data), len(data))

    _, frame, rest = small_tracks(folder)["mp3"].partition(b"\xff\xfb")
    return Target(run, [frame + rest, b"ID3\x03" + bytes(6) + frame + rest], (BrokenFileError,))


def tracks(folder: Path) -> Target:
    """What is read of a file that may be a track: tags, plan, sizes, check sums, the digest of its sound."""
    from generator.formats import container_of, read_tags
    from generator.verify import read_plan

    path = folder / "track"

    def run(data: bytes) -> None:
        path.write_bytes(data)
        if (container := container_of(path)) is not None:
            with suppress(SleepwardError):
                container.check(path)
            with suppress(SleepwardError):
                container.sound_sha256(path)
        if (tags := read_tags(path)) is not None:
            read_plan(tags.plan_json, "track")

    return Target(run, [*small_tracks(folder).values()])


def plan(_: Path) -> Target:
    """The plan in a track, what publishing makes of it, and how silence is judged by it."""
    import numpy as np

    from generator.build.plan_json import timeline_of
    from generator.formats import Tags
    from generator.library.publishing.spoken import Spoken
    from generator.library.publishing.texts import captions_file
    from generator.verify import judge, measure, read_plan

    whole, silence = json.loads(small_plan()), np.zeros((4_800, 2), np.float32)
    brief = {
        **whole,
        "settings": {"loudness": -22, "background_level": 15, "glide": "on", "background": "rain:-6+drone"},
    }
    brief["contours"] = {"Lie down.": "AAAAAAAA"}

    def run(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        planned = read_plan(text, "track.mp3")
        _ = planned.container, planned.fade_out_ms, planned.body_ms, planned.background_alone(100)
        timeline = timeline_of(json.loads(text))
        captions_file(Spoken(timeline.sentences, timeline.chapters)).encode()
        if timeline.duration_ms < 60_000:
            with warnings.catch_warnings(action="ignore"):  # numpy's, of what is too short to be measured
                judge(measure([silence], timeline.duration_ms), planned, Tags("", "", "", "", "", (), text, "", 0))

    seeds = [json.dumps(each).encode() for each in (whole, brief)]
    return any_of((run, seeds), *((with_parts(run, seed), PARTS) for seed in seeds))


def lists(folder: Path) -> Target:
    """The list of a library's tracks, and that of what was published, each read and written again; past nights."""
    from generator.app.night_answers import read_answers
    from generator.app.tonight import read_history
    from generator.library.manifest import Manifest, ManifestEntry, dump_manifest, parse_manifest
    from generator.library.publishing.record import MadeFile, Record, dump_record, parse_record

    made = Record("1", "https://example.org/", {"a.mp3": 3}, {"a.lrc": MadeFile("1", "2", 3)})
    entry = ManifestEntry("a.mp3", "A", None, "1", "2", 3, "4", 5, {"tail": "8h"}, {"script": "6"})
    nights = Manifest("Nights", {"a.mp3": entry}, "2026")

    def tracks_again(data: bytes) -> None:
        dump_manifest(parse_manifest(data, "library.json"))

    def files_again(data: bytes) -> None:
        dump_record(parse_record(data, "published.json"))

    def read(parse: Callable[[Path], object]) -> Run:
        def run(data: bytes) -> None:
            (folder / "x.json").write_bytes(data)
            parse(folder / "x.json")

        return run

    return any_of(
        (read(read_history), [b'{"night": "2026-11-29", "routine": "psoas-release"}\n' * 2]),
        (read(read_answers), [b'{"minutes": 20, "avoid": "knee", "where": "bed", "voice": null}']),
        (tracks_again, [dump_manifest(nights)]),
        (files_again, [dump_record(made)]),
        (with_parts(tracks_again, dump_manifest(nights)), PARTS),
        (with_parts(files_again, dump_record(made)), PARTS),
    )


def music(folder: Path) -> Target:
    """The first seconds of the user's music. ffmpeg reads it in a process of its own, so what it does leads nothing."""
    from generator.system.ffmpeg import decode_chunks

    def run(data: bytes) -> None:
        (folder / "music").write_bytes(data)
        for _ in islice(decode_chunks(folder / "music", 2.0), 3):
            pass

    return Target(run, [track[-8_000:] if name == "mp3" else track for name, track in small_tracks(folder).items()])


def cover(folder: Path) -> Target:
    """A picture. The check sums of a PNG are mended, so that its parts are read."""
    from PIL import Image

    from generator.formats.cover import as_jpeg, load_cover

    def run(data: bytes) -> None:
        (folder / "cover").write_bytes(data[:8] + _mended_chunks(data[8:]) if data[:4] == b"\x89PNG" else data)
        as_jpeg(load_cover(folder / "cover"))

    turned = Image.Exif()
    turned[0x0112] = 6
    seeds = []
    for form, modes in (("JPEG", ("RGB", "CMYK", "L")), ("PNG", ("RGBA", "P", "I;16", "1", "LA"))):
        for mode in modes:
            Image.new(mode, (6, 4)).save(file := io.BytesIO(), form, exif=turned)
            seeds.append(file.getvalue())
    return Target(run, seeds)


def _mended_chunks(data: bytes) -> bytes:
    """The chunks of a PNG, each with its own length and check sum as far as there are so many bytes."""
    mended = []
    while data:
        chunk, data = data[4 : 8 + int.from_bytes(data[:4])], data[12 + int.from_bytes(data[:4]) :]
        mended += [(len(chunk) - 4).to_bytes(4) if len(chunk) >= 4 else b"", chunk, crc32(chunk).to_bytes(4)]
    return b"".join(mended)


# --- the server ------------------------------------------------------------------------------------


def server(folder: Path) -> Target:
    """A request in lines: method and path, headers, an empty line, the body. `KNOWN` is the cookie's value."""
    more = b"\nrange: bytes=0-4,9-\nif-range: x\naccept-encoding: gzip\norigin: http://x"
    gets = [b"GET " + path for path in (b"/", b"/a.lrc", b"/~enter/key", b"/favicon.ico")]
    return Target(asking(folder), [ask(get + headers) for get in gets for headers in (b"", more)])


def studio(folder: Path) -> Target:
    """A request to the studio, like those to the server. Nothing is spoken for it."""
    wish = b'{"routine": "psoas-release", "length": "20m", "avoid": "", "background": "rain", "tail": "1m"}'
    bodies = [(name, wish) for name in (b"usual", b"lengths", b"sketch", b"build", b"preview", b"background")]
    json_type = b"\ncontent-type: application/json"
    posts = [ask(b"POST /~studio/" + name + json_type, body) for name, body in [*bodies, (b"cancel", b"1")]]
    return Target(asking(folder), [*posts, ask(b"GET /~studio/queue"), ask(b"GET /~studio/sounds/x.mp3")])


TEXTS = (script, front_matter, template, definitions, settings_file, lexicon, values)
FILES = (mp3_frames, tracks, plan, lists, music, cover, server, studio)
TARGETS = {target.__name__.replace("_", "-"): target for target in (*TEXTS, *FILES)}
