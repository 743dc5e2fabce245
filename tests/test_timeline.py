"""The timeline's promises, as properties over generated scripts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from generator.durations import longest_hold, parse_hold
from generator.errors import LengthError, ScriptError
from generator.mix.envelope import DUCK_GAP_MS, FADE_IN_MS
from generator.mix.mixing import glide_db
from generator.model import Event, HoldLength, Script, Timeline
from generator.script import parse
from generator.settings import Settings
from generator.timeline.layout import lay_out
from generator.timeline.slowing import gap_scales
from generator.timeline.timing import Timing, is_number, number_text, spoken_texts, texts_by_length, timing_of

WORDS = [
    "Let the jaw be loose.",
    "The right knee bends.",
    "Rest here.",
    "Breathe at your own pace, as softly as you like.",
]
HOLDS = [
    "20 s",
    "1-3 min",
    "1-3+ min",
    "20+ s",
    "45-60 s",
    "5-10 breaths",
    "10+ breaths",
    "6 breaths",
    "count 5",
    "count 12 silent",
]


def clip_lengths(script: Script, timing: Timing) -> dict[str, int]:
    """About as long as a voice needs: 60 ms a character."""
    return {text: 200 + 60 * len(text) for text in spoken_texts(script, timing)}


def lay(text: str, timing: Timing | None = None) -> Timeline:
    timing = timing or Timing()
    script = parse(text, "test.txt")
    return lay_out(script, clip_lengths(script, timing), timing)


sentence = st.sampled_from(WORDS)
pause = st.sampled_from(["[4s]", "[2.5s]", "[1m30s]", "[2 breaths]"])


@st.composite
def hold_block(draw: st.DrawFn) -> str:
    length = draw(st.sampled_from(HOLDS))
    lines = ""
    if not length.startswith("count 5"):
        lines = draw(
            st.sampled_from(
                [
                    "",
                    "Rest here.\n",
                    "Let go.\n[at 60%]\nSoften.\n",
                    "[at -5s]\nSoon we change.\n",
                    "[at 3s]\nYes.\n[at 55%]\nNo.\n",
                ]
            )
        )
    return f"[hold {length}]\n{lines}[release]\n"


@st.composite
def pose(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["figure-four", "frog", "twist"]))
    block = draw(hold_block())
    rounds = draw(st.sampled_from([["only"], ["right", "left"], ["right", "left", "both"]]))
    return "".join(f"# {name} {r}\n[pose {name} {r}]\n{draw(sentence)} {draw(pause)}\n{block}" for r in rounds)


other = st.one_of(
    st.tuples(sentence, pause).map(lambda pair: f"{pair[0]} {pair[1]}\n"),
    sentence.map(lambda text: f"\n{text}\n"),
    st.sampled_from(
        [
            "[chime]\n",
            "[breathe 3]\n",
            "[breathe]\nin: Up\nout: Down\n[release]\n",
            "[count 4]\n",
            "[hold]\nHi. [3s] You.\n[release]\n",
        ]
    ),
)
scripts = st.lists(st.one_of(pose(), hold_block(), other), min_size=1, max_size=8).map("".join)
timings = st.builds(
    Timing,
    breath_ms=st.sampled_from([5_000, 10_000, 8_571, 20_000]),
    inhale_ms=st.just(2_000),
    count_ms=st.just(1_500),
    pace=st.sampled_from([0.5, 0.77, 1.0, 1.3, 3.0]),
    tail_ms=st.sampled_from([10_000, 300_000, 1_234_567]),
)


def of_kind(timeline: Timeline, *kinds: str) -> list[Event]:
    return [event for event in timeline.events if event.kind in kinds]


def outside_holds(timeline: Timeline) -> list[Event]:
    holds = of_kind(timeline, "hold")
    inside = {
        id(e)
        for h in holds
        for e in timeline.events
        if e is not h and h.start_ms <= e.start_ms and e.end_ms <= h.end_ms and e.kind != "hold"
    }
    return [event for event in timeline.events if id(event) not in inside]


def try_lay(text: str, timing: Timing) -> Timeline:
    try:
        return lay(text, timing)
    except ScriptError as error:
        assert error.where
        assert error.where.startswith("test.txt:")
        assume(False)  # a line that really doesn't fit this breath or hold
        raise


@given(scripts, timings)
def test_speech_never_overlaps_and_all_adds_up(text: str, timing: Timing) -> None:
    timeline = try_lay(text, timing)
    speech = of_kind(timeline, "speech")
    assert all(a.end_ms <= b.start_ms for a, b in zip(speech, speech[1:], strict=False))

    top = outside_holds(timeline)  # speech, pauses, holds, bells and the tail tile the track: total = sum
    assert top[0].start_ms == 0
    assert all(a.end_ms == b.start_ms for a, b in zip(top, top[1:], strict=False))
    assert sum(event.duration_ms for event in top) == timeline.duration_ms == timeline.guided_ms + timeline.tail_ms
    assert timeline.tail_ms == timing.tail_ms


@given(scripts, timings)
def test_chapters_tile_the_track(text: str, timing: Timing) -> None:
    timeline = try_lay(text, timing)
    chapters = timeline.chapters
    assert chapters[0].start_ms == 0
    assert chapters[-1].end_ms == timeline.duration_ms
    assert all(a.end_ms == b.start_ms for a, b in zip(chapters, chapters[1:], strict=False))
    assert all(c.start_ms < c.end_ms for c in chapters)
    for event in timeline.events:
        chapter = chapters[event.chapter]
        assert chapter.start_ms <= event.start_ms < event.end_ms <= chapter.end_ms


@given(scripts, timings, st.floats(0, 1))
def test_any_length_in_range_is_had_exactly_or_the_nearest_are_named(text: str, timing: Timing, share: float) -> None:
    default = try_lay(text, timing)
    least, most = default.length_range_ms
    assert least <= default.guided_ms <= most
    wanted = least + round((most - least) * share)
    fitted = Timing(**{**as_dict(timing), "length_ms": wanted})
    try:
        timeline = lay(text, fitted)
    except LengthError as error:
        assert slack_ms(text) < steps_ms(text, timing.breath_ms)  # the seconds can't bridge one more of all breaths
        assert error.hint
        for nearest in error.hint.removeprefix("the two nearest lengths are ").split(" and "):
            assert lay(text, Timing(**{**as_dict(timing), "length_ms": to_ms(nearest)})).guided_ms == to_ms(nearest)
        return
    assert timeline.guided_ms == wanted
    assert timeline.length_range_ms == (least, most)
    assert [e.text for e in of_kind(timeline, "speech")] == [e.text for e in of_kind(default, "speech")]


@given(st.integers(3_000, 9_000), st.booleans())
def test_a_bell_rings_when_the_words_of_its_hold_are_over(before_end_ms: int, marked: bool) -> None:
    mark = f"[at -{before_end_ms / 1000}s]\n"
    text = f"[hold 40 s]\n{mark if marked else ''}In a little while, we change sides.\n[release]\nNow change.\n[hold 20 s]\n[release]\n"
    timeline = try_lay(text, Timing(breath_ms=10_000, inhale_ms=4_000, count_ms=1_500, chime=True, tail_ms=10_000))
    (bell,) = of_kind(timeline, "chime")
    said, hold = of_kind(timeline, "speech")[0], of_kind(timeline, "hold")[0]
    assert hold.start_ms <= said.start_ms
    assert said.end_ms < bell.start_ms
    assert bell.end_ms == hold.end_ms == hold.start_ms + 40_000


def test_a_hold_guided_to_its_end_has_no_bell() -> None:
    text = "[hold 2 breaths]\n[breathe]\nin: Breathe in.\nout: And out.\n[release]\n[release]\nNow rest.\n[hold 20 s]\n[release]\n"
    timeline = try_lay(text, Timing(breath_ms=10_000, inhale_ms=4_000, count_ms=1_500, chime=True, tail_ms=10_000))
    assert not of_kind(timeline, "chime")


def as_dict(timing: Timing) -> dict[str, object]:
    return {name: getattr(timing, name) for name in Timing.__dataclass_fields__}


def to_ms(text: str) -> int:
    from generator.durations import parse_duration

    return parse_duration(text)


def elastic_holds(text: str) -> list[HoldLength]:
    written = [parse_hold(line[len("[hold ") : -1]) for line in text.splitlines() if line.startswith("[hold ")]
    return [hold for hold in written if hold.elastic]


def slack_ms(text: str) -> int:
    """What the holds in seconds can give between their bounds."""
    return sum(longest_hold(hold, 0) - hold.low for hold in elastic_holds(text) if hold.unit == "ms")


def steps_ms(text: str, breath_ms: int) -> int:
    """The most that one step of the holds in breaths takes: equal ranges go on together."""
    return breath_ms * sum(hold.unit == "breaths" for hold in elastic_holds(text))


@given(scripts, timings, st.floats(0, 1))
def test_both_sides_are_equal_to_the_ms_and_breaths_are_whole(text: str, timing: Timing, share: float) -> None:
    least, most = try_lay(text, timing).length_range_ms
    try:
        timeline = lay(text, Timing(**{**as_dict(timing), "length_ms": least + round((most - least) * share)}))
    except LengthError:
        assume(False)
        raise
    holds = of_kind(timeline, "hold")
    by_side: dict[str, list[Event]] = {"right": [], "left": []}
    for hold in holds:
        if hold.round in by_side:
            by_side[hold.round].append(hold)
    pairs = list(zip(by_side["right"], by_side["left"], strict=False))
    assert all(right.duration_ms == left.duration_ms for right, left in pairs if right.text == left.text)
    for hold in holds:
        if "breaths" in hold.text:
            assert hold.duration_ms % timing.breath_ms == 0
        elif hold.text.startswith("count"):
            assert hold.duration_ms == int(hold.text.split()[1]) * timing.count_ms


@given(scripts, timings)
def test_what_a_hold_says_lies_inside_and_never_lengthens_it(text: str, timing: Timing) -> None:
    said = try_lay(text, timing)
    silent_text = "\n".join(
        line
        for line in text.splitlines()
        if line not in ("Rest here.", "Let go.", "Soften.", "Soon we change.", "Yes.", "No.")
        and not line.startswith("[at")
    )
    assume(all(word not in silent_text for word in ("Hi.",)))
    try:
        silent = lay(silent_text, timing)
    except ScriptError:
        assume(False)
        raise
    # (a hold whose lines stand outside, like a paragraph "Rest here.", changes more than holds; compare only holds)
    if len(of_kind(said, "hold")) == len(of_kind(silent, "hold")):
        assert [e.duration_ms for e in of_kind(said, "hold")] == [e.duration_ms for e in of_kind(silent, "hold")]
    for hold in of_kind(said, "hold"):
        for event in said.events:
            if event is not hold and event.start_ms < hold.end_ms and event.end_ms > hold.start_ms:
                assert hold.start_ms <= event.start_ms
                assert event.end_ms <= hold.end_ms


def test_a_hold_is_placed_as_its_marks_say() -> None:
    timeline = lay("[hold 60 s]\nRest here.\n[at 35%]\nSoften.\n[at 30s]\nYes.\n[at -8s]\nNo.\n[release]")
    (hold,) = of_kind(timeline, "hold")
    offsets = [event.start_ms - hold.start_ms for event in of_kind(timeline, "speech")]
    assert offsets == [0, 21_000, 30_000, 52_000]


def test_a_paragraph_is_further_from_what_was_said_before_than_a_sentence() -> None:
    for before, after in (("", ""), ("[hold 60 s]\n", "\n[at 40s]\nYes.\n[release]")):
        timeline = lay(f"{before}Rest here. Rest there.\n\nSoften.{after}")
        first, second, third = of_kind(timeline, "speech")[:3]
        assert second.start_ms - first.end_ms == Timing().sentence_gap_ms
        assert third.start_ms - second.end_ms == Timing().paragraph_gap_ms


def test_each_number_that_a_count_says_is_known_as_one() -> None:
    """So that another voice can say it, and a sheet of sentences to record leaves it out."""
    assert all(is_number(number_text(number)) for number in range(1, 40))
    assert not any(map(is_number, ("Once.", "One", "One more.", "0.", "3 breaths.")))


def test_lines_without_marks_are_evenly_spread() -> None:
    timeline = lay("[hold 60 s]\nRest here.\nRest there.\n[release]")
    (hold,) = of_kind(timeline, "hold")
    first, second = of_kind(timeline, "speech")
    silences = [first.start_ms - hold.start_ms, second.start_ms - first.end_ms, hold.end_ms - second.end_ms]
    assert max(silences) - min(silences) < len(silences)  # whole milliseconds


@pytest.mark.parametrize(
    ("script", "names"),
    [
        (
            "[hold 5 s]\nBreathe at your own pace, as softly as you like, and a little longer still, and longer.\n[release]",
            ["test.txt:2", "[hold 5 s], line 1"],
        ),
        (
            "Hi.\n[hold 20-60 s]\n[at 80%]\nBreathe at your own pace, as softly as you like, and let it all be slow and easy and quiet.\n[release]",
            ["test.txt:4", "[hold 20-60 s], line 2", "20s, at its shortest"],
        ),
        (
            "[hold 10 s]\n[at 1s]\nBreathe at your own pace, softly.\n[at 2s]\nNo.\n[release]",
            ["test.txt:5", "“No.”", "line 3", "line 1"],
        ),
        ("[hold 5 s]\n[at -8s]\nNo.\n[release]", ["test.txt:2", "[at -8s]", "[hold 5 s], line 1"]),
        ("[hold count 5]\nNo.\n[release]", ["test.txt:2", "“No.”", "line 1"]),
        (
            "[breathe]\nin: Breathe in at your own pace, as softly as you like, through the nose and down.\n[release]",
            ["test.txt:2", "breathing in"],
        ),
    ],
)
def test_a_line_that_does_not_fit_is_an_error_that_names_both(script: str, names: list[str]) -> None:
    with pytest.raises(ScriptError) as caught:
        lay(script)
    assert all(name in str(caught.value) for name in names), str(caught.value)
    assert caught.value.hint


def test_the_remainder_goes_to_the_final_rest_so_that_sides_stay_equal() -> None:
    text = (
        "".join(f"# {r}\n[pose frog {r}]\n[hold 1-3 min]\n[release]\n" for r in ("right", "left", "both"))
        + "# Rest\n[pose rest only]\n[hold 1-10 min]\n[release]\n[sleep]"
    )
    for extra in range(7):
        timeline = lay(text, Timing(length_ms=600_000 + extra))
        *sides, rest = (e.duration_ms for e in of_kind(timeline, "hold"))
        assert len(set(sides)) == 1
        assert timeline.guided_ms == 600_000 + extra
        assert rest > 60_000


def test_a_pause_before_the_tail_takes_the_remainder_where_there_is_no_rest() -> None:
    sides = "".join(f"[pose frog {r}]\n[hold 1-3 min]\n[release]\n" for r in ("right", "left"))
    made = lay(sides, Timing(length_ms=300_001))
    last = of_kind(made, "pause")[-1]
    assert last.end_ms == made.guided_ms == 300_001
    assert len({e.duration_ms for e in of_kind(made, "hold")}) == 1
    there = lay(sides + "[4s]", Timing(length_ms=300_001))
    assert there.guided_ms == 300_001
    assert of_kind(there, "pause")[-1].duration_ms in (4_000, 4_001)


def test_breath_holds_take_whole_breaths_first() -> None:
    text = (
        "".join(f"[pose twist {r}]\n[hold 20+ breaths]\n[release]\n" for r in ("right", "left"))
        + "[pose rest only]\n[hold 1-10 min]\n[release]"
    )
    least = lay(text).length_range_ms[0]
    timeline = lay(text, Timing(length_ms=least + 55_000))
    right, left, rest = (e.duration_ms for e in of_kind(timeline, "hold"))
    assert (right, left, rest) == (220_000, 220_000, 75_000)


def test_only_breaths_can_have_only_whole_breaths() -> None:
    with pytest.raises(LengthError, match="whole breaths") as caught:
        lay("[hold 5-10 breaths]\n[release]", Timing(length_ms=8_000 + 65_000))
    assert "1m8s and 1m18s" in str(caught.value)


@pytest.mark.parametrize("length_ms", [1_000, 10_000_000])
def test_a_length_out_of_reach_names_the_range_and_what_helps(length_ms: int) -> None:
    with pytest.raises(LengthError) as caught:
        lay("[hold 1-3 min]\n[release]", Timing(length_ms=length_ms))
    assert "1m8s to 3m8s" in str(caught.value)
    assert "--pace" in (caught.value.hint or "")


def test_a_track_over_a_day_is_refused() -> None:
    with pytest.raises(LengthError, match="24 h"):
        lay("Hi.", Timing(tail_ms=25 * 3_600_000))


def test_counts_up_to_ten_are_spoken_longer_ones_silent() -> None:
    ten = lay("[hold count 10]\n[release]")
    assert [e.text for e in of_kind(ten, "count")] == [str(n) for n in range(1, 11)]
    assert [e.text for e in of_kind(ten, "speech")][:3] == ["One.", "Two.", "Three."]
    assert not of_kind(lay("[count 12]"), "speech")
    assert len(of_kind(lay("[count 12]", Timing(count_voice="on")), "speech")) == 12
    assert not of_kind(lay("[count 5]", Timing(count_voice="off")), "speech")
    assert not of_kind(lay("[hold count 5 silent]\n[release]"), "speech")


def test_guided_breaths_fall_on_the_breath() -> None:
    timeline = lay("[breathe 2]")
    (hold,) = of_kind(timeline, "hold")
    starts = [event.start_ms - hold.start_ms for event in of_kind(timeline, "speech")]
    assert starts == [0, 4_000, 10_000, 14_000]
    assert hold.duration_ms == 20_000
    assert [e.duration_ms for e in of_kind(timeline, "breath")] == [10_000, 10_000]


def test_pace_scales_pauses_but_not_holds_nor_breaths() -> None:
    text = "Hi. [4s] Hi. [2 breaths]\n[hold 20 s]\n[release]"
    plain, slow = lay(text), lay(text, Timing(pace=1.5))
    assert [e.duration_ms for e in of_kind(plain, "pause")][1:] == [4_000, 20_000]
    assert [e.duration_ms for e in of_kind(slow, "pause")][1:] == [6_000, 20_000]
    assert of_kind(slow, "hold")[0].duration_ms == 20_000


def test_the_voice_glides_by_pose_with_both_sides_alike() -> None:
    poses = [("a", "only"), ("b", "right"), ("b", "left"), ("c", "only"), ("d", "only")]
    text = "# Arrival\nHi.\n" + "".join(f"# {p} {r}\n[pose {p} {r}]\nHi.\n" for p, r in poses)
    assert list(glide_db(lay(text)).values()) == [0, -1, -2, -2, -2, -3]
    bare = "".join(f"[pose {pose} only]\nHi.\n" for pose in "abcd")  # poses count without chapters, too
    assert list(glide_db(lay(bare)).values()) == [0, -1, -2, -3]


def test_the_lead_in_is_as_long_as_the_fade() -> None:
    assert of_kind(lay("Hi."), "speech")[0].start_ms == FADE_IN_MS
    assert DUCK_GAP_MS == 3_000


@pytest.mark.parametrize(
    "script",
    [
        "[hold 30-90 s]\n[at 50%]\nRest here.\n[at 20s]\nRest there.\n[release]",
        "[hold 20-120 s]\n[at -18s]\nRest here.\n[at 50%]\nRest there.\n[release]",
    ],
)
def test_whether_a_script_is_valid_does_not_depend_on_the_length_asked(script: str) -> None:
    with pytest.raises(ScriptError, match=r"“Rest there\.”"):
        lay(script)


def test_a_last_chapter_with_nothing_in_it_is_the_tails() -> None:
    timeline = lay("# Hold\nHi.\n[hold 20 s]\n[release]\n# Sleep\n[sleep]")
    assert [(c.title, c.start_ms, c.end_ms) for c in timeline.chapters][1:] == [
        ("Sleep", timeline.guided_ms, timeline.duration_ms)
    ]
    assert timeline.events[-1].chapter == 1


def test_a_count_too_fast_for_its_words_names_the_way_out() -> None:
    with pytest.raises(ScriptError) as caught:
        lay("[count 3]", Timing(count_ms=300))
    assert "“One.”" in caught.value.what
    assert caught.value.hint == "give --count-ms 600 or more, or --count-voice off"  # "Three." takes 560 ms here
    assert lay("[count 3]", Timing(count_ms=600)).events


# --- slowing down, and company in long holds -----------------------------------------------------------

TWO_SIDES = "".join(
    f"# {pose} {side}\n[pose {pose} {side}]\nBend it. Lay it down. Rest.\n[hold 20 s]\n[release]\n"
    for pose in ("frog", "twist", "bridge")
    for side in ("right", "left")
)


def gaps_by_pose(timeline: Timeline) -> dict[tuple[str | None, str | None], list[int]]:
    speech = of_kind(timeline, "speech")
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for before, after in pairwise(speech):
        if (before.pose, before.round) == (after.pose, after.round):
            found.setdefault((after.pose, after.round), []).append(after.start_ms - before.end_ms)
    return found


def test_the_gaps_between_sentences_grow_toward_sleep_and_both_sides_are_alike() -> None:
    gaps = gaps_by_pose(lay(TWO_SIDES))
    assert {pose: gaps[pose, "right"] for pose in ("frog", "twist", "bridge")} == {
        "frog": [1_200, 1_200],
        "twist": [1_560, 1_560],
        "bridge": [1_920, 1_920],
    }
    assert all(gaps[pose, "right"] == gaps[pose, "left"] for pose in ("frog", "twist", "bridge"))


def test_without_slowing_all_gaps_are_alike() -> None:
    gaps = gaps_by_pose(lay(TWO_SIDES, Timing(slowing=False)))
    assert {gap for each in gaps.values() for gap in each} == {1_200}


def test_who_gets_up_again_is_not_slowed_down() -> None:
    assert timing_of(Settings()).slowing
    assert not timing_of(Settings(ending="awake")).slowing
    assert not timing_of(Settings(slowing="off")).slowing


def test_a_script_without_poses_slows_down_by_its_chapters() -> None:
    script = parse("# One\nHi. You.\n# Two\nHi. You.\n# Three\nHi. You.", "x")
    assert list(gap_scales(script.cues).values()) == pytest.approx([1, 1.3, 1.6])


COMPANY = "Sit.\n[hold 1-20 min]\nRest here.\n[at 35%]\nBreathe.\n[at -8s]\nSoon.\n[every 2 min]\nOne.\nTwo.\nThree.\n[release]\nGo."


@given(st.integers(70, 1_200))
def test_no_hold_is_without_a_word_for_longer_than_every(seconds: int) -> None:
    timeline = lay(COMPANY.replace("1-20 min", f"{seconds} s"))
    (hold,) = of_kind(timeline, "hold")
    assert hold.end_ms - hold.start_ms == seconds * 1_000
    inside = [event for event in of_kind(timeline, "speech") if hold.start_ms <= event.start_ms < hold.end_ms]
    edges = [hold.start_ms, *(edge for each in inside for edge in (each.start_ms, each.end_ms)), hold.end_ms]
    assert edges == sorted(edges)
    assert max(after - before for before, after in pairwise(edges)) <= 120_000
    assert {"Rest here.", "Breathe.", "Soon."} <= {event.text for event in inside}
    if seconds <= 120:
        assert len(inside) == 3


def test_only_what_a_long_hold_needs_is_said_and_in_turn() -> None:
    said = [event.text for event in of_kind(lay(COMPANY.replace("1-20 min", "10 min")), "speech")]
    assert said == ["Sit.", "Rest here.", "One.", "Breathe.", "Two.", "Three.", "One.", "Soon.", "Go."]
    assert texts_by_length(parse(COMPANY, "x"), Timing()) == {"One.", "Two.", "Three."}
