"""What users read when something is wrong: the exact words, their place, what to do, and the exit code."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.cli.commands import OUR_FAULT
from generator.errors import SleepwardError
from tests.conftest import SLEEPWARD, Command

GOLDEN = Path(__file__).parent / "data" / "errors.txt"
"""Blocks of a title, files (`--- name`), a command (`$ sleepward ...`), what it prints, and its exit code."""


@dataclass(frozen=True)
class Example:
    title: str
    files: dict[str, str]
    env: dict[str, str]
    words: list[str]
    said: str
    code: int


def parsed(block: str) -> Example:
    title, _, rest = block.partition("\n")
    before, _, after = rest.partition("$ ")
    command, _, said = after.rstrip("\n").partition("\n")
    words = shlex.split(command)
    at = words.index("sleepward")
    said, _, code = said.rpartition("\nexit ")
    return Example(
        title,
        dict(re.findall(r"(?ms)^--- (\S+)\n(.*?)(?=^--- |\Z)", before)),
        dict(word.split("=", 1) for word in words[:at]),
        words[at + 1 :],
        said,
        int(code),
    )


EXAMPLES = [parsed(block) for block in GOLDEN.read_text(encoding="utf-8").split("\n\n== ")[1:]]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_the_words_of_an_error(sleepward: Command, tmp_path: Path, example: Example) -> None:
    for name, text in example.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = sleepward(*example.words, code=example.code, env=example.env)
    assert done.stderr.replace(f"{tmp_path}/", "").rstrip("\n") == example.said
    assert done.stdout == ""


def test_every_error_is_short_and_says_what_to_do() -> None:
    """One to three lines for each fault; where the first has no advice, the next has, indented."""
    for example in EXAMPLES:
        faults = [line for line in example.said.splitlines() if not line.startswith(("  ", "To last "))]
        assert len(example.said.splitlines()) <= max(3, len(faults)), example.title
        assert example.said.startswith(("Error: ", "To last ")), example.title


def test_every_kind_of_error_has_an_example() -> None:
    """Each exit code; a failed track in its making (1), what can't be done as asked (2), what is missing (3)."""
    assert {example.code for example in EXAMPLES} == {1, 2, 3}


def test_only_debug_shows_where_in_the_program(sleepward: Command, outside: Command) -> None:
    quiet = sleepward("show", "figure-for", code=2).stderr
    assert SLEEPWARD
    done = outside.run([SLEEPWARD, "--debug", "show", "figure-for"], b"", {})
    assert done.returncode == 2
    assert done.stderr.decode().startswith("Traceback")
    assert done.stderr.decode().endswith(quiet)


def test_an_unforeseen_error_is_said_as_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from generator.cli import commands, listing

    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(listing.show_command, "callback", breaks)
    assert commands.run(["show", "figure-four"]) == SleepwardError.exit_code
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"Error: {OUR_FAULT}: ZeroDivisionError: division by zero",
        "  run it again as `sleepward --debug …`, and report what that prints",
    ]
