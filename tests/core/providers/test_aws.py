"""AWS's credentials as people paste them: each wrong field is named, and no value is ever said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.keys import paste
from core.providers import catalogue
from core.providers.auth import aws
from core.providers.scrub import scrub
from tests import marker

KEY_ID = "AKIA" + "Q2Z7" * 4
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzzzzSEcRE"
GOOD = {"accessKeyId": KEY_ID, "secretAccessKey": SECRET, "region": "eu-central-1"}
SESSION = {**GOOD, "accessKeyId": "ASIA" + "Q2Z7" * 4, "sessionToken": "IQoJb3JpZ2luX2Vj" * 20}
API_KEY = {"apiKey": "ABSK" + "QmVkcm9ja0FQSUtleS1" * 6, "region": "us-east-1"}


def parsed(document):
    return aws.parse(json.dumps(document))


@pytest.mark.parametrize("document", [GOOD, SESSION, API_KEY], ids=["pair", "session", "api key"])
def test_a_whole_credential_is_read(document):
    found = parsed(document)
    assert found.region == document["region"]
    assert found.secret_access_key == document.get("secretAccessKey", "")
    assert found.session_token == document.get("sessionToken", "")
    assert found.api_key == document.get("apiKey", "")


def test_a_credential_prints_nothing_of_itself():
    assert SECRET not in repr(parsed(GOOD))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "“accessKeyId” is missing; “secretAccessKey” is missing; “region” is missing"),
        ({**GOOD, "region": ""}, "“region” is missing"),
        ({**GOOD, "region": None}, "“region” is missing"),
        ({**GOOD, "profile": "x"}, "“profile” doesn’t belong here"),
        ({**GOOD, "apiKey": "x"}, "“accessKeyId” doesn’t belong here"),
        ({**GOOD, "accessKeyId": "AKIA1"}, "“accessKeyId” has 20 characters"),
        ({**GOOD, "accessKeyId": KEY_ID + "A"}, "“accessKeyId” has 20 characters"),
        ({**GOOD, "secretAccessKey": SECRET[1:]}, "“secretAccessKey” has 40 characters"),
        ({**GOOD, "secretAccessKey": [SECRET]}, "“secretAccessKey” has 40 characters"),
        ({**GOOD, "accessKeyId": SESSION["accessKeyId"]}, "“sessionToken” is missing"),
        ({**SESSION, "sessionToken": "two words, and long"}, "“sessionToken” is one long string"),
        ({**API_KEY, "apiKey": "sk-" + "x" * 40}, "“apiKey” begins with ABSK"),
        ({"apiKey": API_KEY["apiKey"]}, "“region” is missing"),
    ],
)
def test_every_field_that_is_wrong_is_named(document, says):
    with pytest.raises(Invalid) as caught:
        parsed(document)
    assert says in caught.value.message
    assert "It wasn’t sent anywhere" in caught.value.message


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1.evil.example/",
        "evil.example#",
        "us-east-1@evil.example",
        "us-east-1:8080",
        "../us-east-1",
        "us east 1",
        "US-EAST-1",
        "us-east",
        "ｕs-east-1",
        "us-east-1١",
        7,
        {"a": 1},
    ],
)
def test_a_region_is_the_name_of_one_and_of_no_host(region):
    with pytest.raises(Invalid, match="“region” is a region such as"):
        parsed({**GOOD, "region": region})


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2", "us-gov-west-1", "me-south-1"])
def test_real_regions_are_taken(region):
    assert parsed({**GOOD, "region": region}).region == region


def test_no_value_of_a_wrong_paste_is_said():
    wrong = {**GOOD, SECRET: "x", "secretAccessKey": SECRET + "y", "session": SECRET, KEY_ID: ""}
    with pytest.raises(Invalid) as caught:
        parsed(wrong)
    assert SECRET not in caught.value.message
    assert KEY_ID not in caught.value.message
    assert "a field of another name" in caught.value.message


@pytest.mark.parametrize("text", ["", "x", "[]", "{", "null", "[" * 100_000, KEY_ID])
def test_what_is_no_json_object_is_told_how_one_looks(text):
    with pytest.raises(Invalid, match="Paste AWS’s credentials as JSON"):
        aws.parse(text)


def test_a_bedrock_key_alone_is_told_what_it_lacks():
    with pytest.raises(Invalid, match="needs its region"):
        aws.parse(API_KEY["apiKey"])


def test_the_mask_is_the_one_of_the_specification():
    assert aws.mask(json.dumps(GOOD)) == "AKIA••••••••Q2Z7 · eu-central-1"
    assert aws.mask(json.dumps(API_KEY)) == "ABSK••••••••leS1 · us-east-1"


def test_the_same_paste_is_the_same_credential_however_it_is_laid_out():
    loose = json.dumps({name: f" {value} " for name, value in reversed(GOOD.items())}, indent=4)
    assert aws.tidy(loose) == aws.tidy(json.dumps(GOOD))
    assert json.loads(aws.tidy(loose)) == GOOD
    assert aws.tidy("no json") == "no json"


def test_everything_but_the_region_is_a_secret():
    assert set(aws.secrets_in(json.dumps(SESSION))) == {
        *(SESSION["accessKeyId"], SECRET, SESSION["sessionToken"])
    }
    assert aws.secrets_in("plain") == ["plain"]


@given(
    st.dictionaries(
        st.sampled_from([*SESSION, "apiKey", "x"]), st.text() | st.integers() | st.none()
    )
)
def test_whatever_is_pasted_is_read_or_refused(document):
    assert aws.is_credential(json.dumps(document)) in (True, False)


def test_a_paste_is_masked_and_laid_out_anew_as_aws_credentials_are():
    spaced = json.dumps(dict(reversed(GOOD.items())), indent=4)
    secret, _ = paste.tidy(f"\n {spaced} ")
    provider = catalogue.provider("bedrock")
    paste.check(secret, provider)
    assert secret == paste.tidy(json.dumps(GOOD))[0]
    assert paste.mask(secret, provider) == "AKIA••••••••Q2Z7 · eu-central-1"


def test_a_region_in_a_message_is_no_secret_but_the_keys_are():
    text = f"eu-central-1 has no such model for {KEY_ID} with {SECRET}"
    assert scrub(text, json.dumps(GOOD)) == "eu-central-1 has no such model for [key] with [key]"


def test_the_markers_own_credential_is_whole():
    assert aws.parse(marker.bedrock_key()).region == "us-east-1"
