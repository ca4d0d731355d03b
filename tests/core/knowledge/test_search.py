"""What a question finds, in both databases alike, and what is too weak to answer from."""

import pytest

from core.knowledge import full_text, ranking, search
from core.knowledge.ranking import Candidate
from core.knowledge.terms import MOST_TERMS, pairs_of, terms_of
from tests.databases import on_both_databases

SHOP = """# Shipping

Parcels to Norway arrive within four days.

# Returns

Send a lamp back within 30 days of its delivery; we refund what it cost.

# Bulbs

The Norre lamp takes an E27 bulb of 60 watts at most."""


def titles(bot, question: str) -> list[str]:
    return [found.title for found in search.find(bot.id, question)]


@on_both_databases
@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How long does it take until a parcel arrives in Norway?", "Shipping"),
        ("Can I return something?", "Returns"),
        ("refunds for returned lamps", "Returns"),
        ("What E27 bulbs can I use in my NORRE?", "Bulbs"),
    ],
)
def test_a_question_finds_its_answer_whatever_else_it_says(bot, give, question, title):
    give("Shop", SHOP)
    assert titles(bot, question)[0] == title


@on_both_databases
@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("Do parcels arrive in Norway?", True),
        ("Which bulb does the Norre lamp take?", True),
        ("What is the capital of Mongolia?", False),
        ("Who painted the Mona Lisa?", False),
        ("Do you sell lamps made of recycled aluminium in Ulaanbaatar?", False),
        ("the of and", False),
        ("", False),
    ],
)
def test_what_is_too_weak_does_not_fit(bot, give, question, fits):
    give("Shop", SHOP)
    assert search.is_relevant(search.find(bot.id, question)) is fits


@on_both_databases
@pytest.mark.parametrize(
    "question",
    [
        '"', "'", "bulb\"", "bulb' OR 1=1 --", "bulb AND", "NEAR(bulb watts)", "bot_id : x", "title:bulb*",
        "bulb & ! | ( )", ":t0 :bot", "bulb\\", "%_", "\u0000bulb", "x" * 5000, "bulb " * 5000, "…", "🙂",
    ],
)  # fmt: skip
def test_no_question_is_read_as_operators(bot, give, question):
    give("Shop", SHOP)
    assert set(titles(bot, question)) <= {"Shipping", "Returns", "Bulbs"}
    assert ("bulb" in question) == ("Bulbs" in titles(bot, question)) or "bot_id" in question


@on_both_databases
@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Die Lieferung nach Österreich dauert vier Tage.", "Wie lange dauert die Lieferung nach Österreich?"),
        ("Доставка в Норвегию занимает четыре дня.", "Сколько занимает доставка?"),
        ("返品は30日以内に送料無料で受け付けます。", "返品はできますか"),
        ("退货须在三十天内办理。", "怎么退货?"),
        ("배송은 나흘 걸립니다.", "배송은 얼마나 걸립니까?"),
        ("การจัดส่งใช้เวลาสี่วัน", "การจัดส่ง"),
    ],
)  # fmt: skip
def test_other_languages_find_too(bot, give, text, question):
    source = give("x", text)
    give("y", "Something in English about nothing.")
    assert search.find(bot.id, question)[0].source_id == source.id


@on_both_databases
@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("How long does a parcel to Norway take?", True),
        ("Does express shipping cost extra?", True),
        ("What is the capital of Norway?", False),
        ("Do you repair lamps that others sold?", False),
    ],
)
def test_one_short_text_is_enough_to_answer_from(bot, give, question, fits):
    give("Shipping", "Parcels to Norway arrive within two days. Express shipping costs nine euros.")
    assert search.is_relevant(search.find(bot.id, question)) is fits


@on_both_databases
def test_a_rare_word_counts_for_more_than_a_common_one(bot, give):
    give("Many", "\n\n".join(f"# Lamp {n}\n\nA lamp of kind {n}, a good lamp." for n in range(30)))
    give("One", "# Warranty\n\nEach one has a warranty.")
    assert titles(bot, "lamp warranty")[0] == "Warranty"


@on_both_databases
def test_frequencies_say_which_words_are_nowhere(bot, give):
    give("Shop", SHOP)
    assert full_text.frequencies(bot.id, ["lamp", "zebra", "days"]) == [2, 0, 2]
    assert full_text.frequencies(bot.id, []) == []


def test_a_long_section_does_not_hide_the_others(bot, give):
    long = "The zebra lamp is striped. " * 400
    give("Zebras", f"# Long\n\n{long}\n\n# Short\n\nA zebra eats grass.")
    assert set(titles(bot, "zebra")[:2]) == {"Long", "Short"}


def test_every_part_of_the_score_is_told(bot, give):
    give("Shop", SHOP)
    (best, *_) = search.find(bot.id, "E27 bulb")
    assert (best.score, best.matched, best.wanted) == (1.0, 2, 2)
    assert best.parts["coverage"] == 1.0
    assert set(best.parts) == {"words", "near", "coverage"}


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("How do I return a lamp?", ["return", "lamp"]),
        ("what is it", ["what", "is", "it"]),
        ("Lamp lamp LAMP", ["lamp"]),
        ("api-ms-win snake_case", ["api", "ms", "win", "snake", "case"]),
        ("返品 lamp", ["lamp"]),
        ("?!", []),
    ],
)
def test_terms_leave_out_stop_words_unless_there_are_no_others(question, terms):
    assert terms_of(question) == terms


@pytest.mark.parametrize(("count", "kept"), [(23, 23), (24, 24), (25, 24)])
def test_a_question_has_a_most_of_terms(count, kept):
    assert (
        len(terms_of(" ".join(f"word{n}" for n in range(count)))) == kept == min(count, MOST_TERMS)
    )


def test_pairs_are_neighbouring_characters():
    assert pairs_of("返品は lamp 本") == ["返品", "品は", "本"]


def test_terms_side_by_side_go_before_terms_apart():
    apart = Candidate(1, "", "", "green things and a lamp")
    together = Candidate(2, "", "", "things and a green lamp")
    order = ranking.ranked(["green", "lamp"], [1.0, 1.0], [apart, together])
    assert [one.chunk_id for one in order] == [2, 1]
