"""The Knowledge pages of a bot: given, read, looked at, tried out, answered; and inert whatever it says."""

import io
import re

import pytest

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.retrieval.grounding import DONT_KNOW
from core.db import session
from core.knowledge import sources, unanswered
from tests.bot_client import BotClient, make_bot, used
from tests.browser import Browser, check_html
from tests.core.bots.retrieval.test_grounding import ASKED, HANDBOOK, UNKNOWN
from tests.people import INSIDERS
from tests.providers import Reply
from tests.rendering.markup import ACTING
from web.console.knowledge.forms import MOST_UPLOAD_BYTES

KINDS = ("texts", "files", "answers", "pages")


@pytest.fixture
def bot(cast):
    return make_bot(cast.workspace)


@pytest.fixture
def base(bot):
    return f"/w/acme/bots/{bot.id}/knowledge"


@pytest.fixture
def admin(signed_in):
    return signed_in("admin")


@pytest.fixture
def taught(bot, run_jobs):
    """The bot's handbook, read."""
    source = sources.add_text(bot.workspace, bot.id, "Handbook", HANDBOOK, OPERATOR)
    run_jobs()
    return source


def titles_of(bot) -> list[str]:
    session().rollback()
    return [source.title for source in sources.sources_of(bot.id)]


def file(data: bytes, name: str):
    return io.BytesIO(data), name


@pytest.mark.parametrize("who", INSIDERS)
def test_everybody_inside_looks_and_those_who_manage_knowledge_act(
    signed_in, base, taught, bot, who
):
    unanswered.record(bot.workspace_id, bot.id, UNKNOWN)
    may = who in ("owner", "admin")
    page = signed_in(who).get(base).text
    assert "Handbook" in page and UNKNOWN in page
    for act in ("Add knowledge", "Read again", "Answer this", '/dismissal"'):
        assert (act in page) == may, act
    shown = signed_in(who).get(f"{base}/{taught.id}").text
    assert "We ship parcels to Norway within two days." in shown
    assert ("Read again" in shown) == may


def test_an_empty_page_teaches_the_next_step(admin, signed_in, base, bot):
    page = admin.get(base).text
    assert "No knowledge yet" in page
    assert "Add knowledge" in page
    assert "Add knowledge" not in signed_in("member").get(base).text
    assert f'href="{base}"' in admin.get(f"/w/acme/bots/{bot.id}").text


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_its_form(admin, base, kind):
    page = admin.get(f"{base}/{kind}")
    assert page.status_code == 200
    assert page.text.count("<form") == 2  # signing out is the other


@pytest.mark.parametrize(
    ("path", "form", "title"),
    [
        ("texts", {"title": "Shipping", "text": "Two days."}, "Shipping"),
        ("texts", {"title": "", "text": "Two days.\nNo more."}, "Two days."),
        ("answers", {"question": "Do you ship?", "answer": "Yes."}, "Do you ship?"),
        ("pages", {"url": "https://shop.example/help"}, "shop.example/help"),
        ("pages", {"url": "https://shop.example/map.xml", "sitemap": "y"}, "shop.example/map.xml"),
    ],
)
def test_what_is_added_is_listed_as_waiting(admin, base, bot, path, form, title):
    added = admin.post(f"{base}/{path}", form)
    assert (added.status_code, added.location) == (303, base)
    assert titles_of(bot) == [title]
    page = admin.get(base).text
    assert "Waiting" in page and "by Admin" in page
    (source,) = sources.sources_of(bot.id)
    assert (source.kind == "sitemap") == ("sitemap" in form)


@pytest.mark.parametrize(
    ("path", "form", "sentence"),
    [
        ("texts", {"title": "A", "text": " "}, "Enter the text."),
        ("texts", {}, "Enter the text."),
        ("answers", {"question": "", "answer": "Yes."}, "Enter the question."),
        ("answers", {"question": "x" * 201, "answer": "Yes."}, "can have 200 characters"),
        ("answers", {"question": "Why?"}, "Enter the answer."),
        ("pages", {"url": "http://127.0.0.1/admin"}, ""),
        ("pages", {"url": "javascript:alert(1)"}, ""),
        ("pages", {"url": "file:///etc/passwd"}, ""),
        ("files", {}, "Choose at least one file."),
        ("files", {"files": "no file"}, "Choose at least one file."),
    ],
)
def test_what_cannot_be_used_comes_back_with_a_sentence(admin, base, bot, path, form, sentence):
    answer = admin.post(f"{base}/{path}", form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'class="error"' in answer.text
    assert titles_of(bot) == []


def test_several_files_at_once_and_a_refused_one_keeps_no_other_out(admin, base, bot, run_jobs):
    both = [file(b"One.", "one.txt"), file(b"<h1>Two</h1><p>Two.</p>", "docs/two.html")]
    assert admin.post(f"{base}/files", {"files": both}).status_code == 303
    assert sorted(titles_of(bot)) == ["one.txt", "two.html"]
    mixed = [file(b"Three.", "three.md"), file(b"MZ\x90\x00\x03\x00\x00\x00", "four.exe")]
    answer = admin.post(f"{base}/files", {"files": mixed})
    assert answer.status_code == 422
    assert "“four.exe”" in answer.text
    assert "three.md: added, now being read." in answer.text
    run_jobs()
    assert len(titles_of(bot)) == 3
    assert {source.status for source in sources.sources_of(bot.id)} == {"ready"}


def test_a_file_has_twenty_megabytes_at_most(admin, base, bot):
    most = sources.MAX_FILE_BYTES
    line = b"Shipping takes two days, to wherever it goes from here.\n"
    text = (line * (most // len(line) + 1))[: most + 1]
    assert admin.post(f"{base}/files", {"files": file(text[:-1], "a.txt")}).status_code == 303
    refused = admin.post(f"{base}/files", {"files": file(text, "b.txt")})
    assert refused.status_code == 422
    assert "Files can be up to 20 MB; “b.txt” is 20.0 MB." in refused.text
    assert titles_of(bot) == ["a.txt"]


class Endless(io.RawIOBase):
    """An upload that says how much of it was asked for at once."""

    def __init__(self, size: int) -> None:
        self.size, self.at, self.most_at_once = size, 0, 0

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = self.size if whence == io.SEEK_END else offset
        return self.at

    def readinto(self, buffer) -> int:
        count = min(len(buffer), self.size - self.at)
        self.most_at_once = max(self.most_at_once, count)
        self.at += count
        return count


def test_an_upload_of_200_megabytes_is_told_so_and_never_held(admin, base, bot):
    size = 200 * 1024 * 1024
    body, token = Endless(size), admin.csrf_token()
    answer = admin.client.post(
        f"{base}/files",
        input_stream=body,
        content_type="multipart/form-data; boundary=x",
        headers={"X-CSRFToken": token},
    )
    assert answer.status_code == 413
    assert "The limit is 64 MB in total." in answer.text
    assert body.at == size
    assert body.most_at_once <= 64 * 1024
    assert titles_of(bot) == []


def test_nobody_uploads_much_who_is_not_signed_in(app, base):
    browser = Browser(app)
    upload = {"files": file(b"x" * (257 * 1024), "a.txt")}
    answer = browser.post(f"{base}/files", upload)
    assert answer.status_code == 413
    assert "The limit is 256 kB" in answer.text
    small = browser.post(f"{base}/files", {"files": file(b"Hello", "a.txt")})
    assert small.location.startswith("/sign-in")


def test_only_the_form_for_files_takes_much(admin, base, bot):
    for path in ("texts", "answers", "pages"):
        answer = admin.post(f"{base}/{path}", {"text": "x" * (257 * 1024)})
        assert answer.status_code == 413, path
        assert "The limit is 256 kB" in answer.text
    upload = {"title": "A", "text": "Two days.", "files": file(b"Hello", "a.txt")}
    assert admin.post(f"{base}/texts", upload).status_code == 303
    assert titles_of(bot) == ["A"]
    assert MOST_UPLOAD_BYTES < 100 * 1024 * 1024


def test_the_list_looks_again_only_while_something_is_read(admin, base, bot, taught, run_jobs):
    piece = admin.get(f"{base}/sources", htmx=True).text
    assert "Ready" in piece and "hx-trigger" not in piece
    sources.add_text(bot.workspace, bot.id, "More", "More of it.", OPERATOR)
    assert "poll-again" in admin.get(f"{base}/sources", htmx=True).text
    run_jobs()
    assert "poll-again" not in admin.get(f"{base}/sources", htmx=True).text
    assert admin.get(f"{base}/sources").location == base


def test_why_something_was_not_read_stands_beside_it(admin, base, run_jobs):
    admin.post(f"{base}/files", {"files": file(b"%PDF-1.7 broken", "broken.pdf")})
    run_jobs()
    page = admin.get(base).text
    assert "Couldn’t be read" in page
    assert 'class="fine text-bad"' in page


def test_a_source_is_read_again_and_deleted_after_a_question(admin, base, bot, taught, run_jobs):
    again = admin.post(f"{base}/{taught.id}/readings", htmx=True)
    assert "Waiting" in again.text
    assert admin.post(f"{base}/{taught.id}/readings").status_code == 409
    run_jobs()
    assert "Delete Handbook?" in admin.get(f"{base}/{taught.id}/deletion").text
    assert titles_of(bot) == ["Handbook"]
    assert admin.post(f"{base}/{taught.id}/deletion").location == base
    assert titles_of(bot) == []
    assert admin.get(f"{base}/{taught.id}").status_code == 404


def test_the_source_of_another_bot_is_not_there(admin, cast, bot, taught, signed_in):
    other = make_bot(cast.workspace)
    for method in (admin.get, admin.post):
        assert method(f"/w/acme/bots/{other.id}/knowledge/{taught.id}/deletion").status_code == 404
    theirs = make_bot(cast.elsewhere)
    stranger = signed_in("stranger")
    for path in (taught.id, f"{taught.id}/deletion"):
        there = f"/w/elsewhere/bots/{theirs.id}/knowledge/{path}"
        assert stranger.get(there).status_code == 404


def test_a_long_source_is_shown_a_page_at_a_time(admin, base, bot, run_jobs):
    text = "\n".join(f"# Part {number}\nText {number}." for number in range(51))
    source = sources.add_text(bot.workspace, bot.id, "Long", text, OPERATOR)
    run_jobs()
    first = admin.get(f"{base}/{source.id}").text
    assert "Text 49." in first and "Text 50." not in first
    (after,) = re.findall(r"\?after=(\d+)", first)
    last = admin.get(f"{base}/{source.id}?after={after}").text
    assert "Text 50." in last and "Text 49." not in last and "?after=" not in last
    for junk in ("x", "-1", "9" * 30, "%00", "²"):
        assert admin.get(f"{base}/{source.id}?after={junk}").status_code == 200


def test_retrieval_is_tried_without_a_provider_or_a_message(admin, base, bot, taught, provider):
    page = admin.get(f"{base}/retrieval?q={ASKED}").text
    assert f"{bot.name} will use this chunk" in page
    assert "Express shipping to Norway costs nine euros." in page
    assert "3 of 3 words (express, shipping, norway)" in page
    assert "score" in page and "coverage" in page
    assert not provider.calls
    assert used(bot.workspace) == 0
    session().rollback()
    assert not unanswered.open_of(bot.id)


def test_retrieval_folds_away_what_is_found_and_not_given(admin, base, bot, taught):
    page = admin.get(f"{base}/retrieval?q=express shipping of parcels to Norway").text
    sources_given, _, rest = page.partition("Found but not used (1)")
    assert sources_given.count('class="chunk"') == 1 and "express shipping" in sources_given.lower()
    assert rest.count('class="chunk"') == 1 and "refund" in rest


def test_retrieval_of_a_bot_without_knowledge_promises_nothing(admin, base):
    page = admin.get(f"{base}/retrieval?q={ASKED}").text
    assert "has no knowledge yet, so the model answers without sources" in page
    assert "listed as unanswered" not in page


def test_the_page_of_a_source_offers_what_can_be_done_with_it(
    admin, signed_in, base, bot, run_jobs
):
    source = sources.add_text(bot.workspace, bot.id, "Later", "In two days.", OPERATOR)
    url = f"{base}/{source.id}"
    waiting = admin.get(url).text
    assert f'<a href="{url}">Refresh</a>' in waiting
    run_jobs()
    for who, may in (("admin", True), ("member", False)):
        page = signed_in(who).get(url).text
        assert "In two days." in page
        assert (f'href="{url}/deletion"' in page, "Read again" in page) == (may, may)
        assert ">Refresh</a>" not in page


def test_retrieval_says_why_nothing_is_found(admin, base, taught, bot):
    page = admin.get(f"{base}/retrieval?q={UNKNOWN}").text
    assert "says it doesn’t know" in page
    assert page.count("not in the knowledge") == 4
    weak = admin.get(f"{base}/retrieval?q=parcel telescope astronomy galaxies").text
    assert "Matches are too weak" in weak
    assert weak.count("not in the knowledge") == 3
    assert "Small talk" in admin.get(f"{base}/retrieval?q=hello").text
    assert admin.get(f"{base}/retrieval?q={'x ' * 2_000}").status_code == 200
    assert admin.get(f"{base}/retrieval").status_code == 200


def test_an_unanswered_question_is_answered_once_for_all(app, admin, base, bot, taught, run_jobs):
    for _ in range(3):
        BotClient(app, bot).say(UNKNOWN)
    page = admin.get(base).text
    assert "Asked 3 times" in page
    (url,) = set(re.findall(r'href="([^"]+/answer)"', page))
    form = admin.get(url).text
    assert f'value="{UNKNOWN}"' in form
    assert admin.post(url, {"question": UNKNOWN, "answer": ""}).status_code == 422
    assert admin.post(url, {"question": UNKNOWN, "answer": "Michelangelo."}).location == base
    run_jobs()
    assert UNKNOWN in titles_of(bot)
    assert "Asked 3 times" not in admin.get(base).text
    assert BotClient(app, bot).say(UNKNOWN).row.sources[0]["title"] == UNKNOWN


def test_a_dismissed_question_leaves_the_list(admin, base, bot, taught):
    unanswered.record(bot.workspace_id, bot.id, UNKNOWN)
    (question,) = unanswered.open_of(bot.id)
    url = f"{base}/unanswered/{question.id}/dismissal"
    assert admin.post(url).location == base
    assert UNKNOWN not in admin.get(base).text
    assert admin.post(url).status_code == 409
    assert admin.post(f"{base}/unanswered/unq_none/dismissal").status_code == 404


def test_not_to_know_is_no_good_answer_and_no_models(app, admin, bot, taught):
    bot_client = BotClient(app, bot)
    bot_client.say(UNKNOWN)
    page = admin.get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    assert '<span class="status" data-kind="warning">Didn’t know</span>' in page
    assert "Mevichat Mini" not in page.partition('class="transcript"')[2].partition("</main>")[0]


def test_a_transcript_leads_to_a_better_answer(app, admin, signed_in, base, bot, taught, provider):
    provider.next(Reply.answer("Nine euros [1]."))
    bot_client = BotClient(app, bot)
    bot_client.say(ASKED)
    page = admin.get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    assert "Handbook" in page
    (url,) = re.findall(r'href="([^"]+)">Improve this answer', page)
    form = admin.get(url.replace("&amp;", "&")).text
    assert f'value="{ASKED}"' in form and "Nine euros [1]." in form
    assert (
        "Improve this answer"
        not in signed_in("member").get(f"/w/acme/conversations/{bot_client.conversation_id}").text
    )
    assert admin.get(f"{base}/answers?answer=msg_none").status_code == 404


def test_markup_in_knowledge_is_text_everywhere(app, admin, base, bot, run_jobs, provider):
    """Each as the title, the text, the question and the answer of something; pages are checked as they load."""
    assert len(ACTING) == 150
    for number, act in enumerate(ACTING):
        path, form = (
            ("texts", {"title": f"{act}", "text": f"# {act}\nNumber {number} of them: {act}"}),
            ("answers", {"question": f"{act}"[:200], "answer": f"Number {number}: {act}"}),
        )[number % 2]
        assert admin.post(f"{base}/{path}", form).status_code == 303
        unanswered.record(bot.workspace_id, bot.id, act)
    run_jobs()
    page = admin.get(base)
    assert "<img" not in page.text.partition("<main")[2]
    for source in sources.sources_of(bot.id):
        _check_inert(admin.get(f"{base}/{source.id}").text)
    _check_inert(admin.get(f"{base}/retrieval?q=shipping to Norway").text)
    said = BotClient(app, bot)
    answer = said.ask_json("Shipping to Norway").json
    assert answer["sources"]
    _check_inert(admin.get(f"/w/acme/conversations/{said.conversation_id}").text)
    browser = Browser(app)
    browser.client.set_cookie(f"chat_{bot.id}", said.token)
    _check_inert(browser.get(f"/chat/{bot.id}").text)


def _check_inert(page: str) -> None:
    check_html(page, whole=True)
    main = page.partition("<main")[2].partition("</main")[0]
    for tag in ("<script", "<img", "<iframe", "<style", "<meta", "<base", "<math", "<div hx-get"):
        assert tag not in main, tag
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', main))


def test_what_it_says_when_it_does_not_know_is_written_in_its_settings(admin, bot):
    url = f"/w/acme/bots/{bot.id}/settings"
    form = {"name": bot.name, "model": bot.model_id, "caches": "y", "only_knowledge": "y"}
    was = fresh(bot).version
    (field,) = re.findall(r'<textarea[^>]*name="unknown_text"[^>]*>([^<]*)<', admin.get(url).text)
    assert not field.strip()
    assert f'placeholder="{DONT_KNOW}"' in admin.get(url).text
    for written, kept in (
        ("x" * 300, "x" * 300),
        ("  Ask <b>Ann</b>,\n please. ", "Ask <b>Ann</b>, please."),
    ):
        assert admin.post(url, form | {"unknown_text": written}).status_code == 303
        assert fresh(bot).unknown_text == kept
    assert fresh(bot).version == was + 2
    assert "Ask &lt;b&gt;Ann&lt;/b&gt;, please.</textarea>" in admin.get(url).text
    too_long = admin.post(url, form | {"unknown_text": "x" * 301})
    assert too_long.status_code == 422
    assert (
        'id="unknown_text-error">The message can have 0 to 300 characters; this has 301.'
        in too_long.text
    )
    assert fresh(bot).version == was + 2


def fresh(bot):
    """The bot as the database has it now."""
    session().rollback()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id)


def test_a_bot_says_in_its_settings_whether_it_may_say_more(admin, bot):
    url = f"/w/acme/bots/{bot.id}/settings"
    (box,) = re.findall(r'<input[^>]*name="only_knowledge"[^>]*>', admin.get(url).text)
    assert " checked" in box
    form = {"name": bot.name, "model": bot.model_id}
    admin.post(url, form)
    assert not fresh(bot).only_knowledge
    admin.post(url, form | {"only_knowledge": "y"})
    assert fresh(bot).only_knowledge
