from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import LocalError, RemoteError
from sipcore.message.credentials import Challenge, Credentials, read_challenges, read_credentials
from sipcore.message.message import Response
from tests.sipcore.message.samples import request_of, with_lines

# RFC 3261 §22.2
AUTHORIZATION = (
    'Digest username="bob", realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="sip:bob@biloxi.com", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
CHALLENGE = (
    'Digest realm="biloxi.com", qop="auth,auth-int", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_credentials() -> None:
    credentials = Credentials.parse(AUTHORIZATION)
    assert credentials.scheme == "digest"
    assert credentials.get("username") == "bob"
    assert credentials.get("qop") == "auth"
    assert credentials.get("absent") == ""
    assert str(credentials) == AUTHORIZATION


def test_challenge() -> None:
    challenge = Challenge.parse(CHALLENGE)
    assert challenge.get("qop") == "auth,auth-int"
    assert not challenge.is_stale
    assert Challenge.parse(CHALLENGE + ", STALE=TRUE").is_stale
    assert str(challenge) == CHALLENGE


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        ('DIGEST  username = "a,b" ,realm="x" ', {"username": "a,b", "realm": "x"}),
        ('Digest uri=sip:a@h;lr,nc="1"', {"uri": "sip:a@h;lr", "nc": "1"}),
        (r'Digest username="a\"b\\", realm="r"', {"username": r"a\"b\\", "realm": "r"}),
        ('Digest ,, realm="",', {"realm": ""}),
        ("Digest qop=", {"qop": ""}),
        ("Digest", {}),
        ("Basic abc==", {}),
        ("NoOneKnowsThisScheme opaque-data=here", {}),
    ],
)  # fmt: skip
def test_parse(value: str, parameters: dict[str, str]) -> None:
    assert dict(Credentials.parse(value).parameters) == parameters


@pytest.mark.parametrize(
    "value",
    [
        "", "=", 'Digest realm="x', 'Digest realm="x" nonce="y"', "Digest realm",
        'Digest realm="x"y', 'Digest realm="x", realm="y"', 'Digest realm="x", Realm="y"',
        'Digest ="x"',
        "Digest a=b c",
        'Digest a"=b', "Digest\trealm=x", 'Digest realm="a"b"',
    ],
)  # fmt: skip
def test_malformed(value: str) -> None:
    with pytest.raises(RemoteError):
        Credentials.parse(value)


def test_several_fields() -> None:
    request = request_of(
        with_lines(b'Authorization: Digest realm="a"', b'Authorization : Digest realm="b"')
    )
    assert [c.get("realm") for c in read_credentials(request, "authorization")] == ["a", "b"]
    assert read_credentials(request, "proxy-authorization") == []
    crowded = request_of(with_lines(*[b'Authorization: Digest realm="a"'] * 9))
    with pytest.raises(RemoteError):
        read_credentials(crowded, "authorization")


def test_several_challenges() -> None:
    fields = [("www-authenticate", 'Digest realm="a"'), ("www-authenticate", 'Digest realm="b"')]
    response = Response(401, "Unauthorized", fields)
    assert [c.get("realm") for c in read_challenges(response, "www-authenticate")] == ["a", "b"]


@pytest.mark.parametrize("value", ['a"b', "a\\", 'a\\\\"', "a\r\nVia: x", "a\0"])
def test_no_value_breaks_out_of_its_quotes(value: str) -> None:
    with pytest.raises(LocalError):
        str(Credentials({"username": value}))


@pytest.mark.parametrize("value", ["", "a b", "a,b", 'a"'])
def test_a_bare_value_is_a_token(value: str) -> None:
    with pytest.raises(LocalError):
        str(Credentials({"algorithm": value}))


@given(st.text(alphabet='ab"\\, =', max_size=12))
def test_what_is_written_reads_the_same(value: str) -> None:
    try:
        written = str(Credentials({"username": value, "nonce": "n"}))
    except LocalError:
        return
    assert Credentials.parse(written).parameters == {"username": value, "nonce": "n"}


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    for value in (text, f"Digest {text}", f'Digest realm="{text}"'):
        try:
            Credentials.parse(value)
        except RemoteError:
            continue
