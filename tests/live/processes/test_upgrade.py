"""An operator stops the previous release and starts this one on its data: `bin/run`, with nothing lost.

That every row arrives as it was is told in tests/core/test_migrations.py; here, that it goes on working.
"""

import os
import re
import sqlite3
from base64 import urlsafe_b64encode

import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from tests import marker
from tests.live import previous
from tests.live.children import Child, clean_environ, free_port, until
from tests.live.member import Member
from tests.live.previous import BEN, OLGA
from tests.live.product import LiveProduct
from tests.live.visitor import Visitor
from tests.providers import LoopbackProvider

pytestmark = [pytest.mark.xdist_group("products"), pytest.mark.timeout(240)]

VALID, REFUSED, DORMANT = marker.anthropic_key(), marker.openai_key(), marker.anthropic_key("sH0p")
MINIS = marker.openai_key("m1n1")
KEYS = "/w/acme/provider-keys"
SCHEDULE_SECONDS = 60
STOP_SECONDS = 60


class UpgradedProduct(LiveProduct):
    """`bin/run` on what the previous release left behind; `before` are its rows."""

    def __enter__(self):
        self.before = previous.leave_behind(self.folder / "data")
        (self.folder / "logs").mkdir()
        try:
            self.start_run()
        except BaseException:
            self.close()
            raise
        return self

    def start_run(self):
        log = self.folder / "logs" / "run.log"
        self._running["run"] = Child("exec bin/run", self.environ, log)
        self.wait_until_ready()

    def id_of(self, table, name):
        (found,) = [row["id"] for row in self.before[table] if row["name"] == name]
        return found

    def key(self, provider):
        """Acme's key for that provider, as it is now."""
        query = "SELECT * FROM provider_keys WHERE workspace_id = ? AND provider = ?"
        (row,) = self.rows(query, self.id_of("workspaces", "Acme"), provider)
        return row

    def wait_for_the_schedule(self):
        """An old key is due at once: the first round has it checked."""
        checked = lambda: self.key("openai")["checked_by"] == "schedule"  # noqa: E731
        until(checked, SCHEDULE_SECONDS, "the schedule's first check of the refused key")


class Returning(Visitor):
    """A visitor whose token is from before the upgrade."""

    def __init__(self, port, bot_id, token):
        self._port, self._path, self._token = port, f"/v1/bots/{bot_id}", token


@pytest.fixture(scope="module")
def vendor():
    """Anthropic, OpenAI and Mini; the key that OpenAI has refused before is refused still."""
    with LoopbackProvider() as running:
        running.accept(VALID, DORMANT, MINIS)
        yield running


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory, vendor):
    with UpgradedProduct(
        tmp_path_factory.mktemp("upgraded"),
        (),
        web_processes=1,
        anthropic_base_url=vendor.anthropic_base_url,
        openai_base_url=vendor.openai_base_url,
        mini_base_url=vendor.openai_base_url,
        mini_api_key=MINIS,
    ) as product:
        yield product


@pytest.fixture
def olga(upgraded):
    return Member(upgraded, OLGA)


@pytest.fixture
def ben(upgraded):
    return Member(upgraded, BEN)


def test_every_old_row_is_there_and_the_people_find_their_workspaces(upgraded, olga, ben):
    for table, rows in upgraded.before.items():
        key = "period" if table == "quota_periods" else "id"
        now = {row[key] for row in upgraded.rows(f"SELECT * FROM {table}")}
        assert {row[key] for row in rows} <= now, table
    people = words(ben.get("/w/acme/people"))
    assert "Olga olga@example.com Owner" in people
    assert "Ben (you) ben@example.com Billing manager" in people
    for member, own, others in ((olga, "olgas", "bens"), (ben, "bens", "olgas")):
        home = member.get("/w/acme")
        assert f"/w/{own}-workspace" in home
        assert f"/w/{others}-workspace" not in home
    assert "Small shop" in ben.get("/w/small-shop")
    assert "Small shop" not in olga.get("/w/small-shop")


def test_a_browser_that_was_signed_in_still_is_and_one_that_was_ended_stays_so(upgraded):
    kept = start_page(upgraded, previous.OLGAS_SIGN_IN)
    assert (kept.status_code, "Support" in kept.text) == (200, True)
    ended = start_page(upgraded, previous.OLGAS_ENDED_SIGN_IN)
    assert (ended.status_code, "/sign-in" in ended.headers["Location"]) == (303, True)


def test_a_visitor_finds_the_whole_conversation_and_goes_on_in_it(upgraded, vendor):
    support, acme = upgraded.id_of("bots", "Support"), upgraded.id_of("workspaces", "Acme")
    visitor = Returning(upgraded.port, support, previous.VISITORS_TOKEN)
    said = [row for row in upgraded.before["messages"] if row["bot_id"] == support]
    assert [row["status"] for row in said[1::2]] == ["complete", "interrupted", "failed"]
    shown = visitor.messages()
    assert [(row["id"], row["text"], row["status"]) for row in said] == [
        (message["id"], message["text"], message["status"]) for message in shown
    ]
    used = used_by(upgraded, acme)
    assert used == len([row for row in upgraded.before["messages"]
                        if row["workspace_id"] == acme and row["quota_period"]])  # fmt: skip
    assert visitor.say("Thank you").to_its_end().text == "You said: Thank you"
    call = vendor.chats[-1]
    assert (call.key, call.body["messages"][0]["content"]) == (VALID, said[0]["text"])
    again = visitor.retry(said[-1]["id"]).to_its_end()
    assert again.text == f"You said: {said[-2]['text']}"
    assert used_by(upgraded, acme) == used + 2


def test_the_keys_page_says_of_each_key_what_it_said_before(upgraded, olga, ben):
    page = words(olga.get(KEYS))
    for text in ("sk-ant-api03-••••••••7xA2", "sk-proj-••••••••Qm31", "OpenAI rejected this key"):
        assert text in page
    assert "Incorrect API key provided: [key]." in page
    dormant = words(ben.get("/w/small-shop/provider-keys"))
    assert "sk-ant-api03-••••••••sH0p" in dormant
    assert "encrypted but inactive" in dormant


def test_a_key_that_was_refused_before_the_upgrade_is_told_once_and_asked_for_no_answer(
    upgraded, vendor
):
    upgraded.wait_for_the_schedule()
    request_count = len([call for call in vendor.chats if call.key == REFUSED])
    visitor = Visitor(upgraded.port, upgraded.id_of("bots", "Sales"))
    assert visitor.say("Hello").to_its_end().last.name == "error"
    assert len([call for call in vendor.chats if call.key == REFUSED]) == request_count
    key = upgraded.key("openai")
    assert (key["status"], key["reason"], key["version"]) == ("invalid", "rejected", 1)
    (before,) = [row for row in upgraded.before["provider_keys"] if row["id"] == key["id"]]
    assert key["fingerprint"] != before["fingerprint"]
    text = upgraded.rows("SELECT recipient FROM deliveries WHERE event = 'key_broken'")
    assert sorted(row["recipient"] for row in text) == [BEN, OLGA]


def test_an_old_key_is_recognised_when_it_is_pasted_again(upgraded, olga):
    for provider, secret in (("anthropic", VALID), ("openai", REFUSED)):
        version = upgraded.key(provider)["version"]
        pasted = olga.post(f"{KEYS}/{provider}/replacement", {"secret": secret})
        assert pasted.status_code == 422
        assert "This key is already stored." in words(pasted.text)
        assert upgraded.key(provider)["version"] == version


def test_a_dormant_key_wakes_with_an_upgrade_of_the_plan(upgraded, vendor, ben):
    upgraded.flask("workspaces", "set-plan", "small-shop", "pro")
    visitor = Visitor(upgraded.port, upgraded.id_of("bots", "Clerk"))
    assert visitor.say("Are you open?").to_its_end().text == "You said: Are you open?"
    assert vendor.chats[-1].key == DORMANT
    assert 'data-state="valid"' in ben.get("/w/small-shop/provider-keys")


def test_the_operators_commands_find_everything_in_order(upgraded):
    assert_every_chain_is_whole(upgraded)
    assert "problem" not in upgraded.flask("keys", "doctor")
    assert upgraded.flask("keys", "reencrypt").startswith("0 re-encrypted")


def test_a_second_start_is_as_good_and_may_bring_a_new_ring_key(upgraded, vendor):
    upgraded.stop("run")
    old_ring_key = (upgraded.folder / "data" / "secrets" / "encryption_key").read_text().strip()
    new_ring_key = urlsafe_b64encode(os.urandom(32)).decode()
    upgraded.environ["ENCRYPTION_KEYS"] = f"{new_ring_key},{old_ring_key}"
    upgraded.start_run()
    assert "Traceback" not in upgraded["run"].said
    moved = int(upgraded.flask("keys", "reencrypt").split()[0])
    assert moved >= len(upgraded.before["provider_keys"]) == 3
    assert "No provider key uses the older ring key" in upgraded.flask("keys", "doctor")
    assert_every_chain_is_whole(upgraded)
    visitor = Visitor(upgraded.port, upgraded.id_of("bots", "Support"))
    assert visitor.say("Still there?").to_its_end().text == "You said: Still there?"
    assert vendor.chats[-1].key == VALID


def test_bin_run_leaves_a_database_of_a_newer_release_alone_and_says_so(tmp_path):
    data = tmp_path / "data"
    previous.leave_behind(data)
    with sqlite3.connect(data / "mevichat.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    nowhere = "http://127.0.0.1:1/v1"
    environ = clean_environ(data_dir=data, port=free_port(), mini_base_url=nowhere)
    run = Child("exec bin/run", environ, tmp_path / "run.log")
    try:
        assert run.wait(STOP_SECONDS) == 1
    finally:
        run.stop()
    assert "upgraded by a newer release of Mevichat (its revision 9999 is not known" in run.said
    assert "Traceback" not in run.said


def assert_every_chain_is_whole(product):
    found = [line.split() for line in product.flask("audit", "verify").splitlines()]
    assert {slug for slug, *_ in found} == {row["slug"] for row in product.before["workspaces"]}
    assert {problem for *_, problem in found} == {"ok"}


def words(page):
    """The text of a page, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def start_page(product, token):
    """The home of Acme, asked for by a browser that was signed in with that token."""
    signing = Flask(__name__)
    signing.secret_key = (previous.UPGRADE / "secrets" / "secret_key").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(signing)
    cookie = serializer.dumps({"_user_id": token, "_fresh": True, "_permanent": True})
    return requests.get(
        f"{product.url}/w/acme", cookies={"mevichat": cookie}, allow_redirects=False, timeout=30
    )


def used_by(product, workspace_id):
    (row,) = product.rows("SELECT used FROM quota_periods WHERE workspace_id = ?", workspace_id)
    return row["used"]
