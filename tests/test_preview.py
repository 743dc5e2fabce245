"""A preview: a minute with what a track sounds like, by all of its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator.formats import read_tags
from generator.workspace import Workspace
from tests.conftest import NIGHT, TONE, Command


def plan_of(path: Path) -> dict[str, Any]:
    tags = read_tags(path)
    assert tags is not None
    plan: dict[str, Any] = json.loads(tags.plan_json)
    return plan


def said(plan: dict[str, Any]) -> list[str]:
    return [event["text"] for event in plan["events"] if event["kind"] == "speech"]


@pytest.mark.slow
@pytest.mark.parametrize("routine", Workspace.here().routine_names())
def test_a_minute_has_a_piece_of_everything(sleepward: Command, tmp_path: Path, routine: str) -> None:
    built = sleepward.json("preview", routine, *TONE, "--background", "none")
    assert Path(built["path"]) == Path("output") / f"{routine}-preview.mp3"
    assert built["duration_ms"] == 60_000
    plan = plan_of(tmp_path / built["path"])
    whole = sleepward.json("plan", routine, *TONE)
    words, all_words = said(plan), said(whole)
    assert all(text in all_words for text in words)
    first, last = plan["chapters"][0]["title"], plan["chapters"][-1]["title"]
    assert (first, last) == (whole["chapters"][0]["title"], whole["chapters"][-1]["title"])
    assert words[-1] == all_words[-1]
    hold = next(event for event in plan["events"] if event["kind"] == "hold")
    inside = [
        event
        for event in plan["events"]
        if event["kind"] == "speech" and hold["start_ms"] <= event["start_ms"] < hold["end_ms"]
    ]
    assert len(inside) == 2  # its first line, and the one that announces its end
    assert inside[0]["start_ms"] == hold["start_ms"]
    before = [event for event in plan["events"] if event["kind"] == "speech" and event["end_ms"] <= hold["start_ms"]]
    assert {event["chapter"] for event in before} == {0, 1}  # the arrival, and the entry
    assert plan["events"][-1]["kind"] == "tail"


def test_build_makes_one_of_any_length_beside_the_track(sleepward: Command, tmp_path: Path) -> None:
    quick = ("psoas-release", *TONE, "--background", "none")
    short = sleepward.json("build", "--preview", "1m", *quick)
    assert short["sha256"] == sleepward.json("preview", *quick)["sha256"]
    assert not sleepward.json("preview", *quick)["fresh"]
    assert said(sleepward.json("plan", "--preview", "1m", *quick)) == said(plan_of(tmp_path / short["path"]))
    long = sleepward.json("build", "--preview", "1m30s", *quick, "-o", "mine.flac")
    assert long["duration_ms"] == 90_000
    assert len(said(plan_of(tmp_path / "mine.flac"))) > len(said(plan_of(tmp_path / short["path"])))
    assert {path.name for path in (tmp_path / "output").iterdir()} == {"psoas-release-preview.mp3"}


@pytest.mark.slow
@pytest.mark.parametrize("style", Workspace.here().styles())
@pytest.mark.parametrize("more", [(), ("--pace", "1.2", "--length", "20m", "--tail", "8h")])
def test_each_style_has_one(sleepward: Command, tmp_path: Path, style: str, more: tuple[str, ...]) -> None:
    built = sleepward.json("preview", "deep-hip-opening", "--style", style, *more, *TONE, "--background", "none")
    assert built["duration_ms"] == 60_000


def test_scripts_have_them_too(sleepward: Command, tmp_path: Path) -> None:
    (tmp_path / "night.txt").write_text(NIGHT)
    built = sleepward.json("preview", "night.txt", *TONE, "--background", "none")
    words = said(plan_of(tmp_path / built["path"]))
    assert {"I'll be quiet now.", "Soon we change.", "I'll leave you here."} <= {*words}
    (tmp_path / "words.txt").write_text("Lie down. [4s]\nClose your eyes.\nGood night.\n")
    built = sleepward.json("preview", "words.txt", *TONE, "--background", "none")
    assert said(plan_of(tmp_path / built["path"])) == ["Lie down.", "Close your eyes.", "Good night."]


@pytest.mark.parametrize(
    ("length", "says"), [("soon", "--preview"), ("5s", "30 s to 10 min"), ("2h", "30 s to 10 min"), ("30s", "no room")]
)
def test_a_length_that_cannot_be_had_is_said(sleepward: Command, tmp_path: Path, length: str, says: str) -> None:
    assert says in sleepward("build", "--preview", length, "psoas-release", *TONE, code=2).stderr
    assert not (tmp_path / "output").exists()


def test_a_minute_without_room_for_a_bell_says_what_to_do(sleepward: Command) -> None:
    slow = ("--chime", "on", "--pace", "2", "--style", "nidra", "--background", "none")
    assert "--preview" in sleepward("preview", "deep-hip-opening", *slow, *TONE, code=2).stderr
    assert sleepward.json("build", "--preview", "3m", "deep-hip-opening", *slow, *TONE)["duration_ms"] == 180_000
