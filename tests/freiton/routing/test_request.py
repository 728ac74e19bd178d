"""From an INVITE to what routing needs of it."""

from __future__ import annotations

import pytest

from freiton.routing.request import ClaimedIdentity, RouteRequest, Source, read_request
from sipcore.errors import RemoteError
from sipcore.message.message import Request

SOURCE = Source(host="198.51.100.1", listener="udp")


def invite(uri: str = "sip:030123456@Example.org", **fields: str) -> Request:
    headers = {
        "from": '"Anna" <sip:anna@example.org>;tag=1',
        "to": "<sip:030123456@example.org>",
        **fields,
    }
    return Request(
        "INVITE", uri, [(key.replace("_", "-"), value) for key, value in headers.items()]
    )


def read(uri: str = "sip:030123456@Example.org", **fields: str) -> RouteRequest:
    return read_request(invite(uri, **fields), SOURCE)


@pytest.mark.parametrize(
    ("uri", "dialled", "host"),
    [
        ("sip:030123456@Example.org", "030123456", "example.org"),
        ("sip:%2A31%23112@example.org;user=phone", "*31#112", "example.org"),
        (
            "sip:030123456;phone-context=+49@example.org",
            "030123456;phone-context=+49",
            "example.org",
        ),
        ("sip:example.org", "", "example.org"),
        ("tel:+49-30-123456", "+4930123456", ""),
        ("tel:030123456;phone-context=example.org", "030123456;phone-context=example.org", ""),
        ("urn:service:sos", "urn:service:sos", ""),
    ],
)
def test_what_was_dialled(uri: str, dialled: str, host: str) -> None:
    request = read(uri)
    assert (request.dialled, request.host, request.source) == (dialled, host, SOURCE)


def test_identities_are_claims() -> None:
    request = read(
        p_preferred_identity="<sip:+4930123;x=y@example.org;user=phone>",
        p_asserted_identity="<sip:example.org>, <tel:+4930999>",
    )
    assert request.from_ == ClaimedIdentity(user="anna", host="example.org", display_name="Anna")
    assert request.preferred == ClaimedIdentity(user="+4930123", host="example.org")
    assert request.asserted == ClaimedIdentity(user="+4930999")
    assert request.to_user == "030123456"


@pytest.mark.parametrize("value", ["<sip:broken", "", "<sip:example.org>", "<urn:x:y>"])
def test_an_identity_that_cannot_be_read_claims_nothing(value: str) -> None:
    assert read(p_preferred_identity=value).preferred is None
    assert read(p_asserted_identity=value).asserted is None


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        ("id", {"id"}),
        ("ID; critical", {"id", "critical"}),
        ("header;;id", {"header", "id"}),
        ("id, user", {"id", "user"}),
        ("", set()),
    ],
)
def test_privacy(value: str, tokens: set[str]) -> None:
    assert read(privacy=value).privacy == tokens


@pytest.mark.parametrize(
    ("from_", "is_anonymous"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', True),
        ("<sip:Anonymous@example.org>;tag=1", True),
        ("<sip:thisis@anonymous.invalid>;tag=1", True),
        ("<sip:anna@example.org>;tag=1", False),
        ('"Anonymous" <sip:anna@example.org>;tag=1', False),
    ],
)
def test_an_anonymous_from(from_: str, *, is_anonymous: bool) -> None:
    assert read(**{"from": from_}).from_.is_anonymous is is_anonymous


def test_what_must_be_readable() -> None:
    for key in ("from", "to"):
        with pytest.raises(RemoteError):
            read(**{key: "<sip:broken"})
    with pytest.raises(RemoteError):
        read("not-a-uri")
