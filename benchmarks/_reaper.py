"""Run a command and wait for all that it leaves behind. For `_measure.py`.

    python _reaper.py DESCRIPTOR COMMAND...

Writes {"wall_s", "code", "cpu_s"} to the descriptor: the seconds of the command alone, its exit code (negative: a
signal's number), and the CPU seconds of all processes. A process of its own does this, because whoever adopts orphans
waits for all of its children, and those that a benchmark has beside are none of a command's.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from contextlib import suppress

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def main(descriptor: int, command: list[str]) -> None:
    os.set_inheritable(descriptor, False)
    if sys.platform == "linux":  # elsewhere the CPU seconds of orphans aren't known
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu_s = usage.ru_utime + usage.ru_stime  # with all descendants that were waited for
    with suppress(ChildProcessError):
        while True:
            _, _, usage = os.wait4(-1, 0)
            cpu_s += usage.ru_utime + usage.ru_stime
    report = {"wall_s": wall_s, "code": process.returncode, "cpu_s": cpu_s}
    os.write(descriptor, json.dumps(report).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
