"""The wheel and the source distribution: the same bytes each time, and all that belongs inside, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from generator import __version__

ROOT = Path(__file__).parent.parent
WHEEL, SOURCE = f"sleepward-{__version__}-py3-none-any.whl", f"sleepward-{__version__}.tar.gz"


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"))


def test_two_builds_are_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    for name in (WHEEL, SOURCE):
        assert (built / name).read_bytes() == (again / name).read_bytes(), name


def test_the_wheel_has_the_program_and_what_it_reads(built: Path) -> None:
    with zipfile.ZipFile(built / WHEEL) as wheel:
        names = set(wheel.namelist())
    tracked = {path.relative_to(ROOT).as_posix() for path in (ROOT / "generator").rglob("*") if path.is_file()}
    code = {name for name in tracked if "__pycache__" not in name}
    assert code <= names
    for folder in ("routines", "scripts_templates"):
        files = [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.*") if path.is_file()]
        assert {f"generator/data/{name}" for name in files} <= names
    assert "generator/data/constraints.txt" in names
    others = {name for name in names - code if not name.startswith(("generator/data/", "sleepward-"))}
    assert others == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_has_all_that_the_tests_and_the_pages_need(built: Path) -> None:
    with tarfile.open(built / SOURCE) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
        assert not any(member.issym() or member.islnk() for member in source.getmembers())
    wanted = {"pyproject.toml", "README.md", "LICENSE", "constraints.txt", "docs/tutorial.md", "tests/conftest.py"}
    assert wanted <= names
    made = ("__pycache__", ".pyc", ".venv", ".hypothesis", "_cache/")
    assert not [name for name in names if any(part in name for part in made)]
    assert not [name for name in names if name.startswith("output/") and name != "output/.gitkeep"]
