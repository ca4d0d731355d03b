"""`/openapi.json` is true: every public address is in it, and what happens is what it says."""

import json
import re

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.answers import turns
from core.errors import MevichatError
from core.gateway import calls
from tests.bot_client import BotClient, make_bot, make_key
from tests.programs import HELLO, Program
from tests.providers import Reply
from tests.routes import routes
from web.api import gateway, openapi
from web.api.description import QUERIES, SCHEMAS

DOCUMENT = openapi.document("https://chat.example")
TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
}  # fmt: skip


def text_problems(text, schema, at) -> list[str]:
    fits = (
        len(text) >= schema.get("minLength", 0),
        len(text) <= schema.get("maxLength", len(text)),
        re.search(schema.get("pattern", ""), text) is not None,
    )
    return [] if all(fits) else [f"{at} is {text[:60]!r}"]


def problems(value, schema, at="body") -> list[str]:
    """Where a value does not fit; of JSON Schema what the description uses."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "const" in schema and value != schema["const"]:
        return [f"{at} is {value!r}"]
    if "enum" in schema and (value not in schema["enum"] or isinstance(value, bool)):
        return [f"{at} is {value!r}"]
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool) and names and "boolean" not in names:
        return [f"{at} is no {wanted}: {value!r}"]
    if names and not isinstance(value, tuple(TYPES[name] for name in names)):
        return [f"{at} is no {wanted}: {value!r}"]
    found = []
    if isinstance(value, str):
        found += text_problems(value, schema, at)
    if isinstance(value, dict):
        found += [f"{at} lacks {name}" for name in schema.get("required", ()) if name not in value]
        for name, inner in schema.get("properties", {}).items():
            found += problems(value[name], inner, f"{at}.{name}") if name in value else []
    if isinstance(value, list):
        for number, one in enumerate(value):
            found += problems(one, schema.get("items", {}), f"{at}[{number}]")
    return found


def is_described(answer, path, method="post") -> bool:
    """Whether this status is in the description of that address, and the body is what it says."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    described = responses.get(str(answer.status_code))
    assert described, (path, answer.status_code, answer.text[:300])
    content = described["content"][answer.mimetype]["schema"]
    assert answer.mimetype != "application/json" or problems(answer.json, content) == []
    return True


def test_it_is_public_and_kept_for_a_while(app):
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert answer.json == openapi.document(app.config["MEVICHAT"].address)
    assert answer.json["openapi"] == "3.1.0"
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_every_public_address_is_described_and_no_other(app):
    is_there = {
        (route.method.lower(), re.sub(r"<(\w+:)?(\w+)>", r"{\2}", route.rule))
        for route in routes(app)
        if route.is_api
    }
    described = {(method, path) for path, of in DOCUMENT["paths"].items() for method in of}
    assert described == is_there


def test_names_are_those_of_the_views_and_every_reference_leads_somewhere(app):
    views = {route.endpoint.partition(".")[2] for route in routes(app) if route.is_api}
    operations = [one for of in DOCUMENT["paths"].values() for one in of.values()]
    assert sorted(one["operationId"] for one in operations) == sorted(views)
    names = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert names == set(SCHEMAS)


def test_every_argument_of_an_address_is_described():
    for path, of in DOCUMENT["paths"].items():
        for operation in of.values():
            described = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


# The gateway


@pytest.fixture
def program(app, cast):
    for provider in ("openai", "anthropic", "codestral"):
        make_key(cast.workspace, provider)
    return Program(app, cast.workspace, cast.member)


GATEWAY = [path for path, of in DOCUMENT["paths"].items() if "post" in of and "bots" not in path]
BODIES = {
    "/v1/chat/completions": {"model": "gpt-5-mini", "messages": HELLO},
    "/v1/responses": {"model": "gpt-5-mini", "input": "Hello"},
    "/v1/messages": {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": HELLO},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": "Hello"},
}


def post(program, path, body, token=None):
    headers = {"Authorization": f"Bearer {program.token if token is None else token}"}
    kind = {"data": body} if isinstance(body, bytes) else {"json": body}
    return program.client.post(path, headers=headers, **kind)


@pytest.mark.parametrize("path", GATEWAY)
@pytest.mark.parametrize(
    ("body", "token", "status"),
    [
        ({"model": "gpt-5-mini"}, "", 401),
        (b"no json", None, 400),
        ({"model": ""}, None, 400),
        ({"model": "no-such-model", "messages": HELLO}, None, 404),
    ],
)
def test_what_the_gateway_refuses_is_described(program, path, body, token, status):
    answer = post(program, path, body, token)
    assert answer.status_code == status and is_described(answer, path)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_body_that_is_too_large_is_described(program, path):
    answer = post(program, path, b"x" * (gateway.LARGEST_BODY_BYTES + 1))
    assert answer.status_code == 413 and is_described(answer, path)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_gateway_answers_is_described(program, path, stream):
    answer = post(program, path, BODIES[path] | {"stream": stream})
    assert answer.status_code == 200 and is_described(answer, path)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_keys_that_all_fail_are_described(program, provider, path):
    provider.next(Reply.status(401))
    answer = post(program, path, BODIES[path])
    assert answer.status_code == 502 and is_described(answer, path)


def test_a_status_that_only_a_provider_gives_is_described_as_such(program, provider):
    provider.next(Reply.status(422, message="Not like that."))
    answer = post(program, "/v1/chat/completions", BODIES["/v1/chat/completions"])
    responses = DOCUMENT["paths"]["/v1/chat/completions"]["post"]["responses"]
    assert answer.status_code == 422 and "default" in responses


@pytest.mark.parametrize(
    ("url", "path", "status"),
    [
        ("/v1/models", "/v1/models", 200),
        ("/v1/models/gpt-5-mini", "/v1/models/{model_id}", 200),
        ("/v1/models/no-such-model", "/v1/models/{model_id}", 404),
        ("/v1/route?model=gpt-5-mini", "/v1/route", 200),
        ("/v1/route", "/v1/route", 400),
        ("/v1/route?model=gpt-5-mini&format=x", "/v1/route", 400),
    ],
)
def test_what_can_be_looked_up_is_described(program, url, path, status):
    answer = program.get(url)
    assert answer.status_code == status and is_described(answer, path, "get")
    refused = program.client.get(url)
    assert refused.status_code == 401 and is_described(refused, path, "get")


# Values that the description allows are taken, and others are refused

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
UNUSUAL = [
    "\ud800",
    "\udfff",
    "\ufdd0",
    "\ufffe",
    "\uffff",
    "\u2028",
    "\u3000",
    "\ufeff",
    "é",
    "💥",
]
OTHERS = [None, True, False, 0, 1, -1, 2, 1.5, [], {}, ["x"], {"x": 1}]


def values_of(schema) -> list:
    """Values around every limit in a schema, and one of every other type."""
    ends = {0, 1, schema.get("minLength", 1), schema.get("maxLength", 1)}
    lengths = sorted({end + by for end in ends for by in (-1, 0, 1) if end + by >= 0})
    alone = [*CONTROLS, *UNUSUAL, " ", " \n\t "]
    inside = [
        f"{start}{odd}{end}" for odd in alone for start, end in (("a", "b"), ("", "b"), ("a", ""))
    ]
    return [
        *OTHERS,
        *("x" * length for length in lengths),
        *alone,
        *inside,
        *schema.get("enum", ()),
    ]


def is_refused(check, value) -> bool:
    try:
        check(value)
    except MevichatError:
        return True
    return False


def read_gateway(**members):
    body = {"model": "gpt-5-mini", "messages": HELLO} | members
    calls.read("chat", json.dumps(body).encode(), {})


CHECKED = [
    ("ChatRequest", "model", lambda value: read_gateway(model=value)),
    ("ChatRequest", "stream", lambda value: read_gateway(stream=value)),
    ("NewMessage", "text", turns.checked_text),
    ("NewMessage", "client_message_id", turns._checked_client_id),
]


@pytest.mark.parametrize(("schema", "name", "check"), CHECKED)
def test_what_is_described_as_allowed_is_taken_and_everything_else_refused(schema, name, check):
    described = SCHEMAS[schema]["properties"][name]
    for value in values_of(described):
        assert is_refused(check, value) == bool(problems(value, described)), repr(value)[:80]


def test_a_thumb_is_what_is_described(bot_client):
    answer_id = bot_client.ask_json("Hello").json["message_id"]
    described = SCHEMAS["Thumb"]
    for value in values_of(described["properties"]["thumb"]):
        if isinstance(value, str) and not value.isprintable():
            continue  # One string stands for all.
        answer = ask(bot_client, "POST", f"/messages/{answer_id}/feedback", json={"thumb": value})
        is_bad = bool(problems({"thumb": value}, described))
        assert answer.status_code == (422 if is_bad else 200), value


@pytest.mark.parametrize("name", ["model", "format"])
def test_the_arguments_of_a_route_are_what_is_described(program, name):
    described = next(one["schema"] for one in QUERIES["show_route"] if one["name"] == name)
    longest = described.get("maxLength", 0)
    for value in ["", "x", "x" * longest, "x" * (longest + 1), *described.get("enum", ())]:
        query = {"model": "gpt-5-mini", "format": "chat"} | {name: value}
        answer = program.client.get(
            "/v1/route", query_string=query, headers={"Authorization": f"Bearer {program.token}"}
        )
        assert answer.status_code == (400 if problems(value, described) else 200), value


# The bot endpoint

BOT = "/v1/bots/{bot_id}"


def ask(bot_client, method, path, token=True, **options):
    headers = bot_client.headers() if token else {}
    headers |= options.pop("headers", {})
    return bot_client.client.open(bot_client.url + path, method=method, headers=headers, **options)


@pytest.fixture
def bot_client(app, cast):
    return BotClient(app, make_bot(cast.workspace))


def test_a_conversation_with_a_bot_is_described(bot_client):
    opened = bot_client.client.post(f"{bot_client.url}/conversations")
    assert opened.status_code == 201 and is_described(opened, f"{BOT}/conversations")
    json_please = {"headers": {"Accept": "application/json"}, "json": {"text": "Hello"}}
    answer = ask(bot_client, "POST", "/messages", **json_please)
    assert answer.status_code == 200 and is_described(answer, f"{BOT}/messages")
    streamed = ask(bot_client, "POST", "/messages", json={"text": "Hello"})
    assert streamed.mimetype == "text/event-stream" and is_described(streamed, f"{BOT}/messages")
    assert is_described(ask(bot_client, "GET", "/messages"), f"{BOT}/messages", "get")
    one, path = f"/messages/{answer.json['message_id']}", f"{BOT}/messages/{{message_id}}"
    assert is_described(ask(bot_client, "GET", f"{one}/events"), f"{path}/events", "get")
    assert is_described(ask(bot_client, "POST", f"{one}/stop"), f"{path}/stop")
    assert is_described(ask(bot_client, "POST", f"{one}/retry"), f"{path}/retry")
    thumb = ask(bot_client, "POST", f"{one}/feedback", json={"thumb": 1})
    assert thumb.status_code == 200 and is_described(thumb, f"{path}/feedback")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"token": False, "json": {"text": "Hello"}}, 401),
        ({"data": b"no json"}, 400),
        ({"json": {"text": ""}}, 422),
        ({"json": {"text": "x" * 8_001}}, 413),
        ({"data": b"x" * (256 * 1024 + 1)}, 413),
    ],
)
def test_what_a_bot_refuses_is_described(bot_client, options, status):
    answer = ask(bot_client, "POST", "/messages", **options)
    assert answer.status_code == status and is_described(answer, f"{BOT}/messages")


@pytest.mark.parametrize(("text", "status"), [("x" * 8_000, 200), ("x" * 8_001, 413)])
def test_the_longest_message_is_as_long_as_it_says(bot_client, text, status):
    longest = SCHEMAS["NewMessage"]["properties"]["text"]["maxLength"]
    assert ask(bot_client, "POST", "/messages", json={"text": text}).status_code == status
    assert (len(text) <= longest) == (status == 200)


def test_things_that_are_not_there_are_described(bot_client, cast):
    path = f"{BOT}/messages/{{message_id}}"
    for last in ("retry", "stop", "feedback"):
        answer = ask(bot_client, "POST", f"/messages/msg_0/{last}", json={"thumb": 1})
        assert answer.status_code == 404 and is_described(answer, f"{path}/{last}")
    answer = ask(bot_client, "GET", "/messages/msg_0/events")
    assert answer.status_code == 404 and is_described(answer, f"{path}/events", "get")
    nobody = bot_client.client.post("/v1/bots/bot_0/conversations")
    assert nobody.status_code == 404 and is_described(nobody, f"{BOT}/conversations")


def test_a_bot_that_is_off_and_an_answer_that_failed_are_described(app, cast, provider):
    bot = make_bot(cast.workspace)
    bot_client = BotClient(app, bot)
    provider.next(Reply.status(400, message="No."))
    json_please = {"headers": {"Accept": "application/json"}, "json": {"text": "Hello"}}
    failed = ask(bot_client, "POST", "/messages", **json_please)
    assert failed.status_code == 503 and is_described(failed, f"{BOT}/messages")
    thumb = ask(
        bot_client, "POST", f"/messages/{failed.json['message_id']}/feedback", json={"thumb": 1}
    )
    assert thumb.status_code == 409
    assert is_described(thumb, f"{BOT}/messages/{{message_id}}/feedback")
    bots.set_enabled(bot, False, OPERATOR)
    closed = ask(bot_client, "POST", "/messages", json={"text": "Hello"})
    assert closed.status_code == 403 and is_described(closed, f"{BOT}/messages")
