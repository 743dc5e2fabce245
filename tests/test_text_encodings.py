"""What is printed is UTF-8; what is read may be UTF-8 or UTF-16, as editors and shells write it; and names of files."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import TONE, Command

TITLE = "Prāṇa am Abend"
ROUTINE = f"""\
title: {TITLE}
summary: Śavāsana, und nichts weiter.
setting: bed
eyes: closed
steps:
  - pose: reclined-butterfly
    hold: 1-2 min
"""
WESTERN = {"PYTHONIOENCODING": "cp1252"}
"""What Python takes for output on a Windows of western Europe, where it goes to a file or into a pipe."""


def utf_16(text: str, mark: bytes = codecs.BOM_UTF16_LE) -> bytes:
    return mark + text.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--json"),
        ("show", "evening"),
        ("show", "evening", "--json"),
        ("plan", "evening", *TONE),
        ("plan", "evening", *TONE, "--json"),
        ("script", "evening"),
        ("script", "evening", "--ssml"),
        ("say", TITLE),
    ],
)
def test_what_is_printed_is_utf_8_whatever_the_system_takes(
    outside: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "routines").mkdir()
    (tmp_path / "routines" / "evening.yaml").write_text(ROUTINE, encoding="utf-8")
    assert "Prāṇa" in outside(*words, env=WESTERN).stdout


def test_errors_are_utf_8_too(outside: Command) -> None:
    assert "Prāṇa" in outside("show", "Prāṇa", env=WESTERN, code=2).stderr


def test_a_routines_script_is_built_as_a_file_that_a_shell_has_written(
    outside: Command, inside: Command, tmp_path: Path
) -> None:
    """As it came, with a byte order mark, or in UTF-16 with line ends of Windows, as PowerShell's `>` writes it."""
    (tmp_path / "evening.yaml").write_text(ROUTINE, encoding="utf-8")
    script = outside("script", "evening.yaml", env=WESTERN).stdout
    files = {
        "as-it-came.txt": script.encode(),
        "marked.txt": codecs.BOM_UTF8 + script.encode(),
        "powershell.txt": utf_16(script.replace("\n", "\r\n")),
        "the-other-way-round.txt": utf_16(script, codecs.BOM_UTF16_BE),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    planned = [inside.json("plan", name, *TONE) for name in files]
    assert planned[0]["title"] == TITLE
    assert all(plan["events"] == planned[0]["events"] for plan in planned)
    assert all(plan["title"] == TITLE for plan in planned)


@pytest.mark.slow
def test_every_file_that_a_person_writes_may_be_utf_16(sleepward: Command, tmp_path: Path) -> None:
    files = {
        "routines/evening.yaml": ROUTINE,
        "lexicon.yaml": "Prāṇa: mellow\n",
        "scripts_templates/gentle/arrival.j2": "{% macro arrival(routine, between) %}Prāṇa.{% endmacro %}\n",
        "sleepward.toml": '# Prāṇa\nvoice = "mine"\n[voices.mine]\nengine = "recorded"\nfolder = "recordings"\n',
        "recordings/sheet.txt": "1  Prāṇa.\n",
    }
    seen = []
    for encode in (str.encode, utf_16, lambda text: codecs.BOM_UTF8 + text.encode()):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(encode(text))
        checked = sleepward("check", "routines", "scripts_templates", "lexicon.yaml", "sleepward.toml")
        said = sleepward("say", "Prāṇa.", "--voice", "heart")
        missing = sleepward("build", "evening", code=2)
        seen.append([(each.stdout, each.stderr) for each in (checked, said, missing)])
    assert seen[0] == seen[1] == seen[2]
    assert "mˈɛ" in seen[0][1][0]
    assert "has no recording of" in seen[0][2][1]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("night.txt", b"Hi.\nNamast\xe9.", "night.txt:2:7: byte 0xe9 isn't UTF-8 text"),
        ("night.txt", utf_16("Hi.\nNamast\u0113.") + b"!", "night.txt:2:9: byte 0x21 isn't UTF-16 text"),
        ("sleepward.toml", b'# caf\xe9\nrate = "110"\n', "sleepward.toml:1:6: byte 0xe9 isn't UTF-8 text"),
    ],
)
def test_a_file_in_another_encoding_is_refused_at_the_byte(
    sleepward: Command, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / "night.txt").write_text("Hi. [2s]\n")
    (tmp_path / name).write_bytes(content)
    refused = sleepward("plan", "night.txt", *TONE, code=2).stderr
    assert f"{says}: save the file with the encoding UTF-8" in refused


# --- names of files that aren't UTF-8 --------------------------------------------------------------------

FOREIGN = os.fsdecode(b"nuit-d'\xe9t\xe9")  # as an old system wrote it
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")


@pytest.mark.slow
@linux
@pytest.mark.parametrize("command", ["build", "preview", "plan", "check"])
@pytest.mark.parametrize("suffix", ["txt", "yaml"])
def test_a_script_or_routine_whose_name_isnt_utf_8_is_named_as_what_it_is(
    outside: Command, tmp_path: Path, command: str, suffix: str
) -> None:
    (tmp_path / f"{FOREIGN}.{suffix}").write_text(ROUTINE if suffix == "yaml" else "Hi. [2s]\n", encoding="utf-8")
    done = outside(command, f"{FOREIGN}.{suffix}", *(TONE if command != "check" else ()), code=2)
    assert rf"nuit-d'\udce9t\udce9.{suffix}" in done.stdout + done.stderr
    assert "this file's name isn't UTF-8, so no track can carry it" in done.stdout + done.stderr
    assert "rename it" in done.stdout + done.stderr
    assert not (tmp_path / "output").exists()


@linux
@pytest.mark.parametrize("flag", ["--background", "--cover", "--voice"])
def test_a_setting_that_isnt_utf_8_is_refused(sleepward: Command, tmp_path: Path, flag: str) -> None:
    (tmp_path / "night.txt").write_text("Hi. [2s]\n")
    (tmp_path / f"{FOREIGN}.jpg").write_bytes(b"")
    refused = sleepward("build", "night.txt", flag, f"{FOREIGN}.jpg", code=2).stderr
    assert refused.startswith(rf"Error: {flag}: ")
    assert "isn't UTF-8" in refused


@linux
def test_folders_and_tracks_may_have_any_name(outside: Command, inside: Command, tmp_path: Path) -> None:
    """As a shell gives them to a process, and as a leader gives them to its workers."""
    folder = tmp_path / FOREIGN
    folder.mkdir()
    (folder / "night.txt").write_text("Hi. [2s]\n")
    (folder / "library.yaml").write_text(
        "title: Nights\ndefaults: {tail: 10s, background: none}\ntracks: [{script: night.txt}]\n"
    )
    brief = (*TONE, "--tail", "10s", "--background", "none")
    built = outside.json("build", f"{FOREIGN}/night.txt", *brief, "-o", f"{FOREIGN}/{FOREIGN}.mp3")
    assert built["path"] == f"{FOREIGN}/{FOREIGN}.mp3"
    assert Path(tmp_path, built["path"]).is_file()
    made = inside("batch", f"{FOREIGN}/library.yaml", env={"SLEEPWARD_VOICE": "tone"})
    assert "1 made; 1 track" in made.stderr + made.stdout
    assert (folder / "output" / "night.mp3").is_file()
