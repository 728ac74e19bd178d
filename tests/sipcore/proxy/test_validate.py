"""What is refused before a target is looked for: RFC 3261 §16.3 and §16.4."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.message import Request
from sipcore.proxy import Refusal
from tests.sipcore.proxy.builders import FIRST, message, proxy, received, response, sent


def refused(request: Request) -> Refusal:
    refusal = proxy().validate(request)
    assert refusal is not None
    return refusal


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (("max-forwards", "1"),),
        (("route", "<sip:example.org;lr>"),),
        (("route", "<sip:example.org;lr>, <sip:192.0.2.1:5060;lr>"),),
        (("date", "not a date"), ("x-anything", "<<<")),
    ],
)
def test_valid(fields: tuple[tuple[str, str], ...]) -> None:
    assert proxy().validate(message(fields=fields)) is None


@pytest.mark.parametrize("uri", ["tel:+4930123456", "sip:ben@example.org;maddr=192.0.2.1"])
def test_valid_uris(uri: str) -> None:
    assert proxy().validate(message(uri=uri)) is None


@pytest.mark.parametrize("uri", ["mailto:ben@example.org", "sips:ben@example.org", "urn:x:y"])
def test_a_scheme_that_we_do_not_serve(uri: str) -> None:
    assert refused(message(uri=uri)).status == 416


def test_no_hops_left() -> None:
    assert refused(message(fields=(("max-forwards", "0"),))).status == 483


def test_proxy_require_names_what_is_not_supported() -> None:
    refusal = refused(message(fields=(("proxy-require", "sec-agree, foo"),)))
    assert (refusal.status, refusal.fields) == (420, (("unsupported", "sec-agree, foo"),))


@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("sip:ben@example.org", (("route", "<sip:evil.example;lr>"),)),
        ("sip:ben@example.org", (("route", "<sip:example.org;lr>, <sip:evil.example>"),)),
        ("sip:ben@example.org", (("route", "<tel:+49301234>"),)),
        ("sip:ben@example.org;maddr=203.0.113.9", ()),
    ],
)
def test_nobody_chooses_our_next_hop(uri: str, fields: tuple[tuple[str, str], ...]) -> None:
    assert refused(message(uri=uri, fields=fields)).status == 403


@pytest.mark.parametrize(
    "fields",
    [
        (("max-forwards", "many"),),
        (("route", "<sip:example.org"),),
        (("via", "nonsense"),),
    ],
)
def test_what_cannot_be_read_is_an_error(fields: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(RemoteError):
        proxy().validate(message(fields=fields))


OUR_VIA = ("via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK9")


def test_a_loop_is_what_comes_back_unchanged_while_it_is_under_way() -> None:
    core = proxy()
    (command,) = sent(core.forward(received(message()), [FIRST]))
    looped = message(fields=(OUR_VIA,))
    refusal = core.validate(looped)
    assert refusal is not None
    assert refusal.status == 482
    core.receive(response(command, 200))
    assert core.validate(looped) is None


@pytest.mark.parametrize(
    "request_",
    [
        message(),  # merged: it came another way, not through us
        message(uri="sip:anna@example.org", fields=(OUR_VIA,)),
        message(fields=(OUR_VIA, ("route", "<sip:example.org;lr>"))),
    ],
)
def test_merged_and_spiralling_requests_are_no_loops(request_: Request) -> None:
    core = proxy()
    core.forward(received(message()), [FIRST])
    assert core.validate(request_) is None
