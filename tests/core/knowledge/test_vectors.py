"""Finding by meaning: orders joined by their places, vectors of one model only, thresholds of its own."""

import math
import struct

import pytest
from sqlalchemy import update

from core.accounts.actor import OPERATOR
from core.bots import bots
from core.bots.bots import Draft
from core.db import transaction
from core.knowledge import chunks, ranking, search, sources, vectors
from core.knowledge.models import Chunk
from core.knowledge.vectors import Vector
from tests.databases import on_both_databases
from tests.providers.formats.embeddings import vector_of

MADE_BY, DIMENSIONS = "openai:loopback/64", 64
SHOP = """# Sending back

Send a lamp back within 30 days; you get a refund.

# Shipping

Each parcel reaches Norway in four days.

# Bulbs

The Norre takes an E27 bulb of 60 watts."""


def vector(text: str, made_by: str = MADE_BY, dimensions: int = DIMENSIONS) -> Vector:
    return Vector(made_by, vectors.packed(vector_of(text, dimensions)), close_from=0.4)


def embed(source, made_by: str = MADE_BY, dimensions: int = DIMENSIONS) -> list[Chunk]:
    """Gives every chunk of a source the vector that the loopback provider would."""
    found = chunks.of_source(source.id)
    with transaction() as current:
        for chunk in found:
            data = vector(f"{chunk.title} {chunk.body}", made_by, dimensions).data
            current.execute(
                update(Chunk)
                .where(Chunk.id == chunk.id)
                .values(embedding=data, embedded_by=made_by)
            )
    return found


@pytest.mark.parametrize(
    ("orders", "scores"),
    [
        ([], {}),
        ([[]], {}),
        ([[7]], {7: 1 / 61}),
        ([[7, 8], []], {7: 1 / 61, 8: 1 / 62}),
        ([[7, 8], [8, 7]], {7: 1 / 61 + 1 / 62, 8: 1 / 62 + 1 / 61}),
        ([[1, 2, 3], [3, 4]], {1: 1 / 61, 2: 1 / 62, 3: 1 / 63 + 1 / 61, 4: 1 / 62}),
        ([[1], [2], [1]], {1: 2 / 61, 2: 1 / 61}),
    ],
)
def test_orders_are_joined_by_their_places_alone(orders, scores):
    assert ranking.fuse(*orders) == pytest.approx(scores)


def test_what_both_orders_have_goes_before_the_first_of_either():
    scores = ranking.fuse([1, 2, 3], [9, 3, 8])
    assert max(scores, key=lambda one: scores[one]) == 3


@pytest.mark.parametrize(
    "numbers", [[3.0, 4.0], [1e-300, 0.0], [1e300, 1e300], [-5, 0.0], [5e-324, 0.0]]
)
def test_a_packed_vector_has_unit_length(numbers):
    data = vectors.packed(numbers)
    assert len(data) == 8
    assert math.hypot(*struct.unpack("<2f", data)) == pytest.approx(1, abs=1e-6)


@on_both_databases
def test_a_question_without_a_common_word_finds_its_chunk(bot, give):
    embed(give("Shop", SHOP))
    question = "How do I get my money returned?"
    assert not search.is_relevant(search.find(bot.id, question))
    found = search.find(bot.id, question, vector=vector(question))
    assert search.is_relevant(found)
    assert found[0].title == "Sending back"
    assert found[0].parts["meaning"] == pytest.approx(0.82, abs=0.15)
    assert [one.title for one in search.relevant_only(found)] == ["Sending back"]


def test_both_parts_of_the_score_are_told_in_the_joined_order(bot, give):
    embed(give("Shop", SHOP))
    found = search.find(bot.id, "E27 lights", vector=vector("E27 lights"))
    assert found[0].title == "Bulbs"
    assert found[0].score == 1.0
    assert set(found[0].parts) == {"words", "near", "coverage", "meaning"}
    assert (found[0].matched, found[0].wanted) == (1, 2)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@on_both_databases
def test_vectors_of_another_model_or_of_other_dimensions_are_never_compared(bot, give):
    source = give("Shop", SHOP)
    question = "money"
    for made_by, dimensions in (("other:model/64", 64), ("openai:loopback/32", 32)):
        embed(source, made_by, dimensions)
        assert vectors.nearest(bot.id, vector(question), 5) == {}
        assert search.find(bot.id, question, vector=vector(question)) == []
    embed(source, MADE_BY, dimensions=32)  # marked as ours, and yet of another length
    assert vectors.nearest(bot.id, vector(question), 5) == {}
    embed(source)
    assert len(vectors.nearest(bot.id, vector(question), 5)) == 3


def test_chunks_without_a_vector_are_found_by_their_words(bot, give):
    embed(give("Shop", SHOP))
    give("Later", "# Warranty\n\nA lamp has a warranty of five years.")
    found = search.find(bot.id, "warranty years", vector=vector("warranty years"))
    assert "Warranty" in {one.title for one in search.relevant_only(found)}
    assert search.is_relevant(found)


@on_both_databases
def test_nothing_of_another_bot_and_nothing_hidden_is_near(cast, bot, give):
    other = bots.create(cast.workspace, Draft(name="Other"), OPERATOR)
    embed(give("Shop", SHOP, into=other))
    assert vectors.nearest(bot.id, vector("money"), 5) == {}
    gone = give("Shop", SHOP)
    embed(gone)
    assert vectors.nearest(bot.id, vector("money"), 5)
    sources.remove(gone, OPERATOR)
    assert vectors.nearest(bot.id, vector("money"), 5) == {}


def test_the_nearest_of_many_blocks_are_the_nearest_of_all(bot, give, monkeypatch):
    text = "\n\n".join(f"# Part {n}\n\nThing number {n} of kind {n % 7}." for n in range(30))
    embed(give("Many", text))
    wanted = vector("number 12 of kind 5")
    whole = vectors.nearest(bot.id, wanted, 4)
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 3)
    assert vectors.nearest(bot.id, wanted, 4) == pytest.approx(whole)
    assert list(whole.values()) == sorted(whole.values(), reverse=True)


@pytest.mark.parametrize(("close_from", "fits"), [(0.49, True), (0.5, True), (0.51, False)])
def test_what_is_near_enough_is_said_by_the_model(bot, give, close_from, fits):
    (chunk,) = embed(give("Shop", "Zebra."))
    data = struct.pack("<2f", 1, 0)
    with transaction() as current:
        current.execute(
            update(Chunk).where(Chunk.id == chunk.id).values(embedding=data, embedded_by="m/2")
        )
    question = Vector("m/2", vectors.packed([0.5, math.sqrt(0.75)]), close_from)
    found = search.find(bot.id, "horse", vector=question)
    assert found[0].parts["meaning"] == pytest.approx(0.5, abs=1e-3)
    assert search.is_relevant(found) is fits


def test_writing_without_spaces_is_found_by_meaning_too(bot, give):
    source = give("x", "# 返品\n\nrefund within 30 days。")
    embed(source)
    found = search.find(bot.id, "お金 money", vector=vector("money"))
    assert found[0].source_id == source.id
    assert search.is_relevant(found)
