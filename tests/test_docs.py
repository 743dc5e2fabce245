"""What the documents show is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Command

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
    from generator.cli import COMMANDS
    from generator.settings import SETTINGS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^sleepward (\w+)", readme, re.MULTILINE))
    assert used <= set(COMMANDS)
    assert set(COMMANDS) - used <= {"script", "voices"}
    flags = {info.flag for info in SETTINGS.values()}
    assert set(re.findall(r"--[a-z][a-z-]+", readme)) <= flags | {"--help"}


def test_the_script_page_explains_every_mark() -> None:
    from generator.script.parse import _MARK_NAMES

    page = (ROOT / "docs" / "script.md").read_text(encoding="utf-8")
    assert all(f"[{name}" in page for name in _MARK_NAMES)


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
    assert plan["voice"] == "pyttsx3:en-us+klatt2"
    rounds = [(event["pose"], event["round"]) for event in plan["events"] if event["kind"] == "hold"]
    sides = [(pose_id, side) for pose_id in ("starfish", "figure-four") for side in ("right", "left")]
    assert rounds == [*sides, ("rest", "only")]
