"""What is refused before a target is looked for: RFC 3261 §16.3, RFC 5393 §4."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.message import Request
from sipcore.proxy import Refusal, Routed
from tests.sipcore.proxy.builders import FIRST, forward, message, proxy, sent


def refused(request: Request) -> Refusal:
    refusal = proxy().admit(request)
    assert isinstance(refusal, Refusal)
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
    assert isinstance(proxy().admit(message(fields=fields)), Routed)


@pytest.mark.parametrize("uri", ["tel:+4930123456", "sip:ben@example.org;maddr=192.0.2.1"])
def test_valid_uris(uri: str) -> None:
    assert isinstance(proxy().admit(message(uri=uri)), Routed)


@pytest.mark.parametrize("uri", ["mailto:ben@example.org", "urn:x:y"])
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
        proxy().admit(message(fields=fields))


def looped(request: Request, *, mark: str) -> Request:
    """Put our Via on a request as the layer does, so that it looks as if it came back."""
    via = f"SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK9.{mark}"
    return Request(request.method, request.uri_text, [("via", via), *request.fields], request.body)


def test_a_loop_is_what_comes_back_unchanged() -> None:
    core = proxy()
    (command,) = sent(forward(core, message(), [FIRST]))
    refusal = core.admit(looped(message(), mark=command.mark))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 482
    assert core.loops == 1


def test_a_loop_is_known_behind_others_and_by_another_process() -> None:
    (command,) = sent(forward(proxy(), message(), [FIRST]))
    back = looped(message(), mark=command.mark)
    back.add_first("via", "SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKx")
    assert refused(back).status == 482


@pytest.mark.parametrize(
    "changed",
    [
        message(uri="sip:anna@example.org"),
        message(fields=(("route", "<sip:example.org;lr>"),)),
        message(fields=(("proxy-authorization", "Digest realm=x"),)),
    ],
)
def test_what_comes_back_changed_is_a_spiral(changed: Request) -> None:
    core = proxy()
    (command,) = sent(forward(core, message(), [FIRST]))
    assert isinstance(core.admit(looped(changed, mark=command.mark)), Routed)


def test_a_merged_request_is_no_loop() -> None:
    core = proxy()
    forward(core, message(), [FIRST])
    assert isinstance(core.admit(message()), Routed)


def test_the_mark_of_another_proxy_is_not_ours() -> None:
    (command,) = sent(forward(proxy(), message(), [FIRST]))
    back = message(fields=(("via", f"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK9.{command.mark}"),))
    assert isinstance(proxy().admit(back), Routed)


def test_checks_come_in_the_order_of_the_rfc() -> None:
    """Each request fails all checks from some step on; the first of them answers (§16.3)."""
    wrong = (("max-forwards", "0"), ("proxy-require", "foo"), ("route", "<sip:evil.example;lr>"))
    assert refused(message(uri="mailto:ben@example.org", fields=wrong)).status == 416
    assert refused(message(fields=wrong)).status == 483
    (command,) = sent(forward(proxy(), message(), [FIRST]))
    assert refused(looped(message(), mark=command.mark)).status == 482
    assert refused(message(fields=wrong[1:])).status == 420
    assert refused(message(fields=wrong[2:])).status == 403
