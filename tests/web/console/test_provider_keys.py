"""Provider keys in a browser, with worker and provider behind them: pasted, checked, kept, used, lost.

Past the wall: one list of what can become of a key.
"""

import re
from datetime import timedelta

import pytest
from redis import Redis
from rq.job import Job

from core import queue
from core.accounts import workspaces
from core.accounts.actor import OPERATOR, Actor
from core.bots import bots
from core.db import session
from core.keys import checks, pending, saving, states, store, verdicts
from core.keys.saving import Proof
from core.providers.client import Timeouts
from core.secrets import vault
from tests import marker
from tests.bot_client import BotClient, key_of, make_bot, make_key
from tests.browser import Browser
from tests.providers import Reply

KEYS = "/w/acme/provider-keys"
SECRETS = {"anthropic": marker.anthropic_key(), "openai": marker.openai_key()}
MASKS = {"anthropic": "sk-ant-api03-••••••••7xA2", "openai": "sk-proj-••••••••Qm31"}
MODELS = {"anthropic": "claude-haiku-4-5", "openai": "gpt-5-mini"}
NEW = {"anthropic": marker.anthropic_key("NEW1"), "openai": marker.openai_key("NEW1")}

REFUSALS = {
    "401": (Reply.status(401), "rejected this key"),
    "403": (Reply.missing_scope(), "says this key lacks a permission"),
    "out of credit": (Reply.insufficient_quota(), "has no credit left"),
    "an echo of the key": (Reply.echoing_key(), "rejected this key"),
}
TROUBLE = {
    "429": Reply.rate_limited(),
    "500": Reply.status(500),
    "529": Reply.overloaded(),
    "a cut": Reply.cut(),
    "no answer": Reply.drop_connection(),
    "a proxy's page": Reply.html_page(),
    "nothing": Reply.empty_body(),
    "silence": Reply.answer().slowly(first_byte_seconds=5),
    "a stall": Reply.stall(),
}


@pytest.fixture
def owner(cast, signed_in) -> Browser:
    return signed_in("owner")


@pytest.fixture
def quick(monkeypatch):
    """A check gives up after half a second, so that a test need not wait as a person would."""
    limits = Timeouts(first_byte_seconds=0.5, stall_seconds=0.5, total_seconds=3)
    monkeypatch.setattr(checks, "TIMEOUTS", limits)


@pytest.fixture
def nothing_kept(app, cast, logged):
    """`nothing_kept()`: no row, no value and no log line holds anything of the paste."""

    def check(rows: int = 0) -> None:
        session().commit()
        assert len(store.keys_of(cast.workspace.id)) == rows
        connection = queue.redis_connection()
        assert not list(marker.in_redis(connection))
        assert not list(connection.scan_iter("candidate:*"))
        assert marker.MARKER not in logged()

    return check


def paste(browser: Browser, slug: str, secret: str = "", url: str = KEYS, htmx: bool = True):
    return browser.post(url, {"provider": slug, "secret": secret or SECRETS[slug]}, htmx=htmx)


def state(answer) -> str:
    return re.search(r'class="check" data-kind="\w+" data-state="(\w+)"', answer.text)[1]


def poll(browser: Browser, answer):
    """What the piece fetches a second later."""
    return browser.get(re.search(r'hx-get="([^"]+/checks/[^"]+)"', answer.text)[1], htmx=True)


@pytest.mark.parametrize("slug", SECRETS)
def test_a_good_key_becomes_a_masked_row(app, cast, provider, owner, run_jobs, slug):
    waiting = paste(owner, slug)
    assert (waiting.status_code, state(waiting)) == (200, "waiting")
    assert "Starting the check" in waiting.text
    assert state(poll(owner, waiting)) == "waiting"
    run_jobs()
    saved = poll(owner, waiting)
    assert state(saved) == "saved"
    assert MASKS[slug] in saved.text
    assert "hx-get" not in saved.text
    assert saved.headers["HX-Trigger"] == "keys-changed"
    assert len(provider.chats) == 1
    row = owner.get(KEYS, htmx=True).text
    assert MASKS[slug] in row
    assert "Valid" in row
    assert "by Owner" in row
    assert key_of(cast.workspace, slug).version == 1


def test_credentials_of_aws_become_a_row_with_their_region(
    cast, provider, owner, run_jobs, nothing_kept
):
    pasted = marker.bedrock_key().replace(",", ",\n  ")
    waiting = paste(owner, "bedrock", pasted)
    assert state(waiting) == "waiting"
    run_jobs()
    assert state(poll(owner, waiting)) == "saved"
    assert "AKIA••••••••WXYZ · us-east-1" in owner.get(KEYS, htmx=True).text
    nothing_kept(rows=1)


def test_aws_refusing_a_permission_comes_with_what_to_do(provider, owner, run_jobs, nothing_kept):
    provider.always(Reply.missing_scope())
    waiting = paste(owner, "bedrock", marker.bedrock_key())
    run_jobs()
    answer = poll(owner, waiting)
    assert state(answer) == "failed"
    assert "bedrock:InvokeModelWithResponseStream" in answer.text
    assert f"{marker.MARKER}" not in answer.text
    nothing_kept()


def test_a_check_asks_for_a_real_completion_of_16_tokens(provider, owner, run_jobs):
    paste(owner, "anthropic")
    run_jobs()
    (call,) = provider.chats
    assert call.body["max_tokens"] == 16
    assert call.key == SECRETS["anthropic"]


def test_a_retired_model_is_not_a_bad_key(cast, provider, owner, run_jobs):
    provider.unknown_models.add("claude-haiku-5-5")
    answer = paste(owner, "anthropic")
    run_jobs()
    assert state(poll(owner, answer)) == "saved"
    assert [call.model for call in provider.chats] == ["claude-haiku-5-5", "claude-haiku-4-5"]


def test_it_works_without_a_script(app, cast, provider, owner, run_jobs):
    assert "Validate &amp; save" in owner.get(f"{KEYS}/new?provider=openai").text
    sent = paste(owner, "openai", htmx=False)
    assert sent.status_code == 303
    waiting = owner.get(sent.location)
    assert 'http-equiv="refresh"' in waiting.text
    run_jobs()
    saved = owner.get(sent.location)
    assert 'http-equiv="refresh"' not in saved.text
    assert MASKS["openai"] in saved.text
    assert "Already added" in owner.get(f"{KEYS}/new").text


@pytest.mark.parametrize("slug", SECRETS)
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_key_leaves_the_providers_words_and_nothing_else(
    cast, provider, owner, run_jobs, nothing_kept, slug, fault
):
    reply, sentence = REFUSALS[fault]
    provider.always(reply)
    answer = paste(owner, slug)
    run_jobs()
    outcome = poll(owner, answer)
    assert state(outcome) == "failed"
    assert sentence in outcome.text
    assert "’s message</footer>" in outcome.text
    assert len(re.search(r"<blockquote><p>(.+?)</p>", outcome.text)[1]) > 10
    nothing_kept()


def test_the_providers_words_are_its_own(provider, owner, run_jobs):
    provider.always(Reply.status(401, message="Ask your administrator, extension 12"))
    sent = paste(owner, "anthropic", htmx=False)
    run_jobs()
    page = owner.get(sent.location)
    assert "Ask your administrator, extension 12" in page.text
    assert "Paste the key again" in page.text


@pytest.mark.parametrize("fault", TROUBLE)
def test_a_provider_in_trouble_says_nothing_about_the_key(
    cast, provider, owner, run_jobs, nothing_kept, quick, fault
):
    provider.always(TROUBLE[fault])
    answer = paste(owner, "anthropic")
    run_jobs()
    outcome = poll(owner, answer)
    assert state(outcome) == "unchecked"
    assert "Couldn’t check the key. Nothing was changed" in outcome.text
    nothing_kept()


def test_a_provider_that_cannot_be_reached_says_nothing_about_the_key(
    provider, owner, run_jobs, nothing_kept
):
    provider.close()
    answer = paste(owner, "anthropic")
    run_jobs()
    assert state(poll(owner, answer)) == "unchecked"
    nothing_kept()


WRONG_PASTES = [
    ("anthropic", "", "Paste a key from Anthropic"),
    ("anthropic", marker.openai_key(), "looks like a key from OpenAI"),
    ("openai", marker.anthropic_key(), "looks like a key from Anthropic"),
    ("openai", MASKS["openai"], "masked key"),
    ("openai", f"sk-proj-{marker.MARKER}\nsecond-line", "Copy the key again"),
    ("openai", "x" * 2001, "8 to 2,000"),
    ("", marker.openai_key(), "Choose a provider"),
    ("openai", marker.bedrock_key(), "This is JSON"),
    ("bedrock", marker.openai_key(), "as JSON"),
    ("bedrock", marker.bedrock_key()[:-1], "as JSON"),
    ("bedrock", marker.bedrock_key().replace("us-east-1", "evil.example/"), "“region” is a region"),
    ("bedrock", marker.bedrock_key().replace("secretAccessKey", "secret"), "“secret” doesn’t"),
]


@pytest.mark.parametrize("htmx", [True, False], ids=["piece", "page"])
def test_a_wrong_paste_is_sent_nowhere(provider, owner, run_jobs, nothing_kept, htmx):
    for slug, secret, says in WRONG_PASTES:
        answer = owner.post(KEYS, {"provider": slug, "secret": secret}, htmx=htmx)
        assert answer.status_code == 422
        assert says in answer.text
    run_jobs()
    assert not provider.calls
    nothing_kept()


def test_what_was_left_out_of_a_paste_is_said(owner, run_jobs, cast):
    answer = paste(owner, "anthropic", f' "Bearer {SECRETS["anthropic"]}"\n')
    assert "We removed spaces, quotes, a name or “Bearer” around the key" in answer.text
    run_jobs()
    assert state(poll(owner, answer)) == "saved"


def test_the_candidate_waits_sealed_and_the_job_names_only_ids(cast, owner, run_jobs):
    paste(owner, "anthropic")
    connection = queue.redis_connection()
    (name,) = connection.scan_iter("candidate:*")
    assert 0 < connection.ttl(name) <= 120
    sealed = connection.get(name).decode()
    assert (
        vault.open_sealed(sealed, vault.provider_key_context(cast.workspace.id, "anthropic"))
        == SECRETS["anthropic"]
    )
    assert not list(marker.in_redis(connection))
    for job in _jobs(connection):
        assert all(re.fullmatch(r"(chk|key)_\w{20}|\d+", argument) for argument in job.args)
        assert job.description == job.func_name
        assert not job.kwargs
    run_jobs()
    assert not list(connection.scan_iter("candidate:*"))
    assert not _jobs(connection)


def _jobs(connection: Redis) -> list[Job]:
    names = (name.decode().split(":") for name in connection.scan_iter("rq:job:*"))
    ids = [parts[2] for parts in names if len(parts) == 3]
    return Job.fetch_many(ids, connection, serializer=queue.SERIALIZER)


def test_a_second_key_of_a_provider_has_to_replace_the_first(cast, provider, owner):
    make_key(cast.workspace)
    answer = paste(owner, "anthropic", NEW["anthropic"])
    assert answer.status_code == 409
    assert "Use “Replace”" in answer.text
    assert not provider.calls


# A stored key


@pytest.fixture
def key(cast):
    return make_key(cast.workspace)


def replace(browser: Browser, secret: str, htmx: bool = True):
    return paste(browser, "anthropic", secret, f"{KEYS}/anthropic/replacement", htmx)


def run_test(browser: Browser, run_jobs):
    """What the row says after *Test*."""
    answer = browser.post(f"{KEYS}/anthropic/checks", htmx=True)
    assert state(answer) == "waiting"
    run_jobs()
    return poll(browser, answer)


def test_a_replaced_key_serves_from_then_on(cast, provider, owner, run_jobs, app, key):
    provider.accept(NEW["anthropic"])
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    answer = replace(owner, NEW["anthropic"])
    bot_client.say()
    assert provider.chats[-1].key == SECRETS["anthropic"]
    run_jobs()
    assert state(poll(owner, answer)) == "saved"
    bot_client.say()
    assert provider.chats[-1].key == NEW["anthropic"]
    stored = key_of(cast.workspace)
    assert (stored.id, stored.version, stored.mask[-4:]) == (key.id, 2, "NEW1")
    assert "Replaced" in owner.get(KEYS).text


@pytest.mark.parametrize(
    "fault", [Reply.status(401), Reply.status(500)], ids=["refused", "trouble"]
)
def test_a_failed_replacement_leaves_the_old_key_working(
    cast, provider, owner, run_jobs, app, key, nothing_kept, fault
):
    provider.when(NEW["anthropic"], fault)
    replace(owner, NEW["anthropic"], htmx=False)
    run_jobs()
    stored = key_of(cast.workspace)
    assert (stored.version, stored.mask, stored.status) == (1, MASKS["anthropic"], "valid")
    assert BotClient(app, make_bot(cast.workspace, MODELS["anthropic"])).say().last == "done"
    nothing_kept(rows=1)


def test_a_replacement_mends_an_invalid_key(cast, provider, owner, run_jobs, key):
    provider.revoke(SECRETS["anthropic"])
    run_test(owner, run_jobs)
    assert key_of(cast.workspace).status == "invalid"
    provider.accept(NEW["anthropic"])
    replace(owner, NEW["anthropic"])
    run_jobs()
    stored = key_of(cast.workspace)
    assert (stored.status, stored.reason, stored.provider_words) == ("valid", "", "")


def test_the_stored_key_is_recognised(cast, provider, owner, key):
    answer = replace(owner, SECRETS["anthropic"])
    assert answer.status_code == 422
    assert "already stored" in answer.text
    assert not provider.calls


def test_replacing_what_is_not_there_is_not_found(owner):
    assert owner.get(f"{KEYS}/anthropic/replacement").status_code == 404
    assert replace(owner, SECRETS["anthropic"]).status_code == 404


def test_a_test_passes_fails_with_the_reason_and_passes_again(cast, provider, owner, run_jobs, key):
    assert state(run_test(owner, run_jobs)) == "passed"
    assert key_of(cast.workspace).checked_by == "test"
    provider.revoke(SECRETS["anthropic"])
    row = run_test(owner, run_jobs)
    assert state(row) == "failed"
    assert "rejected this key" in row.text
    stored = key_of(cast.workspace)
    assert (stored.status, stored.reason) == ("invalid", "rejected")
    home = owner.get("/w/acme").text
    assert "Anthropic rejected this key" in home
    provider.accept(SECRETS["anthropic"])
    assert state(run_test(owner, run_jobs)) == "passed"
    assert key_of(cast.workspace).status == "valid"


@pytest.mark.parametrize("fault", ["429", "500", "silence"])
def test_a_test_without_an_answer_leaves_the_key_as_it_is(
    cast, provider, owner, run_jobs, quick, key, fault
):
    provider.always(TROUBLE[fault])
    assert state(run_test(owner, run_jobs)) == "unchecked"
    assert key_of(cast.workspace).status == "valid"


def test_an_invalid_key_says_its_latest_reason(cast, provider, owner, run_jobs, key):
    provider.always(Reply.status(401))
    run_test(owner, run_jobs)
    provider.always(Reply.insufficient_quota())
    run_test(owner, run_jobs)
    stored = key_of(cast.workspace)
    assert (stored.status, stored.reason) == ("invalid", "no_credit")
    assert "no credit left" in owner.get(KEYS).text


def test_a_test_works_without_a_script(cast, provider, owner, run_jobs, key):
    answer = owner.post(f"{KEYS}/anthropic/checks")
    assert answer.status_code == 303
    assert 'http-equiv="refresh"' in owner.get(answer.location).text
    run_jobs()
    assert "accepted the key" in owner.get(answer.location).text


def test_a_live_refusal_is_confirmed_by_a_check_or_taken_back(app, cast, provider, run_jobs, key):
    """A 401 flips the key at once; if the key itself passes, only that model was refused."""
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    provider.next(Reply.status(401))
    bot_client.say()
    stored = key_of(cast.workspace)
    assert (stored.status, stored.checked_by) == ("invalid", "live")
    run_jobs()
    stored = key_of(cast.workspace)
    assert stored.status == "valid"
    assert stored.note == "The key works, but the provider refused Claude Haiku 4.5."
    provider.always(Reply.status(401))
    bot_client.say()
    run_jobs()
    assert key_of(cast.workspace).status == "invalid"


def test_a_disabled_key_serves_nobody_until_it_is_enabled(app, cast, provider, owner, key):
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    row = owner.post(f"{KEYS}/anthropic/disablement", htmx=True)
    assert "Disabled" in row.text
    assert bot_client.say().row.failure == "key_disabled"
    assert not provider.calls
    assert owner.post(f"{KEYS}/anthropic/enablement").status_code == 303
    assert bot_client.say().last == "done"


def test_no_check_touches_a_persons_switch(cast, provider, owner, run_jobs, key):
    owner.post(f"{KEYS}/anthropic/disablement")
    assert state(run_test(owner, run_jobs)) == "passed"
    assert key_of(cast.workspace).enabled is False


def test_deleting_names_the_bots_that_fall_silent(app, cast, provider, owner, key):
    for name in ("Support", "Sales"):
        make_bot(cast.workspace, MODELS["anthropic"], name=name)
    make_bot(cast.workspace, name="On Mini")
    bot_client = BotClient(app, bots.bots_of(cast.workspace.id)[0])
    confirmation = owner.get(f"{KEYS}/anthropic/deletion").text
    question = re.search(r'<form[^>]*id="deletion".*?</form>', confirmation, re.DOTALL)[0]
    assert "<b>Support</b> and <b>Sales</b> will stop answering" in question
    assert "On Mini" not in question
    assert store.find(cast.workspace.id, "anthropic")
    assert owner.post(f"{KEYS}/anthropic/deletion").status_code == 303
    session().commit()
    assert store.find(cast.workspace.id, "anthropic") is None
    assert bot_client.say().row.failure == "no_key"


def test_everybody_sees_the_mask_and_nobody_more(cast, signed_in, key):
    make_key(cast.workspace, "openai")
    for who in ("owner", "billing", "admin", "member"):
        page = signed_in(who).get(KEYS).text
        assert all(mask in page for mask in MASKS.values())
        assert ("Replace" in page) == (who in ("owner", "billing"))


def test_an_old_key_asks_for_a_new_one(cast, owner, key, shift_clock):
    for days, old in ((90, False), (91, True)):
        shift_clock(timedelta(days=days - 1, hours=23) if not old else timedelta(days=days))
        browser = owner if not old else Browser(owner.client.application).sign_in(cast.owner)
        assert ("Consider replacing it" in browser.get(KEYS).text) == old


# Plans


def test_a_plan_without_keys_refuses_by_page_and_by_endpoint(
    cast, provider, owner, run_jobs, nothing_kept
):
    workspaces.set_plan(cast.workspace, "free", OPERATOR)
    for htmx in (False, True):
        refused = [
            owner.get(f"{KEYS}/new", htmx=htmx),
            paste(owner, "anthropic", htmx=htmx),
            paste(owner, "openai", htmx=htmx),
        ]
        for answer in refused:
            assert answer.status_code == 403
            assert "Pro or Scale" in answer.text
    run_jobs()
    assert not provider.calls
    nothing_kept()


def test_a_downgrade_puts_keys_to_sleep_and_an_upgrade_wakes_them(
    app, cast, provider, owner, run_jobs, key
):
    bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
    workspaces.set_plan(cast.workspace, "free", OPERATOR)
    page = owner.get(KEYS).text
    assert "Inactive" in page
    assert MASKS["anthropic"] in page
    for url in ("checks", "replacement"):
        answer = owner.post(f"{KEYS}/anthropic/{url}", {"secret": NEW["anthropic"]})
        assert answer.status_code == 403
    run_jobs()
    assert bot_client.say().row.failure == "model_not_on_plan"
    assert not provider.calls
    workspaces.set_plan(cast.workspace, "pro", OPERATOR)
    assert "Valid" in owner.get(KEYS).text
    assert bot_client.say().last == "done"


# Time, repetition and Redis


def test_a_check_that_nobody_finishes_is_lost_after_90_seconds(
    cast, provider, owner, shift_clock, run_jobs, nothing_kept
):
    answer = paste(owner, "anthropic")
    shift_clock(timedelta(seconds=89))
    assert state(poll(owner, answer)) == "waiting"
    shift_clock(timedelta(seconds=91))
    lost = poll(owner, answer)
    assert state(lost) == "lost"
    assert "Try again" in lost.text
    assert "hx-get" not in lost.text
    run_jobs()
    assert state(poll(owner, answer)) == "lost"
    assert not provider.calls, "what a person was told was not changed stays unchanged"
    nothing_kept()


def test_a_check_whose_candidate_is_gone_is_lost(cast, provider, owner, run_jobs):
    answer = paste(owner, "anthropic")
    connection = queue.redis_connection()
    connection.delete(*connection.scan_iter("candidate:*"))
    run_jobs()
    assert state(poll(owner, answer)) == "lost"
    assert not provider.calls


def test_a_check_that_is_long_over_is_not_found(cast, owner):
    answer = owner.get(f"{KEYS}/checks/chk_long_ago")
    assert answer.status_code == 404
    assert "See the key’s current status" in answer.text


def test_a_job_that_runs_twice_stores_one_row_of_one_version(cast, provider, owner, run_jobs):
    paste(owner, "anthropic")
    (job,) = _jobs(queue.redis_connection())
    queue.enqueue(queue.CHECKS, job.func_name, *job.args)
    run_jobs()
    assert key_of(cast.workspace).version == 1
    assert len(provider.chats) == 1


def test_a_job_that_died_after_it_stored_the_key_stores_it_no_second_time(
    cast, provider, owner, run_jobs
):
    make_key(cast.workspace)
    provider.accept(NEW["anthropic"])
    replace(owner, NEW["anthropic"])
    connection = queue.redis_connection()
    (job,) = _jobs(connection)
    (check_id,) = job.args
    as_it_was = pending.load(check_id), pending.candidate(check_id)
    run_jobs()
    pending.keep(as_it_was[0])
    pending.keep_candidate(check_id, as_it_was[1])
    queue.enqueue(queue.CHECKS, job.func_name, check_id)
    run_jobs()
    assert key_of(cast.workspace).version == 2
    assert pending.load(check_id).state == "saved"


def test_a_verdict_about_a_replaced_version_is_dropped(cast, provider, owner, run_jobs, key):
    answer = owner.post(f"{KEYS}/anthropic/checks", htmx=True)
    saving.save(
        cast.workspace.id, "anthropic", NEW["anthropic"], Actor("Owner"), Proof("chk_another")
    )
    provider.revoke(SECRETS["anthropic"])
    run_jobs()
    assert state(poll(owner, answer)) == "lost"
    assert key_of(cast.workspace).status == "valid"
    assert not provider.calls


def test_a_key_that_was_deleted_meanwhile_ends_its_test(cast, provider, owner, run_jobs, key):
    answer = owner.post(f"{KEYS}/anthropic/checks", htmx=True)
    owner.post(f"{KEYS}/anthropic/deletion")
    run_jobs()
    assert poll(owner, answer).status_code == 404
    assert not provider.calls


@pytest.mark.parametrize("htmx", [True, False], ids=["piece", "page"])
def test_without_redis_nothing_is_stored_and_the_page_says_so(
    app, cast, chosen, provider, owner, run_jobs, nothing_kept, htmx
):
    key = make_key(cast.workspace, "openai")
    token = {"csrf_token": owner.csrf_token()}
    queue.configure("redis://127.0.0.1:1/0")
    answers = [
        paste(owner, "anthropic", htmx=htmx),
        owner.post(f"{KEYS}/openai/checks", token, htmx=htmx),
        owner.get(f"{KEYS}/checks/chk_any", htmx=htmx),
    ]
    for answer in answers:
        assert answer.status_code == 503
        assert "Try again" in answer.text
        assert answer.headers["Retry-After"]
    assert owner.get(KEYS, htmx=htmx).status_code == 200
    queue.configure(chosen.redis_address)
    run_jobs()
    assert not provider.calls
    assert key_of(cast.workspace, "openai").version == key.version
    nothing_kept(rows=1)


def test_without_redis_bots_still_answer(app, cast, chosen, provider):
    bot_client = BotClient(app, make_bot(cast.workspace))
    queue.configure("redis://127.0.0.1:1/0")
    try:
        assert bot_client.say().last == "done"
        assert app.test_client().get("/readyz").status_code == 503
    finally:
        queue.configure(chosen.redis_address)
    assert app.test_client().get("/readyz").status_code == 200


def test_a_key_that_no_ring_opens_asks_to_be_entered_again(
    app, cast, provider, owner, run_jobs, key
):
    before = list(vault._ring)
    vault.configure(["A" * 43 + "="])
    try:
        bot_client = BotClient(app, make_bot(cast.workspace, MODELS["anthropic"]))
        assert bot_client.say().row.failure == "key_unreadable"
        page = owner.get(KEYS).text
        assert "Unreadable" in page
        assert "Enter it again" in page
        assert owner.get("/w/acme").status_code == 200
        assert state(run_test(owner, run_jobs)) == "failed"
        assert not provider.calls
    finally:
        vault._ring[:] = before
    assert state(run_test(owner, run_jobs)) == "passed"
    assert key_of(cast.workspace).status == "valid"


def test_the_pickers_of_models_say_what_a_key_may_not_use(cast, owner, key):
    stored = key_of(cast.workspace)
    verdicts.record_check(stored, states.PASSED, "test", ["anthropic:claude-haiku-4-5"])
    page = owner.get("/w/acme/bots/new").text
    assert page.count("Your Anthropic key doesn’t have access to this model.") == 1
    assert "No access to Claude Haiku 4.5 (from Anthropic’s model list)" in owner.get(KEYS).text


@pytest.mark.parametrize("path", ["/anthropic/replacement", "/anthropic/deletion"])
def test_a_key_of_a_subscription_says_that_billing_goes_on(cast, owner, key, path):
    assert "Billing continues" not in owner.get(KEYS + path).text
    store.mark_subscription(
        key_of(cast.workspace), "Token Plan Plus", "https://plan.example/cancel", OPERATOR
    )
    page = owner.get(KEYS + path).text
    assert "Billing continues until you cancel the subscription" in page
    assert "https://plan.example/cancel" in page
