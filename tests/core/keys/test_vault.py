import base64
import os

import pytest

from core.errors import Unreadable
from core.keys import vault


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
    sealed = vault.seal("sk-secret", "wsp_1", "openai")
    assert "sk-secret" not in sealed
    assert vault.open_sealed(sealed, "wsp_1", "openai") == "sk-secret"


def test_a_row_copied_onto_another_does_not_open():
    sealed = vault.seal("sk-secret", "wsp_1", "openai")
    for workspace_id, provider in (("wsp_2", "openai"), ("wsp_1", "anthropic")):
        with pytest.raises(Unreadable):
            vault.open_sealed(sealed, workspace_id, provider)


def test_an_old_ring_key_still_opens_and_the_newest_seals(ring):
    old = vault.seal("sk-secret", "wsp_1", "openai")
    newest = ring_key()
    vault.configure([newest, *ring])
    assert vault.open_sealed(old, "wsp_1", "openai") == "sk-secret"
    new = vault.seal("sk-secret", "wsp_1", "openai")
    vault.configure([newest])
    assert vault.open_sealed(new, "wsp_1", "openai") == "sk-secret"
    with pytest.raises(Unreadable):
        vault.open_sealed(old, "wsp_1", "openai")


def test_altered_or_empty_ciphertext_is_unreadable():
    sealed = vault.seal("sk-secret", "wsp_1", "openai")
    for broken in ("", "junk", sealed[:-4], sealed[:20] + "A" + sealed[21:]):
        with pytest.raises(Unreadable):
            vault.open_sealed(broken, "wsp_1", "openai")


def test_a_fingerprint_tells_same_from_other_per_workspace():
    assert vault.fingerprint("a", "wsp_1") == vault.fingerprint("a", "wsp_1")
    assert vault.fingerprint("a", "wsp_1") != vault.fingerprint("b", "wsp_1")
    assert vault.fingerprint("a", "wsp_1") != vault.fingerprint("a", "wsp_2")
