"""The alerts page: who is told, the webhook with its secret shown once, the log of what was sent."""

import re
import time
from datetime import timedelta

import pytest

from core.accounts import audit
from core.db import session, transaction
from core.outbox import deliveries, emails, sending
from core.webhooks import calls, endpoints, signatures
from core.webhooks.models import WEBHOOK
from tests.core.outbox.conftest import ANN, row
from web.console.alerts.views import HOW_TO_VERIFY

PAGE = "/w/acme/alerts"
URL = "https://hooks.example/mevichat"


@pytest.fixture
def owner(signed_in, cast):
    return signed_in("owner")


@pytest.fixture
def set_up(cast) -> str:
    """A webhook is set; its secret."""
    return endpoints.set_url(cast.workspace.id, URL, ANN)


def add(cast, event="key.broken") -> str:
    with transaction() as current:
        return endpoints.add(current, cast.workspace.id, event, {})


def fail(delivery_id, error="It answered 503.", **options):
    claimed = deliveries.claim(delivery_id)
    with transaction() as current:
        deliveries.record_failure(current, claimed, error, 503, **options)


def text_of(page) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def secrets_in(page) -> list[str]:
    return re.findall(r"whsec_[A-Za-z0-9+/]+=*", page.text)


def test_those_who_can_mend_it_are_listed_as_told(owner):
    page_text = text_of(owner.get(PAGE))
    for email in ("owner@example.com", "billing@example.com"):
        assert email in page_text
    for email in ("admin@example.com", "member@example.com", "stranger@example.com"):
        assert email not in page_text


def test_settings_lead_there_for_those_who_may(signed_in, cast):
    assert PAGE in signed_in("billing").get("/w/acme/settings").text
    assert PAGE not in signed_in("admin").get("/w/acme/settings").text


def test_an_empty_page_teaches_what_a_webhook_is(owner):
    page_text = text_of(owner.get(PAGE))
    assert "Send alerts to your own app" in page_text
    assert "Nothing sent yet" in page_text
    assert "Send a test" not in page_text


def test_the_secret_is_in_the_answer_of_its_making_and_nowhere_else(owner, cast):
    made = owner.post(f"{PAGE}/webhook", {"url": URL})
    (secret,) = secrets_in(made)
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    assert "only time you’ll see this secret" in made.text
    assert not secrets_in(owner.get(PAGE))
    moved = owner.post(f"{PAGE}/webhook", {"url": f"{URL}/2"})
    assert (moved.status_code, moved.location) == (303, PAGE)
    (new,) = secrets_in(owner.post(f"{PAGE}/webhook/secrets"))
    assert new != secret
    assert not secrets_in(owner.get(PAGE))
    assert [line.actor for line in audit.lines_of(cast.workspace.id, action="alert")] == [
        "Owner"
    ] * 3


def test_the_secret_is_in_no_log(owner, logged):
    (secret,) = secrets_in(owner.post(f"{PAGE}/webhook", {"url": URL}))
    assert secret not in logged()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Enter a full address"),
        ("http://10.0.0.1/", "private network"),
        ("x" * 501, "at most 500"),
    ],
)
def test_an_address_that_cannot_be_used_comes_back_with_the_mend(owner, cast, url, said):
    refused = owner.post(f"{PAGE}/webhook", {"url": url})
    assert refused.status_code == 422
    assert said in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert endpoints.find(cast.workspace.id) is None


def test_the_switch_and_the_removal(owner, cast, set_up):
    assert "Disable</button>" in owner.get(PAGE).text
    assert owner.post(f"{PAGE}/webhook/disablement").status_code == 303
    page = owner.get(PAGE)
    assert "Enable</button>" in page.text
    assert "Send a test" not in page.text
    assert "Mevichat disabled this webhook" not in page.text
    owner.post(f"{PAGE}/webhook/enablement")
    assert "will no longer receive alerts" in owner.get(f"{PAGE}/webhook/removal").text
    assert endpoints.find(cast.workspace.id).enabled
    assert owner.post(f"{PAGE}/webhook/removal").status_code == 303
    session().commit()
    assert endpoints.find(cast.workspace.id) is None
    assert owner.get(f"{PAGE}/webhook/removal").status_code == 404


@pytest.mark.parametrize("act", ["secrets", "enablement", "disablement"])
def test_without_a_webhook_there_is_nothing_to_change(owner, act):
    refused = owner.post(f"{PAGE}/webhook/{act}")
    assert refused.status_code == 404
    assert "Enter an address first" in refused.text


def test_a_test_of_a_webhook_that_is_off_says_so(owner, set_up):
    owner.post(f"{PAGE}/webhook/disablement")
    refused = owner.post(f"{PAGE}/webhook/tests")
    assert refused.status_code == 409
    assert "Enable it first" in refused.text


def test_a_test_is_sent_by_a_worker_and_its_outcome_shown(owner, cast, set_up, run_jobs, logged):
    """The host does not exist: that is what the page has to tell."""
    piece = owner.post(f"{PAGE}/webhook/tests", htmx=True)
    assert "Pending" in piece.text
    assert 'hx-trigger="load delay:1s' in piece.text
    assert "Test sent" in piece.headers["HX-Trigger"]
    run_jobs()
    piece = owner.get(f"{PAGE}/deliveries", htmx=True)
    assert "Failed" in piece.text
    assert "host name couldn’t be resolved" in piece.text
    assert "hx-trigger" not in piece.text
    assert "<h1" not in piece.text


def test_the_log_tells_state_tries_and_reason_of_each(owner, cast, set_up):
    waiting, retrying, over, sending_now, arrived = (add(cast) for _ in range(5))
    fail(retrying)
    fail(over, final=True)
    deliveries.claim(sending_now)
    with transaction() as current:
        deliveries.record_delivered(current, deliveries.claim(arrived), 204)
    page = owner.get(PAGE)
    text = text_of(page)
    for word in ("Pending", "Retrying", "Failed", "Sending", "Delivered"):
        assert text.count(word) == 1, word
    assert "Receiver answered 204." in text
    assert text.count("It answered 503.") == 2
    assert "not tried yet" in text
    assert {found for found in (waiting, retrying, over, sending_now, arrived) if found in page.text} == {
        waiting, retrying,
    }  # fmt: skip


def test_mails_of_the_workspace_are_in_the_log_and_those_of_others_are_not(owner, cast):
    facts = {"inviter": "Ann", "workspace": "X", "role": "Admin", "token": "mvi_seen", "days": 7}
    with transaction() as current:
        emails.add(current, "invitation", "zoe@example.com", cast.workspace.id, **facts)
        emails.add(current, "invitation", "eve@example.com", cast.elsewhere.id, **facts)
    page = owner.get(PAGE)
    assert "Invitation email to zoe@example.com" in text_of(page)
    assert "eve@" not in page.text
    assert "mvi_seen" not in page.text


def test_a_waiting_call_is_tried_now(owner, cast, set_up):
    delivery_id = add(cast)
    fail(delivery_id)
    assert owner.post(f"{PAGE}/deliveries/{delivery_id}/tries").status_code == 303
    assert deliveries.claim(delivery_id)
    refused = owner.post(f"{PAGE}/deliveries/{delivery_id}/tries")
    assert refused.status_code == 404
    assert "being sent or has ended" in refused.text


def test_the_page_looks_again_only_while_something_is_on_its_way(owner, cast, set_up, shift_clock):
    assert "hx-trigger" not in _log_of(owner)
    delivery_id = add(cast)
    assert "load delay:1s" in _log_of(owner)
    for pauses in range(3):
        fail(delivery_id)
        shift_clock(sum(deliveries.PAUSES[: pauses + 1], timedelta(seconds=5)))
    fail(delivery_id)
    assert "load delay:15s" in _log_of(owner)
    claimed = row(delivery_id)
    with transaction() as current:
        deliveries.record_delivered(current, claimed, 200)
    assert "hx-trigger" not in _log_of(owner)


def _log_of(browser) -> str:
    return browser.get(f"{PAGE}/deliveries", htmx=True).text


def test_the_piece_has_an_address_that_works_alone(owner):
    assert owner.get(f"{PAGE}/deliveries").location == PAGE


def test_a_webhook_that_fails_or_was_switched_off_says_so(owner, cast, set_up, shift_clock):
    def fail_once(gone=False):
        with transaction() as current:
            endpoints.record_failure(
                current, endpoints.find(cast.workspace.id), "It answered 500.", gone
            )

    fail_once()
    assert "The last call failed." in text_of(owner.get(PAGE))
    fail_once()
    assert "The last 2 calls in a row failed." in text_of(owner.get(PAGE))
    fail_once(gone=True)
    assert "Mevichat disabled this webhook" in text_of(owner.get(PAGE))


def test_the_example_verifies_a_call_and_refuses_every_other(owner, cast, set_up):
    shown = owner.get(PAGE).text
    assert "def is_from_mevichat" in shown
    names: dict = {}
    exec(HOW_TO_VERIFY, names)
    verifies, now, body = names["is_from_mevichat"], int(time.time()), b'{"type":"test"}'
    headers = signatures.headers(set_up, "dlv_1", now, body)
    assert verifies(set_up, headers, body)
    assert not verifies(set_up, headers, body + b" ")
    assert not verifies(signatures.new_secret(), headers, body)
    assert not verifies(set_up, headers | {"webhook-id": "dlv_2"}, body)
    old = signatures.headers(set_up, "dlv_1", now - 400, body)
    assert not verifies(set_up, old, body)


def test_a_page_with_an_unreadable_secret_still_loads(owner, cast, set_up):
    from core.webhooks.models import Webhook

    with transaction() as current:
        current.query(Webhook).update({"sealed_secret": "broken"})
    assert owner.get(PAGE).status_code == 200
    delivery_id = add(cast)
    sending.send(delivery_id)
    assert calls.NO_SECRET in text_of(owner.get(PAGE))
    assert row(delivery_id).channel == WEBHOOK
