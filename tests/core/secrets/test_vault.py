import base64
import os

import pytest

from core.errors import Unreadable
from core.secrets import vault

HERE = vault.provider_key_context("wsp_1", "openai")


def ring_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture(autouse=True)
def ring():
    before = list(vault._ring)
    keys = [ring_key()]
    vault.configure(keys)
    yield keys
    vault._ring[:] = before


def test_what_is_sealed_opens_again():
    sealed = vault.seal("sk-secret", HERE)
    assert "sk-secret" not in sealed
    assert vault.open_sealed(sealed, HERE) == "sk-secret"


def test_a_row_copied_onto_another_does_not_open():
    sealed = vault.seal("sk-secret", HERE)
    for workspace_id, provider in (("wsp_2", "openai"), ("wsp_1", "anthropic")):
        with pytest.raises(Unreadable):
            vault.open_sealed(sealed, vault.provider_key_context(workspace_id, provider))


def test_an_old_ring_key_still_opens_and_the_newest_seals(ring):
    old = vault.seal("sk-secret", HERE)
    newest = ring_key()
    vault.configure([newest, *ring])
    assert vault.open_sealed(old, HERE) == "sk-secret"
    new = vault.seal("sk-secret", HERE)
    vault.configure([newest])
    assert vault.open_sealed(new, HERE) == "sk-secret"
    with pytest.raises(Unreadable):
        vault.open_sealed(old, HERE)


def test_altered_or_empty_ciphertext_is_unreadable():
    sealed = vault.seal("sk-secret", HERE)
    for broken in (
        "",
        "junk",
        sealed[:-4],
        sealed[:20] + ("B" if sealed[20] == "A" else "A") + sealed[21:],
    ):
        with pytest.raises(Unreadable):
            vault.open_sealed(broken, HERE)


def test_a_text_is_moved_to_the_newest_ring_key_once(ring):
    sealed = vault.seal("sk-secret", HERE)
    assert vault.resealed(sealed, HERE) is None
    vault.configure([ring_key(), *ring])
    assert vault.ring_key_of(sealed, HERE) == vault.ring_key_names()[1]
    moved = vault.resealed(sealed, HERE)
    assert vault.ring_key_of(moved, HERE) == vault.ring_key_names()[0]
    assert vault.resealed(moved, HERE) is None
    assert vault.open_sealed(moved, HERE) == "sk-secret"
    with pytest.raises(Unreadable):
        vault.resealed(sealed, vault.provider_key_context("wsp_2", "openai"))


def test_names_of_ring_keys_tell_them_apart_and_nothing_else(ring):
    vault.configure([ring_key(), *ring])
    names = vault.ring_key_names()
    assert len(set(names)) == 2
    assert all(len(name) == 8 and name not in "".join(ring) for name in names)
