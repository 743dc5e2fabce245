"""What the documents show is what the program does."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, InsideCommand

ROOT = Path(__file__).parent.parent


def test_the_readme_shows_a_script_and_its_real_timeline(sleepward: Command, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", readme.partition("<!-- example")[2], re.DOTALL)
    (tmp_path / "example.txt").write_text(blocks[0], encoding="utf-8")
    shown = sleepward("plan", "example.txt", "--events").stdout
    rows = [line.rstrip() for line in blocks[1].splitlines() if line.strip()]
    assert len(rows) == 8
    for row in rows:
        clock, text = re.match(r"(\S+) +(.*)", row).groups()  # type: ignore[union-attr]
        assert any(
            line.split()[0].startswith(clock) and text.strip() in line for line in shown.splitlines() if line.strip()
        ), row


def test_every_command_in_the_readme_exists(sleepward: Command) -> None:
    from generator.cli.commands import COMMANDS
    from generator.settings import SETTINGS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^sleepward (\w+)", readme, re.MULTILINE))
    assert used <= set(COMMANDS)
    flags = {info.flag for info in SETTINGS.values()}
    assert set(re.findall(r"--[a-z][a-z-]+", readme)) <= flags | {
        "--help",
        "--events",
        "--minutes",
        "--install",
        "--lan",
    }


def test_the_script_page_explains_every_mark() -> None:
    from generator.script.mark_table import NAMES

    page = (ROOT / "docs" / "script.md").read_text(encoding="utf-8")
    assert all(f"[{name}" in page for name in NAMES)


def test_the_sample_is_short_and_small() -> None:
    from mutagen.mp3 import MP3

    sample = ROOT / "docs" / "sample.mp3"
    assert sample.stat().st_size <= 300_000
    info = MP3(sample).info
    assert 25 <= info.length <= 35
    assert info.bitrate == 64_000


def test_the_routine_and_the_pose_of_the_page_build(sleepward: Command, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "routine.md").read_text(encoding="utf-8")
    routine, pose = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (toml,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    (tmp_path / "routines" / "my-night.yaml").write_text(routine, encoding="utf-8")
    (tmp_path / "routines" / "poses" / "starfish.yaml").write_text(pose, encoding="utf-8")
    (tmp_path / "sleepward.toml").write_text(toml, encoding="utf-8")
    plan = sleepward.json("plan", "my-night")
    assert plan["settings"]["background"] == "rain"
    assert plan["settings"]["glide"] == "off"
    assert plan["voice"] == "pyttsx3:en-us+klatt5"
    rounds = [(event["pose"], event["round"]) for event in plan["events"] if event["kind"] == "hold"]
    sides = [(pose_id, side) for pose_id in ("starfish", "figure-four") for side in ("right", "left")]
    assert rounds == [*sides, ("reclined-butterfly", "only"), ("rest", "only")]


@pytest.mark.slow
def test_what_is_made_from_the_program_is_as_the_program_is_now() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_has_gone_stale_is_noticed_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a copy of the folders that are made."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    for name, folder in (("ROOT", tmp_path), ("REFERENCE", tmp_path / "reference"), ("SCHEMAS", tmp_path / "schemas")):
        monkeypatch.setattr(made, name, folder)
    monkeypatch.setattr(made, "LENGTHS", ())  # each takes a second
    for name in ("SCRIPT_PAGE", "WORDS_PAGE", "BODIES_PAGE", "LENGTHS_PAGE", "LICENCES_PAGE"):
        page = getattr(made, name)
        monkeypatch.setattr(made, name, Path(shutil.copy(page, tmp_path)))

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["generate.py", *words])
        code: int = made.main()
        return code

    assert (run(), run("--check")) == (0, 0)
    page = tmp_path / "reference" / "settings.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("breaths a minute", "breaths an hour"), encoding="utf-8")
    assert run("--check") == 1
    (tmp_path / "schemas" / "old.json").write_text("{}", encoding="utf-8")
    assert run() == 0
    assert page.read_text(encoding="utf-8") == text
    assert not (tmp_path / "schemas" / "old.json").exists()


def test_the_reference_knows_every_setting_command_and_key() -> None:
    from generator.cli.commands import COMMANDS
    from generator.definition.library_models import LibraryFile
    from generator.definition.models import PoseFile, RoutineFile, StepEntry, VariantEntry
    from generator.definition.program_models import ProgramFile
    from generator.definition.validation import FileModel
    from generator.settings import SETTINGS

    def page(name: str) -> str:
        return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \| `--", page("settings"), re.MULTILINE)) == set(SETTINGS)
    assert set(re.findall(r"^## (\w+)$", page("commands"), re.MULTILINE)) == {"sleepward", *COMMANDS}
    pages: dict[str, list[type[FileModel]]] = {
        "routine": [RoutineFile, StepEntry],
        "pose": [PoseFile, VariantEntry],
        "library": [LibraryFile],
        "program": [ProgramFile],
    }
    for name, parts in pages.items():
        keys = {key for part in parts for key in part.keys()}  # noqa: SIM118 - a class's method, no dict's
        assert keys <= set(re.findall(r"^\| `(\w+)`", page(name), re.MULTILINE))


def test_the_examples_of_the_reference_are_right(sleepward: Command, tmp_path: Path) -> None:
    """Files that hold nothing but the reference's own examples, in JSON, which is YAML."""
    from generator.definition.schema import schema

    def examples(part: dict[str, Any]) -> dict[str, Any]:
        return {key: facts["examples"][0] for key, facts in part["properties"].items() if "examples" in facts}

    routine, pose = schema("routine"), schema("pose")
    steps = [{**examples(routine["$defs"]["StepEntry"]), "hold": hold} for hold in _holds(routine)]
    files = {
        "routines/mine.yaml": {**examples(routine), "steps": [*steps, {"pose": "rest", "hold": "2 min"}]},
        "routines/poses/mine.yaml": examples(pose),
        "library.yaml": {**examples(schema("library")), "tracks": [{"routine": "mine"}]},
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    wrong = [checked["faults"] for checked in sleepward.json("check", ".") if checked["faults"]]
    assert wrong == []


def _holds(routine: dict[str, Any]) -> list[str]:
    holds: list[str] = routine["$defs"]["StepEntry"]["properties"]["hold"]["examples"]
    return holds


PAGES = ("README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_tells_people_to_write_passes_a_strict_check(sleepward: Command, tmp_path: Path, page: str) -> None:
    """Every file that the page shows under its name, and every script; a teacher would change nothing in them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for number, (kind, block) in enumerate(re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL)):
        named = re.match(r"# ([\w./-]+\.(?:yaml|toml|j2|txt))\b", block)
        is_script = not kind and re.search(r"(?m)^\[(hold|sleep|pose)\b", block)
        if not named and not is_script:
            continue
        file = tmp_path / (named[1] if named else f"script-{number}.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block, encoding="utf-8")
    if page == "docs/library.md":  # its script is the reader's own
        (tmp_path / "scripts").mkdir()
        (tmp_path / "scripts" / "mine.txt").write_text("Lie down. [4s]\n[hold 1 min]\n[release]\n[sleep]\n")
    if page == "docs/tutorial.md":
        (tmp_path / "music").mkdir()
        (tmp_path / "music" / "drone.mp3").touch()
    if any(path.is_file() for path in tmp_path.rglob("*")):
        sleepward("check", "--strict", ".")


class Reader:
    """Somebody who follows a page to the letter, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sleepward = InsideCommand(folder)

    def save(self, block: str) -> None:
        name = re.match(r"# (\S+)\n", block)
        assert name, "a file's first line says where it goes"
        (self.folder / name[1]).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name[1]).write_text(block, encoding="utf-8")

    def run(self, line: str) -> None:
        command, *words = shlex.split(line, comments=True)
        if command == "mkdir":
            for name in words[1:]:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            return
        assert command == "sleepward", line
        to = words.pop() if ">" in words else None
        shown = self.sleepward(*(word for word in words if word != ">")).stdout
        if to:
            (self.folder / to).write_text(shown, encoding="utf-8")


@pytest.mark.slow
def test_the_tutorial_can_be_followed_to_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By somebody who has set another voice, a quicker one."""
    monkeypatch.setenv("SLEEPWARD_VOICE", "en-us+klatt4")
    reader = Reader(tmp_path)
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for kind, block in re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL):
        if kind == "sh":
            for line in block.strip().splitlines():
                reader.run(line)
        else:
            reader.save(block)
    plan = reader.sleepward.json("plan", "my-night", "--length", "12m")
    said = [event["text"] for event in plan["events"] if event["kind"] == "speech"]
    assert plan["guided_ms"] == 12 * 60_000
    assert plan["settings"]["background"] == "music/drone.mp3"
    assert "Feel your right hip grow wide and warm." in said
    assert (tmp_path / "output" / "my-night.mp3").stat().st_size > 1_000_000
    assert (tmp_path / "output" / "tonight.mp3").exists()
    reader.sleepward("check", "--strict", ".")
