"""A style of one's own: what is wrong in its templates is said in plain words, where it stands, by check and by builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TONE, Command

LINES = """\
{% macro quiet(visit) %}
{% say %}I'm quiet now.{% or %}It's quiet now.{% endsay %}

{% endmacro %}
{% macro ready(visit) %}
{% if visit.next == 'side' %}
Soon we change sides.
{% else %}
Soon we move on.
{% endif %}
{% endmacro %}
{% macro returning() %}
Soon we come back.
{% endmacro %}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "scripts_templates" / "mine" / "lines.j2"
    path.parent.mkdir(parents=True)
    path.write_text(LINES, encoding="utf-8")
    return path


def test_templates_are_among_what_check_reads(sleepward: Command, template: Path) -> None:
    (template.parent.parent.parent / "routines").mkdir()
    for words in ((".",), ("scripts_templates",), (str(template),)):
        (checked,) = sleepward.json("check", *words)
        assert (checked["kind"], checked["faults"]) == ("template", [])


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        (
            "quiet(visit) %}\n",
            "quiet(visit) %}\n{{ vist.feel }}\n",
            "2:4",
            "'vist' isn't known here; did you mean visit?",
        ),
        ("visit.next ==", "visit.nxt ==", "6:1", "a visit has no 'nxt'; did you mean next?"),
        ("Soon we come", "{{ ending | uper }} Soon we come", "13:13", "there is no filter 'uper'; did you mean upper?"),
        ("{% endif %}\n", "", "10:1", "{% endmacro %} comes before the {% if %} above it is closed: write {% endif %}"),
        ("{% or %}", "{% orr %}", "2:1", "there is no tag 'orr'; did you mean or?"),
        ("visit.next == 'side'", "visit.next = 'side'", "6:1", "two values are compared with =="),
        ("Soon we come", "{{ ending Soon we come", "13:1", "'Soon' is too much in this {{ … }}"),
        ("{% macro quiet", "{% from 'linse.j2' import x %}\n{% macro quiet", "1:10", "there is no template 'linse.j2'"),
        ("{% macro quiet", "{% from 'coming.j2' import commin %}\n{% macro quiet", "1:28", "coming.j2 has no 'commin'"),
    ],
)
def test_each_fault_is_said_where_it_stands(
    sleepward: Command, template: Path, old: str, new: str, place: str, says: str
) -> None:
    assert old in LINES
    template.write_text(LINES.replace(old, new, 1), encoding="utf-8")
    shown = sleepward("check", "scripts_templates", code=2).stdout
    assert f"scripts_templates/mine/lines.j2:{place}: " in shown
    assert says in shown
    for raw in ("expected token", "Encountered", "Jinja", "object' has no", "is undefined"):
        assert raw not in shown


def test_a_build_says_the_same_with_the_line(sleepward: Command, template: Path) -> None:
    template.write_text(LINES.replace("visit.next ==", "visit.nxt =="), encoding="utf-8")
    told = sleepward("plan", "ten-minutes-in-bed", "--style", "mine", *TONE, code=2).stderr
    assert "lines.j2:6: this template doesn't render: a visit has no 'nxt'; did you mean next?" in told
    template.write_text(LINES.replace("{% endif %}\n", ""), encoding="utf-8")
    told = sleepward("plan", "ten-minutes-in-bed", "--style", "mine", *TONE, code=2).stderr
    assert "lines.j2:10: {% endmacro %} comes before the {% if %} above it is closed" in told


def test_a_macro_that_is_missing_is_named(sleepward: Command, template: Path) -> None:
    template.write_text(LINES.replace("ready(visit)", "redy(visit)"), encoding="utf-8")
    told = sleepward("plan", "ten-minutes-in-bed", "--style", "mine", *TONE, code=2).stderr
    assert "the template that is imported here has no 'ready': check its name, or write that macro" in told
    assert "has no 'ready'" in sleepward("check", "scripts_templates", code=2).stdout


def test_a_template_outside_a_style_is_told_where_to_go(sleepward: Command, template: Path) -> None:
    template.rename(template.parent.parent / "lines.j2")
    assert "lies in a style's folder" in sleepward("check", "scripts_templates", code=2).stdout
