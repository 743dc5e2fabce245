"""Which folder's files hold, and that none but the user's own reaches anything outside its folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from generator.errors import SleepwardError
from generator.library.library_file import open_library
from generator.workspace import Workspace
from generator.workspace.lexicon_files import load_lexicon
from generator.workspace.script_sources import load_source
from tests.conftest import Command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

SECRET = "The key lies under the third stone."
POSE = """\
name: Rest
position: supine
ends: supine
rounds: [only]
enter: {enter}
leave: ""
hold_lines: [Rest.]
"""
ROUTINE = """\
title: A short night
summary: Rest.
setting: bed
eyes: closed
props: []
steps:
  - pose: rest
    hold: 10 s
"""
LIBRARY = """\
title: Nights
output: nights
tracks:
  - routine: short
    name: {name}
    voice: tone
    tail: 10s
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def music(path: Path) -> Path:
    from generator.system import ffmpeg

    path.parent.mkdir(parents=True, exist_ok=True)
    ffmpeg.run(["-f", "lavfi", "-i", "anoisesrc=d=12:c=pink:a=0.2:r=48000", "-f", "mp3", str(path)])
    return path


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder that nothing of a stranger's may reach."""
    (tmp_path / "private").mkdir()
    return tmp_path / "private"


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A library as it came from somebody else, in a folder below the working folder."""
    folder = tmp_path / "theirs"
    write(folder / "library.yaml", LIBRARY.format(name="deep/one"))
    write(folder / "routines" / "short.yaml", ROUTINE)
    write(folder / "routines" / "poses" / "rest.yaml", POSE.format(enter="Lie down."))
    return folder


# --- two folders in one process ------------------------------------------------------------------------


def test_each_folder_has_its_own_poses_programmes_words_and_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process, under the same names."""
    said = {}
    for name, extra in (("one", ""), ("two", "  - pose: knee-hugs\n    hold: 10 s\n")):
        folder = tmp_path / name
        write(folder / "routines" / "short.yaml", ROUTINE.replace("steps:\n", f"steps:\n{extra}"))
        write(folder / "routines" / "poses" / "rest.yaml", POSE.format(enter=f"Lie down, {name}."))
        write(folder / "lexicon.yaml", f"qi: {name}\n")
        write(folder / "sleepward.toml", f"rate = {100 if extra else 110}\n")
        monkeypatch.chdir(folder)
        workspace = Workspace.here()
        source = load_source("short", {}, workspace)
        said[name] = (
            f"Lie down, {name}." in source.text,
            workspace.read_pose("rest").enter,
            list(workspace.poses_of("short")),
            load_lexicon("en-us", workspace).apply("qi", None),
            workspace.layers()[1].values["rate"],
        )
    assert said == {
        "one": (True, "Lie down, one.", ["rest"], "one", "110"),
        "two": (True, "Lie down, two.", ["knee-hugs", "rest"], "two", "100"),
    }


def test_two_libraries_in_one_process_know_a_change_from_each_other(tmp_path: Path, stranger: Path) -> None:
    other = shutil.copytree(stranger, tmp_path / "others")
    write(other / "routines" / "poses" / "rest.yaml", POSE.format(enter="Come to lie down."))
    for folder in (stranger, other):
        write(folder / "scripts_templates" / "shared" / "more.j2", folder.name)
    (one,), (two,) = open_library(stranger / "library.yaml").tracks, open_library(other / "library.yaml").tracks
    assert {*one.made_from.differences(two.made_from.digests)} == {"poses", "templates"}


# --- settings beside a library -------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["{private}/song.mp3", "../private/song.mp3", "rain+../private/song.mp3:-6"])
def test_settings_beside_a_library_name_no_file_outside_its_folder(
    sleepward: Command, stranger: Path, private: Path, written: str
) -> None:
    music(private / "song.mp3")
    write(stranger / "sleepward.toml", f'background = "{written.format(private=private)}"\n')
    refused = sleepward("batch", stranger / "library.yaml", code=2).stderr
    assert "outside the folder" in refused
    assert "sleepward.toml:1" in refused
    assert not (stranger / "nights").exists()


def test_settings_beside_a_library_name_no_link_out_of_its_folder(
    sleepward: Command, stranger: Path, private: Path
) -> None:
    music(private / "song.mp3")
    (stranger / "song.mp3").symlink_to(private / "song.mp3")
    write(stranger / "sleepward.toml", 'background = "song.mp3"\n')
    assert "outside the folder" in sleepward("batch", stranger / "library.yaml", code=2).stderr
    (stranger / "sleepward.toml").unlink()
    (stranger / "sleepward.toml").symlink_to(write(private / "mine.toml", 'background = "rain"\n'))
    assert "a link leads out" in sleepward("batch", stranger / "library.yaml", code=2).stderr


def test_music_that_is_not_there_is_told_where_it_is_named(sleepward: Command, stranger: Path) -> None:
    write(stranger / "sleepward.toml", 'tail = "1m"\nbackground = "songs/sea.mp3"\n')
    refused = sleepward("batch", stranger / "library.yaml", code=2).stderr
    assert "sleepward.toml:2: the background music 'songs/sea.mp3' isn't there" in refused


def test_settings_beside_a_library_hold_with_files_of_its_folder(sleepward: Command, stranger: Path) -> None:
    music(stranger / "songs" / "sea.mp3")
    write(stranger / "sleepward.toml", 'background = "songs/sea.mp3"\nformat = "wav"\n')
    made = sleepward.json("batch", stranger / "library.yaml", "--dry-run")
    assert made["name"] == "deep/one.wav"
    (track,) = open_library(stranger / "library.yaml").tracks
    assert str(track.settings.background) == "theirs/songs/sea.mp3"


def test_the_working_folder_trusts_its_own_settings(
    sleepward: Command, stranger: Path, private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    music(private / "song.mp3")
    write(stranger / "sleepward.toml", f'background = "{private}/song.mp3"\n')
    sleepward.folder = stranger
    assert sleepward.json("batch", "--dry-run")["state"] == "planned"
    assert sleepward.json("batch", stranger / ".." / "theirs" / "library.yaml", "--dry-run")["state"] == "planned"


# --- links ---------------------------------------------------------------------------------------------


def link_template(folder: Path, private: Path) -> None:
    secret = write(private / "note.txt", f"{SECRET}\n")
    (folder / "scripts_templates" / "gentle").mkdir(parents=True)
    (folder / "scripts_templates" / "gentle" / "arrival.j2").symlink_to(secret)
    (folder / "scripts_templates" / "gentle" / "routine.j2").symlink_to(secret)


def link_style(folder: Path, private: Path) -> None:
    write(private / "style" / "routine.j2", SECRET)
    (folder / "scripts_templates").mkdir()
    (folder / "scripts_templates" / "gentle").symlink_to(private / "style")


def link_folder_in_style(folder: Path, private: Path) -> None:
    write(private / "words" / "note.j2", SECRET)
    write(folder / "scripts_templates" / "gentle" / "routine.j2", '{% include "words/note.j2" %}')
    (folder / "scripts_templates" / "gentle" / "words").symlink_to(private / "words")


def link_folder_inside_that_leads_out(folder: Path, private: Path) -> None:
    """A link into the folder, and behind it one out of it."""
    write(private / "note.j2", SECRET)
    write(folder / "scripts_templates" / "gentle" / "routine.j2", '{% include "words/note.j2" %}')
    (folder / "scripts_templates" / "gentle" / "words").symlink_to("../../more")
    (folder / "more").mkdir()
    (folder / "more" / "note.j2").symlink_to(private / "note.j2")


def link_pose(folder: Path, private: Path) -> None:
    pose = write(private / "rest.yaml", POSE.format(enter=SECRET))
    (folder / "routines" / "poses" / "rest.yaml").unlink()
    (folder / "routines" / "poses" / "rest.yaml").symlink_to(pose)


def link_routine(folder: Path, private: Path) -> None:
    routine = write(private / "short.yaml", ROUTINE.replace("A short night", "Secret"))
    (folder / "routines" / "short.yaml").unlink()
    (folder / "routines" / "short.yaml").symlink_to(routine)


def link_routines(folder: Path, private: Path) -> None:
    shutil.move(folder / "routines", private / "routines")
    (folder / "routines").symlink_to(private / "routines")


def link_lexicon(folder: Path, private: Path) -> None:
    (folder / "lexicon.yaml").symlink_to(write(private / "words.yaml", "rest: secret\n"))


def link_settings(folder: Path, private: Path) -> None:
    (folder / "sleepward.toml").symlink_to(write(private / "settings.toml", 'background = "rain"\n'))


LINKS = [
    link_template,
    link_style,
    link_folder_in_style,
    link_folder_inside_that_leads_out,
    link_pose,
    link_routine,
    link_routines,
    link_lexicon,
    link_settings,
]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("from_within", [True, False])
def test_nothing_is_read_through_a_link_that_leads_out(
    sleepward: Command, stranger: Path, private: Path, link, from_within: bool
) -> None:  # type: ignore[no-untyped-def]
    """Neither when a library is made from elsewhere, nor when its folder is the working folder."""
    link(stranger, private)
    sleepward.folder = stranger if from_within else stranger.parent
    done = sleepward("batch", stranger / "library.yaml", code=2)
    assert "a link leads out of" in done.stderr
    assert str(stranger) in done.stderr
    assert "delete the link" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    if from_within:
        for words in (("plan", "short", "--voice", "tone"), ("build", "short", "--voice", "tone")):
            assert "a link leads out of" in sleepward(*words, code=2).stderr


def test_links_within_a_folder_are_followed(sleepward: Command, stranger: Path) -> None:
    poses = stranger / "routines" / "poses"
    shutil.move(poses / "rest.yaml", stranger / "our-rest.yaml")
    (poses / "rest.yaml").symlink_to("../../our-rest.yaml")
    linked = stranger.parent / "linked"
    linked.symlink_to(stranger)
    assert sleepward.json("batch", linked / "library.yaml", "--dry-run")["state"] == "planned"


def test_the_users_own_settings_may_lie_behind_a_link(
    sleepward: Command, stranger: Path, private: Path, tmp_path: Path
) -> None:
    """As they do where their folder is kept under version control."""
    write(private / "config.toml", 'format = "wav"\n')
    config = tmp_path / "config" / "sleepward"
    config.mkdir(parents=True)
    (config / "config.toml").symlink_to(private / "config.toml")
    made = sleepward.json(
        "batch", stranger / "library.yaml", "--dry-run", env={"XDG_CONFIG_HOME": str(tmp_path / "config")}
    )
    assert made["name"] == "deep/one.wav"


def test_one_link_that_leads_out_hides_no_other_routine(sleepward: Command, stranger: Path, private: Path) -> None:
    link_routine(stranger, private)
    sleepward.folder = stranger
    listed = sleepward("list", code=2)
    assert "ten-minutes-in-bed" in listed.stdout
    assert "a link leads out of" in listed.stderr
    checked = sleepward("check", code=2).stdout
    assert "routines/short.yaml:1:1: a link leads out of" in checked


# --- what a library writes -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_library_replaces_no_file_through_a_link(sleepward: Command, stranger: Path, private: Path) -> None:
    """Neither by a folder nor by a file below its output, with tracks or their list."""
    mine = private / "one.mp3"
    mine.write_bytes(b"mine")
    library, nights = stranger / "library.yaml", stranger / "nights"
    nights.mkdir()
    (nights / "deep").symlink_to(private)
    for words in (("batch", library), ("batch", library, "-o", nights), ("batch", library, "--cluster", "local")):
        refused = sleepward(*words, code=2).stderr
        assert "leads out of" in refused
        assert "nights/deep/one.mp3" in refused
    assert [path.name for path in private.iterdir()] == ["one.mp3"]
    (nights / "deep").unlink()
    (nights / "deep").mkdir()
    (nights / "deep" / "one.mp3").symlink_to(mine)
    assert "leads out of" in sleepward("batch", library, code=2).stderr
    (nights / "deep" / "one.mp3").unlink()
    listed = write(private / "library.json", "{}")
    (nights / "library.json").symlink_to(listed)
    assert "leads out of" in sleepward("batch", library, code=2).stderr
    assert (mine.read_bytes(), listed.read_text()) == (b"mine", "{}")
    (nights / "library.json").unlink()
    sleepward("batch", library)
    assert (nights / "deep" / "one.mp3").stat().st_size > 1_000


def test_a_build_into_a_folder_replaces_no_file_through_a_link(
    sleepward: Command, stranger: Path, private: Path
) -> None:
    mine = private / "short.mp3"
    mine.write_bytes(b"mine")
    sleepward.folder = stranger
    (stranger / "output").mkdir()
    (stranger / "output" / "short.mp3").symlink_to(mine)
    words = ("build", "short", "--voice", "tone", "--tail", "10s", "--background", "none")
    for out in ((), ("-o", "output/")):
        assert "leads out of" in sleepward(*words, *out, code=2).stderr
    assert mine.read_bytes() == b"mine"


@pytest.mark.slow
def test_an_output_that_is_a_link_itself_is_the_users_choice(sleepward: Command, stranger: Path, private: Path) -> None:
    (stranger.parent / "disk").symlink_to(private)
    sleepward("batch", stranger / "library.yaml", "-o", "disk")
    assert (private / "deep" / "one.mp3").exists()


def test_a_library_in_a_folder_that_is_gone_is_an_error(stranger: Path) -> None:
    shutil.rmtree(stranger)
    with pytest.raises(SleepwardError):
        open_library(stranger / "library.yaml")
