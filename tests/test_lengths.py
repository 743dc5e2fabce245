"""The grammar of durations and holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.durations import (
    clock,
    default_hold,
    format_ms,
    longest_hold,
    parse_duration,
    parse_hold,
    short_length,
    spoken_length,
)
from generator.model import HoldLength
from tests.conftest import TONE, Command

ROUTINE = "title: x\nsummary: x\nsetting: bed\neyes: closed\nsteps:\n"
PROGRAM = "title: x\nsummary: x\nnights:\n"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90 s", 90_000),
        ("2.5s", 2_500),
        ("1234.567s", 1_234_567),
        ("25m", 1_500_000),
        ("2 min", 120_000),
        ("1m30s", 90_000),
        ("8h", 28_800_000),
        ("1h 2m 3s", 3_723_000),
        ("250ms", 250),
        ("29:05", 1_745_000),
        ("1:04:10", 3_850_000),
        ("0:08", 8_000),
        ("120:00", 7_200_000),
    ],
)
def test_durations_as_people_write_them(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "0:00",
        "1:5",
        "1:60",
        "1:60:00",
        "1:2:03",
        ":30",
        "0s",
        "0 min",
        "-3s",
        "1s1m",
        "1m1m",
        "s",
        "1e3s",
        "٣s x",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|unit|more than 0|order|like 29:05"):
        parse_duration(text)


@given(st.integers(1, 80_000))
def test_what_a_plan_prints_may_be_asked_for(seconds: int) -> None:
    assert parse_duration(clock(seconds * 1000)) == seconds * 1000


@given(st.integers(1, 10**9))
def test_a_duration_reads_back_exactly(ms: int) -> None:
    assert parse_duration(format_ms(ms)) == ms


@pytest.mark.parametrize(
    ("text", "hold"),
    [
        ("90 s", HoldLength("ms", 90_000, 90_000)),
        ("1m30s", HoldLength("ms", 90_000, 90_000)),
        ("1:30", HoldLength("ms", 90_000, 90_000)),
        ("1:30-3:00", HoldLength("ms", 90_000, 180_000)),
        ("0:45 – 1:00:00+", HoldLength("ms", 45_000, 3_600_000, more=True)),
        ("1:30+", HoldLength("ms", 90_000, 90_000, more=True)),
        ("1:30-3:00, usually 2:00", HoldLength("ms", 90_000, 180_000, usual=120_000)),
        ("20+ s", HoldLength("ms", 20_000, 20_000, more=True)),
        ("1-3 min", HoldLength("ms", 60_000, 180_000)),
        ("1-3+ min", HoldLength("ms", 60_000, 180_000, more=True)),
        ("45-60 s", HoldLength("ms", 45_000, 60_000)),
        ("10 breaths", HoldLength("breaths", 10, 10)),
        ("1 breath", HoldLength("breaths", 1, 1)),
        ("10+ breaths", HoldLength("breaths", 10, 10, more=True)),
        ("5-10 breaths", HoldLength("breaths", 5, 10)),
        ("count 10", HoldLength("count", 10, 10)),
        ("count 10 silent", HoldLength("count", 10, 10, silent=True)),
    ],
)
def test_holds_as_people_write_them(text: str, hold: HoldLength) -> None:
    assert parse_hold(text) == hold


@pytest.mark.parametrize(
    "text",
    [
        "90",
        "1:75",
        "3:00-1:30",
        "1:30-3",
        "1:30-2:75",
        "3-1 min",
        "0 breaths",
        "4h",
        "3:00:01",
        "count",
        "count 0",
        "a while",
        "1-3",
        "1-3 breathes",
    ],
)
def test_what_is_no_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_hold(text)


@pytest.mark.parametrize("text", ["3 h", "2h60m", "180 min", "10800 s", "1-180+ min", "2160 breaths", "count 1000"])
def test_the_longest_holds_are_holds(text: str) -> None:
    assert parse_hold(text).high in (10_800_000, 2_160, 1_000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *((text, "longer than 3 h") for text in ("3h1s", "181 min", "10801 s", "2-4 h", "181+ min", "10800001ms")),
        *((text, "longer than 3 h") for text in ("2161 breaths", "1-2161 breaths", "999999 breaths")),
        ("count 1001", "counts further than 1000"),
        ("count 1001 silent", "counts further than 1000"),
    ],
)
def test_a_hold_past_the_longest_is_refused_however_it_is_written(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_hold(text)


ENDLESS = "9" * 5_000  # more than Python's own int() reads


@pytest.mark.parametrize(
    "text",
    [
        *(f"{ENDLESS} s", f"1-{ENDLESS} s", f"{ENDLESS}+ min", f"{ENDLESS} breaths", f"1-{ENDLESS} breaths"),
        *(f"count {ENDLESS}", f"count {ENDLESS} silent", f"0.{ENDLESS} h", ENDLESS, f"1m{ENDLESS}s"),
    ],
    ids=lambda text: text.replace(ENDLESS, "9…9"),
)
@pytest.mark.parametrize("parse", [parse_hold, parse_duration])
def test_a_number_without_end_is_refused_in_our_own_words(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="a number of more than 9 digits: write a smaller or rounder one") as caught:
        parse(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(("parse", "says"), [(parse_hold, "isn't a hold"), (parse_duration, "isn't a duration")])
def test_a_text_without_end_is_refused_and_shown_shortened(parse: Callable[[str], object], says: str) -> None:
    with pytest.raises(ValueError, match=f"…' {says}: write it like") as caught:
        parse("1s " * 50_000)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "default", "most"),
    [
        ("1-3 min", 90_000, 180_000),
        ("1-3+ min", 90_000, 540_000),
        ("20+ s", 20_000, 60_000),
        ("5-10+ min", 375_000, 1_200_000),  # twenty minutes at most
        ("5-10 breaths", 6, 10),
        ("10+ breaths", 10, 30),
        ("50+ breaths", 50, 120),  # twenty minutes at six a minute
        ("30+ min", 1_800_000, 1_800_000),  # already past the twenty minutes
        ("count 10", 10, 10),
        ("20-40 s, usually 40 s", 40_000, 40_000),
        ("5-10+ breaths, usually 7 breaths", 7, 30),
    ],
)
def test_defaults_and_stretch_follow_the_design(text: str, default: int, most: int) -> None:
    hold = parse_hold(text)
    assert (default_hold(hold), longest_hold(hold, 10_000)) == (default, most)


# --- a time as a clock shows it, wherever a duration may stand ---------------------------------------------


def test_a_printed_time_is_taken_by_flags_marks_and_files(sleepward: Command, tmp_path: Path) -> None:
    plan = sleepward.json("plan", "deep-hip-opening", "--length", "49:05", "--tail", "1:04:10", *TONE)
    assert (plan["guided_ms"], plan["tail_ms"]) == (2_945_000, 3_850_000)

    (tmp_path / "mine.txt").write_text(
        '---\ntail: "0:30"\n---\nLie down. [0:04]\n[hold 1:30]\n[at 0:20]\nBreathe.\n[at -0:08]\nSoon.\n[release]\n[sleep]\n'
    )
    plan = sleepward.json("plan", "mine.txt", *TONE)
    lasts = {event["kind"]: event["end_ms"] - event["start_ms"] for event in plan["events"]}
    assert (lasts["pause"], lasts["hold"], lasts["tail"]) == (4_000, 90_000, 30_000)
    hold = next(event for event in plan["events"] if event["kind"] == "hold")
    said = [event["start_ms"] - hold["start_ms"] for event in plan["events"] if event["text"] in ("Breathe.", "Soon.")]
    assert said == [20_000, 82_000]


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("mine.txt", "---\ntitle: x\nlength: 1:30\n---\nLie down. [4s]\n", 3),
        ("library.yaml", "title: x\nmatrix: {routine: deep-hip-opening, length: [25m, 1:30]}\n", 2),
        ("library.yaml", "title: x\ndefaults:\n  tail: 1:30\nmatrix: {routine: deep-hip-opening}\n", 3),
        ("routines/mine.yaml", f"{ROUTINE}- {{pose: rest, hold: 1:30}}\n", 6),
        ("routines/mine.yaml", f"length: 1:30\n{ROUTINE}- {{pose: rest, hold: 1 min}}\n", 1),
        ("routines/programs/mine.yaml", f"{PROGRAM}- {{routine: deep-hip-opening, length: 1:30}}\n", 4),
    ],
)
def test_without_quotes_yaml_would_read_a_number_and_the_hint_is_one(
    sleepward: Command, tmp_path: Path, file: str, text: str, line: int
) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    shown = sleepward("check", file, code=2).stdout
    assert f"{file}:{line}:" in shown
    assert '1:30 without quotes is a number in YAML: write "1:30", or 1m30s' in shown
    path.write_text(text.replace("1:30", '"1:30"'))
    assert "without quotes" not in sleepward("check", file).stdout


@pytest.mark.parametrize(
    ("ms", "said", "short"),
    [
        (300, "1 second", "0.3 s"),
        (40_000, "40 seconds", "40 s"),
        (60_000, "1 minute", "1 min"),
        (33 * 60_000 + 20_000, "33 minutes", "33 min 20 s"),
        (59 * 60_000 + 40_000, "1 hour", "59 min 40 s"),
        (65 * 60_000, "1 hour 5 minutes", "1 h 5 min"),
        (8 * 3_600_000, "8 hours", "8 h"),
    ],
)
def test_durations_for_people(ms: int, said: str, short: str) -> None:
    assert (spoken_length(ms), short_length(ms)) == (said, short)
