"""Plots: what they show, the same bytes for the same plan, and files that can't be drawn."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from generator.errors import InputError
from generator.plot import plot_loudness, plot_plan


def event(kind: str, start_s: float, end_s: float, round: str | None = None, chapter: int = 0) -> dict[str, Any]:
    times = {"start_ms": round_ms(start_s), "end_ms": round_ms(end_s)}
    return {"kind": kind, **times, "text": "Rest.", "chapter": chapter, "pose": "frog", "round": round}


def round_ms(seconds: float) -> int:
    return round(seconds * 1000)


def plan_of(chapters: int, each_s: int = 60, background: str = "rain") -> dict[str, Any]:
    """Chapters with two sentences and a hold of half their length, by turns on the right and on the left."""
    events = []
    for index in range(chapters):
        at_s, side = index * each_s, ("right", "left")[index % 2]
        events += [
            event("speech", at_s + 8, at_s + 11, side, index),
            event("hold", at_s + 12, at_s + 12 + each_s / 2, side, index),
            event("speech", at_s + 14, at_s + 15, side, index),
        ]
    guided_s = chapters * each_s
    titles = [f"Pose {index}" for index in range(chapters)]
    return {
        "title": "Nights",
        "voice": "tone:soft",
        "guided_ms": guided_s * 1000,
        "tail_ms": 60_000,
        "duration_ms": (guided_s + 60) * 1000,
        "settings": {"background": background, "loudness": -22.0, "background_level": 15.0},
        "chapters": [
            {
                "title": title,
                "start_ms": index * each_s * 1000,
                "end_ms": ((index + 1) * each_s + (60 if index == chapters - 1 else 0)) * 1000,
            }
            for index, title in enumerate(titles)
        ],
        "events": [*events, event("tail", guided_s, guided_s + 60)],
    }


def ducked(at_ms: Any) -> Any:
    return np.where((at_ms // 1000) % 60 < 15, -3.0, 0.0)


def words_in(path: Path) -> list[tuple[str, float, float]]:
    """Every text of an SVG whose letters are letters, with its place in pixels."""
    found = []
    for node in ET.parse(path).iter("{http://www.w3.org/2000/svg}text"):
        place = re.search(r"translate\(([\d.-]+) ([\d.-]+)\)", node.get("transform", ""))
        at = (float(place[1]), float(place[2])) if place else (float(node.get("x", 0)), float(node.get("y", 0)))
        found.append(("".join(node.itertext()), at[0] * 100 / 72, at[1] * 100 / 72))
    return found


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """SVG text as text, so that it can be read back."""
    real = mpl.rc_context
    monkeypatch.setattr(mpl, "rc_context", lambda rc: real({**rc, "svg.fonttype": "none"}))


def colours_in(path: Path) -> set[tuple[int, int, int]]:
    from PIL import Image

    with Image.open(path) as file:
        picture = file.convert("RGB")
    return {colour for _, colour in picture.getcolors(1 << 24)}


def test_every_chapter_stands_at_its_time_and_none_covers_another(letters: None, tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    plot_plan(plan_of(24), ducked, path)
    labels = [(text, y) for text, _, y in words_in(path) if "Pose" in text]
    assert [text for text, _ in labels] == [f"{minute}:00  Pose {minute}" for minute in range(24)]
    assert np.diff([y for _, y in labels]).min() >= 60
    assert any(text == "24:00  Background alone, fading out" for text, _, _ in words_in(path))


def test_holds_say_their_side_and_length(letters: None, tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    plot_plan(plan_of(4), ducked, path)
    texts = [text for text, _, _ in words_in(path)]
    assert texts.count("right 0:30") == texts.count("left 0:30") == 2


def test_the_picture_is_as_wide_as_a_phone_and_shows_each_side(tmp_path: Path) -> None:
    path = tmp_path / "plan.png"
    plot_plan(plan_of(4), ducked, path)
    assert int.from_bytes(path.read_bytes()[16:20], "big") == 1080
    assert {(0xE6, 0x9F, 0x00), (0x56, 0xB4, 0xE9), (0xF2, 0xF0, 0xEA), (0x88, 0x92, 0xB0)} <= colours_in(path)


def test_without_a_background_none_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "plan.png"
    plot_plan(plan_of(4, background="none"), ducked, path)
    assert (0x88, 0x92, 0xB0) not in colours_in(path)


def test_a_duck_shows(tmp_path: Path) -> None:
    for name, bed in (("a", ducked), ("b", np.zeros_like)):
        plot_plan(plan_of(4), bed, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_plan_gives_the_same_bytes(tmp_path: Path, kind: str) -> None:
    made = []
    for name in ("a", "b"):
        plot_plan(plan_of(3), ducked, tmp_path / f"{name}.{kind}")
        made.append((tmp_path / f"{name}.{kind}").read_bytes())
    assert made[0] == made[1]
    assert not list(tmp_path.glob("*.part"))


def test_a_long_hold_goes_on_below(letters: None, tmp_path: Path) -> None:
    plot_plan(plan_of(2, each_s=1200), ducked, tmp_path / "long.svg")
    plot_plan(plan_of(2, each_s=120), ducked, tmp_path / "short.svg")
    heights = [float(ET.parse(tmp_path / f"{n}.svg").getroot().get("viewBox").split()[3]) for n in ("long", "short")]
    assert heights[0] > heights[1] * 1.5


def test_titles_that_are_long_or_look_like_formulas(letters: None, tmp_path: Path) -> None:
    plan = plan_of(2)
    plan["chapters"][0]["title"] = "A very long name " * 20
    plan["chapters"][1]["title"] = "For $5 and $x_2$ & <more>"
    path = tmp_path / "plan.svg"
    plot_plan(plan, ducked, path)
    texts = [text for text, _, _ in words_in(path)]
    assert "1:00  For $5 and $x_2$ & <more>" in texts
    long = next(text for text in texts if "A very long" in text)
    assert long.endswith("…")
    assert len(long) < 60


@pytest.mark.slow
def test_a_track_of_hours_can_be_drawn(tmp_path: Path) -> None:
    plot_plan(plan_of(3, each_s=7 * 3600), ducked, tmp_path / "day.png")
    assert (tmp_path / "day.png").read_bytes().startswith(b"\x89PNG")


def test_a_whole_night_shows_how_it_fades(letters: None, tmp_path: Path) -> None:
    plan = plan_of(2)
    plan |= {"tail_ms": 8 * 3_600_000, "duration_ms": plan["guided_ms"] + 8 * 3_600_000}
    plot_plan(plan, ducked, tmp_path / "night.svg")
    texts = [text for text, _, _ in words_in(tmp_path / "night.svg")]
    assert {"2:00  Background alone", "7:57:00  The last minutes, fading out"} <= set(texts)


def test_captions_are_in_words_that_need_no_decibels(letters: None, tmp_path: Path) -> None:
    plot_plan(plan_of(2), ducked, tmp_path / "plan.svg")
    plot_loudness(np.full(1_800, -37.0), plan_of(2), [], tmp_path / "loud.svg")
    for name in ("plan.svg", "loud.svg"):
        texts = " ".join(text for text, _, _ in words_in(tmp_path / name))
        assert "quiet" in texts
        assert "loud" in texts
        assert "dB" not in texts


def test_too_many_chapters_are_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too much"):
        plot_plan(plan_of(600), ducked, tmp_path / "plan.png")


@pytest.mark.parametrize("name", ["plan.gif", "plan", "plan.jpeg"])
def test_other_formats_are_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.png or \.svg"):
        plot_plan(plan_of(2), ducked, tmp_path / name)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be written"):
        plot_plan(plan_of(2), ducked, tmp_path / "file" / "plan.svg")


# --- loudness over time ----------------------------------------------------------------------------------------


def test_loudness_has_its_levels_its_times_and_its_verdict(letters: None, tmp_path: Path) -> None:
    plan = plan_of(14)
    momentary = np.full(plan["duration_ms"] // 100 - 3, -37.0)
    plot_loudness(momentary, plan, [], tmp_path / "good.svg")
    plot_loudness(momentary, plan, ["gap", "end"], tmp_path / "bad.svg")
    good, bad = ([text for text, _, _ in words_in(tmp_path / f"{name}.svg")] for name in ("good", "bad"))
    assert {"within its limits", "voice, -22 ±1", "background, -37", "0:00", "5:00", "10:00"} <= set(good)
    assert "failed: gap, end" in bad


def test_a_louder_track_looks_louder(tmp_path: Path) -> None:
    from PIL import Image

    plan = plan_of(4)
    heights = []
    for name, level in (("soft", -60.0), ("loud", -30.0)):
        path = tmp_path / f"{name}.png"
        plot_loudness(np.full(plan["duration_ms"] // 100, level), plan, [], path)
        pixels = np.asarray(Image.open(io.BytesIO(path.read_bytes())).convert("RGB"))
        ink = (pixels[320:480, 300:340] == (0xF2, 0xF0, 0xEA)).all(axis=2)
        heights.append(np.flatnonzero(ink.any(axis=1)).mean())
    assert heights[1] < heights[0] - 50
