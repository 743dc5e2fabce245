"""constraints.txt pins everything that is installed, and what differs from it is told."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generator.app.pinned_versions import constraints_file, differences, pinned
from tests.conftest import Command

ROOT = Path(__file__).parent.parent


def test_every_package_that_the_project_names_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = {canonicalize_name(Requirement(line).name) for line in text.splitlines() if not line.startswith("#")}
    assert {canonicalize_name(Requirement(line).name) for line in named} <= lines


def test_each_line_that_holds_here_is_one_exact_version() -> None:
    for name, pin in pinned(constraints_file().read_text(encoding="utf-8")).items():
        assert pin[0].isdigit(), name


def test_a_marker_chooses_the_version() -> None:
    text = "# head\nnumpy==1 ; python_version < '3'\nnumpy==2 ; python_version >= '3'\nPyYAML==6.0.4\n"
    assert pinned(text) == {"numpy": "2", "pyyaml": "6.0.4"}


def test_what_is_installed_otherwise_is_told_and_only_that() -> None:
    installed = version("numpy")
    assert differences(f"numpy=={installed}\npytest==0.1\n") == []
    (found,) = differences("numpy==0.1\npytest==0.1\n")
    assert (found.package, found.installed, found.pinned) == ("numpy", installed, "0.1")


def test_doctor_tells_the_versions(sleepward: Command) -> None:
    told = next(line for line in sleepward("doctor").stdout.splitlines() if "versions" in line)
    differing = differences(constraints_file().read_text(encoding="utf-8"))
    assert told.startswith("note" if differing else "ok")
    assert all(f"{each.package} {each.installed} (pinned: {each.pinned})" in told for each in differing)
