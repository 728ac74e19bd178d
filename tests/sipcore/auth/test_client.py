from __future__ import annotations

import pytest

from sipcore.auth.authenticator import Challenge, Verified
from sipcore.auth.client import DigestClient
from sipcore.auth.digest import Algorithm
from sipcore.errors import LocalError
from sipcore.limits import STALE_IN_A_ROW_MAX
from sipcore.message.credentials import Credentials
from sipcore.message.derive import respond
from sipcore.message.message import Request, Response
from tests.sipcore.auth.phone import PASSWORD, REALM, authenticator, lookup, request


def client(password: str = PASSWORD) -> DigestClient:
    return DigestClient(username="anna", password=password, realm=REALM)


def challenge(*values: str, status: int = 401) -> Response:
    key = "www-authenticate" if status == 401 else "proxy-authenticate"
    return respond(request(), status, fields=[(key, value) for value in values])


def parameters(field: tuple[str, str] | None) -> Credentials:
    assert field is not None
    return Credentials.parse(field[1])


@pytest.mark.parametrize("as_proxy", [False, True])
@pytest.mark.parametrize("algorithms", [(Algorithm.MD5,), (Algorithm.SHA_256, Algorithm.MD5)])
def test_our_own_server_is_content(as_proxy: bool, algorithms: tuple[Algorithm, ...]) -> None:
    server = authenticator(as_proxy=as_proxy, algorithms=algorithms)
    ours = client()
    asked = server.verify(request(), lookup, now=0.0)
    assert isinstance(asked, Challenge)
    field = ours.respond_to_challenge(
        respond(request(), asked.status, fields=asked.fields), request(), cnonce="c"
    )
    assert field is not None
    assert isinstance(server.verify(request(field), lookup, now=1.0), Verified)
    for number in range(2, 5):
        field = ours.authorize(request(), cnonce="c")
        assert field is not None
        assert parameters(field).get("nc") == f"{number:08x}"
        assert isinstance(server.verify(request(field, cseq=number), lookup, now=1.0), Verified)


def test_only_our_realm_is_answered() -> None:
    ours = client()
    for value in (
        'Digest realm="evil.example", nonce="n", qop="auth"',
        'Digest realm="Example.org", nonce="n", qop="auth"',
        'Basic realm="example.org"',
        'Digest realm="example.org", qop="auth"',
        'Digest realm="example.org", nonce="n", qop="auth-int"',
        'Digest realm="example.org", nonce="n", qop="auth", algorithm=MD5-sess',
        'Digest realm="example.org", nonce="n", qop="auth", algorithm=SHA-512-256',
        'Digest realm="example.org", nonce="n',
    ):
        assert ours.respond_to_challenge(challenge(value), request(), cnonce="c") is None
    assert ours.authorize(request(), cnonce="c") is None


def test_a_status_that_is_no_challenge() -> None:
    value = 'Digest realm="example.org", nonce="n", qop="auth"'
    response = Response(403, "Forbidden", [("www-authenticate", value)])
    assert client().respond_to_challenge(response, request(), cnonce="c") is None


@pytest.mark.parametrize("reverse", [False, True])
def test_the_strongest_is_answered_in_whatever_order(reverse: bool) -> None:
    values = [
        'Digest realm="example.org", nonce="n", qop="auth", algorithm=SHA-512-256',
        'Digest realm="example.org", nonce="n", qop="auth", algorithm=sha-256',
        'Digest realm="example.org", nonce="n", qop="auth"',
        'Digest realm="evil.example", nonce="n", qop="auth", algorithm=SHA-256',
    ]
    response = challenge(*(reversed(values) if reverse else values))
    field = parameters(client().respond_to_challenge(response, request(), cnonce="c"))
    assert field.get("algorithm") == "sha-256"
    assert len(field.get("response")) == 64
    assert field.get("realm") == "example.org"


def test_the_parts_of_an_answer() -> None:
    response = challenge(
        'Digest realm="example.org", nonce="n\\"1", qop="auth,auth-int", opaque="o"', status=407
    )
    invite = request(method="INVITE", uri="sip:030@example.org;x=1")
    answer = client().respond_to_challenge(response, invite, cnonce="c")
    assert answer is not None
    assert answer[0] == "proxy-authorization"
    field = parameters(answer)
    assert dict(field.parameters) == {
        "username": "anna", "realm": "example.org", "nonce": 'n\\"1',
        "uri": "sip:030@example.org;x=1", "response": field.get("response"), "opaque": "o",
        "qop": "auth", "nc": "00000001", "cnonce": "c",
    }  # fmt: skip


def test_without_qop() -> None:
    response = challenge('Digest realm="example.org", nonce="n"')
    field = parameters(client().respond_to_challenge(response, request(), cnonce="c"))
    assert not {"qop", "nc", "cnonce"} & set(field.parameters)


def again(ours: DigestClient, sent: tuple[str, str] | None, value: str) -> tuple[str, str] | None:
    assert sent is not None
    return ours.respond_to_challenge(challenge(value), request(sent), cnonce="c")


def test_a_refused_password_is_not_tried_twice() -> None:
    ours = client("wrong")
    sent = ours.respond_to_challenge(
        challenge('Digest realm="example.org", nonce="n1", qop="auth"'), request(), cnonce="c"
    )
    assert again(ours, sent, 'Digest realm="example.org", nonce="n2", qop="auth"') is None
    assert (
        again(ours, sent, 'Digest realm="example.org", nonce="n1", qop="auth", stale=true') is None
    )


def test_a_stale_nonce_is_answered_but_not_for_ever() -> None:
    ours = client()
    sent = ours.respond_to_challenge(
        challenge('Digest realm="example.org", nonce="n0", qop="auth"'), request(), cnonce="c"
    )
    for number in range(1, STALE_IN_A_ROW_MAX + 1):
        value = f'Digest realm="example.org", nonce="n{number}", qop="auth", stale=TRUE'
        sent = again(ours, sent, value)
        assert parameters(sent).get("nonce") == f"n{number}"
        assert parameters(sent).get("nc") == "00000001"
    assert (
        again(ours, sent, 'Digest realm="example.org", nonce="x", qop="auth", stale=true') is None
    )
    fresh = challenge('Digest realm="example.org", nonce="y", qop="auth"')
    assert ours.respond_to_challenge(fresh, request(), cnonce="c") is not None


def test_a_nonce_that_had_served_is_taken_for_too_old() -> None:
    ours = client()
    ours.respond_to_challenge(
        challenge('Digest realm="example.org", nonce="n1", qop="auth"'), request(), cnonce="c"
    )
    second = ours.authorize(request(), cnonce="c")
    answered = again(ours, second, 'Digest realm="example.org", nonce="n2", qop="auth"')
    assert parameters(answered).get("nonce") == "n2"
    assert again(ours, answered, 'Digest realm="example.org", nonce="n3", qop="auth"') is None


def test_the_count_goes_on_with_the_same_nonce() -> None:
    ours = client()
    value = 'Digest realm="example.org", nonce="n1", qop="auth"'
    first = ours.respond_to_challenge(challenge(value), request(), cnonce="c")
    other = ours.respond_to_challenge(challenge(value), request(call_id="c2"), cnonce="c")
    assert parameters(first).get("nc") == "00000001"
    assert parameters(other).get("nc") == "00000002"


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\r\nb", "a\nb"])
def test_names_that_cannot_be_written(text: str) -> None:
    with pytest.raises(LocalError):
        DigestClient(username=text, password="x", realm="r")
    with pytest.raises(LocalError):
        DigestClient(username="u", password="x", realm=text)


def test_a_request_is_not_changed() -> None:
    invite = Request("INVITE", "sip:a@h")
    value = 'Digest realm="example.org", nonce="n1", qop="auth"'
    client().respond_to_challenge(challenge(value), invite, cnonce="c")
    assert invite.fields == []
