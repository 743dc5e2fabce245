"""`sleepward init`: a folder that is right, can be built, and is never written over what was there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from generator.script import parse
from tests.conftest import SLEEPWARD, Command, InsideCommand

FILES = [
    "README.md",
    "library.yaml",
    "routines/my-evening.yaml",
    "schemas/library.json",
    "schemas/routine.json",
    "scripts_templates/gentle/closing.j2",
]
OWN_WORDS = "All there is to do now is lie here."


@pytest.fixture
def begun(sleepward: Command, tmp_path: Path) -> Command:
    """A new folder, with a user in it."""
    sleepward("init", "nights")
    return InsideCommand(tmp_path / "nights")


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_says_what_it_wrote(sleepward: Command, tmp_path: Path) -> None:
    done = sleepward("init", "deep/nights")
    assert files(tmp_path / "deep" / "nights") == FILES
    assert done.stdout.splitlines() == [str(Path("deep/nights", name)) for name in FILES]


def test_all_of_it_is_right(begun: Command) -> None:
    done = begun("check", "--strict", ".")
    assert done.stderr == "3 files, all well\n"


@pytest.mark.parametrize("file", ["library.yaml", "routines/my-evening.yaml"])
def test_editors_find_the_schema_and_agree(begun: Command, file: str) -> None:
    path = begun.folder / file
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    schema = path.parent / head.removeprefix("# yaml-language-server: $schema=")
    jsonschema.validate(yaml.safe_load(text), json.loads(schema.read_text(encoding="utf-8")))


def test_the_own_words_are_said_in_this_folder_alone(begun: Command, tmp_path: Path) -> None:
    def said(folder: Path, *words: str) -> list[str]:
        text = InsideCommand(folder)("script", *words).stdout
        parse(text, "what is said")  # can be built
        return [line.rpartition("] ")[2] for line in text.splitlines()]

    assert OWN_WORDS in said(begun.folder, "my-evening")
    assert OWN_WORDS in said(begun.folder, "psoas-release")
    assert OWN_WORDS not in said(begun.folder, "my-evening", "--night", "1")
    assert OWN_WORDS not in said(tmp_path, "psoas-release")
    assert "Push up with both hands, until you sit. [8s]" in said(begun.folder, "my-evening", "--ending", "awake")


@pytest.mark.slow
def test_the_routine_can_be_built(begun: Command) -> None:
    plan = begun.json("plan", "my-evening", "--voice", "tone")
    assert plan["title"] == "My evening"
    assert 5 * 60_000 < plan["guided_ms"] < 12 * 60_000
    built = begun.json("build", "my-evening", "--voice", "tone", "--tail", "10s", "--background", "none")
    assert (begun.folder / built["path"]).stat().st_size == built["bytes"]


@pytest.mark.slow
def test_the_library_can_be_built_and_is_the_same_from_wherever_it_is_asked_for(
    begun: Command, sleepward: Command
) -> None:
    library = begun.folder / "library.yaml"
    library.write_text(library.read_text(encoding="utf-8").replace("tail: 10m ", "tail: 10s "), encoding="utf-8")
    fewer_words = 'words = 0.5\nskip = "knees-to-chest,figure-four"\n'
    (begun.folder / "sleepward.toml").write_text(fewer_words, encoding="utf-8")
    (begun.folder / "lexicon.yaml").write_text("lie here: lie, here\n", encoding="utf-8")
    assert "all well" in sleepward("check", "nights/library.yaml").stderr
    sleepward("batch", "nights/library.yaml", "-j", "1", env={"SLEEPWARD_VOICE": "tone"})
    assert len([name for name in files(begun.folder / "nights") if name.endswith(".mp3")]) == 4
    again = begun("batch", "--dry-run", "--json", env={"SLEEPWARD_VOICE": "tone"})
    assert [json.loads(line)["state"] for line in again.stdout.splitlines()] == ["unchanged"] * 4
    (begun.folder / "lexicon.yaml").unlink()
    again = sleepward("batch", "nights/library.yaml", "--dry-run", "--json", env={"SLEEPWARD_VOICE": "tone"})
    assert [json.loads(line)["why"] for line in again.stdout.splitlines()] == ["the lexicon"] * 4


@pytest.mark.parametrize("there", ["library.yaml", "scripts_templates/gentle/closing.j2"])
def test_never_writes_over_what_is_there(sleepward: Command, tmp_path: Path, there: str) -> None:
    mine = tmp_path / "nights" / there
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    done = sleepward("init", "nights", code=2)
    assert f"Error: there is already {Path('nights', there)}\n" in done.stderr
    assert "nothing was written" in done.stderr
    assert files(tmp_path / "nights") == [there]
    assert mine.read_text(encoding="utf-8") == "mine"


def test_a_second_time_names_all_that_is_there(begun: Command, sleepward: Command) -> None:
    done = sleepward("init", "nights", code=2)
    assert all(str(Path("nights", name)) in done.stderr for name in FILES)


def test_a_folder_with_other_things_in_it_is_begun_too(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine", encoding="utf-8")
    sleepward("init", ".")
    assert files(tmp_path) == sorted([*FILES, "diary.txt"])


def test_what_cannot_be_written_leaves_nothing(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "nights").mkdir()
    (tmp_path / "nights" / "schemas").write_text("a file where a folder should be", encoding="utf-8")
    done = sleepward("init", "nights", code=2)
    assert "nights" in done.stderr
    assert "nothing is left of it" in done.stderr
    assert files(tmp_path / "nights") == ["schemas"]
    assert [path.name for path in (tmp_path / "nights").iterdir()] == ["schemas"]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    words = ["sh", "-c", f"ulimit -f 2; exec {SLEEPWARD} init nights"]  # one of the files is larger
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: nights: this can't be written: File too large; nothing is left of it\n")
    assert not (tmp_path / "nights").exists()
