from core import ids


def test_ids_are_unique_and_sort_by_time():
    made = [ids.new_id("bot") for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(name.startswith("bot_") and len(name) == 24 for name in made)


def test_a_token_is_recognised_by_its_checksum():
    token = ids.new_token("mvv")
    assert ids.is_token(token, "mvv")
    assert not ids.is_token(token, "mvg")
    assert not ids.is_token(token[:-1] + ("0" if token[-1] != "0" else "1"), "mvv")


def test_junk_is_no_token():
    for junk in ("", "mvv_", "mvv_" + "x" * 42, "mvv_" + "é" * 42, "mvv", "_" * 50, "\x00"):
        assert not ids.is_token(junk, "mvv")


def test_a_digest_needs_the_secret_key():
    token = ids.new_token("mvv")
    assert ids.token_digest(token, "a") != ids.token_digest(token, "b")
    assert token not in ids.token_digest(token, "a")
