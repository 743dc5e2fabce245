"""What the system is short of is named, with what helps: memory, open files, room for temporary files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SLEEPWARD, on_a_small_disk

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a POSIX shell sets the limits")

SCRIPT = "Lie down, and let the mattress carry you. [2s]\n"


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("ulimit -v 60000", "there isn't enough memory for this"),
        ("ulimit -n 6", "more files would have to be open than this system allows"),
        ("ulimit -n 10", "more files would have to be open than this system allows"),
    ],
)
def test_a_limit_is_named_as_what_it_is(tmp_path: Path, limit: str, says: str) -> None:
    (tmp_path / "night.txt").write_text(SCRIPT)
    command = f"{limit}; exec {SLEEPWARD} build night.txt --no-cache --tail 10s"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    first, hint = done.stderr.splitlines()
    assert (done.returncode, first) == (1, f"Error: {says}")
    assert limit.rpartition(" ")[0] in hint
    assert not list(tmp_path.rglob("*.mp3"))


@pytest.mark.slow
@pytest.mark.parametrize("format", ["mp3", "flac"])
def test_a_full_folder_for_temporary_files_is_named(tmp_path: Path, format: str) -> None:
    (tmp_path / "night.txt").write_text(SCRIPT)
    command = f"TMPDIR={tmp_path}/full {SLEEPWARD} build night.txt --tail 10s -o night.{format}; echo $?; ls -A full"
    cold = f"export SLEEPWARD_CACHE_DIR={tmp_path}/cache; {command}"
    done = on_a_small_disk(tmp_path / "full", "8k", cold, tmp_path)
    first, hint = done.stderr.splitlines()
    assert first == f"Error: {tmp_path}/full: no temporary file can be written: No space left on device"
    assert "TMPDIR" in hint
    assert done.stdout.split() == ["1"]
    assert not list(tmp_path.glob("night.[mf]*"))
