"""Run the contract of voices against every engine that is installed, and show who keeps which line of it.

    python benchmarks/contract.py [--write]

The lines are those tests of `tests/test_voices.py` that take an engine, so an engine of another package is in the table
too. Needs the `test` extra, which has Piper and Kokoro. A minute and a half.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from _report import write_between

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "voices.md"
TESTS = ROOT / "tests" / "test_voices.py"
KEPT, BROKEN, NOT_RUN = "kept", "**broken**", "–"


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/voices.md")
    asked = parser.parse_args()
    contract = Contract()
    # in this process, which the plugin must share; one after the other, as they look at each other's processes
    code = pytest.main([str(TESTS), "-m", "", "-o", "addopts=", "-q", f"--rootdir={ROOT}"], plugins=[contract])
    made = contract.table()
    print(made)
    if asked.write:
        write_between(PAGE, "contract", "benchmarks/contract.py", made)
    sys.exit(code)


class Contract:
    """A plugin of pytest that runs the tests with a `subject`, and keeps what became of each by line and engine."""

    def __init__(self) -> None:
        self._place: dict[str, tuple[str, str]] = {}
        self._endings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        items[:] = [item for item in items if "subject" in item.fixturenames]
        self._place = {item.nodeid: (item.originalname, item.callspec.params["subject"]) for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        line, engine = self._place[report.nodeid]
        if report.failed:
            self._endings[line][engine].add(BROKEN)
        elif report.when == "call" and report.passed:
            self._endings[line][engine].add(dict(report.user_properties).get("instead", KEPT))

    def table(self) -> str:
        """A row per line of the contract in their order, and a column per engine."""
        engines = list(dict.fromkeys(engine for _, engine in self._place.values()))
        rows = [f"| | {' | '.join(engines)} |", "|---|" + "---|" * len(engines)]
        for line in dict.fromkeys(line for line, _ in self._place.values()):
            said = line.removeprefix("test_").replace("_", " ")
            rows.append(f"| {said} | {' | '.join(_cell(self._endings[line][engine]) for engine in engines)} |")
        return "\n".join(rows) + "\n"


def _cell(endings: set[str]) -> str:
    return BROKEN if BROKEN in endings else ", ".join(sorted(endings)) or NOT_RUN


if __name__ == "__main__":
    main()
