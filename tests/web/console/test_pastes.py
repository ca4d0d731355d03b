"""What people paste into the key's field, and what nobody should: none of it is stored, logged or shown.

A thousand here, ten thousand with `--soak`. The provider accepts no key in these tests.
"""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import queue
from core.db import session
from core.errors import Invalid
from core.keys import checks, paste
from core.keys.models import ProviderKey
from core.providers import catalogue

PROVIDERS = ("anthropic", "openai")
PREFIXES = (
    *("sk-ant-api03-", "sk-ant-admin01-", "sk-ant-oat01-", "sk-proj-", "sk-svcacct-", "sk-admin-"),
    *(
        "sk-",
        "sk-or-v1-",
        "AIza",
        "AKIA",
        "xai-",
        "pplx-",
        "fw_",
        "sk_",
        "tp-",
        "eyJhbGciOi.",
        "mvv_",
    ),
)
BODIES = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=0, max_size=120
)
KEYLIKE = st.builds(str.__add__, st.sampled_from(PREFIXES), BODIES)
WRAPPED = st.builds(
    lambda before, key, after: before + key + after,
    st.sampled_from(
        [
            "",
            " ",
            "\n",
            "\t",
            '"',
            "“",
            "Bearer ",
            "ANTHROPIC_API_KEY=",
            "x-api-key: ",
            "\ufeff",
            "- ",
        ]
    ),
    KEYLIKE,
    st.sampled_from(["", " ", "\r\n", '"', "”", ";", "\x00", "•••", "...", " # mine"]),
)
HOSTILE = st.sampled_from(
    [
        "", " " * 600, "x" * 100_000, "<script>alert(1)</script>" * 3, "{{7*7}}${7*7}#{7*7}",
        "../../../../etc/passwd", "'; DROP TABLE provider_keys; --", "\x00\x01\x02\x03abcdefgh",
        "sk-ant-api03-\r\nX-Injected: 1\r\n\r\n", "sk-ant-api03-" + "\u202e" * 20, "💥" * 30,
        '{"accessKeyId": "AKIAABCDEFGHIJKLMNOP", "secretAccessKey": "x", "region": "us-east-1"}',
        "sk-ant-api03-••••••••7xA2", "sk-proj-********Qm31", "sk-…", "%00%0a%0d",
    ]
)  # fmt: skip
PASTES = st.one_of(st.text(max_size=200), KEYLIKE, WRAPPED, HOSTILE)


def examples(request, few: int, many: int) -> settings:
    count = many if request.config.getoption("--soak") else few
    return settings(
        max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )


@pytest.mark.parametrize("slug", PROVIDERS)
def test_no_paste_is_masked_into_more_than_a_prefix_and_four_characters(request, slug):
    provider = catalogue.provider(slug)

    @examples(request, 5_000, 10_000)
    @given(PASTES)
    def check_mask(text: str) -> None:
        secret, _ = paste.tidy(text)
        try:
            paste.check(secret, provider)
        except Invalid as error:
            assert len(secret) < 12 or secret not in error.message
            return
        prefix, bullets, tail = paste.mask(secret, provider).partition("••••••••")
        assert bullets
        assert prefix in ("", *provider.key_prefixes)
        assert len(tail) <= 4
        assert len(prefix) + len(tail) < len(secret)

    check_mask()


@pytest.mark.timeout(900)
def test_no_paste_is_stored_logged_or_breaks_a_page(request, cast, signed_in, provider, logged):
    provider.reset()  # it knows no key
    owner = signed_in("owner").client
    page = owner.get("/w/acme/provider-keys/new").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    pasted: set[str] = set()

    @examples(request, 1_000, 10_000)
    @given(PASTES, st.sampled_from([*PROVIDERS, "", "mevichat", "nobody"]))
    def send(text: str, slug: str) -> None:
        form = {"csrf_token": token, "provider": slug, "secret": text}
        answer = owner.post("/w/acme/provider-keys", data=form, headers={"HX-Request": "true"})
        assert answer.status_code in (200, 404, 413, 422), answer.text
        for check_id in re.findall(r'data-check="(\w+)"', answer.text):
            checks.run_candidate(check_id)
            answer = owner.get(
                f"/w/acme/provider-keys/checks/{check_id}", headers={"HX-Request": "true"}
            )
            assert answer.status_code == 200
            assert 'data-state="failed"' in answer.text
        secret, _ = paste.tidy(text)
        if len(secret) >= 12:
            pasted.add(secret)
            assert secret not in answer.text
        queue.redis_connection().delete("rq:queue:checks")

    send()
    session().commit()
    assert session().query(ProviderKey).count() == 0
    left = queue.redis_connection()
    assert not list(left.scan_iter("candidate:*"))
    values = b"".join(left.get(name) or b"" for name in left.scan_iter("check:*")).decode()
    written = logged()
    assert len(pasted) > 300
    assert not [secret for secret in pasted if secret in written or secret in values]
