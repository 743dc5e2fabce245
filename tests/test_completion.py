"""The Tab key: what is offered where, and that a shell is set up once."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SLEEPWARD, Command


def offered(sleepward: Command, line: str) -> list[str]:
    """What a shell offers for the last word of `line`."""
    words = line.split(" ")
    env = {"_SLEEPWARD_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = sleepward(env=env)
    return [entry.partition(",")[2] or f"({entry.partition(',')[0]})" for entry in done.stdout.split("\n") if entry]


@pytest.fixture
def sleepward(outside: Command) -> Command:
    """Each completion is a process of its own, which ends as click wants it."""
    return outside


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sleepward ver", ["verify"]),
        ("sleepward build lower", ["lower-back-relief"]),
        ("sleepward plan my-ow", ["my-own"]),
        ("sleepward build x.t", ["(file)"]),
        ("sleepward show figure", ["figure-four", "figure-four-seated"]),
        ("sleepward program psoas", ["psoas-three-weeks"]),
        ("sleepward build x --back", ["--background", "--background-level"]),
        ("sleepward build x --background ", ["brown", "pink", "rain", "ocean", "tide", "wind", "drone", "none"]),
        ("sleepward build x --style sp", ["spare"]),
        ("sleepward build x --voice hea", ["heart"]),
        ("sleepward build x --level ", ["easier", "standard", "deeper"]),
        ("sleepward build x --format m", ["mp3", "m4b"]),
        ("sleepward build x --ear ", ["both", "left", "right"]),
        ("sleepward tonight --avoid knees,lo", ["knees,lower-back"]),
        ("sleepward tonight --skip frog,pigeon", ["frog,pigeon", "frog,pigeon-low"]),
        ("sleepward completion z", ["zsh"]),
    ],
)
def test_what_is_offered(sleepward: Command, tmp_path: Path, line: str, expected: list[str]) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "my-own.yaml").write_text("title: x\nsteps: []\n")
    assert offered(sleepward, line) == expected


@pytest.mark.parametrize(
    ("shell", "script", "reader"),
    [
        ("bash", ".local/share/sleepward/completion.bash", ".bashrc"),
        ("zsh", ".local/share/sleepward/completion.zsh", ".zshrc"),
        ("fish", ".config/fish/completions/sleepward.fish", None),
    ],
)
def test_a_shell_is_set_up_once(inside: Command, tmp_path: Path, shell: str, script: str, reader: str | None) -> None:
    home = {
        "HOME": str(tmp_path),
        "SHELL": f"/usr/bin/{shell}",
        "XDG_DATA_HOME": "",
        "XDG_CONFIG_HOME": "",
        "ZDOTDIR": "",
    }
    if reader:
        (tmp_path / reader).write_text("alias ll=ls")
    for _ in range(2):
        inside("completion", "--install", env=home)
    assert (tmp_path / script).read_text().strip() == inside("completion", shell, env=home).stdout.strip()
    if reader:
        lines = (tmp_path / reader).read_text().splitlines()
        assert lines[0] == "alias ll=ls"
        assert lines.count(f'source "{tmp_path / script}"') == 1


def test_an_unknown_shell_is_told_which_there_are(inside: Command) -> None:
    assert "bash, zsh, fish" in inside("completion", env={"SHELL": "/bin/tcsh"}, code=2).stderr


def shell_with_completion(shell: str, home: Path) -> dict[str, str]:
    """The environment of a user of `shell`, for whom --install was run."""
    assert SLEEPWARD is not None
    env = {**os.environ, "HOME": str(home), "SHELL": f"/usr/bin/{shell}", "TERM": "dumb", "PS1": "$ "}
    env["PATH"] = f"{Path(SLEEPWARD).parent}{os.pathsep}{os.environ['PATH']}"
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        env.pop(name, None)
    subprocess.run([SLEEPWARD, "completion", "--install"], env=env, capture_output=True, check=True)
    return env


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param(
            each, marks=[pytest.mark.external, pytest.mark.skipif(shutil.which(each) is None, reason=f"no {each}")]
        )
        for each in ("bash", "zsh")
    ],
)
def test_the_tab_key_completes_in_a_new_shell(shell: str, tmp_path: Path) -> None:
    """A terminal in which someone types."""
    import pty

    env = shell_with_completion(shell, tmp_path)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvpe(shell, [shell, "-i"], env)
    try:
        os.write(terminal, b"sleepward build lower\t")
        shown = b""
        while b"lower-back-relief" not in shown:
            assert select.select([terminal], [], [], 30)[0], shown
            shown += os.read(terminal, 4_096)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


@pytest.mark.external
@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_the_tab_key_completes_in_fish(tmp_path: Path) -> None:
    asked = ["fish", "-c", "complete -C 'sleepward build lower'"]
    env = shell_with_completion("fish", tmp_path)
    done = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["lower-back-relief"]
