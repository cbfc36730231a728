"""Templates of people we do not trust: what they may use works, and what would take unbounded work is refused soon."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from jinja2.exceptions import SecurityError

from renderer.render import sandbox
from renderer.render.sandbox import MAX_WORK, Budget, Sandbox, render_text
from renderer.render.templates import Template, with_templates
from renderer.spec import app_of

_DOUBLED = "{% set a = 'aaaaaaaaaaaaaaaa' %}"
BOMBS = {
    "a list in every round": "{% for x in range(99999) %}{{ range(100000)|list|length }}{% endfor %}",
    "a sort in every round": "{% for x in range(99999) %}{{ range(100000)|sort|first }}{% endfor %}",
    "padding": "{{ 'a'.ljust(40000000000)|length }}",
    "zeros": "{{ 'a'.zfill(40000000000)|length }}",
    "format": "{{ '{:>40000000000}'.format(1)|length }}",
    "format_map": "{{ '{a:>40000000000}'.format_map({'a': 1})|length }}",
    "bytes": "{{ (65).to_bytes(40000000000)|length }}",
    "~ doubles": _DOUBLED + "{% set a = a ~ a %}" * 40 + "{{ a|length }}",
    "one long ~": "{% set a = range(90000)|join('aaaaaaaa') %}{{ (" + "~".join("a" * 5000) + ")|length }}",
    "+ doubles": _DOUBLED + "{% set a = a + a %}" * 40 + "{{ a|length }}",
    "+ doubles lists": "{% set a = [1, 2] %}" + "{% set a = a + a %}" * 40 + "{{ a|length }}",
    "lists of lists": "{% set a = [1, 2] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
    "mappings of mappings": "{% set a = {} %}" + "{% set a = {1: a, 2: a} %}" * 40 + "{{ a }}",
    "dict": "{% set a = dict() %}" + "{% set a = dict(x=a, y=a) %}" * 40 + "{{ a }}",
    "depth": "{% set a = [1] %}" + "{% set a = [a] %}" * 300 + "{{ a|to_yaml }}",
    "loops as variables": "{% for a in ['aaaaaaaaaaaaaaaa'] %}"
    + "{% for a in [a ~ a ~ a ~ a] %}" * 15
    + "{{ a|length }}"
    + "{% endfor %}" * 16,
    "replace": _DOUBLED + "{% set a = a|replace('a', a) %}" * 6 + "{{ a|length }}",
    "join": "{% set a = range(90000)|join('aaaaaaaa') %}{{ range(90000)|join(a)|length }}",
    "map and join": "{% set a = range(90000)|join('a') %}{{ range(90000)|map('replace', '1', a)|list|length }}",
    "batch": "{{ [1]|batch(40000000000, 0)|list|length }}",
    "slice": "{{ [1]|slice(40000000000)|list|length }}",
    "sum of lists": "{{ range(90000)|batch(1)|sum(start=[])|length }}",
    "round": "{{ 1|round(-4000000000) }}",
    "powers": "{{ 9 ** 9 ** 9 }}",
    "a block as a value": _DOUBLED + "{% set a %}{{ a }}{{ a }}{% endset %}" * 40 + "{{ a|length }}",
    "a filtered block": "{% filter upper %}{% for x in range(99999) %}aaaaaaaaaaaaaaaa{% endfor %}{% endfilter %}",
    "a named block": "{% block a %}x{% endblock %}{{ self.a() }}",
    "text in every round": "{% for x in range(99999) %}aaaaaaaaaaaaaaaa{% endfor %}",
    "a search in every round": "{% set a = range(90000)|list %}{% for x in range(9999) %}{{ 'x' in a }}{% endfor %}",
    "a search for every item": "{{ range(9999)|select('in', range(10000, 90000)|list)|list|length }}",
    "a slice in every round": "{% set a = range(90000)|list %}{% for x in range(9999) %}{{ 1 if a[1:] }}{% endfor %}",
    "a format that is odd": "{{ '%40000000000d' is odd }}",
    "an attribute of Python": "{{ ''.__class__ }}",
}
FINE = {
    "{{ spec.items }} {{ spec.image }}": "3 a/b",
    "{{ spec.nothing|default('x') }}": "x",
    "{{ spec.nothing is defined }}": "False",
    "{{ ['a', 'b']|join(', ') }}": "a, b",
    "{{ spec.image|replace('/', '-') ~ 1 ~ 'c' }}": "a-b1c",
    "{% for x in [1, 2] %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{{ ',' if not loop.last }}{% endfor %}": "1a,2b",
    "{% for name, value in spec|dictsort %}{{ name }}={{ value }};{% endfor %}": "image=a/b;items=3;",
    "{{ range(10)|batch(4)|map('sum')|join(' ') }}": "6 22 17",
    "{{ [{'n': 1}, {'n': 2}]|map(attribute='n')|sum + 1 }}": "4",
    "{{ spec.image.split('/')[1].upper() }}": "B",
    "{{ (7 / 2)|round(1) }} {{ 3 * 4 }} {{ 7 % 4 }}": "3.5 12 3",
    "{{ 3 is odd }} {{ 4 is even }} {{ 6 is divisibleby(3) }} {{ 'abc'[1:] }}": "True True True bc",
    "{{ dict(a=1)|to_yaml }}": "a: 1",
    "{{ [1, 2, 3]|slice(2)|list }}": "[[1, 2], [3]]",
    "{{ ['b', 'a']|map('upper') }}": "['B', 'A']",
    "{% with a = 'x' %}{{ a|upper|lower }}{% endwith %}": "x",
    "{{ 'a' in ['a'] and 2 in (1, 2) and 'b' not in {'a': 1} and 1 < 2 <= 2 != 3 }}": "True",
    "{{ ['a', 'b', 'c']|select('in', ['a', 'c'])|join }} {{ 'a' is in ['a'] }} {{ 'A' is upper }}": "ac True True",
}


LOOKS = (
    "1 in many", "-1 not in many", "many == same", "many != same", "many < same", "0 != 1 != same", "large == large",
    "text in text", "'x' in text", "text == other", "text > other", "1 is in many", "many is eq same",
    "many is ne(same)", "many is lt(same)", "many is ge same", "text is lower", "text is upper",
    "[1]|select('in', many)|first", "[1]|reject('equalto', same)|first", "many[1:1001]", "text[1:] and text[1:]",
    "text.isalpha()", "text.startswith(other)", "'a'.startswith(other)",
)  # fmt: skip
GLANCES = ("'x' in large", "1 in large", "many is defined", "many is sequence", "many is sameas same", "text", "1 < 2")


@pytest.mark.parametrize("name", BOMBS)
def test_unbounded_work_is_refused(name: str) -> None:
    with pytest.raises((SecurityError, TypeError)) as refused:
        render_text(BOMBS[name], {})
    assert " at 0x" not in str(refused.value)


def spent(expression: str) -> int:
    """The work that one look costs, in characters and items."""
    budget = Budget()
    many = range(1000)
    values = {"many": [*many], "same": [*many], "large": dict.fromkeys(many), "text": "a" * 1000, "other": "a" * 1000}
    "".join(Sandbox(budget).from_string(f"{{% if {expression} %}}{{% endif %}}").generate(values))
    return MAX_WORK - budget.work


@pytest.mark.parametrize("expression", LOOKS)
def test_a_look_through_values_is_paid_for_by_their_size(expression: str) -> None:
    assert spent(expression) >= 1000


@pytest.mark.parametrize("expression", GLANCES)
def test_a_glance_at_a_value_is_not_paid_for_by_its_size(expression: str) -> None:
    assert spent(expression) < 10


@pytest.mark.parametrize("template", FINE)
def test_what_templates_need_works(template: str) -> None:
    assert render_text(template, {"spec": {"items": 3, "image": "a/b"}}) == FINE[template]


@pytest.mark.parametrize("text", ["{{ 1|dictsort }}", '{{ "\\ud800" }}', "{{ [1]|slice(0) }}", "{{ spec.split() }}"])
def test_an_expression_that_makes_no_sense_is_a_problem_of_the_template(text: str) -> None:
    app = app_of("web", "production", {"image": "a", "tag": "1"}, namespace="shop")
    _, problems = with_templates(app, (), (Template("templates/x.yaml.j2", text),))
    assert [(problem.file, problem.rule) for problem in problems] == [("templates/x.yaml.j2", "template")]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{{ spec.sidecars[0].name }}", "`(spec.sidecars | default([]))`"),
        ("{{ spec.podMetadata.labels }}", "`(spec.podMetadata | default({}))`"),
        ("{{ range(3) }}", "a range is not a value for a manifest: write `range(...)|list`, or a loop"),
    ],
)
def test_a_problem_says_what_to_write(text: str, advice: str) -> None:
    app = app_of("web", "production", {"image": "a", "tag": "1"}, namespace="shop")
    _, (problem,) = with_templates(app, (), (Template("templates/x.yaml.j2", text),))
    assert advice in problem.message


def test_a_template_has_a_limit_of_time_where_the_system_can_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "{% for a in range(300) %}{% for b in range(100) %}{{ a }}{% endfor %}{% endfor %}"
    monkeypatch.setattr("renderer.render.sandbox.MAX_SECONDS", 0.001)
    gc.disable()  # what is raised in a callback of the garbage collector is lost, and is a warning; hypothesis has one
    try:
        with pytest.raises(SecurityError, match=r"the template takes more than 0\.001 s"):
            render_text(loop, {})
    finally:
        gc.enable()
    with ThreadPoolExecutor(1) as pool:  # only the main thread can be interrupted
        assert pool.submit(render_text, loop, {}).result()


def test_the_limit_of_time_strikes_again_where_it_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a callback of the garbage collector, or in `__del__`."""
    monkeypatch.setattr("renderer.render.sandbox.MAX_SECONDS", 0.05)
    monkeypatch.setattr("renderer.render.sandbox.AGAIN_SECONDS", 0.1)
    gc.disable()
    try:
        with pytest.raises(sandbox._Refusal, match="the template takes more than"):
            lose_the_first()
    finally:
        gc.enable()


def lose_the_first() -> None:
    with sandbox._limited():
        end = time.process_time() + 20
        with suppress(sandbox._Refusal):
            spin(end)
        spin(end)


def spin(end: float) -> None:
    while time.process_time() < end:
        pass
