"""Keeping house: what the cache holds, what goes and what stays, damage, and a full disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.settings import FORMATS
from generator.storage.cache import SUFFIX, Cache, content_key, whole_file
from generator.storage.housekeeping import collect, format_size, parse_size
from tests.conftest import SLEEPWARD, TONE, Command, InsideCommand, on_a_small_disk

DAY_S = 86_400
QUICK = (*TONE, "--tail", "5m")  # the bed's loop is repeated, so that it is kept encoded, too
BRIEF = (*TONE, "--tail", "10s")  # no loop is encoded
SCRIPT = """\
# Rest
[pose rest only]
Settle in whatever way you like to sleep.
Let the jaw be loose.
[hold 20 s]
I'll leave you here.
[release]
[sleep]
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, not there yet."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SLEEPWARD_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "night.txt").write_text(SCRIPT, encoding="utf-8")
    return "night.txt"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """The cache that a build of the script has filled, and the track."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "night.txt").write_text(SCRIPT, encoding="utf-8")
    done = InsideCommand(folder).json("build", "night.txt", *QUICK, env={"SLEEPWARD_CACHE_DIR": str(folder / "cache")})
    return folder / "cache", (folder / done["path"]).read_bytes()


@pytest.fixture
def track(built: tuple[Path, bytes], cache: Path, script: str) -> bytes:
    """What the script becomes; the cache was filled with all of it, a day ago."""
    shutil.copytree(built[0], cache)
    for path in entries(cache):
        age(path, DAY_S)
    return built[1]


def entries(cache: Path) -> list[Path]:
    """What is kept; the lock aside."""
    return sorted(path for path in cache.glob("[a-z]*/*/*") if path.is_file())


def keep(cache: Path, name: str, size: int = 100_000, *, age_s: float = 0, kind: str = "clips") -> Path:
    """An entry that was last used so long ago."""
    key = content_key(name)
    Cache(cache).put(kind, key, bytes(size))
    path = cache / kind / key[:2] / f"{key}{SUFFIX}"
    age(path, age_s)
    return path


def key_of(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)


def age(path: Path, age_s: float) -> None:
    used_s = time.time() - age_s
    os.utime(path, (used_s, used_s))


# --- info ------------------------------------------------------------------------------------------------


def test_info_says_where_the_cache_is_and_how_much_of_each_kind_it_holds(
    sleepward: Command, cache: Path, tmp_path: Path
) -> None:
    assert sleepward("cache", "info").stdout.split() == [str(cache), "empty"]
    for number in range(3):
        keep(cache, f"sentence {number}", 1_000_000, age_s=number * DAY_S)
    keep(cache, "rain", 4_000_000, kind="beds")
    (cache / "clips" / "00").mkdir(exist_ok=True)
    (cache / "clips" / "00" / "holiday.jpg").write_bytes(bytes(9_000_000))  # someone else's: not counted
    found = sleepward.json("cache", "info")
    assert found["folder"] == str(cache)
    assert found["entries"] == 4
    assert found["bytes"] == 7_000_000 + 4 * 32  # each has its digest
    assert found["kinds"]["clips"]["entries"] == 3
    assert found["kinds"]["clips"]["oldest_use"] < found["kinds"]["beds"]["oldest_use"]
    lines = sleepward("cache", "info").stdout.splitlines()
    assert [line.split()[:4] for line in lines[2:]] == [
        ["beds", "1", "4.0", "MB"],
        ["clips", "3", "3.0", "MB"],
        ["all", "4", "7.0", "MB"],
    ]


# --- gc --------------------------------------------------------------------------------------------------


def test_what_was_used_longest_ago_goes_first(sleepward: Command, cache: Path) -> None:
    paths = [keep(cache, f"{days} days", age_s=days * DAY_S, kind=["beds", "clips"][days % 2]) for days in range(1, 6)]
    said = sleepward("cache", "gc", "--max-size", "250 kB", "--dry-run").stdout
    assert entries(cache) == sorted(paths)
    assert sleepward("cache", "gc", "--max-size", "250 kB").stdout == said.replace("would free", "freed").replace(
        "would be left", "left"
    )
    assert said.splitlines() == [
        "would free 300.1 kB: beds 1 (100.0 kB), clips 2 (200.1 kB)",
        "would be left: 2 (200.1 kB)",
    ]
    assert entries(cache) == sorted(paths[:2])
    assert sleepward("cache", "gc", "--max-size", "250 kB").stdout.startswith("freed nothing\n")


@pytest.mark.parametrize("way", ["get", "open"])
def test_reading_counts_as_use(cache: Path, way: str) -> None:
    read, unread = keep(cache, "read", age_s=9 * DAY_S), keep(cache, "unread", age_s=8 * DAY_S)
    assert getattr(Cache(cache), way)("clips", key_of(read)) is not None
    collect(cache, 150_000)
    assert entries(cache) == [read]
    assert not unread.exists()


def test_reading_again_within_the_hour_writes_nothing(cache: Path) -> None:
    path = keep(cache, "read", age_s=1_800)
    before = path.stat().st_mtime_ns
    assert Cache(cache).get("clips", key_of(path)) is not None
    assert path.stat().st_mtime_ns == before


def test_nothing_else_that_lies_there_is_touched(cache: Path) -> None:
    others = [cache / "thesis.tex", cache / "photos" / "ab" / "holiday.jpg", cache / "clips" / content_key("loose")]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1_000))
        age(path, 900 * DAY_S)
    keep(cache, "old", age_s=DAY_S)
    collect(cache, 0)
    assert entries(cache) == [others[1]]
    assert all(path.exists() for path in others)


def test_what_killed_builds_left_goes_and_what_is_being_written_stays(sleepward: Command, cache: Path) -> None:
    entry = keep(cache, "whole")
    dead = entry.with_name(f".{entry.name}.{'0' * 16}.part")
    with whole_file(entry.with_name(f"{'f' * 64}{SUFFIX}")):
        dead.write_bytes(bytes(5_000))
        age(dead, DAY_S)
        freed = sleepward("cache", "gc", "--max-size", "1GB").stdout.splitlines()[0]
        assert freed == "freed 5.0 kB: unfinished 1 (5.0 kB)"
        assert len(list(entry.parent.glob("*.part"))) == 1
    assert (dead.exists(), entry.exists()) == (False, True)


def test_what_was_used_within_the_last_day_stays_as_a_running_build_may_need_it(
    sleepward: Command, cache: Path
) -> None:
    used = [keep(cache, "long ago", age_s=9 * DAY_S), keep(cache, "this morning", age_s=DAY_S / 3)]
    unused = keep(cache, "unused", age_s=2 * DAY_S)
    build = Cache(cache)
    assert build.get("clips", key_of(used[0])) is not None
    done = sleepward("cache", "gc", "--max-size", "0")
    assert done.stdout.startswith("freed 100.0 kB: clips 1")
    assert "a running build may need them: 2 (200.1 kB)" in done.stderr
    assert entries(cache) == sorted(used)
    assert not unused.exists()
    assert all(build.get("clips", key_of(path)) is not None for path in used)
    for path in used:
        age(path, DAY_S)
    assert sleepward("cache", "gc", "--max-size", "0").stderr == ""
    assert entries(cache) == []


READER = """
import os, sys, time
from pathlib import Path
from generator.settings import FORMATS
from generator.storage.cache import SUFFIX, Cache, content_key, whole_file

folder, lost = Path(sys.argv[1]), 0
for night in range(12):
    keys = [content_key(night, number) for number in range(100)]
    cache = Cache(folder)
    for key, age_s in zip(keys, [90_000, 1_800] * 50):
        cache.put("clips", key, bytes(1_000))
        used_s = time.time() - age_s
        os.utime(folder / "clips" / key[:2] / f"{key}{SUFFIX}", (used_s, used_s))
    found = [key for key in keys if cache.get("clips", key) is not None]  # from now on, these may not go
    lost += sum(cache.get("clips", key) is None for key in found)
print(lost)
"""

CLEARER = """
import sys
from pathlib import Path
import psutil
from generator.storage.housekeeping import collect

while psutil.pid_exists(int(sys.argv[2])) and psutil.Process(int(sys.argv[2])).status() != psutil.STATUS_ZOMBIE:
    collect(Path(sys.argv[1]), 0)
"""


def test_what_a_build_has_found_stays_however_often_the_cache_is_collected(cache: Path) -> None:
    """A reader of what was used long ago, beside two who collect everything that may go."""
    reader = subprocess.Popen([sys.executable, "-c", READER, str(cache)], stdout=subprocess.PIPE)
    words = [sys.executable, "-c", CLEARER, str(cache), str(reader.pid)]
    clearers = [subprocess.Popen(words) for _ in range(2)]
    assert [process.wait(timeout=300) for process in (reader, *clearers)] == [0, 0, 0]
    assert reader.communicate()[0] == b"0\n"


@pytest.mark.slow
def test_a_build_beside_a_clearing_gives_the_same_bytes(sleepward: Command, script: str, track: bytes) -> None:
    """The build is a process of its own, which meets the locks of this one's clearing."""
    assert SLEEPWARD
    words = [SLEEPWARD, "build", script, *QUICK, "-o", "again.mp3"]
    with subprocess.Popen(words, cwd=sleepward.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            sleepward("cache", "gc", "--max-size", "0")
            time.sleep(0.02)  # a rhythm, not a wait: some thirty clearings a second, and a core left to the build
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (0, b"")
    assert (sleepward.folder / "again.mp3").read_bytes() == track


def test_a_cache_that_cannot_be_cleared_is_said(sleepward: Command, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    (folder / ".lock").mkdir(parents=True)
    done = sleepward("cache", "gc", "--max-size", "1GB", env={"SLEEPWARD_CACHE_DIR": str(folder)}, code=2)
    assert done.stderr.startswith(f"Error: {folder}: the cache can't be cleared out: ")


# --- damage ----------------------------------------------------------------------------------------------


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a bit": flip,
    "its end": lambda content: content[:-1],
    "all of it": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_removes_what_is_damaged_and_says_so(sleepward: Command, cache: Path, damage: str) -> None:
    damaged, whole = keep(cache, "damaged", age_s=DAY_S), keep(cache, "whole", age_s=DAY_S)
    damaged.write_bytes(DAMAGES[damage](damaged.read_bytes()))
    used = whole.stat().st_mtime_ns
    done = sleepward("cache", "verify", code=1)
    assert done.stdout == f"{damaged.relative_to(cache)}: damaged or misplaced; removed\n"
    assert done.stderr == "1 whole, 1 not\n"
    assert entries(cache) == [whole]
    assert whole.stat().st_mtime_ns == used, "looking after an entry isn't using it"
    assert sleepward("cache", "verify").stderr == "1 whole, 0 not\n"


@pytest.mark.slow
def test_a_build_notices_damage_of_any_kind_and_makes_it_again(
    sleepward: Command, cache: Path, script: str, track: bytes
) -> None:
    before = entries(cache)
    assert {path.parent.parent.name for path in before} == {"beds", "clips", "gains", "loops"}
    for path in before:
        path.write_bytes(flip(path.read_bytes()))
    done = sleepward("build", script, *QUICK, "-o", "again.mp3")
    assert done.stderr.count("a damaged cache entry was removed and is made again") == len(before)
    assert (sleepward.folder / "again.mp3").read_bytes() == track
    assert entries(cache) == before
    sleepward("cache", "verify")


def exchange(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def test_verify_notices_entries_that_changed_places(sleepward: Command, cache: Path) -> None:
    """Each is whole, but is not what it would be taken for."""
    clips = [keep(cache, name, size) for name, size in (("one", 1_000), ("other", 2_000))]
    exchange(*clips)
    bed = keep(cache, "rain", kind="beds")
    foreign = cache / "loops" / bed.parent.name / bed.name
    foreign.parent.mkdir(parents=True)
    shutil.copyfile(bed, foreign)
    done = sleepward("cache", "verify", code=1)
    assert sorted(line.split(":")[0] for line in done.stdout.splitlines()) == sorted(
        str(path.relative_to(cache)) for path in (*clips, foreign)
    )
    assert entries(cache) == [bed]


@pytest.mark.slow
def test_a_build_makes_entries_again_that_changed_places(
    sleepward: Command, cache: Path, script: str, track: bytes
) -> None:
    """Two sentences, and a bed and its encoded loop."""
    before = entries(cache)
    of_kind = {kind: [path for path in before if path.parts[-3] == kind] for kind in ("clips", "beds", "loops")}
    exchange(*of_kind["clips"][:2])
    exchange(of_kind["beds"][0], of_kind["loops"][0])
    done = sleepward("build", script, *QUICK, "-o", "again.mp3")
    assert done.stderr.count("a damaged cache entry was removed and is made again") == 4
    assert (sleepward.folder / "again.mp3").read_bytes() == track
    assert entries(cache) == before
    sleepward("cache", "verify")


def test_entries_of_the_first_version_are_left_alone_until_they_are_collected(sleepward: Command, cache: Path) -> None:
    """They had no suffix, and their digests knew nothing of their places."""
    entry = keep(cache, "old", age_s=9 * DAY_S)
    former = entry.rename(entry.with_name(key_of(entry)))
    assert Cache(cache).get("clips", former.name) is None
    done = sleepward("cache", "verify")
    assert (done.stdout, done.stderr) == ("", "0 whole, 0 not\n")
    assert sleepward.json("cache", "info")["entries"] == 1
    sleepward("cache", "gc", "--max-size", "0")
    assert entries(cache) == []


# --- a full disk -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_full_disk_of_the_cache_is_said_and_all_that_was_finished_serves_later(
    sleepward: Command, cache_folder: Path, cache: Path, script: str
) -> None:
    sleepward("build", script, *BRIEF, "-o", "roomy.mp3", env={"SLEEPWARD_CACHE_DIR": str(cache_folder)})
    build = f"{SLEEPWARD} build {script} {' '.join(BRIEF)} -o"
    steps = f"""
    {build} there.mp3; echo "exit $?"
    find {cache} -name '*.part'
    {SLEEPWARD} cache verify; echo "verified $?"
    mount -o remount,size=200m {cache}
    {build} later.mp3 >/dev/null; echo "exit $?"
    """
    done = on_a_small_disk(cache, "10m", steps, sleepward.folder)
    assert done.stdout.split("\n") == ["exit 1", "verified 0", "exit 0", ""]
    error, hint, verified = done.stderr.splitlines()
    assert error == f"Error: {cache}: the cache can't grow: No space left on device"
    assert "sleepward cache gc" in hint
    assert verified == "4 whole, 0 not"  # the sentences that were spoken before the disk was full
    assert not (sleepward.folder / "there.mp3").exists()
    assert (sleepward.folder / "later.mp3").read_bytes() == (sleepward.folder / "roomy.mp3").read_bytes()


@pytest.mark.slow
def test_a_full_disk_of_the_tracks_leaves_those_that_are_finished(
    sleepward: Command, script: str, tmp_path: Path, track: bytes
) -> None:
    (tmp_path / "long.txt").write_text(SCRIPT.replace("20 s", "9 min"), encoding="utf-8")
    steps = f"{SLEEPWARD} build {script} long.txt {' '.join(QUICK)} -o out/ >&2; echo $?; ls -A out; cp out/night.mp3 ."
    done = on_a_small_disk(tmp_path / "out", "8m", steps, tmp_path)
    assert done.stdout.split() == ["1", "night.mp3"]
    assert "Error: out/long.mp3: writing stopped: No space left on device\n  make room" in done.stderr
    assert (tmp_path / "night.mp3").read_bytes() == track


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_said_alike_for_every_format_and_for_tags_alone(
    sleepward: Command, tmp_path: Path, script: str, format: str
) -> None:
    (tmp_path / "long.txt").write_text(SCRIPT.replace("20 s", "9 min"), encoding="utf-8")
    sleepward("build", script, *BRIEF, "-o", f"night.{format}")
    size_kb = (tmp_path / f"night.{format}").stat().st_size // 1_000 + 40
    (tmp_path / script).write_text("---\ntitle: Another title\n---\n" + SCRIPT, encoding="utf-8")
    steps = f"""
    {SLEEPWARD} build long.txt {" ".join(BRIEF)} -o full/long.{format}; echo $?; ls -A full
    cp night.{format} full
    {SLEEPWARD} build {script} {" ".join(BRIEF)} -o full/night.{format}; echo $?; ls -A full
    cmp night.{format} full/night.{format}; echo $?
    """
    done = on_a_small_disk(tmp_path / "full", f"{size_kb}k", steps, tmp_path)
    assert done.stdout.split() == ["1", "1", f"night.{format}", "0"]
    said = "Error: full/{}.{}: writing stopped: No space left on device\n  make room, build again\n"
    assert done.stderr == said.format("long", format) + said.format("night", format)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files' sizes")
@pytest.mark.parametrize("format", ["mp3", "flac"])
def test_a_track_that_may_not_grow_is_said_like_a_full_disk(sleepward: Command, script: str, format: str) -> None:
    sleepward("build", script, *BRIEF)  # what goes into the cache is there
    words = ["sh", "-c", f"ulimit -f 20; exec {SLEEPWARD} build {script} {' '.join(BRIEF)} -o there.{format}"]
    done = subprocess.run(words, cwd=sleepward.folder, capture_output=True, text=True, check=False)
    assert done.stderr == f"Error: there.{format}: writing stopped: File too large\n  make room, build again\n"
    assert done.returncode == 1
    assert not list(sleepward.folder.glob("*there*"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files' sizes")
def test_a_file_that_may_not_grow_is_said_like_a_full_disk(sleepward: Command, cache: Path, script: str) -> None:
    words = ["sh", "-c", f"ulimit -f 8192; exec {SLEEPWARD} build {script} {' '.join(BRIEF)}"]
    done = subprocess.run(words, cwd=sleepward.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {cache}: the cache can't grow: File too large\n  make room")
    assert {path.parent.parent.name for path in entries(cache)} == {"clips", "gains"}
    assert not list(cache.rglob("*.part"))


# --- sizes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("500 MB", 500_000_000),
        ("1.5GiB", 1_610_612_736),
        ("64kB", 64_000),
        ("64 KiB", 65_536),
        ("3g", 3_000_000_000),
        ("1 TB", 10**12),
        ("12 B", 12),
        ("0", 0),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2000", "has no unit"),
        ("2 apples", "isn't a size"),
        ("-1GB", "isn't a size"),
        ("", "isn't a size"),
        ("1.5.2MB", "isn't a size"),
    ],
)
def test_what_is_no_size_is_said_with_how_to_write_one(sleepward: Command, cache: Path, text: str, said: str) -> None:
    keep(cache, "stays", age_s=DAY_S)
    done = sleepward("cache", "gc", "--max-size", text, code=2)
    assert done.stderr == f"Error: --max-size: {text!r} {said}: write it like 2GB, 500 MB or 1.5GiB\n"
    assert len(entries(cache)) == 1


@given(st.integers(0, 10**14))
def test_a_size_that_was_shown_can_be_given(size: int) -> None:
    assert parse_size(format_size(size).replace(",", "")) == pytest.approx(size, rel=0.05, abs=50)


# --- the page --------------------------------------------------------------------------------------------


def test_every_command_of_the_page_is_there(sleepward: Command, cache: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "cache.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split()[1:] for line in page.splitlines() if line.startswith("    sleepward cache")]
    assert len(lines) == 5
    for words in lines:
        sleepward(*words)


@pytest.mark.slow
@pytest.mark.usefixtures("track")
def test_the_page_names_every_kind_of_what_is_kept_and_no_other(
    sleepward: Command, cache: Path, script: str, tmp_path: Path
) -> None:
    """By a build, by words that are shown, and by a library of a script and of a routine that is made to last."""
    library = (
        "title: Nights",
        "defaults: {voice: tone, tail: 10s}",
        f"tracks: [{{script: {script}}}]",
        "matrix: {routine: ten-minutes-in-bed, only: reclined-butterfly, length: 5m, background: none, format: flac}",
    )
    (tmp_path / "library.yaml").write_text("\n".join(library), encoding="utf-8")
    sleepward("batch", "-j", "1")
    sleepward("script", "ten-minutes-in-bed")
    kinds = sleepward.json("cache", "info")["kinds"]
    page = (Path(__file__).parent.parent / "docs" / "cache.md").read_text(encoding="utf-8")
    table = page.partition("| kind |")[2].partition("\n\n")[0]
    named = [line.split("`")[1] for line in table.splitlines() if "`" in line]
    assert sorted(kinds) == sorted(named)
    assert {"clips", "stamps", "beds"} <= set(kinds)
