"""Retired identifiers stay out of the code: each value has the name that a reader greps for."""

import ast
import re
from collections.abc import Iterator

import pytest
from jinja2 import Environment, nodes

from tests.house.sources import ROOT, own_static, python_files, shown, templates

PLACES = ("app.py", "gunicorn.conf.py", "bin", "core", "tests", "web", "workers")
"""Files and folders of Python. Templates and scripts are read as well."""

RETIRED = frozenset(
    (
        *("told", "asked", "heard", "begun", "given", "tried", "settled", "letters"),
        *("colour", "colours", "legibility", "look", "mail", "mails", "hang_up", "journal"),
        *("meaning", "way_back", "at_hand", "halfway", "pulse", "sold_apart", "without_words"),
        *("watching", "cooling", "refusing", "troubles", "unsayable", "patience"),
        *("leaves_line_clean", "Garbled", "Patient", "take_turn", "have_confirmed", "kept_secrets"),
        *("Talker", "talker", "LiveHouse", "Asked", "Answered", "Ear", "hasty_connection"),
    )
)
"""Not here: `place`, `seen`, `steps`, `order`, `finding` and `live`, good words for other things."""

OURS = ("core", "web", "workers", "tests", "bin", "app")


def defined_or_used(text: str) -> Iterator[str]:
    """The names of a module that are its own to choose.

    Of attributes only those of `self` and `cls`: the rest are named where they are defined. A mapped
    field has the name of its column, and what is imported from a library has the library's.
    """
    tree = ast.parse(text)
    foreign = set(_not_ours(tree))
    for node in ast.walk(tree):
        yield from (name for name in _names(node) if name not in foreign)


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
            yield name
        case ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.keyword(arg=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.alias(name=name, asname=other):
            yield from (*name.split("."), other or "")
        case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
            yield name


def _not_ours(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0) if module.split(".")[0] not in OURS:
                yield from (alias.name for alias in node.names)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Subscript(value=kind)):
                if ast.unparse(kind).endswith("Mapped"):
                    yield name


def used_in_template(text: str) -> Iterator[str]:
    """The variables, attributes and arguments of a template."""
    for node in Environment(autoescape=True).parse(text).find_all(nodes.Node):
        match node:
            case nodes.Name(name=name) | nodes.Getattr(attr=name) | nodes.Keyword(key=name):
                yield name
            case nodes.Macro(name=name) | nodes.Block(name=name):
                yield name


def used_in_script(text: str) -> set[str]:
    """The names of a script, without its comments, its strings and properties of objects."""
    code = re.sub(r"(?m)^\s*//.*$|(?<=\s)// .*$", "", text)
    code = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`", "", code)
    return set(re.findall(r"(?<![\w$.])#?([A-Za-z_$][\w$]*)", code))


def retired_in(text: str) -> set[str]:
    return {name for name in defined_or_used(text) if name.strip("_") in RETIRED}


def retired_in_template(text: str) -> set[str]:
    return RETIRED.intersection(used_in_template(text))


def test_no_retired_identifier_is_used():
    broken = {shown(path): retired_in(path.read_text()) for path in python_files(*PLACES)}
    assert {path: found for path, found in broken.items() if found} == {}


def test_no_retired_identifier_is_used_in_a_template():
    broken = {shown(path): retired_in_template(path.read_text()) for path in templates()}
    assert {path: found for path, found in broken.items() if found} == {}


def test_no_retired_identifier_is_used_in_a_script():
    scripts = {
        shown(path): used_in_script(path.read_text()) & RETIRED for path in own_static(".js")
    }
    assert {path: found for path, found in scripts.items() if found} == {}


def test_every_place_is_read():
    for place in PLACES:
        assert (ROOT / place).exists() and python_files(place), place


PLANTED = {
    "name": "{} = 1",
    "use": "print({})",
    "private name": "_{} = 1",
    "argument": "def f(*, {}): ...",
    "lambda": "f = lambda *{}: 1",
    "function": "def {}(): ...",
    "async function": "async def {}(): ...",
    "class": "class {}: ...",
    "method": "class A:\n    def _{}(self): ...",
    "field": "class A:\n    {}: int",
    "attribute": "class A:\n    def f(self):\n        self._{} = 1",
    "keyword": "f({}=1)",
    "import": "from core.keys import {}",
    "module": "import core.{}.x",
    "alias": "from json import loads as {}",
    "exception": "try:\n    f()\nexcept OSError as {}:\n    pass",
}


@pytest.mark.parametrize("retired", sorted(RETIRED))
@pytest.mark.parametrize("kind", PLANTED)
def test_each_identifier_is_found_where_it_is_planted(kind, retired):
    assert {name.strip("_") for name in retired_in(PLANTED[kind].format(retired))} == {retired}


@pytest.mark.parametrize(
    "text",
    [
        "{{ RETIRED }}",
        "{{ row.RETIRED }}",
        "{% for RETIRED in rows %}{% endfor %}",
        "{% set RETIRED = 1 %}",
        "{% macro button(url, RETIRED='') %}{% endmacro %}",
        "{{ button(url, RETIRED='quiet') }}",
        "{% macro RETIRED() %}{% endmacro %}",
        "{% block RETIRED %}{% endblock %}",
    ],
)
def test_each_identifier_is_found_where_a_template_uses_it(text):
    assert retired_in_template(text.replace("RETIRED", "told")) == {"told"}


def test_names_in_a_template_s_text_are_free():
    assert retired_in_template("<p class='look'>{# told #}{{ url_for('asked') }} look</p>") == set()


@pytest.mark.parametrize(
    "text",
    ["let told = 1;", "function told() {}", "f((told) => 1)", "class A { #told = 1; }", "f(told)"],
)
def test_each_identifier_is_found_where_a_script_uses_it(text):
    assert used_in_script(text) & RETIRED == {"told"}


def test_names_in_a_script_s_comments_texts_and_properties_are_free():
    text = '// told\non("look", ({ detail }) => detail.look); // asked\nf(`told ${x}`);'
    assert used_in_script(text) & RETIRED == set()


@pytest.mark.parametrize(
    "text",
    [
        "from hypothesis import given\n\n@given(TEXTS)\ndef test(text): ...",
        "class Bot(Model):\n    look: Mapped[dict[str, Any]]\n\nBot(look={})",
        "envelope.mail_from = session.mail",
        '"""What was told."""\nx = "told"  # asked',
        "told_at = look_up = mail_server = 1",
    ],
)
def test_names_of_libraries_columns_and_texts_are_free(text):
    assert retired_in(text) == set()
