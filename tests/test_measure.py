"""`benchmarks/_measure.py`: what a command cost, and what it left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _measure import run

BURN = "import time\nwhile time.process_time() < 0.3: pass"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets orphans be adopted")


def test_what_a_command_leaves_behind_counts_and_nothing_else_is_waited_for(tmp_path: Path) -> None:
    leave = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {BURN!r}]); print('left')"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        done = run([sys.executable, "-c", leave], cwd=tmp_path, env=os.environ, watch=True)
        assert other.poll() is None
        other.kill()
    assert done.stdout == "left\n"
    assert done.cpu_s >= 0.3


def test_a_command_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"left 3: no such night"):
        run(
            [sys.executable, "-c", "import sys; print('no such night', file=sys.stderr); sys.exit(3)"],
            cwd=tmp_path,
            env={},
        )
    with pytest.raises(RuntimeError, match=r"(?s)nosuch-command left 1: .*FileNotFoundError"):
        run(["nosuch-command"], cwd=tmp_path, env={})
