"""Retired phrases stay out of what people read in pages, emails and the chat."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, shown

PLACES = ("templates", "web", "core", "workers", "bin", "app.py")
"""Files and folders that are read. Of the languages only English: the others are translations."""

RETIRED = (
    *("e-mail", "e-mails", "unwanted mail", "by mail"),
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
    *("not there at present", "may ask", "may not use", "goes on working", "lists what there is"),
    *("all together", "is over", "is away", "had an error of", "ask for less", "broke off"),
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
        yield from _sentences("".join(pair) for pair in re.findall(r"\"([^\"]*)\"|'([^']*)'", code))
    text = re.sub(r"{[{%].*?[%}]}", "…", text, flags=re.DOTALL)
    yield from re.findall(rf"\s(?:{SHOWN})=\"([^\"]*)\"", text)
    yield re.sub(r"\s+", " ", re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", "", text, flags=re.S))


def in_toml(text: str) -> Iterator[str]:
    yield from _texts(tomllib.loads(text))


def _texts(value: object) -> Iterator[str]:
    """Every text in a document, however deep."""
    match value:
        case str():
            yield value
        case dict() | list():
            for part in value.values() if isinstance(value, dict) else value:
                yield from _texts(part)


def in_python(text: str) -> Iterator[str]:
    """Every sentence that is no docstring, the parts of f-strings too: no codes, no exported names."""
    tree = ast.parse(text)
    unread = {id(part) for node in ast.walk(tree) for part in _never_displayed(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from [] if id(node) in unread else _sentences([node.value])


def _never_displayed(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=docstring):
            yield docstring
        case ast.Assign(targets=[ast.Name(id="__all__")], value=exported):
            yield from ast.walk(exported)


def in_script(text: str) -> Iterator[str]:
    code = re.sub(r"(?m)^\s*//.*$|(?<=\s)// .*$", "", text)
    literals = ["".join(pair) for pair in re.findall(r"\"([^\"\n]*)\"|`([^`\n]*)`", code)]
    yield from _sentences(text for text in literals if not text.startswith((".", "#", "[")))


def _sentences(literals: Iterable[str]) -> Iterator[str]:
    """Not names, codes and addresses, which have no space and no capital."""
    yield from (text for text in literals if " " in text or text[:1].isupper())


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".html": in_template,
    ".txt": in_template,
    ".toml": in_toml,
    ".py": in_python,
    ".js": in_script,
}


def files(places: tuple[str, ...] = PLACES) -> list[Path]:
    found = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*"))
    return [path for path in found if path.suffix in READERS and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    is_translation = path.suffix == ".toml" and path.name != "en.toml"
    return not is_translation and not {"vendor", "versions"} & set(path.parts)


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
    ".toml": ('[page]\nsend = "Here {}."', '[[providers]]\nadvice = ["Here {}."]'),
    ".py": ('TEXT = "Here {}."', 'text = f"Here {}. {{name}}"', 'flash("A {} b", "good")'),
    ".js": ('toast("bad", "Here {}.");', "say(`Here {} ${{name}}`); // why"),
}


BREAKING = {phrase: phrase for phrase in RETIRED} | {
    "80 % of them": "a space before %",
    "80\u202f%": "a space before %",
    "a mail to you": "mail for email",
    "the mail": "mail for email",
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
        (".py", '__all__ = ["Cancelled"]\nSTATE = "dormant"'),
        (".js", '// A mail stands here.\nconst mail = "mail"; // mend'),
    ],
)
def test_what_nobody_reads_may_say_anything(suffix, text):
    assert retired_in(suffix, text) == set()
