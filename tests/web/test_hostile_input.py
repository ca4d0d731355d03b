"""Hostile and hasty input to every endpoint of the URL map: a clear error in the caller's format, never a 500.

Past the wall: one list of what people, programs and attackers send.
"""

import io
import json
import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Engine

from core.bots.answers import turns
from core.ids import new_token
from tests.bot_client import BotClient, make_bot
from tests.browser import Browser
from tests.databases import on_both_databases, on_postgres
from tests.people import PASSWORD
from tests.routes import LAST, routes, set_stage

IDS = [
    "nothing", "%00", "bot%00", "%ff%fe", "%ED%A0%80", "ünïcödé%F0%9F%92%A5", "x" * 5_000,
    "..%2f..%2fetc%2fpasswd", "..%5c..%5cwindows", "%3Cscript%3E'%20OR%201=1--", "%0d%0aX:y", "%20",
]  # fmt: skip

TEXTS = {
    "nothing": b"",
    "spaces": b"   \t\r\n ",
    "nul": b"a\x00b",
    "controls": b"\x01\x02\x1b[31m\x7f",
    "invalid utf-8": b"\xff\xfe\xc3\x28",
    "half a surrogate": b"\xed\xa0\x80",
    "noncharacter": "\ufffe\ufdd0".encode(),
    "emoji": "💥👩‍👩‍👧".encode() * 40,
    "right to left": "\u202egnp.exe \u200b\u200d".encode(),
    "markup": b"<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "header": b"x\r\nSet-Cookie: a=b",
    "long": b"x" * 100_000,
}

FORMS = {
    "alerts.disable": {},
    "alerts.enable": {},
    "alerts.new_secret": {},
    "alerts.removal": {},
    "alerts.send_test": {},
    "alerts.set_webhook": {"url": "https://hooks.example/mevichat"},
    "alerts.try_now": {},
    "account.change_password": {"present": PASSWORD, "new": PASSWORD},
    "account.end_sign_ins": {"which": "nothing"},
    "account.rename": {"name": "Ann"},
    "auth.sign_in_code": {"code": "123456"},
    "gateway_models.key_order": {"provider": "mevichat", "way": "up"},
    "gateway_tokens.new": {"name": "Agent", "life": "30"},
    "gateway_tokens.replacement": {"grace": "30"},
    "gateway_tokens.revocation": {},
    "gateway_try.show": {"model": "gpt-5-mini", "prompt": "Hello"},
    "install.allow": {"site": "https://www.example.com"},
    "install.refuse": {"site": "https://www.example.com"},
    "install.remove": {"site": "https://www.example.com"},
    "invitations.accept": {},
    "invitations.create_account": {"name": "Guest", "password": PASSWORD},
    "password_resets.choose": {"password": PASSWORD},
    "password_resets.new": {"email": "owner@example.com"},
    "people.change_role": {"role": "member"},
    "people.departure": {},
    "people.invite": {"email": "another@example.com", "role": "member"},
    "people.removal": {},
    "people.send_again": {},
    "people.withdraw": {},
    "plan.change": {"seen": "pro", "to_mini": "yes"},
    "two_factor.confirm": {"code": "123456"},
    "two_factor.make_recovery_codes": {"password": PASSWORD, "code": "123456"},
    "two_factor.show": {"password": PASSWORD},
    "two_factor.disable": {"password": PASSWORD, "code": "123456"},
    "auth.sign_in": {"email": "owner@example.com", "password": PASSWORD},
    "auth.sign_up": {"name": "Ann", "email": "ann@example.com", "password": PASSWORD},
    "auth.sign_out": {},
    "bots.deletion": {},
    "bots.disable": {},
    "bots.enable": {},
    "bots.new": {
        "name": "A", "model": "mevichat:mini", "instructions": "", "welcome": "", "starters": "",
        "allowed_origins": "", "visitor_limit": "0", "address_limit": "0", "daily_limit": "0",
        "limit_text": "", "caches": "y", "hybrid": "", "unknown_text": "",
    },
    "bots.settings": {
        "name": "A", "model": "mevichat:mini", "instructions": "", "welcome": "", "starters": "",
        "allowed_origins": "", "visitor_limit": "0", "address_limit": "0", "daily_limit": "0",
        "limit_text": "", "caches": "y", "hybrid": "", "unknown_text": "",
    },
    "chat.give_feedback": {"thumb": "1"},
    "conversations.delete_found": {"q": "nothing has this in it", "state": "failed", "from": "2026-01-01"},
    "conversations.deletion": {},
    "conversations.export": {"file": "messages", "q": "Hello", "state": "failed"},
    "chat.restart": {},
    "chat.retry": {},
    "chat.send": {"text": "Hello"},
    "knowledge.answer": {"question": "Do you ship to Norway?", "answer": "Yes."},
    "knowledge.deletion": {},
    "knowledge.dismiss": {},
    "knowledge.read_again": {},
    "knowledge_forms.add_files": {"files": ""},
    "knowledge_forms.add_page": {"url": "https://pages.example/shipping", "sitemap": "y"},
    "knowledge_forms.add_qa": {"question": "Do you ship to Norway?", "answer": "Yes."},
    "knowledge_forms.add_text": {"title": "Shipping", "text": "Two days."},
    "appearance.preview": {"title": "Help"},
    "appearance.remove_picture": {},
    "appearance.reset": {},
    "appearance.set_picture": {"picture": ""},
    "appearance.show": {"accent": "#0d6360", "radius": "10", "mode": "auto", "use": "link:#0d6360"},
    "provider_keys.create": {"provider": "openai", "secret": "sk-proj-hostile-input"},
    "provider_keys.deletion": {},
    "provider_keys.disable": {},
    "provider_keys.enable": {},
    "provider_keys.replacement": {"secret": "sk-ant-api03-hostile-input"},
    "provider_keys.test": {},
    "settings.retention": {"days": "0"},
    "settings.set_minute_limit": {"minute_limit": "60"},
    "settings.show": {"name": "Acme"},
    "workspaces.new": {"name": "Another"},
}  # fmt: skip
READ_THE_QUERY = (
    "auth.sign_in", "conversations.index", "conversations.delete_found", "provider_keys.new", "home.show",
    "settings.retention", "static", "usage.index", "usage.days", "gateway_models.index", "gateway_models.route",
    "gateway_requests.index", "gateway_requests.file", "gateway_try.show", "search.index",
    "all_knowledge.index", "bots.index",
    "appearance.show",
)  # fmt: skip
FOR_NOBODY = ("auth.sign_in", "auth.sign_up", "auth.sign_in_code", "invitations.create_account")

BODIES = {
    "nothing": b"",
    "spaces": b"  ",
    "not json": b"hello",
    "half": b'{"text": "he',
    "invalid utf-8": b'{"text": "\xff\xfe"}',
    "with a mark": b'\xef\xbb\xbf{"text": "hello"}',
    "utf-16": '{"text": "hello"}'.encode("utf-16"),
    "a form": b"text=hello",
    "deep": b"[" * 60_000,
    "deep object": b'{"text":' * 20_000,
    "deep and closed": b'{"text":' + b"[" * 60_000 + b"]" * 60_000 + b"}",
    "a long number": b'{"text": ' + b"9" * 60_000 + b"}",
    "no number": b'{"text": NaN, "client_message_id": Infinity}',
    "twice": b'{"text": 1, "text": "hello"}',
}
WRONG = [None, True, 0, -1, 1.5, "", " ", [], {}, ["Hello"], {"text": "Hello"}, [[[[1]]]], 10**30]


@pytest.fixture
def stage(app, cast):
    return set_stage(app, cast.workspace)


@pytest.fixture
def owner(app, cast, signed_in):
    return signed_in("owner")


class Problems:
    """Every answer that was not clear, told at the end: one bad endpoint does not hide the others."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def ask(self, client, what: str, url: str, **options):
        """The answer, unless the application itself broke."""
        try:
            answer = client.open(url, **options)
            _check_clear(answer, options.get("headers") or {})
        except Exception as error:
            method = options.get("method", "GET")
            self.found.append(f"{what}: {method} {url[:90]}: {type(error).__name__} {error}"[:400])
            return None
        return answer

    def __enter__(self) -> "Problems":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            assert not self.found, "\n".join(self.found)


def _check_clear(answer, headers) -> None:
    """An answer below 500; an error in the format of whoever asked, with a sentence for people."""
    assert answer.status_code < 500, answer.status
    assert b"Traceback" not in answer.data
    if answer.status_code < 400:
        return
    if answer.request.path.startswith(("/v1/", "/healthz", "/readyz")):
        error = answer.json["error"]
        assert re.fullmatch(r"[a-z_]+", error.get("code") or error["type"])
        sentence = error["message"]
    else:
        is_piece = "HX-Request" in headers and answer.status_code != 422
        assert answer.mimetype in ("text/plain",) if is_piece else ("text/html", "text/plain")
        sentence = re.sub(r"<[^>]+>", "", answer.text).strip()
    assert len(sentence) > 15, sentence


def test_every_form_is_in_the_list(app):
    posts = {route.endpoint for route in routes(app) if route.method == "POST" and not route.is_api}
    assert posts == set(FORMS)


NO_IDS = {"version"}
"""The scripts of the chat are served under any: a page from before an upgrade still loads them."""


def test_ids_that_are_none(app, stage, owner):
    _ask_for_ids(app, stage, owner, IDS)


@on_postgres
def test_ids_that_postgresql_would_choke_on(app, stage, owner):
    _ask_for_ids(app, stage, owner, ["a%00b"], query="?q=%00&bot=%00&provider=%00&page=%00")


def _ask_for_ids(app, stage, owner, ids, query: str = "") -> None:
    """Each argument of each address in turn, with the others right."""
    form, token = {"csrf_token": owner.csrf_token()}, stage.bot_client.headers()
    with Problems() as problems:
        for route in routes(app):
            for argument in set(route.arguments) - NO_IDS:
                for text in ids:
                    url = route.url(stage.values | {argument: text}) + query
                    answer = problems.ask(
                        owner.client, argument, url, method=route.method,
                        data=form if route.method == "POST" else None,
                        headers=token if route.is_api else {},
                    )  # fmt: skip
                    if answer is not None and answer.status_code not in (404, 405, 401):
                        problems.found.append(f"{route.method} {url[:90]}: {answer.status}")


@on_postgres
def test_fields_with_anything_in_them(app, stage, owner):
    """Each field of each form in turn, with the others right; every other one as htmx sends it."""
    with Problems() as problems:
        for route, field, client, token in _fields(app, owner):
            for number, (what, text) in enumerate(TEXTS.items()):
                form = FORMS[route.endpoint] | {"csrf_token": token, field: text}
                headers = {"HX-Request": "true"} if number % 2 else {}
                url = route.url(stage.values)
                problems.ask(client, what, url, method="POST", data=form, headers=headers)


def test_fields_that_are_files_missing_or_there_twice(app, stage, owner):
    with Problems() as problems:
        for route, field, client, token in _fields(app, owner):
            url, form = route.url(stage.values), FORMS[route.endpoint] | {"csrf_token": token}
            a_file = (io.BytesIO(b"hello"), "name.txt")
            problems.ask(client, f"{field} file", url, method="POST", data=form | {field: a_file})
            twice = form | {field: ["first", "second"]}
            problems.ask(client, f"{field} twice", url, method="POST", data=twice)
            without = {name: text for name, text in form.items() if name != field}
            problems.ask(client, f"no {field}", url, method="POST", data=without)


def _fields(app, owner):
    """Each field of each form, with who sends it."""
    nobody = Browser(app)
    tokens = {owner: owner.csrf_token(), nobody: nobody.csrf_token()}
    for route in routes(app):
        if route.method != "POST" or route.is_api:
            continue
        for field in FORMS[route.endpoint]:
            browser = owner
            if route.endpoint in FOR_NOBODY:
                browser = Browser(app)
                tokens[browser] = browser.csrf_token()
            yield route, field, browser.client, tokens[browser]


def test_bodies_that_are_no_forms(app, stage, owner):
    headers = {"X-CSRFToken": owner.csrf_token()}
    bodies = [
        (b"{}", "application/json"),
        (b'{"name": 5, "email": ["x"], "password": null, "text": {}}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"{", "application/json"),
        (b"--x", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"a=1&" * 3_000, "application/x-www-form-urlencoded"),
        (b"%ff=%ff&%00=%00&=&&==", "application/x-www-form-urlencoded"),
        (b"\x00\xff" * 50, "application/octet-stream"),
        (b"name=x", ""),
        (b"name=x", "text/plain; charset=nonsense"),
        (b"name=x", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"text=" + b"x" * 1_000_000, "application/x-www-form-urlencoded"),
    ]
    with Problems() as problems:
        for route in routes(app):
            if route.method != "POST" or route.is_api or _ends_things(route):
                continue
            for body, kind in bodies:
                problems.ask(
                    owner.client, kind, route.url(stage.values),
                    method="POST", data=body, content_type=kind, headers=headers,
                )  # fmt: skip


@on_postgres
def test_bodies_of_the_bot_endpoint(app, stage):
    """Broken ones, and ones of every wrong type in every field."""
    wrong = [*WRONG, *({"text": value} for value in WRONG)]
    wrong += [{"text": "Hello", "client_message_id": value} for value in WRONG[1:]]
    bodies = BODIES | {f"{value!r:.60}": _json(value) for value in wrong}
    kinds = ("application/json", "text/plain", "application/x-www-form-urlencoded", "")
    taken = set()
    with Problems() as problems:
        for route in routes(app):
            if not route.is_api or route.method != "POST":
                continue
            for number, (what, body) in enumerate(bodies.items()):
                answer = problems.ask(
                    stage.bot_client.client, what, route.url(stage.values), method="POST", data=body,
                    content_type=kinds[number % 4], headers=stage.bot_client.headers(),
                )  # fmt: skip
                if route.endpoint == "bot_api.post_message" and answer and answer.status_code < 300:
                    taken.add(what)
    spaced = "{'text': 'Hello', 'client_message_id': ' '}"
    assert taken == {"with a mark", "twice", "utf-16", "{'text': 'Hello'}", spaced}


def _json(value) -> bytes:
    return json.dumps(value).encode()


@on_both_databases
def test_what_cannot_be_shown_is_left_out_of_a_text(app, cast, signed_in):
    """Neither database nor page has a form for it, and a visitor's browser may send it."""
    bot_client = BotClient(app, make_bot(cast.workspace))
    headers = bot_client.headers() | {"Accept": "application/json"}
    for sent, kept in (
        ("a\\u0000b", "ab"),
        ("a\\ud800b", "ab"),
        ("\\ud83d\\ude00", "😀"),
        ("tab\\tand\\nline", "tab\tand\nline"),
        ("\\u0007\\u001b[31mred", "[31mred"),
        ("é" * turns.MAX_TEXT_LENGTH, "é" * turns.MAX_TEXT_LENGTH),
    ):
        body = f'{{"text": "{sent}"}}'
        answer = bot_client.client.post(f"{bot_client.url}/messages", data=body, headers=headers)
        assert answer.status_code == 200, sent
        assert bot_client.messages()[-2]["text"] == kept
    page = signed_in("owner").get(f"/w/acme/conversations/{bot_client.conversation_id}")
    assert page.status_code == 200


def test_what_is_no_text_or_no_client_id_is_refused(app, cast, provider):
    bot_client = BotClient(app, make_bot(cast.workspace))
    bodies = [{"text": text} for text in ("\x00", "\ud800", " \x00\n", "\x07\x1b", "\ufffe")]
    for client_id in ("\x00", "a\x00b", "\ud800", "\ufffe", "", "x" * 65):
        bodies.append({"text": "Hello", "client_message_id": client_id})
    for body in bodies:
        answer = bot_client.post("/messages", body)
        assert (answer.status_code, answer.json["error"]["code"]) == (422, "invalid"), body
    assert not provider.calls
    assert bot_client.messages() == []


def test_the_longest_text(app, cast):
    bot_client = BotClient(app, make_bot(cast.workspace))
    assert bot_client.ask_json("x" * turns.MAX_TEXT_LENGTH).status_code == 200
    for length in (turns.MAX_TEXT_LENGTH + 1, 1_000_000):
        answer = bot_client.ask_json("x" * length)
        assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_wrong_methods(app, stage, owner):
    """405 with the methods that would do, in the caller's format; an unknown method too."""
    allowed: dict[str, set[str]] = {}
    for route in routes(app):
        allowed.setdefault(route.url(stage.values), set()).add(route.method)
    with Problems() as problems:
        for url, methods in allowed.items():
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - methods:
                headers = {"HX-Request": "true"} if method in ("PUT", "TRACE") else {}
                answer = problems.ask(owner.client, "", url, method=method, headers=headers)
                if answer is not None and answer.status_code != 405:
                    problems.found.append(f"{method} {url}: {answer.status}")
                elif answer is not None:
                    assert methods <= set(answer.headers["Allow"].split(", "))


def test_query_strings(app, stage, owner):
    queries = [
        "page=-1", "page=0", "page=99999999999999999999", "page=%00", "page=1e3", "page=%D9%A1",
        "page=1&page=2", "page[]=1", "before=%00", "before=0001-01-01T00:00:00Z~",
        "before=9999-12-31T23:59:59Z~x",
        "from=9999-12-31&to=0001-01-01", "from=0001-01-01", "to=0001-01-01", "to=9999-12-31", "from=%00&to=x",
        "period=%00&by=%00&show=%00", "state=%00&origin=%00&days=%00", "days=-1", "days=1e9",
        "days=" + "9" * 5_000, "q=%00", "q=%ff%fe", "q=%25%5f%5c%27", "q=" + "x" * 9_000,
        "bot=%00", "bot=%ff", "provider=%00", "provider=%ff", "next=%00", "next=%ff", "%ff=%ff",
        "a=1&" * 3_000, "&&&===", "%", "v=%00", "q=\xff\xfe",
        "sort=%00&page=2", "sort=--name", "sort=-", "\xed\xa0\x80=\xc3",
    ]  # fmt: skip
    with Problems() as problems:
        for route in routes(app):
            if route.method != "GET":
                continue
            headers = stage.bot_client.headers() if route.is_api else {}
            for query in queries if route.endpoint in READ_THE_QUERY else ["&".join(queries[:8])]:
                problems.ask(
                    owner.client, "query", route.url(stage.values), headers=headers,
                    environ_overrides={"QUERY_STRING": query},
                )  # fmt: skip


def test_headers(app, stage, owner):
    """At one address for each guard, and at every one of the bot endpoint."""
    headers = [
        ("Origin", "\x00"), ("Origin", "null"), ("Origin", "ÿþ"), ("Origin", "http://" + "x" * 60_000),
        ("Last-Event-ID", "\x00"), ("Last-Event-ID", "1." + "9" * 60_000), ("Last-Event-ID", "²"),
        ("Accept", ";;;q=,"), ("Accept", "application/json;q=nan"), ("Accept", "ÿ" * 999),
        ("Cookie", "mevichat=garbage; mevichat=.e30.x.y"), ("Cookie", "=;;;\xff"),
        ("X-Request-Id", "\x00\r"), ("User-Agent", "x" * 60_000), ("User-Agent", "ÿ\x00"),
        ("X-Forwarded-For", "not an address"), ("X-Forwarded-Host", "evil.example"),
        ("Range", "bytes=9-1"), ("If-None-Match", '"'), ("If-Modified-Since", "yesterday"),
        ("HX-Request", "perhaps"), ("Content-Length", "-5"), ("Content-Type", "\xff/\xff"),
        ("Host", "evil.example"), ("Host", "a b"), ("Host", '"><script>'), ("Accept-Language", "ÿ"),
    ]  # fmt: skip
    one_for_each = {route.guard: route for route in routes(app) if route.method == "GET"}
    every_api = {route for route in routes(app) if route.is_api}
    with Problems() as problems:
        for route in every_api | set(one_for_each.values()):
            ours = stage.bot_client.headers() if route.is_api else {}
            for name, value in headers:
                problems.ask(
                    owner.client, f"{name} {value[:20]!r}", route.url(stage.values),
                    method=route.method, headers=ours | {name: value.replace("\r", "")},
                )  # fmt: skip


@on_postgres
def test_any_authorization_gives_the_same_401_and_at_most_two_queries(app, stage):
    good = stage.bot_client.token
    values = [
        None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {good}", f"Token {good}", good,
        f"Bearer {good}x", f"Bearer {good[:-1]}", f"Bearer {good},Bearer {good}", f"Bearer {good} {good}",
        f"Bearer {new_token('mvv')}", f"Bearer {new_token('mvs')}", "Bearer mvv_" + "é" * 42,
        "Bearer " + bytes(range(1, 256)).decode("latin-1").replace("\n", "").replace("\r", ""),
        "Bearer \x00", "Bearer " + "x" * 100_000, "\xff" * 50, "Bearer null", "Bearer undefined",
    ]  # fmt: skip
    bodies = set()
    for route in routes(app):
        if route.guard != "visitor_in_conversation":
            continue
        for value in values:
            headers = {} if value is None else {"Authorization": value}
            with _Queries() as queries:
                answer = stage.bot_client.client.open(
                    route.url(stage.values), method=route.method, headers=headers
                )
            assert answer.status_code == 401, (route.rule, value)
            assert queries.count <= 2
            bodies.add(answer.data)
    assert len(bodies) == 1


def test_the_scheme_of_an_authorization_is_read_in_any_case(app, stage):
    for value in (f"bearer {stage.bot_client.token}", f"BEARER  {stage.bot_client.token} "):
        url, headers = f"{stage.bot_client.url}/messages", {"Authorization": value}
        assert stage.bot_client.client.get(url, headers=headers).status_code == 200


class _Queries:
    """How many statements the database was asked."""

    def __enter__(self) -> "_Queries":
        self.count = 0
        event.listen(Engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_) -> None:
        event.remove(Engine, "before_cursor_execute", self._one)

    def _one(self, _connection, _cursor, statement, *_) -> None:
        self.count += statement.split()[0] == "SELECT"


EVIL = [
    "//evil.example", "///evil.example", "////evil.example/%2f..", "https://evil.example",
    "\\\\evil.example", "/\\evil.example", "/\t/evil.example", "/\n//evil.example",
    "http:evil.example", "javascript:alert(1)", " //evil.example", "/%09/evil.example",
    "\x00//evil.example", "/\x01/evil.example", "/\u2028/evil.example", "/.//evil.example",
    "/%5cevil.example", "/\ufeff/evil.example", "evil.example", "",
]  # fmt: skip


def test_signing_in_never_leads_to_another_host(app, cast):
    form = {"email": "owner@example.com", "password": PASSWORD}
    for target in EVIL:
        browser = Browser(app)
        token = {"csrf_token": browser.csrf_token()}
        query = {"next": target}
        answer = browser.client.post("/sign-in", query_string=query, data=form | token)
        assert answer.status_code == 303, target
        assert _where_a_browser_goes(answer.location) == ("http", "localhost"), target


def _where_a_browser_goes(location: str) -> tuple[str, str]:
    """Browsers drop tabs and line breaks, and take a backslash for a slash."""
    seen = re.sub(r"[\t\r\n]", "", location).strip().replace("\\", "/")
    parts = urlsplit(urljoin("http://localhost/sign-in", seen))
    return parts.scheme, parts.netloc


def test_a_post_without_a_good_csrf_token_changes_nothing(app, stage, owner):
    others = Browser(app).csrf_token()
    before = _all_rows()
    with Problems() as problems:
        for route in routes(app):
            if route.method != "POST" or route.is_api:
                continue
            for number, token in enumerate((None, "", "wrong", others, "ÿ\x00")):
                form = FORMS[route.endpoint] | ({"csrf_token": token} if token is not None else {})
                headers = {"HX-Request": "true"} if number % 2 else {}
                answer = problems.ask(
                    owner.client, "csrf", route.url(stage.values),
                    method="POST", data=form, headers=headers,
                )  # fmt: skip
                assert answer is None or answer.status_code == 400, route.rule
                assert answer is None or "has expired" in answer.text
    assert _all_rows() == before


def _all_rows() -> dict[str, int]:
    from sqlalchemy import func, select

    from core.db import db, session

    session().commit()
    return {
        table.name: session().execute(select(func.count()).select_from(table)).scalar_one()
        for table in db.metadata.sorted_tables
    }


def test_the_bot_endpoint_answers_in_json_whatever_the_caller_claims_to_be(app, stage):
    for headers in ({"HX-Request": "true"}, {"Accept": "text/html"}, {}):
        answer = app.test_client().get(f"{stage.bot_client.url}/messages", headers=headers)
        assert answer.json["error"]["code"] == "bad_token"


WORDS = st.text(min_size=1, max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {"text": WORDS | VALUES},
    optional={"client_message_id": WORDS | VALUES, "api_base": VALUES, "model": WORDS},
)
SENT = st.one_of(
    MESSAGES.map(
        lambda body: json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    ),
    MESSAGES.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")),
    VALUES.map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass")),
    st.binary(max_size=60),
)


def test_any_body_is_answered_or_refused_clearly(app, cast, provider):
    """200 examples of anything: never a 500, and every text that was taken has come to an end."""
    bot_client = BotClient(app, make_bot(cast.workspace))
    statuses = set()

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(body=SENT, accept=st.sampled_from(["application/json", "text/event-stream", "*/*"]))
    def send(body: bytes, accept: str) -> None:
        headers = bot_client.headers() | {"Accept": accept}
        answer = bot_client.client.post(f"{bot_client.url}/messages", data=body, headers=headers)
        _check_clear(answer, {})
        assert answer.status_code in (200, 400, 409, 413, 422), answer.status
        statuses.add(answer.status_code)

    send()
    assert {200, 400, 422} <= statuses
    assert all(message["status"] == "complete" for message in bot_client.messages())
    assert all("api_base" not in call.body for call in provider.calls)


def _ends_things(route) -> bool:
    return route.endpoint in LAST
