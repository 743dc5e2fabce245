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
