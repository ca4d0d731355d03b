"""AWS's credentials as people paste them, the signature, and the binary stream."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from core.errors import Invalid
from core.keys import paste
from core.providers import aws, catalogue, eventstream, outgoing
from core.providers.documents import Malformed
from core.providers.scrub import scrub
from core.providers.wire import Endpoint
from tests import marker
from tests.providers import bedrock

GOOD = {
    "accessKeyId": "AKIAABCDEFGHIJKLMNOP",
    "secretAccessKey": "s" * 40,
    "region": "eu-central-1",
}
TEMPORARY = GOOD | {"accessKeyId": "ASIAABCDEFGHIJKLMNOP", "sessionToken": "t" * 200}
MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"


def text(**changes):
    document = {**GOOD, **changes}
    return json.dumps({name: value for name, value in document.items() if value is not None})


@pytest.mark.parametrize(
    "good", [GOOD, TEMPORARY, {"apiKey": "ABSK" + "x" * 40, "region": "us-east-1"}]
)
def test_a_whole_credential_is_read(good):
    assert aws.parse(json.dumps(good)).region == good["region"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"accessKeyId": None}, "“accessKeyId” is missing"),
        ({"secretAccessKey": None}, "“secretAccessKey” is missing"),
        ({"region": ""}, "“region” is missing"),
        ({"accessKeyId": "AKIA123"}, "“accessKeyId” has 20 characters"),
        ({"accessKeyId": 5}, "“accessKeyId” has 20 characters"),
        ({"secretAccessKey": "short"}, "“secretAccessKey” has 40 characters"),
        ({"secretAccessKey": "s" * 39 + "\n"}, "“secretAccessKey” has 40 characters"),
        ({"region": "Frankfurt"}, "“region” is a region such as us-east-1"),
        ({"region": "us-east-1.evil.example/"}, "“region” is a region such as us-east-1"),
        ({"region": "us-east-1@127.0.0.1"}, "“region” is a region such as us-east-1"),
        ({"accessKeyId": "ASIAABCDEFGHIJKLMNOP"}, "“sessionToken” is missing"),
        ({"sessionToken": "with spaces in it, and long"}, "“sessionToken” is one long text"),
        ({"password": "x"}, "“password” does not belong here"),
        ({"secretaccesskey": "x"}, "“secretaccesskey” does not belong here"),
    ],
)
def test_each_field_that_is_wrong_is_named_and_no_value_is_repeated(changes, named):
    with pytest.raises(Invalid) as caught:
        aws.parse(text(**changes))
    assert named in caught.value.message
    assert "s" * 20 not in caught.value.message


@pytest.mark.parametrize("junk", ["", "{", "[]", "AKIAABCDEFGHIJKLMNOP", '"text"', "[" * 5_000])
def test_what_is_no_json_object_gets_an_example(junk):
    with pytest.raises(Invalid, match="accessKeyId"):
        aws.parse(junk)


def test_the_same_paste_in_another_order_and_spacing_is_the_same_secret():
    spaced = json.dumps(dict(reversed(GOOD.items())), indent=4)
    assert paste.tidy(f"\n {spaced} ")[0] == paste.tidy(json.dumps(GOOD))[0]


def test_a_mask_shows_the_key_ids_ends_and_the_region():
    provider = catalogue.provider("bedrock")
    assert paste.mask(json.dumps(GOOD), provider) == "AKIA••••••••MNOP · eu-central-1"


def test_a_region_in_a_message_is_no_secret_but_the_keys_are():
    told = (
        f"eu-central-1 has no such model for {GOOD['accessKeyId']} with {GOOD['secretAccessKey']}"
    )
    assert scrub(told, json.dumps(GOOD)) == "eu-central-1 has no such model for [key] with [key]"


@pytest.mark.parametrize("credential", [GOOD, TEMPORARY], ids=["lasting", "temporary"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_signed_as_botocore_signs_it(credential, stream, monkeypatch):
    endpoint = Endpoint("bedrock", "converse", "https://bedrock-runtime.{region}.amazonaws.com")
    secret, body = json.dumps(credential), b'{"messages": []}'
    out = outgoing.prepared(endpoint, "converse", MODEL, secret, body, stream=stream)
    tail = "converse-stream" if stream else "converse"
    quoted = MODEL.replace(":", "%3A")
    assert out.url == f"https://bedrock-runtime.eu-central-1.amazonaws.com/model/{quoted}/{tail}"
    names = out.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    signed = {name: out.headers[name] for name in names if name != "host"}
    oracle = AWSRequest("POST", out.url, headers=signed, data=body)
    oracle.context["timestamp"] = out.headers["x-amz-date"]
    keys = Credentials(
        credential["accessKeyId"], credential["secretAccessKey"], credential.get("sessionToken")
    )
    auth = SigV4Auth(keys, "bedrock", "eu-central-1")
    canonical = auth.canonical_request(oracle)
    assert "%253A" in canonical
    assert out.headers["authorization"].endswith(
        auth.signature(auth.string_to_sign(oracle, canonical), oracle)
    )
    assert ("x-amz-security-token" in names) == ("sessionToken" in credential)


def test_an_api_key_of_bedrock_is_a_bearer():
    endpoint = Endpoint("bedrock", "converse", "https://bedrock-runtime.{region}.amazonaws.com")
    secret = json.dumps({"apiKey": "ABSK" + "x" * 40, "region": "us-west-2"})
    out = outgoing.prepared(endpoint, "converse", "m", secret, b"{}", stream=False)
    assert out.headers["authorization"] == "Bearer ABSK" + "x" * 40
    assert out.url.startswith("https://bedrock-runtime.us-west-2.amazonaws.com/")


@pytest.mark.parametrize("model", ["../../x", "a/b?c=d", "a#b", "a b", "http://h/", "é"])
def test_no_name_of_a_model_leaves_its_place_in_the_path(model):
    endpoint = Endpoint("bedrock", "converse", "https://bedrock-runtime.{region}.amazonaws.com")
    out = outgoing.prepared(endpoint, "converse", model, json.dumps(GOOD), b"{}", stream=False)
    assert out.url.count("/") == 5 and "?" not in out.url and "#" not in out.url


def frames(*events):
    made = [bedrock._event(kind, payload) for kind, payload in events]
    return "".join(made).encode("utf-8", "surrogateescape")


STREAM = frames(
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"text": "Größe"}}),
    ("messageStop", {"stopReason": "end_turn"}),
)


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_stream_is_read_however_it_is_cut(size):
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    kinds = [kind for kind, _ in eventstream.events(pieces)]
    assert kinds == ["messageStart", "contentBlockDelta", "messageStop"]


def test_a_frame_that_breaks_its_checksum_is_malformed():
    broken = bytearray(STREAM)
    broken[len(STREAM) // 2] ^= 0x20
    with pytest.raises(Malformed):
        list(eventstream.events([bytes(broken)]))


def test_an_exception_inside_says_which_it_is():
    problem = next(one for one in bedrock.PROBLEMS if one.status == 429)
    event = bedrock.error_event(problem, "").encode("utf-8", "surrogateescape")
    assert list(eventstream.events([event])) == [
        ("exception:throttlingException", {"message": problem.message})
    ]


def test_the_markers_own_credential_is_whole():
    assert aws.parse(marker.bedrock_key()).region == "us-east-1"
