"""Every room says its one job and shows its face, and whoever is outside reaches no further."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "generator"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
LOOSE = {"__init__", "durations", "errors", "model", "settings"}


@cache
def face(room: str) -> tuple[str, ...]:
    """What others may call: the names and modules in the room's `__all__`."""
    for node in ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return tuple(ast.literal_eval(node.value))
    return ()


def imports_of(path: Path) -> Iterator[tuple[str, str, str]]:
    """Room, module in it (empty for the room itself) and name of each import from within the package."""
    here = ("generator", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            parts = (*here[: -node.level], *(node.module or "").split(".")) if node.module else here[: -node.level]
            for alias in node.names:
                room, *inner = (*parts[1:], alias.name)
                if room in ROOMS:
                    yield room, inner[0] if inner else "", alias.name


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_its_one_job(room: str) -> None:
    said = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
    assert said
    assert said.splitlines()[0].endswith(".")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_others_are_reached_by_their_face_alone(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    for room, inner, name in imports_of(path):
        assert room == own or not inner or inner in face(room), f"{name}: {room} doesn't show {inner}"


def test_few_files_lie_loose() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE


def test_the_guide_for_contributors_names_every_room_and_no_other() -> None:
    guide = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = guide.partition("| room |")[2].partition("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)(?:/|\.py)`", row.split("|")[1])]
    assert sorted(named) == sorted({*ROOMS, *LOOSE - {"__init__"}})
