"""Retired phrases stay out of what people read in pages, emails and the chat."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, shown

PLACES = ("templates", "web/chat/languages/en.toml", "web/static")
"""Files and folders that are read. A folder of Python can be named here as well."""

RETIRED = (
    *("e-mail", "e-mails", "unwanted mail", "by mail", "the mail"),
    *("mend", "mended", "mending", "needs an act", "tampered with"),
    *("second factor", "neither at hand", "present password"),
    *("switch on", "switch off", "switched on", "switched off", "switch it on", "switch it off"),
    *("look of", "save look", "reset look", "reset to ours", "as the device says"),
    *("made-up", "made up", "make a bot", "make bot", "make token", "make a token"),
    *("on no bot", "for programs", "program of yours", "all quiet", "nothing needs you"),
    *("nothing has that name", "nothing matches", "whatever became of it", "what became of it"),
    *("too old to be trusted", "a lot in a short time", "room again", "changed meanwhile"),
    *("by meaning", "given to answer from", "in the pieces in which it is found", "teach it"),
    *("nobody", "somebody", "everybody", "whoever", "from the next click on", "any more"),
    *("for ever", "an error of its own", "at the head of", "more is being written"),
    *("own words", "is the truth", "at once", "by itself", "by themselves", "of your own"),
    *("stands", "stand here", "fared", "dormant", "asleep", "neutral sentence", "the month turns"),
    *("what counted", "costs no message", "given back", "is told", "are told", "speaks for you"),
    *("first word after", "whole after", "first byte after", "asked as", "answers here"),
    *("the line for your pages", "that you said no to", "may show", "link is dead"),
    *("colour", "coloured", "grey", "cancelled", "catalogue"),
)
"""Whole words in any case."""

PATTERNS = {
    "a space before %": r"[ \u00a0\u202f]%(?!\w)",
    "mail for email": r"(?<![\w-])mails?(?! server| host)(?![\w@-]|\.\w)",
}

SHOWN = "|".join(("alt", "aria-label", "title", "placeholder", "data-dialog-title", "data-label"))


def _words(phrase: str) -> str:
    return rf"(?<![\w-]){re.escape(phrase)}(?![\w-])"


RULES = {phrase: _words(phrase) for phrase in RETIRED} | PATTERNS


def in_template(text: str) -> Iterator[str]:
    """What a template displays: text, attributes that are read out, and sentences inside expressions."""
    text = re.sub(r"{#.*?#}", "", text, flags=re.DOTALL)
    for code in re.findall(r"{[{%].*?[%}]}", text, re.DOTALL):
        yield from _sentences(re.findall(r"\"([^\"]*)\"|'([^']*)'", code))
    text = re.sub(r"{[{%].*?[%}]}", "…", text, flags=re.DOTALL)
    yield from re.findall(rf"\s(?:{SHOWN})=\"([^\"]*)\"", text)
    yield re.sub(r"\s+", " ", re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "", text, flags=re.S))


def in_languages(text: str) -> Iterator[str]:
    for value in tomllib.loads(text).values():
        yield from value.values() if isinstance(value, dict) else [value]


def in_python(text: str) -> Iterator[str]:
    """Every string that is no docstring, the parts of f-strings too."""
    tree = ast.parse(text)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def in_script(text: str) -> Iterator[str]:
    code = re.sub(r"(?m)^\s*//.*$|(?<=\s)// .*$", "", text)
    yield from _sentences(re.findall(r"\"([^\"\n]*)\"|`([^`\n]*)`", code))


def _sentences(literals: list[tuple[str, str]]) -> Iterator[str]:
    """Not names, keys and addresses, which have no space and no capital, and no selectors."""
    for double, single in literals:
        text = double or single
        if (" " in text or text[:1].isupper()) and text[0] not in ".#[":
            yield text


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".html": in_template,
    ".txt": in_template,
    ".toml": in_languages,
    ".py": in_python,
    ".js": in_script,
}


def files(places: tuple[str, ...] = PLACES) -> list[Path]:
    found = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.suffix in READERS and "vendor" not in path.parts]


def retired_in(suffix: str, text: str) -> set[str]:
    """The rules that a file of this kind breaks."""
    read = "\n".join(READERS[suffix](text))
    return {name for name, rule in RULES.items() if re.search(rule, read, re.IGNORECASE)}


def test_no_retired_phrase_is_displayed():
    broken = {shown(path): retired_in(path.suffix, path.read_text()) for path in files()}
    assert {path: found for path, found in broken.items() if found} == {}


def test_every_place_is_read():
    for place in PLACES:
        assert files((place,)), place


PLANTED = {
    ".html": (
        "<p>Here {}, then.</p>",
        '<button aria-label="Here {}">x</button>',
        '<p title="{{{{ name }}}} {}">x</p>',
        '{{{{ notice("bad", "Here {}") }}}}',
        '{{% set text = "A {}" if one else "B" %}}',
        "<p>Here\n{}</p>",
    ),
    ".txt": ("Subject: {}\n\nHello", "Hello\n\nThen {}: {{{{ address }}}}/w"),
    ".toml": ('[page]\nsend = "Here {}."',),
    ".py": ('TEXT = "Here {}."', 'text = f"Here {}. {{name}}"', 'flash("A {} b", "good")'),
    ".js": ('toast("bad", "Here {}.");', "say(`Here {} ${{name}}`); // why"),
}


BREAKING = {phrase: phrase for phrase in RETIRED} | {
    "80 % of them": "a space before %",
    "80\u202f%": "a space before %",
    "a mail to you": "mail for email",
    "two mails": "mail for email",
}


@pytest.mark.parametrize(("phrase", "rule"), BREAKING.items())
@pytest.mark.parametrize("suffix", PLANTED)
def test_each_phrase_is_found_where_it_is_planted(suffix, phrase, rule):
    for text in PLANTED[suffix]:
        assert rule in retired_in(suffix, text.format(phrase)), text
        assert rule in retired_in(suffix, text.format(phrase.upper())), text


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".html", '{# Where a mail stands. #}<h2 id="mail" class="look of">Email</h2>'),
        (".html", "{% if way == 'somebody-else' %}{{ url_for('people.mails') }}{% endif %}"),
        (".html", '<a href="/mail" hx-get="/switch off" data-behavior="mend">Emails</a>'),
        (".html", "<style>p { color: grey; }</style><p>Understands {{ '%.2f'|format(n) }}%</p>"),
        (".toml", '# The mail.\n[page]\nmail = "Email"'),
        (".py", '"""A mail stands here."""\nwhen = moment.strftime("%d %b %Y")  # mend'),
        (".js", '// A mail stands here.\nconst mail = "mail"; // mend'),
    ],
)
def test_what_nobody_reads_may_say_anything(suffix, text):
    assert retired_in(suffix, text) == set()
