"""`check` and `schema` as a writer of routines uses them: every fault said where it stands, every right file taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from generator.definition.library_models import LibraryFile
from generator.definition.library_reading import parse_library
from generator.definition.schema import KINDS, schema, schema_text
from generator.durations import DURATION_PATTERN, HOLD_PATTERN, parse_duration, parse_hold
from generator.settings import PARSERS, SETTINGS
from tests.conftest import Command

ROOT = Path(__file__).parent.parent
ROUTINES = ROOT / "routines"

ROUTINE = """\
title: My night
summary: One pose, and sleep.
setting: bed
eyes: closed
steps:
  - pose: starfish
    hold: 1-3 min
  - pose: rest
    hold: 2 min
"""
POSE = """\
name: Starfish
position: supine
rounds: [right, left]
enter: Open your {{ side }} arm. [6s]
switch: Now your {{ side }} arm. [6s]
leave: Come back. [6s]
easier: Only a little. [3s]
"""
LIBRARY = """\
title: Nights
output: nights
defaults: {background: rain, avoid: [knees, prone]}
matrix:
  routine: [deep-hip-opening, lower-back-relief]
  length: [25m, 35m]
  background: rain
include:
  - {routine: deep-hip-opening, length: 45m}
exclude:
  - {routine: lower-back-relief, length: 35m}
tracks:
  - {script: scripts/mine.txt, name: extra/mine, tail: 1h}
names: "{routine}/{length}-{background}"
"""
SCRIPT = "Lie down. [4s]\n[hold 1-3 min]\n[release]\n[sleep]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder in which all is well."""
    (tmp_path / "routines" / "poses").mkdir(parents=True)
    (tmp_path / "routines" / "my-night.yaml").write_text(ROUTINE, encoding="utf-8")
    (tmp_path / "routines" / "poses" / "starfish.yaml").write_text(POSE, encoding="utf-8")
    (tmp_path / "library.yaml").write_text(LIBRARY, encoding="utf-8")
    (tmp_path / "mine.txt").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- files and folders -----------------------------------------------------------------------------


def test_everything_in_a_folder_is_read_for_what_it_is_and_nothing_is_written(sleepward: Command, folder: Path) -> None:
    (folder / "docker-compose.yaml").write_text("services: {}\n", encoding="utf-8")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "other.yaml").write_text("steps: no\n", encoding="utf-8")
    before = sorted(folder.rglob("*"))
    found = {checked["path"]: (checked["kind"], checked["faults"]) for checked in sleepward.json("check", ".")}
    assert found == {
        "library.yaml": ("library", []),
        "mine.txt": ("script", []),
        "routines/my-night.yaml": ("routine", []),
        "routines/poses/starfish.yaml": ("pose", []),
    }
    assert sorted(folder.rglob("*")) == before


def test_without_a_path_the_routines_of_this_folder_are_read(sleepward: Command, folder: Path) -> None:
    done = sleepward("check")
    assert done.stdout.splitlines() == [
        "ok     routines/poses/starfish.yaml  (pose)",
        "ok     routines/my-night.yaml  (routine)",
    ]
    assert "2 files, all well" in done.stderr


def test_where_there_is_nothing_to_read_it_says_so(sleepward: Command, tmp_path: Path) -> None:
    assert "no folder routines/ here" in sleepward("check", code=2).stderr
    (tmp_path / "empty").mkdir()
    assert "empty: there is no routine" in sleepward("check", "empty", code=2).stderr
    assert "nowhere.yaml: there is no such file" in sleepward("check", "nowhere.yaml", code=2).stderr


def test_a_file_outside_the_usual_folders_is_known_by_its_keys(sleepward: Command, folder: Path) -> None:
    for name, text in (("a.yaml", ROUTINE), ("b.yml", POSE), ("c.yaml", LIBRARY)):
        (folder / name).write_text(text, encoding="utf-8")
    kinds = {checked["path"]: checked["kind"] for checked in sleepward.json("check", "a.yaml", "b.yml", "c.yaml")}
    assert kinds == {"a.yaml": "routine", "b.yml": "pose", "c.yaml": "library"}


@pytest.mark.slow
def test_the_house_is_in_order(sleepward: Command) -> None:
    assert [checked["path"] for checked in sleepward.json("check", ROUTINES) if checked["faults"]] == []


# --- faults ----------------------------------------------------------------------------------------

WRONG = [  # the file, what is written instead of what, and what is said of it; … stands for another's words
    ("routines/my-night.yaml", "1-3 min", "3-1 min", "routines/my-night.yaml:7:11: '3-1 min' runs backwards"),
    (
        "routines/my-night.yaml",
        "1-3 min",
        "1:30",
        "routines/my-night.yaml:7:11: 1:30 without quotes is a number in YAML",
    ),
    ("routines/my-night.yaml", "1-3 min", "0 breaths", "routines/my-night.yaml:7:11: '0 breaths' is no hold at all"),
    ("routines/my-night.yaml", "1-3 min", "4 h", "routines/my-night.yaml:7:11: '4 h' is longer than 3 h"),
    ("routines/my-night.yaml", "eyes: closed", "eyes: no", "routines/my-night.yaml:4:7: 'no' isn't what 'eyes' can be"),
    ("routines/my-night.yaml", "hold: 2 min", "hold: [2 min]", "routines/my-night.yaml:9:11: 'hold' must be text"),
    ("routines/my-night.yaml", "eyes:", "eyse:", "'eyse' isn't a key here; did you mean eyes?"),
    ("routines/my-night.yaml", "eyes:", "title: B\neyes:", "routines/my-night.yaml:4:1: 'title' stands twice"),
    ("routines/my-night.yaml", "starfish", "starfsh", "there is no pose 'starfsh'; did you mean starfish?"),
    ("routines/my-night.yaml", "eyes:", "avoid: [nees]\neyes:", "avoid: nothing asks for 'nees': did you mean knees"),
    (
        "routines/my-night.yaml",
        "  - pose: rest\n    hold: 2 min",
        "  - {pose: rest, hold: 3 h}\n" * 9,
        "routines/my-night.yaml:6:3: these holds last 27h2m at their shortest, and a track lasts 24 h at most",
    ),
    ("routines/poses/starfish.yaml", "[3s]", "[3]", "routines/poses/starfish.yaml:7:24: 'easier': [3] isn't a pause"),
    (
        "routines/poses/starfish.yaml",
        "[right, left]",
        "[right, both]",
        "routines/poses/starfish.yaml:5:1: 'switch': this text doesn't render: … 'side'",
    ),
    (
        "routines/poses/starfish.yaml",
        "easier: Only a little. [3s]",
        "easier: '...'",
        "in its script, at '...': there is no word to speak",
    ),
    ("mine.txt", "[4s]", "[4 secs and]", "mine.txt:1:11: "),
    ("mine.txt", "Lie down.", "---\npace: 9\n---\nLie down.", "mine.txt:2:1: pace: '9' isn't a number"),
    ("mine.txt", "[hold 1-3 min]\n[release]\n", "[hold 3 h]\n[release]\n" * 9, "mine.txt:2:1: this lasts at least 27h"),
    ("library.yaml", "25m", "25", "library.yaml:6:12: 'length': '25' has no unit"),
]


@pytest.mark.parametrize(("name", "old", "new", "says"), WRONG, ids=lambda value: repr(value)[:30])
def test_each_fault_is_said_where_it_stands(
    sleepward: Command, folder: Path, name: str, old: str, new: str, says: str
) -> None:
    _change(folder / name, old, new)
    before = sorted(folder.rglob("*"))
    shown = sleepward("check", name, code=2).stdout
    assert all(part in shown for part in says.split("… ")), shown
    assert sorted(folder.rglob("*")) == before


def test_files_that_nobody_could_read_hide_no_other(sleepward: Command, folder: Path) -> None:
    (folder / "bad.txt").write_text("[hold 1 min]\nNever closed.\n", encoding="utf-8")
    (folder / "bomb.yaml").write_text("steps: &a [x]\ntitle: [*a, *a]\n", encoding="utf-8")
    (folder / "big.yaml").write_text(ROUTINE + "#" * 1_000_000, encoding="utf-8")
    (folder / "latin.yaml").write_bytes("title: \xe9\nsteps: []\n".encode("latin-1"))
    found = {each["path"]: each["faults"] for each in sleepward.json("check", *_files(folder), code=2)}
    wrong = {path: " ".join(fault["message"] for fault in faults) for path, faults in found.items() if faults}
    assert set(wrong) == {"bad.txt", "bomb.yaml", "big.yaml", "latin.yaml"}
    assert "an anchor (&a)" in wrong["bomb.yaml"]
    assert "over 1 MB" in wrong["big.yaml"]
    assert "isn't UTF-8" in wrong["latin.yaml"]


def _files(folder: Path) -> Iterator[str]:
    yield from sorted(path.name for path in folder.glob("*.*") if path.is_file())


def test_a_broken_pose_is_said_once_and_its_routines_are_not_in_order(sleepward: Command, folder: Path) -> None:
    _change(folder / "routines" / "poses" / "starfish.yaml", "position: supine", "position: lying")
    shown = sleepward("check", code=2)
    assert shown.stdout.count("starfish.yaml:2:11: 'lying' isn't a position") == 1
    assert "FAULT  routines/my-night.yaml" in shown.stdout
    assert "1 in what it uses, said above" in shown.stdout
    assert "2 files, 2 with faults" in shown.stderr


# --- one's own before the built-in -----------------------------------------------------------------


def test_ones_own_routine_pose_and_words_take_the_place_of_the_built_in_ones(sleepward: Command, folder: Path) -> None:
    (folder / "routines" / "deep-hip-opening.yaml").write_text(ROUTINE, encoding="utf-8")
    (folder / "routines" / "poses" / "rest.yaml").write_text(
        "name: Rest\nposition: supine\nenter: Settle my own way. [4s]\nleave: ''\n", encoding="utf-8"
    )
    words = folder / "scripts_templates" / "gentle" / "closing.j2"
    words.parent.mkdir(parents=True)
    built_in = (ROOT / "scripts_templates" / "gentle" / "closing.j2").read_text(encoding="utf-8")
    assert "\nThank your body.\n" in built_in
    words.write_text(built_in.replace("\nThank your body.\n", "\nThank all of yourself.\n"), encoding="utf-8")
    script = sleepward("script", "deep-hip-opening").stdout
    assert "Open your right arm." in script
    assert "Settle my own way." in script
    assert "Thank all of yourself." in script
    assert "Thank your body." not in script
    sleepward("check")


# --- libraries -------------------------------------------------------------------------------------

KNOWN: dict[str, Callable[[str], object]] = {**PARSERS, "night": PARSERS["reps"]}


def _library(text: str) -> LibraryFile:
    return parse_library(text, "l.yaml", known_settings=KNOWN, known_routines=["deep-hip-opening", "lower-back-relief"])


def _library_faults(text: str) -> list[str]:
    from generator.errors import DefinitionError

    with pytest.raises(DefinitionError) as caught:
        _library(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_library_keeps_what_was_written_and_counts_its_nights() -> None:
    library = _library(
        LIBRARY.replace("  background: rain\n", "  night: [1-3, 7]\n").replace("{background}", "{night}")
    )
    assert library.axes() == {
        "routine": ("deep-hip-opening", "lower-back-relief"),
        "length": ("25m", "35m"),
        "night": ("1", "2", "3", "7"),
    }
    assert library.defaults == {"background": "rain", "avoid": "knees, prone"}
    assert library.tracks == [{"script": "scripts/mine.txt", "name": "extra/mine", "tail": "1h"}]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("output: nights", "output: ../nights", "2:9: '../nights' leads out of this folder"),
        ("output: nights", "output: /nights", "2:9: '/nights' leads out of this folder"),
        ("output: nights", "outptu: nights", "2:1: 'outptu' isn't a key here; did you mean output?"),
        ("  length: [25m", "  lenght: [25m", "6:3: 'lenght' isn't a setting; did you mean length?"),
        ("[25m, 35m]", "[25m, 35]", "6:17: 'length': '35' has no unit"),
        ("[25m, 35m]", "[25m, 25m]", "6:17: '25m' stands twice in 'length': keep one of them"),
        ("[25m, 35m]", "[]", "6:11: 'length' is empty: write at least one"),
        ("[25m, 35m]", "{a: b}", "6:11: 'length' must be a list"),
        ("[deep-hip-opening,", "[deep-hip-openin,", "5:13: 'routine': there is no routine 'deep-hip-openin'; did you"),
        ("[deep-hip-opening,", "[../x,", "5:13: 'routine': there is no routine '../x'"),
        ("  routine: [deep-hip-opening, lower-back-relief]\n", "", "5:3: 'routine' is missing"),
        ("length: 45m", "length: soon", "9:41: 'length': 'soon' isn't a duration"),
        ("  background: rain\n", "  night: 9-1\n", "7:10: 'night': '9-1' runs backwards"),
        ("  background: rain\n", "  night: 1-30000\n", "7:10: 'night': '1-30000' has more than 10000 nights"),
        ("length: 35m", "length: 40m", "11:42: 'length' of the matrix has no '40m', so this leaves nothing out"),
        ("length: 35m", "pace: 2", "11:34: 'pace' isn't a setting; there are routine, length, background"),
        ("{script: scripts/mine.txt, ", "{", "13:5: 'routine' or 'script' is missing"),
        ("scripts/mine.txt", "../mine.txt", "13:14: 'script': '../mine.txt' isn't a file below this folder"),
        ("extra/mine", "'mine?'", "13:38: 'name': 'mine?' can't be a file's name everywhere"),
        ("tail: 1h", "tail: 1", "13:56: 'tail': '1' has no unit"),
        ('"{routine}/{length}', '"{rutine}/{routine}/{length}', "14:8: {rutine} isn't an axis of the matrix; did you"),
        ('"{routine}/{length}', '"{routine}/', "14:8: tracks that differ only in length would have one name"),
        ('"{routine}/', '"{routine}:', "14:8: ':' can't stand in a file's name everywhere"),
        ("{background: rain,", "{background: [rain, pink],", "3:24: 'background' takes one value here"),
        ("title: Nights", "title: &t Nights", "1:8: an anchor (&t), which isn't allowed here"),
    ],
)
def test_each_fault_of_a_library_is_said_where_it_stands(old: str, new: str, expected: str) -> None:
    assert LIBRARY.count(old) == 1
    faults = _library_faults(LIBRARY.replace(old, new))
    assert any(fault.startswith(f"l.yaml:{expected}") for fault in faults), faults


def test_a_library_of_nothing_is_said_to_be_one() -> None:
    assert "there is nothing to build" in _library_faults("title: Nights\n")[0]


# --- schemas ---------------------------------------------------------------------------------------


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2's plain types, which is how editors read a file."""


EditorLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", "true|false", "tf"),
    ("null", "null|~|", ["n", "~", ""]),
    ("int", "[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]+", "-+0123456789"),
):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def _as_editors_read(text: str) -> Any:
    return yaml.load(text, EditorLoader)


def _kind_of(path: Path) -> str:
    return "pose" if path.parent.name == "poses" else "routine"


BUILT_IN = [*sorted(ROUTINES.glob("*.yaml")), *sorted(ROUTINES.glob("poses/*.yaml"))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_prints_the_schema_that_lies_beside_the_files(sleepward: Command, kind: str) -> None:
    printed = sleepward("schema", kind).stdout
    assert printed == (ROUTINES / "schemas" / f"{kind}.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads(printed))
    assert json.loads(printed)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)
def test_every_file_of_the_house_points_the_editor_at_its_schema_and_fits_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pointed = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert pointed, "the first line names the schema"
    target = (path.parent / pointed[1]).resolve()
    assert target == ROUTINES / "schemas" / f"{_kind_of(path)}.json"
    validator = Draft202012Validator(json.loads(target.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(_as_editors_read(text))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_editor_is_told_what_every_key_is(kind: Any) -> None:
    described = schema(kind)
    for part in (described, *described.get("$defs", {}).values()):
        for key, facts in part.get("properties", {}).items():
            assert "description" in facts or "$ref" in facts, key


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("routine", ROUTINE, True),
        ("routine", ROUTINE + "rate: 110\npace: 1.2\navoid: [knees]\nglide: off\nlength: 1h30m\n", True),
        ("routine", ROUTINE + "rate: 1000\n", False),
        ("routine", ROUTINE + "glide: no\n", False),
        ("routine", ROUTINE + "lenght: 30m\n", False),
        ("routine", ROUTINE.replace("2 min", "1:75"), False),
        ("routine", ROUTINE.replace("2 min", "90"), False),
        ("routine", ROUTINE.replace("    hold: 2 min\n", ""), False),
        ("routine", ROUTINE.replace("hold: 2 min", "hold: 2 min\n    reps: 8"), True),
        ("routine", ROUTINE.replace("hold: 2 min", "hold: 2 min\n    reps: 8-12"), True),
        ("routine", ROUTINE.replace("hold: 2 min", "hold: 2 min\n    reps: many"), False),
        ("routine", ROUTINE.replace("bed", "sofa"), False),
        ("pose", POSE, True),
        ("pose", POSE.replace("easier: Only", "easier:\n  position: prone\n  say: Only"), True),
        ("pose", POSE.replace("easier: Only", "easier:\n  positoin: prone\n  say: Only"), False),
        ("pose", POSE + "involves: [dancing]\n", False),
        ("pose", POSE + "breaths: [{in: Up., out: Down.}]\n", True),
        ("pose", POSE + "breaths: [{inn: Up.}]\n", False),
        ("library", LIBRARY, True),
        ("library", LIBRARY.replace("length: [25m", "lenght: [25m"), False),
        ("library", LIBRARY.replace("[25m, 35m]", "[25m, 35]"), False),
        ("library", LIBRARY.replace("{script: scripts/mine.txt, ", "{"), False),
    ],
)
def test_an_editor_marks_what_check_would_refuse(kind: Any, text: str, fits: bool) -> None:
    validator = Draft202012Validator(json.loads(schema_text(kind)))
    assert validator.is_valid(_as_editors_read(text)) is fits


@pytest.mark.parametrize(
    "text",
    [
        *(
            "90 s",
            "2.5s",
            "25m",
            "2 min",
            "1m30s",
            "3h",
            "1234.567s",
            "2 MIN",
            "20+ s",
            "1-3 min",
            "1-3+ min",
            "1 – 3 min",
        ),
        *("10 breaths", "1 breath", "10+ breaths", "5-10 breaths", "count 10", "count 10 silent"),
        *("1:30", "29:05", "1:04:10", "120:00", "1:75", "1:75:00", "1:3:00"),
        *("90", "a while", "3 days", "1-3", "count", "breaths", "-3 s", "min", "", "1.m", "count 10 loud"),
    ],
)
def test_an_editor_knows_the_same_holds_and_durations_as_the_program(text: str) -> None:
    for pattern, parse in ((HOLD_PATTERN, parse_hold), (DURATION_PATTERN, parse_duration)):
        try:
            parse(text)
            taken = True
        except ValueError:
            taken = False
        assert bool(re.search(pattern, text)) is taken, parse


def test_the_schema_says_of_settings_what_their_parsers_say() -> None:
    assert SETTINGS["rate"].kind.expected == "a whole number from 60 to 300 (words per minute)"
    keys = schema("routine")["properties"]
    assert keys["rate"]["anyOf"][0] == {"type": "integer", "minimum": 60, "maximum": 300}
    for name, facts in keys.items():
        for choice in facts.get("enum", []) if name in SETTINGS else []:
            PARSERS[name](str(choice))


# --- what only shows when it is placed, looked up or named -----------------------------------------


def _checked(sleepward: Command, name: str) -> list[tuple[str, int, str]]:
    """The faults of a file, of which there are some."""
    (checked,) = sleepward.json("check", name, code=2)
    return [(fault["file"], fault["line"], fault["message"]) for fault in checked["faults"]]


@pytest.mark.parametrize(
    ("script", "line", "says"),
    [
        ("[hold 10 s]\nRest.\n[at 20s]\nLet go.\n[release]\n", 3, "[at 20s] lies outside [hold 10 s], line 1 (10s)"),
        ("[hold 10 s]\n[at -12s]\nLet go.\n[release]\n", 2, "[at -12s] lies outside [hold 10 s]"),
        ("[hold 10-60 s]\n[at 20s]\nLet go.\n[release]\n", 2, "[at 20s] lies outside [hold 10-60 s], line 1 (10s, at"),
        ("---\nbreath_rate: 12\n---\n[hold 2 breaths]\n[at 15s]\nLet go.\n[release]\n", 5, "[hold 2 breaths], line 4"),
        ("[hold 1 min]\n[at 70%]\nLet go.\n[at 20%]\nRest.\n[release]\n", 5, "“Rest.” would begin before “Let go.”"),
        ("[hold 30 s]\n[breathe 6]\n[release]\n", 2, "[breathe 6] doesn't fit"),
    ],
)
def test_what_has_no_place_in_its_hold_is_a_fault_at_check_and_at_build(
    sleepward: Command, folder: Path, script: str, line: int, says: str
) -> None:
    (folder / "mine.txt").write_text(script, encoding="utf-8")
    ((file, at, message),) = _checked(sleepward, "mine.txt")
    assert (file, at) == ("mine.txt", line)
    assert says in message
    refused = sleepward("build", "mine.txt", "--voice", "tone", code=2).stderr
    assert f"mine.txt:{line}: " in refused
    assert says in refused
    assert not (folder / "output").exists()


def test_every_fault_of_a_script_stands_in_one_check(sleepward: Command, folder: Path) -> None:
    (folder / "mine.txt").write_text("Lie down. [4s\n[foo]\nRest.\n# Next\n[hold 1:75]\n[release]\n", encoding="utf-8")
    assert [(line, message[:20]) for _, line, message in _checked(sleepward, "mine.txt")] == [
        (1, "the bracket of [4s i"),
        (2, "[foo] isn't a mark: "),
        (5, "'1:75' isn't a time:"),
    ]
    assert [
        line.split(":")[1] for line in sleepward("build", "mine.txt", code=2).stderr.splitlines() if ".txt:" in line
    ]


def test_a_routine_and_a_pose_are_named_by_their_files(sleepward: Command, folder: Path) -> None:
    routines = folder / "routines"
    (routines / "my-night.yaml").rename(routines / "My Night's End.yml")
    (routines / "poses" / "starfish.yaml").rename(routines / "poses" / "Starfish.yaml")
    found = {each["path"]: [fault["message"] for fault in each["faults"]] for each in sleepward.json("check", code=2)}
    (routine,) = [message for message in found["routines/My Night's End.yml"] if "the file's name is" in message]
    (pose,) = found["routines/poses/Starfish.yaml"]
    assert routine.endswith("rename it to my-nights-end.yml")
    assert pose.endswith("rename it to starfish.yaml")
    assert any(
        "there is no pose 'starfish', but a file of 'Starfish': rename that to starfish.yaml" in message
        for message in found["routines/My Night's End.yml"]
    )


def test_the_other_suffix_will_do_in_any_case(sleepward: Command, folder: Path) -> None:
    routines = folder / "routines"
    (routines / "my-night.yaml").rename(routines / "my-night.yml")
    (routines / "poses" / "starfish.yaml").rename(routines / "poses" / "starfish.yml")
    assert all(not each["faults"] for each in sleepward.json("check"))
    script = sleepward("script", "my-night").stdout
    assert "Open your right arm." in script
    assert "my-night" in sleepward("list").stdout
    (folder / "LOUD.YML").write_text(ROUTINE, encoding="utf-8")
    assert sleepward("script", "LOUD.YML").stdout.replace("LOUD", "my-night") == script
    assert [each["kind"] for each in sleepward.json("check", "LOUD.YML")] == ["routine"]


def test_settings_of_the_folder_are_checked_each_by_itself(sleepward: Command, folder: Path) -> None:
    path = folder / "sleepward.toml"
    lines = [
        "rate = 1000",
        'style = "gentel"',
        'avoid = ["knes"]',
        'background = "rian"',
        'skip = "forg"',
        'tail = "1m"',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    told = _checked(sleepward, "sleepward.toml")
    assert [(file, line) for file, line, _ in told] == [("sleepward.toml", line) for line in range(1, 6)]
    for (_, _, message), says in zip(told, ("60 to 300", "gentle", "knees", "rain", "frog"), strict=True):
        assert says in message
    path.write_text('tail = "1m"\nstyle = "spare"\n[voices.calm]\nvoice = "tone"\nrate = 100\n', encoding="utf-8")
    assert {each["path"]: each["kind"] for each in sleepward.json("check")}["sleepward.toml"] == "settings"
    path.write_text('tail = "1m"\n[voices.calm]\nvoice = "tone"\nrate = 1000\n', encoding="utf-8")
    assert "60 to 300" in _checked(sleepward, "sleepward.toml")[0][2]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("glide = true", 'write glide = "on"'),
        ("chime = false", 'write chime = "off"'),
        ("rate = true", "it takes WPM: words per minute inside phrases"),
        ("lenght = true", "did you mean length?"),
        ("length = 25", "'25' has no unit"),
        ("rate = 116.5", "'116.5' isn't a whole number from 60 to 300"),
        ("background = rain", 'write text in quotes: background = "rain"'),
    ],
)
def test_a_bare_value_in_the_settings_file_is_told_what_to_write(
    sleepward: Command, folder: Path, line: str, says: str
) -> None:
    (folder / "sleepward.toml").write_text(f"{line}\n", encoding="utf-8")
    assert says in _checked(sleepward, "sleepward.toml")[0][2]
    assert says in sleepward("plan", "mine.txt", "--voice", "tone", code=2).stderr


def test_warnings_and_late_faults_of_a_script_have_their_column(sleepward: Command, folder: Path) -> None:
    (folder / "mine.txt").write_text(
        "Lie down. Relax the left knee. [4s]\n [hold 10 s]\n [at 2 s]\n  Rest. Let go of that knee.\n[at 3 s]\n  Sleep.\n[release]\n"
    )
    (checked,) = sleepward.json("check", "mine.txt", code=2)
    places = {(each["rule"], each["line"], each["column"]) for each in checked["warnings"]}
    assert ("your-body", 1, 11) in places
    assert ("pronoun-without-noun", 4, 9) in places
    assert [(fault["line"], fault["column"]) for fault in checked["faults"]] == [(6, 3)]


@pytest.mark.parametrize(("hold", "told"), [("30 s", True), ("count 10", True), ("45 s", False), ("40-90 s", True)])
def test_reminders_that_no_hold_is_long_enough_for_are_told(
    sleepward: Command, folder: Path, hold: str, told: bool
) -> None:
    pose = folder / "routines" / "poses" / "starfish.yaml"
    pose.write_text(f"{POSE}hold_lines: [Feel your breath.]\n")
    routine = folder / "routines" / "my-night.yaml"
    routine.write_text(re.sub(r"hold: 1-3 min", f"hold: {hold}", routine.read_text(), count=1))
    found = [each for each in sleepward.json("check", "routines/my-night.yaml") for each in each["warnings"]]
    unspoken = [each for each in found if each["rule"] == "unspoken-line"]
    assert [each["line"] for each in unspoken] == ([6] if told else [])
    assert not told or "45 s" in unspoken[0]["message"]
