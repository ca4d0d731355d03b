"""The gateway's pages: models and who serves them, the decision explained, the order of keys, the log."""

import csv
import io
import re
from datetime import timedelta

import pytest

from core import clock
from core.accounts import audit, workspaces
from core.accounts.actor import OPERATOR
from core.db import session, transaction
from core.gateway import provider_order
from core.gateway.models import GatewayRequest
from core.keys import store
from tests.bot_client import make_key
from tests.databases import on_both_databases
from tests.people import INSIDERS
from tests.programs import Program
from tests.providers import Reply

HERE = "/w/acme/gateway"


@pytest.fixture
def owner(app, cast, signed_in):
    return signed_in("owner")


def row_of(page, name) -> str:
    """The row of a model, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", page.text, re.DOTALL)
    (found,) = [row for row in rows if f">{name}<" in row]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_sees_the_models_and_who_serves_each(cast, signed_in, who):
    make_key(cast.workspace, "openai")
    page = signed_in(who).get(f"{HERE}/models")
    assert "OpenAI, your key" in row_of(page, "gpt-5-mini")
    assert "Not available" in row_of(page, "claude-haiku-4-5")
    assert "no Anthropic key here" in row_of(page, "claude-haiku-4-5")
    assert "included, no key needed" in row_of(page, "mini")


def test_a_model_is_told_with_its_price_of_a_day_and_its_end(cast, owner):
    text = row_of(owner.get(f"{HERE}/models"), "gpt-5-mini")
    assert re.search(r"\$\d+\.\d\d / \$\d+\.\d\d on \d+ \w+ 2026", text)
    assert "on 11 Dec 2026" in text


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda key: store.set_enabled(key, False, OPERATOR), "the OpenAI key is disabled"),
        (lambda key: workspaces.set_plan(workspaces.by_slug("acme"), "free", OPERATOR), "the plan"),
    ],
)
def test_why_a_key_does_not_serve_is_said(cast, owner, spoil, expected):
    spoil(make_key(cast.workspace, "openai"))
    assert expected in row_of(owner.get(f"{HERE}/models"), "gpt-5-mini")


def test_models_are_found_by_words_and_by_provider(owner):
    both = owner.get(f"{HERE}/models?q=GPT+5+mini&provider=openai").text
    assert "gpt-5-mini" in both and "claude" not in both.partition('id="models"')[2]
    assert "No results" in owner.get(f"{HERE}/models?q=no+such+model").text
    anything = owner.get(f"{HERE}/models?provider=nobody").text
    assert "gpt-5-mini" in anything and "claude-haiku-4-5" in anything


def test_the_decision_is_explained_as_it_would_be_made(app, cast, owner, provider):
    make_key(cast.workspace, "anthropic")
    request_count = len(provider.calls)
    page = owner.get(f"{HERE}/route?model=claude-haiku-4-5&format=chat").text
    assert "Anthropic" in page and "translated to the provider’s format" in page
    assert "no AWS Bedrock key here" in page
    assert "passed through unchanged" in owner.get(
        f"{HERE}/route?model=claude-haiku-4-5&format=messages"
    ).text  # fmt: skip
    assert "Clients get 404" in owner.get(f"{HERE}/route?model=gpt-5-mini").text
    assert "No model has this name" in owner.get(f"{HERE}/route?model=gone").text
    assert len(provider.calls) == request_count


def test_the_order_of_keys_moves_by_one_and_routes_the_next_request(app, cast, owner):
    for slug in ("bedrock", "anthropic", "openai"):
        make_key(cast.workspace, slug)
    program = Program(app, cast.workspace, cast.member)
    assert candidates(program) == ["anthropic", "bedrock"]
    answer = owner.post(f"{HERE}/order", {"provider": "bedrock", "way": "up"})
    assert answer.status_code == 303
    owner.post(f"{HERE}/order", {"provider": "bedrock", "way": "up"})
    assert candidates(program) == ["bedrock", "anthropic"]
    page = owner.get(f"{HERE}/order").text
    names = re.findall(r"<b>([A-Z][^<]+)</b>", page.partition('aria-label="Provider order"')[2])
    assert names == ["AWS Bedrock", "Anthropic", "OpenAI"]
    log = owner.get("/w/acme/audit-log").text
    assert "changed the order in which keys are tried, now AWS Bedrock, Anthropic and OpenAI" in log
    owner.post(f"{HERE}/order", {"provider": "bedrock", "way": "up"})
    assert len(audit.lines_of(cast.workspace.id, action="routing")) == 2


def candidates(program) -> list[str]:
    body = program.get("/v1/route?model=claude-haiku-4-5").json
    return [one["provider"] for one in body["tried"]]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"provider": "openai", "way": "sideways"}, 422),
        ({"provider": "", "way": "up"}, 422),
        ({"provider": "anthropic", "way": "up"}, 404),
    ],
)
def test_what_cannot_be_moved_changes_nothing(cast, owner, form, status):
    make_key(cast.workspace, "openai")
    assert owner.post(f"{HERE}/order", form).status_code == status
    assert workspaces.by_slug("acme").key_order == []


@pytest.mark.parametrize(
    ("slug", "way", "now"),
    [("a", "up", "abc"), ("b", "up", "bac"), ("a", "down", "bac"), ("c", "down", "abc")],
)
def test_a_provider_moves_by_one_place_and_stays_at_the_ends(slug, way, now):
    assert provider_order.moved(list("abc"), slug, way) == list(now)


def test_the_log_tells_what_became_of_a_request(app, cast, owner, provider):
    key = make_key(cast.workspace, "openai")
    program = Program(app, cast.workspace, cast.member)
    assert program.chat("gpt-5-mini").status_code == 200
    provider.next(Reply.status(400, message="Not like that."))
    program.chat("gpt-5-mini")
    failed, answered = program.logged()
    page = owner.get(f"{HERE}/requests").text
    assert "Answered" in page and "Failed" in page and "Tests" in page
    page_text = owner.get(f"{HERE}/requests/{answered.id}").text
    assert key.mask in page_text and "your key" in page_text and "Attempts" in page_text
    assert answered.tokens_in and f"{answered.tokens_in} in" in page_text
    assert "400" in owner.get(f"{HERE}/requests/{failed.id}").text


def make_request(cast, person, app, **fields):
    program = Program(app, cast.workspace, person)
    row = {"route": "chat", "model_asked": "gpt-5-mini", "provider": "openai", "status": 200}
    made = GatewayRequest(workspace_id=cast.workspace.id, token_id=program.row.id, **row | fields)
    with transaction() as current:
        current.add(made)
    return made.id


def shown_in(browser, query="") -> set[str]:
    page = browser.get(f"{HERE}/requests{query}")
    assert page.status_code == 200
    return set(re.findall(r"gateway/requests/(req_\w+)", page.text))


def test_members_see_their_own_requests_and_billing_managers_all(app, cast, signed_in):
    mine, others = make_request(cast, cast.member, app), make_request(cast, cast.owner, app)
    member = signed_in("member")
    assert shown_in(member) == {mine}
    assert shown_in(member, "?whose=all") == {mine}
    assert shown_in(signed_in("admin")) == set()
    for who in ("owner", "billing"):
        assert shown_in(signed_in(who)) == {mine, others}
    assert shown_in(signed_in("owner"), "?whose=mine") == {others}
    assert member.get(f"{HERE}/requests/{mine}").status_code == 200
    assert member.get(f"{HERE}/requests/{others}").status_code == 403
    assert signed_in("stranger").get(f"{HERE}/requests/{mine}").status_code == 404
    assert [row["request_id"] for row in file_of(member)] == [mine]
    assert len(file_of(signed_in("billing"))) == 2


@on_both_databases
def test_the_log_is_filtered(app, cast, owner):
    good = make_request(cast, cast.owner, app)
    bad = make_request(cast, cast.owner, app, code="upstream_overloaded", provider="anthropic")
    old = make_request(
        cast, cast.owner, app, model_asked="a%c_x", at=clock.now() - timedelta(days=40)
    )
    assert shown_in(owner) == {good, bad, old}
    assert shown_in(owner, "?state=failed") == {bad}
    assert shown_in(owner, "?state=answered&provider=openai") == {good, old}
    assert shown_in(owner, "?provider=anthropic") == {bad}
    assert shown_in(owner, "?model=GPT-5") == {good, bad}
    assert shown_in(owner, "?model=%25c_") == {old}
    today = clock.today()
    assert shown_in(owner, f"?from={today}") == {good, bad}
    assert shown_in(owner, f"?to={today - timedelta(days=40)}") == {old}
    assert shown_in(owner, "?from=9999-12-31&page=x") == set()


@pytest.mark.parametrize(("count", "older"), [(50, False), (51, True)])
def test_the_log_has_pages(app, cast, owner, count, older):
    program = Program(app, cast.workspace, cast.owner)
    with transaction() as current:
        for number in range(count):
            current.add(
                GatewayRequest(
                    workspace_id=cast.workspace.id,
                    token_id=program.row.id,
                    route="chat",
                    model_asked="gpt-5-mini",
                    status=200,
                    at=clock.now() - timedelta(seconds=number),
                )
            )
    first = shown_in(owner)
    assert len(first) == 50
    assert ("requests?page=2" in owner.get(f"{HERE}/requests").text) == older
    assert len(shown_in(owner, "?page=2") - first) == count - 50


def test_the_file_has_the_same_numbers(app, cast, owner):
    make_request(
        cast,
        cast.owner,
        app,
        tokens_in=1200,
        tokens_out=30,
        cost_microusd=1_234_567,
        billed_microusd=5,
        latency_ms=840,
        attempts=[
            {"provider": "openai", "source": "workspace", "status": 200, "kind": "", "ms": 1}
        ],
    )
    (row,) = file_of(owner)
    assert (row["tokens_in"], row["tokens_out"], row["latency_ms"]) == ("1200", "30", "840")
    assert (row["estimate_usd"], row["billed_usd"]) == ("1.234567", "0.000005")
    assert (row["token"], row["attempts"]) == ("Tests", "openai 200")


def file_of(browser) -> list[dict[str, str]]:
    session().commit()
    return list(csv.DictReader(io.StringIO(browser.get(f"{HERE}/requests/file").text)))
