"""A style of one's own: what is wrong in its templates is said in plain words, where it stands, by check and by builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.script import template_steps
from generator.script.round_contexts import environment
from generator.script.template_steps import limited
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
        ("{% or %}", "{% els %}", "2:1", "there is no tag 'els'; did you mean else?"),
        ("visit.next == 'side'", "visit.next = 'side'", "6:1", "two values are compared with =="),
        ("Soon we come", "{{ ending } }} Soon we come", "13:1", "a '}' that closes nothing: a {{ is closed by }}"),
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


GREEDY = {
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}": "1,000,000 steps",
    "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}": "1,000,000 steps",
    "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(99) }}": "1,000,000 steps",
    "{% set x = [1] %}{% for i in x %}{% set _ = x.append(i) %}{% endfor %}": "1,000,000 steps",
    "{{ 'x' * 10 ** 9 }}": "1,000,000 steps",
    "{{ [visit] * 10 ** 9 }}": "1,000,000 steps",
    "{{ [1] | batch(2000000000, 'x') | list | length }}": "1,000,000 steps",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 45 + "{{ x }}": "1,000,000 steps",
    "{% set x = (1,) %}" + "{% set x = (x, x) %}" * 45 + "{{ {x: 1} }}": "1,000,000 steps",
    "{% set x = [1] %}" + "{% set x = [x, x] %}" * 45 + "{{ x == [x, x] }}": "1,000,000 steps",
    "{% set x = 'x' %}" + "{% set x = x ~ x %}" * 40: "1,000,000 characters",
    "{% set x = 'x' %}" + "{% set x = x + x %}" * 40: "1,000,000 characters",
    "{% set x = 'x' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 40: "1,000,000 characters",
    "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set x = 'x' %}" + "{% set x = m(x) %}" * 40: "1,000,000 characters",
    "{{ 'x' | replace('x', 'y' * 9999) | replace('y', 'z' * 9999) }}": "1,000,000 characters",
    "{{ range(9999) | join('x' * 9999) | length }}": "1,000,000 characters",
    "{% set n = namespace(x=(1,)) %}{% for i in range(999) %}{% set n.x = (n.x,) %}{% endfor %}{{ {n.x: 1} }}": "50 deep",
    "{{ range(10 ** 9) | list | length }}": "100,000 numbers",
    "{{ 9 ** 9 ** 9 ** 9 }}": "18 digits",
    "{{ 2 ** 2000000000 }}": "18 at most",
    "{{ 1.5 | round(2000000000) }}": "0 to 18",
    "{{ '%2000000000d' % 1 }}": "only numbers",
    "{{ 'x'.center(2000000000) }}": "can't use '.center'",
    "{{ '{:2000000000}'.format(1) }}": "can't use '.format'",
    "{{ (1).to_bytes(2000000000, 'big') | length }}": "can't use '.to_bytes'",
    "{% set _ = dict.update(routine.settings, {'a': 'b'}) %}": "can't use '.update'",
    "{{ 'x' | center(2000000000) }}": "no filter 'center'",
    "{{ 'x' | indent(2000000000) }}": "no filter 'indent'",
    "{{ '%2000000000d' | format(1) }}": "no filter 'format'",
    "{{ ['a', 'b'] | random }}": "no filter 'random'",
    "{{ lipsum(1000000) }}": "'lipsum' isn't known here",
    "{{ " + "9" * 5_000 + " }}": "a number is too long",
    "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}": "too deep",
    "{{ " + "1 and " * 20_000 + "1 }}": "too deep",
    "{% for a in [1] %}" * 50 + "{% endfor %}" * 50: "too deep",
    "x" * 300_000: "over 200 kB",
}
"""What a template may say to take all memory or to go on without end, or to say something else each time."""


@pytest.mark.parametrize("said", GREEDY, ids=range(len(GREEDY)))
def test_a_template_that_wants_too_much_is_refused_with_the_limit_and_the_line(
    sleepward: Command, template: Path, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_steps, "MAX_STEPS", 1_000_000)  # a tenth, to be there sooner
    template.write_text(LINES.replace("(visit) %}\n", f"(visit) %}}\n{said}\n", 1), encoding="utf-8")
    told = sleepward("script", "ten-minutes-in-bed", "--style", "mine", code=2).stderr
    assert GREEDY[said] in told
    assert "lines.j2" in told


def test_the_limit_of_steps_is_some_seconds_away(sleepward: Command, template: Path) -> None:
    said = "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}"
    template.write_text(LINES.replace("(visit) %}\n", f"(visit) %}}\n{said}\n", 1), encoding="utf-8")
    assert "10,000,000 steps" in sleepward("script", "ten-minutes-in-bed", "--style", "mine", code=2).stderr


def test_a_template_that_is_too_deep_or_too_large_is_a_fault_for_check_too(sleepward: Command, template: Path) -> None:
    for said in ("{{ " + "1 and " * 20_000 + "1 }}", "{{ " + "9" * 5_000 + " }}", "x" * 300_000):
        template.write_text(said, encoding="utf-8")
        assert "lines.j2:1:" in sleepward("check", "scripts_templates", code=2).stdout


@pytest.mark.parametrize(
    "call",
    (
        "capitalize() casefold() count('a') endswith('a') find('b') isalpha() isdecimal() isdigit() islower() isspace()"
        " isupper() lower() lstrip() partition('b') removeprefix('a') removesuffix('a') rfind('a') rpartition('b') rsplit()"
        " rstrip() split() splitlines() startswith('a') strip() swapcase() title() upper()"
    ).split(),
)
def test_what_only_looks_at_a_text_may_be_called(call: str) -> None:
    with limited():
        made = environment().from_string(f"{{{{ 'aBa ba'.{call} }}}}").render()
    assert made == str(eval(f"'aBa ba'.{call}"))


def test_what_templates_usually_do_stays_allowed(sleepward: Command, template: Path) -> None:
    usual = (
        "{{ ['one', 'two'] | join(', ') | replace('two', 'three') | capitalize }},"
        " {{ 'a b'.split() | map('upper') | join }}, {{ [3, 1] | sum * 2 }}, {{ 'n' ~ [1, 2, 3] | batch(2) | list | length }},"
        " {{ (7 / 2) | round(1) }}, {{ ([1] * 3)[:2] | length }}{% for a in range(3) %}{{ ', ' if loop.first }}{{ loop.length }}"
        "{% endfor %}."
    )
    template.write_text(LINES.replace("I'm quiet now.", usual), encoding="utf-8")
    told = sleepward("script", "ten-minutes-in-bed", "--style", "mine").stdout
    assert "One, three, AB, 8, n2, 3.5, 2, 333." in told
