"""Writes what is made from the program itself: docs/reference/, routines/schemas/, the marks in docs/script.md,
the tables in docs/bodies.md, the scripts in docs/words.md, what is left out in docs/lengths.md, docs/licences.md.

`python docs/generate.py` writes it, `python docs/generate.py --check` exits 1 where anything differs.
"""

# ruff: noqa: INP001 - a script that stands alone

from __future__ import annotations

import argparse
import difflib
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import click
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generator.build.fitting import estimated_fit
from generator.build.pipeline import read_spec
from generator.cli.commands import COMMANDS, group
from generator.definition import bodies
from generator.definition import schema as schemas
from generator.definition.adapt import at_level
from generator.definition.checks import REPS_PATTERN
from generator.definition.fitting import WHOLE, left_out_names
from generator.definition.pose_text import TEXT_FILTERS, TEXT_VARIABLES
from generator.durations import DURATION_PATTERN, HOLD_PATTERN
from generator.model import POSITIONS, Pose
from generator.script.mark_table import MARKS
from generator.settings import SETTINGS, SettingInfo
from generator.values import SLUG, Duration, Words
from generator.workspace import Workspace
from generator.workspace.script_sources import routine_script, routine_source
from generator.workspace.settings_layers import ENVIRONMENT_PREFIX

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
REFERENCE = ROOT / "docs" / "reference"
SCHEMAS = ROOT / "routines" / "schemas"
SCRIPT_PAGE = ROOT / "docs" / "script.md"
BODIES_PAGE = ROOT / "docs" / "bodies.md"
WORDS_PAGE = ROOT / "docs" / "words.md"
LENGTHS_PAGE = ROOT / "docs" / "lengths.md"
LICENCES_PAGE = ROOT / "docs" / "licences.md"
LENGTHS = ("10m", "15m", "20m", "25m", "30m", "45m")
MADE = "<!-- made by docs/generate.py: change the program, then run it -->"
WIDTH = 100

PATTERNS = {
    HOLD_PATTERN: "a hold",
    DURATION_PATTERN: "a duration like `90 s`, `25m` or `1m30s`",
    REPS_PATTERN: "a range like `8-12`",
    f"^{SLUG}$": "a name like `figure-four`",
}
PLACES = {
    "routine": "A file in `routines/`; its name is what `sleepward build` calls it by.",
    "pose": "A file in `routines/poses/`; its name is the pose's id.",
    "program": "A file in `routines/programs/`; its name is what `sleepward program` calls it by.",
    "library": "One file, `library.yaml`; its format is fixed, and `sleepward check` reads it.",
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Write docs/reference/ and routines/schemas/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where anything differs")
    check = parser.parse_args().check
    made = dict(_files())
    stale = [path for folder in (REFERENCE, SCHEMAS) for path in sorted(folder.glob("*")) if path not in made]
    differs = False
    for path, text in made.items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        differs = True
        if check:
            diff = difflib.unified_diff(
                old.splitlines(), text.splitlines(), str(path), "as it is made", lineterm="", n=0
            )
            print("\n".join([*diff][:20]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"written: {path.relative_to(ROOT)}")
    for path in stale:
        differs = True
        print(f"not made any more: {path.relative_to(ROOT)}")
        if not check:
            path.unlink()
    if check and differs:
        print("run: python docs/generate.py")
    return int(check and differs)


def _files() -> Iterator[tuple[Path, str]]:
    for kind in schemas.KINDS:
        yield SCHEMAS / f"{kind}.json", schemas.schema_text(kind)
        yield REFERENCE / f"{kind}.md", _page(_format_lines(kind))
    yield REFERENCE / "settings.md", _page(_setting_lines())
    yield REFERENCE / "commands.md", _page(_command_lines())
    yield SCRIPT_PAGE, _script_page(SCRIPT_PAGE.read_text(encoding="utf-8"))
    yield BODIES_PAGE, _bodies_page(BODIES_PAGE.read_text(encoding="utf-8"))
    yield WORDS_PAGE, _words_page(WORDS_PAGE.read_text(encoding="utf-8"))
    yield LENGTHS_PAGE, _lengths_page(LENGTHS_PAGE.read_text(encoding="utf-8"))
    yield LICENCES_PAGE, _licences_page(LICENCES_PAGE.read_text(encoding="utf-8"))


def _script_page(page: str) -> str:
    """The page on scripts, which is written by hand, with its table of marks."""
    before, begin, rest = page.partition("<!-- marks: made by docs/generate.py -->\n")
    _, end, after = rest.partition("<!-- /marks -->\n")
    table = ["| mark | meaning |", "|---|---|", *(f"| {mark} | {meaning} |" for mark, meaning in MARKS.items())]
    return before + begin + "\n".join(table) + "\n" + end + after


def _words_page(page: str) -> str:
    """The page on words, which is written by hand, with one routine's script in two styles and two nights."""
    before, begin, rest = page.partition("<!-- scripts: made by docs/generate.py -->\n")
    _, end, after = rest.partition("<!-- /scripts -->\n")
    return before + begin + "\n".join(_script_lines("ten-minutes-in-bed")) + "\n" + end + after


def _script_lines(name: str) -> Iterator[str]:
    workspace = Workspace.here()
    routine = workspace.read_routine(workspace.routine_path(name))
    plain = {
        info.name: info.kind.write(info.default)
        for info in SETTINGS.values()
        if info.shapes_words and isinstance(info.default, str | float)
    }
    for style, night in (("gentle", "0"), ("gentle", "3"), ("nidra", "0")):
        script = routine_script(routine, {**plain, "style": style, "night": night}, workspace)
        yield f"### `{style}`, night {night}"
        yield ""
        yield "```"
        yield "# Arrival" + script.partition("# Arrival")[2].rstrip()
        yield "```"
        yield ""


def _lengths_page(page: str) -> str:
    """The page on lengths, which is written by hand, with what each routine leaves out at each length."""
    before, begin, rest = page.partition("<!-- lengths: made by docs/generate.py -->\n")
    _, end, after = rest.partition("<!-- /lengths -->\n")
    return before + begin + "\n".join(_length_lines()) + "\n" + end + after


def _length_lines() -> Iterator[str]:
    workspace = Workspace.here().without_settings()
    yield _row("routine", *LENGTHS)
    yield _row("---", *["---"] * len(LENGTHS))
    for name in workspace.routine_names():
        yield _row(f"`{name}`", *(_left_out_at(name, length, workspace) for length in LENGTHS))


def _left_out_at(name: str, length: str, workspace: Workspace) -> str:
    routine = workspace.read_routine(workspace.routine_path(name))
    spec = read_spec(routine_source(routine, {"length": length}, workspace), {"length": length}, workspace)
    fit = estimated_fit(spec)
    if not fit.fits or spec.shortenable is None:
        return "can't be had"
    if fit.choice == WHOLE:
        return "all of it"
    return ", ".join(left_out_names(spec.shortenable.routine, fit.choice)).lower() or "briefer words"


def _licences_page(page: str) -> str:
    """The page on licences, which is written by hand, with all packages and what their metadata state."""
    before, begin, rest = page.partition("<!-- packages: made by docs/generate.py -->\n")
    _, end, after = rest.partition("<!-- /packages -->\n")
    rows = [_row(name, _stated_licence(name)) for name in sorted(_needed_packages())]
    return before + begin + "\n".join([*_table("package", "licence, as it states"), *rows]) + "\n" + end + after


def _needed_packages() -> set[str]:
    """What `pip install` brings on Linux with Python 3.12. What other systems and versions need is named by hand."""
    here = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux", "extra": ""}
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    found: set[str] = set()
    wanted = [Requirement(line) for line in project["dependencies"]]
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate(here)):
            continue
        found.add(name)
        wanted += map(Requirement, distribution(name).requires or [])
    return found


def _stated_licence(name: str) -> str:
    """The expression, else the classifiers, else the first line of the text."""
    facts = distribution(name).metadata
    if expression := facts.get("License-Expression"):
        return str(expression)
    classes = [line.rpartition(" :: ")[2] for line in facts.get_all("Classifier", []) if line.startswith("License ::")]
    first = (facts.get("License") or "").strip().partition("\n")[0]
    return ", ".join(classes) or first or "**none stated**"


def _page(lines: Iterator[str]) -> str:
    return "\n".join([MADE, "", *lines]).rstrip() + "\n"


# --- formats ---------------------------------------------------------------------------------------------


def _format_lines(kind: schemas.Kind) -> Iterator[str]:
    whole = schemas.schema(kind)
    yield f"# The {kind} file"
    yield ""
    yield f"{PLACES[kind]} {whole['description']}"
    yield ""
    yield "For help in an editor that knows the YAML language server, begin the file with a line that names its schema"
    yield f"(`sleepward schema {kind}` prints it):"
    yield ""
    yield "```yaml"
    yield f"# yaml-language-server: $schema={'../' if kind in ('pose', 'program') else ''}schemas/{kind}.json"
    yield "```"
    yield ""
    own = {key: facts for key, facts in whole["properties"].items() if key not in SETTINGS}
    yield from _key_table(own, whole)
    if kind == "routine":
        yield "Besides these, any of [the settings](settings.md) may stand in it: flags and the environment still win."
        yield ""
    if kind == "pose":
        yield from _text_lines()
    for name, part in whole.get("$defs", {}).items():
        if "properties" not in part:
            continue
        yield f"## {_section(name)}"
        yield ""
        yield part["description"]
        yield ""
        yield from _key_table(part["properties"], part)


def _text_lines() -> Iterator[str]:
    yield "## What its texts may use"
    yield ""
    yield "Pauses, `[6s]` or `[3 breaths]`, and `[chime]` in whatever is spoken outside a hold; `{{ name }}` for one of"
    yield "the names below; `{% if … %}`, with `==`, `!=`, `in [a list]`, `and`, `or` and `not`; and the filters"
    yield f"{', '.join(f'`{name}`' for name in TEXT_FILTERS)}. Write the names, never right or left themselves."
    yield ""
    yield "| name | what it is |"
    yield "|---|---|"
    for name, what in TEXT_VARIABLES.items():
        yield _row(f"`{name}`", what)
    yield ""


def _key_table(keys: dict[str, Any], holder: dict[str, Any]) -> Iterator[str]:
    yield "| key | may be | what it is | like |"
    yield "|---|---|---|---|"
    for key, facts in keys.items():
        needed = " (required)" if key in holder.get("required", ()) else ""
        default = facts.get("default")
        left_out = f" Where left out: `{_yaml(default)}`." if default not in (None, "", [], {}) else ""
        like = "<br>".join(f"`{_yaml(example)}`" for example in facts.get("examples", []))
        what = facts.get("description", "") + left_out
        yield _row(f"`{key}`{needed}", _may_be(facts), what, like)
    yield ""


def _may_be(facts: dict[str, Any]) -> str:
    if "enum" in facts:
        *rest, last = (f"`{choice}`" for choice in facts["enum"])
        return f"{', '.join(rest)} or {last}" if rest else last
    if "$ref" in facts:
        name = _section(facts["$ref"].rpartition("/")[2])
        return f"[{name.lower()}](#{name.lower().replace(' ', '-')})"
    if "anyOf" in facts:
        return " or ".join(dict.fromkeys(_may_be(way) for way in facts["anyOf"]))
    if facts.get("type") == "array":
        return f"a list: {_may_be(facts['items'])}"
    plain = {"object": "keys", "integer": "a number"}.get(facts.get("type", ""), "text")
    return PATTERNS.get(facts.get("pattern", ""), plain)


def _section(name: str) -> str:
    return {"StepEntry": "A step", "BreathEntry": "A breath", "VariantEntry": "Another way"}.get(name, name)


def _yaml(value: object) -> str:
    if isinstance(value, str):
        return value
    written: str = yaml.safe_dump(value, default_flow_style=True, width=1_000, sort_keys=False, allow_unicode=True)
    return written.removesuffix("\n").removesuffix("\n...")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


# --- settings and commands -------------------------------------------------------------------------------


def _setting_lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "The most specific wins: a flag, then the environment, then what stands in the routine or script, then what"
    yield "stands in `sleepward.toml` in the working folder, then in `config.toml` in your own configuration folder."
    yield "In files and in the environment the name is written as in the first column."
    yield ""
    yield "| name | flag | environment | what it is | may be | default |"
    yield "|---|---|---|---|---|---|"
    for name, info in SETTINGS.items():
        cells = (f"`{name}`", f"`{info.flag} {info.metavar}`", f"`{ENVIRONMENT_PREFIX}{name.upper()}`")
        yield _row(*cells, info.help, _setting_may_be(info), _default(info))
    yield ""
    yield "What `avoid` takes, and what each word changes, is on [a page of its own](../bodies.md)."


def _bodies_page(page: str) -> str:
    """The page on what hurts, which is written by hand, with its tables."""
    before, begin, rest = page.partition("<!-- bodies: made by docs/generate.py -->\n")
    _, end, after = rest.partition("<!-- /bodies -->\n")
    return before + begin + "\n".join(["", *_bodies_lines(), ""]) + end + after


def _bodies_lines() -> Iterator[str]:
    workspace = Workspace.here()
    poses = [workspace.read_pose(pose_id) for pose_id in sorted(workspace.pose_ids())]
    yield "## The words"
    yield ""
    yield "A word avoids what stands beside it, and poses that name the word itself (the last table)."
    yield ""
    yield from _table("word", "or", "avoids")
    for word, entry in bodies.WORDS.items():
        yield _row(f"`{word}`", _code(entry.aliases), _code(entry.avoids))
    yield ""
    yield "## What a pose asks for"
    yield ""
    yield f"These are words of `--avoid`, too, and so are the positions {_code(POSITIONS)}."
    yield ""
    yield from _table("word", "or", "meaning")
    for load, meaning in bodies.LOADS.items():
        aliases = [alias for alias, name in bodies.PLAIN_NAMES.items() if name == load]
        yield _row(f"`{load}`", _code(aliases), meaning)
    yield ""
    yield "## Every pose and every word"
    yield ""
    yield "*easier*: it is done the easier way. **out**: it is left out. Where nothing stands, it stays as it is."
    yield ""
    yield from _table("pose", *bodies.WORDS)
    for pose in poses:
        yield _row(pose.id, *(_outcome(pose, word) for word in bodies.WORDS))
    yield ""
    yield "## What every pose asks for, way by way"
    yield ""
    yield from _table("pose", "way", "position", "asks for", "leave it out for")
    for pose in poses:
        before: tuple[str, ...] = ()
        for level in ("standard", "easier", "deeper"):
            way = at_level(pose, level)
            ends = "" if way.ends == way.position else f", then {way.ends}"
            cells = (way.position + ends, _code(way.involves), _code(way.leave_out_for))
            if cells != before and (level == "standard" or getattr(pose, level)):
                yield _row(pose.id if level == "standard" else "", level, *cells)
            before = before or cells


def _outcome(pose: Pose, word: str) -> str:
    if not bodies.avoided_in(pose, [word]):
        return ""
    return "**out**" if bodies.avoided_in(at_level(pose, "easier"), [word]) else "*easier*"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(*heads: str) -> list[str]:
    return [_row(*heads), _row(*("---" for _ in heads))]


def _setting_may_be(info: SettingInfo) -> str:
    if info.is_list:
        return "names, with commas between them; in files also a list"
    if isinstance(info.kind, Words):
        return _may_be({"enum": info.kind.words})
    return PATTERNS[DURATION_PATTERN] if isinstance(info.kind, Duration) else info.kind.expected


def _default(info: SettingInfo) -> str:
    return f"`{info.default_text}`" if info.default_text and info.default != () else ""


def _command_lines() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "What `sleepward COMMAND --help` says."
    with click.Context(group, info_name="sleepward") as above:
        yield from _help("sleepward", group, None)
        for name in COMMANDS:
            command = group.get_command(above, name)
            assert command is not None, name
            yield from _help(name, command, above)


def _help(name: str, command: click.Command, above: click.Context | None) -> Iterator[str]:
    with click.Context(
        command,
        info_name=name,
        parent=above,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    ) as context:
        yield ""
        yield f"## {context.command_path.removeprefix('sleepward ')}"
        yield ""
        yield "```"
        yield command.get_help(context)
        yield "```"
        if isinstance(command, click.Group) and above is not None:
            for each, below in command.commands.items():
                yield from _help(each, below, context)


if __name__ == "__main__":
    sys.exit(main())
