"""What is refused before a call exists."""

from __future__ import annotations

import pytest

from sipcore.b2bua.call import Call
from sipcore.b2bua.extensions import check_extensions, check_invite
from sipcore.b2bua.settings import CallSettings
from sipcore.errors import RemoteError
from sipcore.message import Request
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import CountingIdentifiers

FLOW = Flow(Listener("u", Transport.UDP, ("192.0.2.1", 5060)), ("198.51.100.1", 5060))


def invite(*fields: tuple[str, str], body: bytes = b"", without: str = "") -> Request:
    request = Request("INVITE", "sip:bob@example.org", body=body)
    for key, value in (
        ("via", "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1"),
        ("from", "<sip:alice@example.org>;tag=a"),
        ("to", "<sip:bob@example.org>"),
        ("call-id", "c"),
        ("cseq", "1 INVITE"),
        ("contact", "<sip:alice@198.51.100.1>"),
        *fields,
    ):
        if key != without:
            request.add(key, value)
    return request


def status(request: Request, **kwargs: CallSettings) -> int | None:
    refusal = check_invite(request, **kwargs)
    return None if refusal is None else refusal.status


def test_an_ordinary_invite_passes() -> None:
    assert check_invite(invite(("supported", "100rel, timer, replaces"))) is None
    assert check_invite(invite(("require", "timer"), ("session-expires", "90"))) is None


@pytest.mark.parametrize("header", ["require", "proxy-require"])
def test_an_extension_that_we_lack_is_named(header: str) -> None:
    refusal = check_extensions(invite((header, "nonsense"), (header, "Timer, 100rel, foo")))
    assert refusal is not None
    assert refusal.status == 420
    assert refusal.fields == (("unsupported", "nonsense, foo"),)


def test_a_session_too_short_is_told_our_floor() -> None:
    request = invite(("supported", "timer"), ("session-expires", "60"))
    refusal = check_extensions(request, settings=CallSettings(min_se_s=120))
    assert refusal is not None
    assert (refusal.status, refusal.fields) == (422, (("min-se", "120"),))


@pytest.mark.parametrize(("method", "is_refused"), [("REGISTER", False), ("INFO", True)])
def test_the_last_hop_may_be_ours(method: str, *, is_refused: bool) -> None:
    request = Request(method, "sip:example.org")
    request.add("max-forwards", "0")
    assert (check_extensions(request) is not None) is is_refused


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (invite(("max-forwards", "0")), 483),
        (invite(("max-forwards", "many")), 400),
        (invite(body=b"x" * 40_000), 413),
        (invite(body=b"x"), 400),
        (invite(("content-type", "what"), body=b"x"), 400),
        (invite(without="contact"), 400),
        (invite(("session-expires", "x"), ("supported", "timer")), 400),
        (invite(("session-expires", "100"), ("session-expires", "200")), 400),
        (invite(("record-route", "<nonsense")), 400),
        (invite(("content-type", "application/sdp"), body=b"v=0"), None),
    ],
)
def test_what_cannot_become_a_call(request_: Request, expected: int | None) -> None:
    assert status(request_) == expected


def test_a_call_of_such_an_invite_is_not_made() -> None:
    with pytest.raises(RemoteError):
        Call.begin(
            "c1", invite(without="contact"), ("t",), FLOW, identifiers=CountingIdentifiers("x")
        )
