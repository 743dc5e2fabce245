"""Any length: what a routine leaves out to fit, what it keeps, and how it says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from generator.build.fitting import estimated_clips_ms, estimated_fit
from generator.build.pipeline import plan_track, read_spec
from generator.build.track import BuildContext, PlannedTrack, TrackSpec
from generator.definition.adapt import AdaptOptions, adapt
from generator.definition.fitting import FitChoice, choices, chosen, left_out_names, within_limits
from generator.durations import longest_hold
from generator.lint import script_findings
from generator.model import Routine
from generator.storage.cache import Cache
from generator.timeline.layout import lay_out, least_guided_ms
from generator.timeline.timing import timing_of
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_source
from tests.conftest import TONE, Command

IN_BED = ("deep-hip-opening", "lower-back-relief", "neck-and-shoulders", "psoas-release", "ten-minutes-in-bed")
ELSEWHERE = ("internal-hip-rotation", "soothing-hips", "ten-minute-hips")
LENGTHS = [
    *((name, minutes) for name in IN_BED for minutes in (10, 15, 20, 25, 30, 45)),
    *((name, minutes) for name in ELSEWHERE for minutes in (15, 20, 25, 30, 45)),
]
MINUTE = 60_000
ONE_SIDED_OR_LOADED = (
    *("frog", "pigeon", "pigeon-low", "figure-four", "figure-four-seated", "supine-twist", "thread-the-needle"),
    *("thread-the-needle-window", "knees-to-chest", "happy-baby", "happy-baby-armpits", "lizard", "childs-pose"),
)


@cache
def built_in(name: str) -> Routine:
    """The same wherever one is: read once, with all its poses."""
    workspace = Workspace.here()
    return workspace.read_routine(workspace.routine_path(name))


@cache
def routine_of(name: str) -> Routine:
    workspace = Workspace.here()
    whole = built_in(name)
    return adapt(whole, AdaptOptions(), rest=lambda: workspace.read_pose("rest"), known_poses=workspace.pose_ids)[0]


def spec_of(name: str, **flags: str) -> TrackSpec:
    workspace = Workspace.here()
    return read_spec(routine_source(built_in(name), flags, workspace), flags, workspace)


def planned(name: str, cache_folder: Path, **flags: str) -> PlannedTrack:
    return plan_track(spec_of(name, **flags), BuildContext(Cache(cache_folder), 1))


def holds_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [event for event in plan["events"] if event["kind"] == "hold"]


def shortenings(routine: Routine) -> Iterator[FitChoice]:
    """Every way to shorten the routine in turn, as if none ever fitted."""
    ways = choices(routine)
    choice: FitChoice | None = next(ways)
    while choice is not None:
        yield choice
        try:
            choice = ways.send(False)
        except StopIteration:
            choice = None


# --- every routine at every length -------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "minutes"), LENGTHS)
def test_every_routine_has_every_length_exactly(name: str, minutes: int, cache_folder: Path) -> None:
    made = planned(name, cache_folder, length=f"{minutes}m", voice="tone")
    assert made.plan["guided_ms"] == minutes * MINUTE
    held: dict[str, dict[str, set[int]]] = {}
    for event in holds_of(made.plan):
        held.setdefault(event["pose"], {}).setdefault(event["round"], set()).add(event["end_ms"] - event["start_ms"])
    for pose, by_round in held.items():
        if "right" in by_round or "left" in by_round:
            assert by_round["right"] == by_round["left"], pose
    routine = routine_of(name)
    names = left_out_names(routine, made.choice)
    assert {step.pose.id for step in chosen(routine, made.choice).steps} == held.keys()
    for left_out in names:
        assert left_out.lower() in " ".join(made.plan["adapted"])
        assert left_out.lower() in made.spec.script.summary
    assert bool(made.plan["adapted"]) == made.choice.brief
    assert holds_of(made.plan)[-1]["pose"] in ("rest", "pillow-release")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "minutes"), LENGTHS)
def test_the_default_voice_has_room_for_half_the_poses_from_25_minutes_on(name: str, minutes: int) -> None:
    fit = estimated_fit(spec_of(name, length=f"{minutes}m"))
    assert fit.fits
    routine = routine_of(name)
    kept = chosen(routine, fit.choice).steps[:-1]
    assert kept or routine.steps[-1].pose.id != "rest", "something besides the rest"
    if minutes >= 25:
        assert len(kept) >= len(routine.steps[:-1]) / 2


@pytest.mark.parametrize("name", [*IN_BED, *ELSEWHERE])
def test_whatever_is_left_out_the_positions_connect_and_only_what_is_used_is_fetched(name: str) -> None:
    routine, workspace = routine_of(name), Workspace.here()
    source = routine_source(built_in(name), {}, workspace).shortenable
    assert source is not None
    before: set[str] | None = None
    for choice in shortenings(routine):
        less = chosen(routine, choice)
        spec = read_spec(source.source({}, choice), {}, workspace)
        lay_out(spec.script, estimated_clips_ms(spec), timing_of(spec.settings))
        needed = {prop for step in less.steps for prop in step.pose.props}
        for prop in less.props:
            assert prop in needed or any(each in prop or prop in each for each in needed) or prop == "mat", prop
        arrival = spec.script.body.partition("[pose ")[0]
        for prop in less.props:
            assert prop.split()[-1].rstrip("s") in arrival
        unused = [
            finding.message
            for finding in script_findings(spec.script, timing_of(spec.settings), setting=routine.setting)
            if finding.rule in ("unused-prop", "prop-out-of-reach")
        ]
        assert not unused
        poses = {step.pose.id for step in less.steps}
        assert before is None or poses <= before
        before = poses
        assert all(a.pose.id != b.pose.id for a, b in pairwise(less.steps))


def test_ranks_decide_and_a_return_goes_with_what_it_returns_from() -> None:
    routine = routine_of("lower-back-relief")
    order = [left_out_names(routine, choice) for choice in shortenings(routine)]
    assert order[:2] == [[], []]
    assert order[4] == ["Needle through the Window", "Gentle Bridge", "Low Pigeon", "Child's Pose again"]
    assert "Knee Hugs" not in order[-1]
    assert "Child's Pose" in order[-1]


def test_what_has_room_is_put_back() -> None:
    routine = routine_of("deep-hip-opening")
    need = {step.pose.id: 100 for step in routine.steps} | {"legs-up-the-wall": 500, "frog": 300}

    def fits(choice: FitChoice) -> bool:
        return sum(need[step.pose.id] for step in chosen(routine, choice).steps) <= 800

    ways = choices(routine)
    choice = next(ways)
    best = None
    while True:
        if does := fits(choice):
            best = choice
        try:
            choice = ways.send(does)
        except StopIteration:
            break
    assert best is not None
    assert left_out_names(routine, best) == ["Frog", "Legs up the Wall"]


# --- long nights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "length"), [("deep-hip-opening", "45m"), ("deep-hip-opening", "1h49m"), ("lower-back-relief", "1h30m")]
)
def test_long_lengths_are_kind(name: str, length: str) -> None:
    spec = spec_of(name, length=length)
    timeline = lay_out(spec.script, estimated_clips_ms(spec), timing_of(spec.settings))
    assert timeline.guided_ms == spec.settings.length
    for event in timeline.events:
        if event.kind == "hold" and event.pose in ONE_SIDED_OR_LOADED:
            assert event.duration_ms <= 3 * MINUTE, event.pose
        if event.kind == "hold" and event.pose == "legs-up-the-wall":
            assert event.duration_ms <= 10 * MINUTE


@pytest.mark.parametrize("name", [*IN_BED, *ELSEWHERE])
def test_no_hold_is_stretched_beyond_its_pose_or_what_the_routine_says(name: str) -> None:
    for step in within_limits(routine_of(name), 10_000).steps:
        if step.pose.most_ms is not None and step.hold.unit != "count":
            written_ms = step.hold.high * (1 if step.hold.unit == "ms" else 10_000)
            longest_ms = longest_hold(step.hold, 10_000) * (1 if step.hold.unit == "ms" else 10_000)
            assert longest_ms <= max(step.pose.most_ms, written_ms), step.pose.id


def test_the_frog_comes_before_the_practice_grows_sleepy() -> None:
    poses = [step.pose.id for step in routine_of("deep-hip-opening").steps]
    assert poses.index("frog") == 2
    assert poses[-2:] == ["legs-up-the-wall", "rest"]


# --- ten minutes of holds ------------------------------------------------------------------------------


def test_ten_minute_hips_holds_ten_minutes_and_takes_eighteen() -> None:
    spec = spec_of("ten-minute-hips")
    timeline = lay_out(spec.script, estimated_clips_ms(spec), timing_of(spec.settings))
    holds = [event for event in timeline.events if event.kind == "hold"]
    assert sum(event.duration_ms for event in holds[:-1]) == 10 * MINUTE
    assert least_guided_ms(spec.script, estimated_clips_ms(spec), timing_of(spec.settings)) <= 18 * MINUTE
    assert timeline.guided_ms <= 18 * MINUTE
    assert "held for ten minutes" in spec.script.title
    assert "18 minutes" in spec.script.summary


# --- as typed --------------------------------------------------------------------------------------------

MINE = """\
title: Mine
summary: A short one.
setting: bed
eyes: closed
steps:
  - pose: reclined-butterfly
    hold: 10-90 s
    keep: always
  - pose: figure-four
    hold: 10 s
    keep: first
  - pose: supine-twist
    hold: 10 s
    keep: last
  - pose: rest
    hold: 10+ s
"""


@pytest.fixture
def mine(tmp_path: Path) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "mine.yaml").write_text(MINE, encoding="utf-8")


def to_s(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return 60 * int(minutes) + int(seconds)


def test_keeping_all_says_what_would_fit_and_from_which_length(sleepward: Command, mine: None) -> None:
    least_ms = sleepward.json("plan", "mine", *TONE)["length_range_ms"][0]
    refused = sleepward("plan", "mine", "--keep", "all", "--length", f"{least_ms - 20_000}ms", *TONE, code=2).stderr
    (skip, at), *_ = re.findall(r"--skip (\S+): from (\d+:\d\d)", refused)
    assert skip == "supine-twist"
    asked = ("plan", "mine", "--keep", "all", "--skip", skip, *TONE)
    assert sleepward.json(*asked, "--length", f"{to_s(at)}s")["guided_ms"] == to_s(at) * 1_000
    sleepward(*asked, "--length", f"{to_s(at) - 1}s", code=2)
    assert re.search(r"--style spare( --skip \S+)?: from \d+:\d\d", refused)
    assert (
        "from"
        not in sleepward("plan", "mine", "--keep", "all", "--length", "5h", *TONE, code=2).stderr.partition("\n")[2]
    )


def test_what_was_left_out_is_said_by_plan_build_and_the_tracks_summary(
    sleepward: Command, mine: None, tmp_path: Path
) -> None:
    least_ms = sleepward.json("plan", "mine", *TONE)["length_range_ms"][0]
    options = ("mine", "--length", f"{least_ms - 40_000}ms", "--tail", "10s", "--background", "none", *TONE)
    plan = sleepward.json("plan", *options)
    (note,) = plan["adapted"]
    assert "left out: supine twist" in note
    assert "--keep all" in note
    assert note in " ".join(sleepward("plan", *options).stdout.split())
    built = sleepward("build", *options, "-o", "a.mp3")
    assert note in built.stderr
    from generator.formats import read_tags

    tags = read_tags(tmp_path / "a.mp3")
    assert tags is not None
    assert "Left out: supine twist." in tags.comment
    again = sleepward("build", *options, "-o", "a.mp3")
    assert "unchanged" in again.stdout


@pytest.mark.slow
def test_the_printed_script_and_the_library_make_the_same_track(sleepward: Command, mine: None, tmp_path: Path) -> None:
    least_ms = sleepward.json("plan", "mine", *TONE)["length_range_ms"][0]
    length = f"{least_ms - 40_000}ms"
    options = ("--length", length, "--tail", "10s", "--background", "none", *TONE)
    built = sleepward.json("build", "mine", *options, "-o", "a.mp3")
    script = sleepward("script", "mine", *options).stdout
    assert sleepward.json("build", "-", "-o", "b.mp3", input=script)["sha256"] == built["sha256"]
    (tmp_path / "library.yaml").write_text(
        f"title: Nights\noutput: nights\ndefaults: {{tail: 10s, background: none, voice: tone}}\n"
        f"tracks: [{{routine: mine, length: {length}, name: one}}]\n",
        encoding="utf-8",
    )
    sleepward("batch")
    assert sleepward("batch").stderr.count("1 unchanged") == 1
    from generator.formats import read_tags

    one, two = read_tags(tmp_path / "nights" / "one.mp3"), read_tags(tmp_path / "a.mp3")
    assert one is not None
    assert two is not None
    assert (one.key, one.comment) == (two.key, two.comment)


def test_a_rank_that_there_isnt_is_said_at_its_line(sleepward: Command, mine: None, tmp_path: Path) -> None:
    path = tmp_path / "routines" / "mine.yaml"
    path.write_text(MINE.replace("keep: last", "keep: lats"), encoding="utf-8")
    said = sleepward("check", "routines/mine.yaml", code=2).stdout
    assert "mine.yaml:14:" in said
    assert "did you mean last" in said
