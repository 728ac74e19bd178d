"""Reason, Warning, Privacy, Session-Expires and the identities of RFC 3325."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message.identity import Identity
from sipcore.message.message import Request
from sipcore.message.parse import parse_message
from sipcore.message.privacy import Privacy
from sipcore.message.reason import Reason
from sipcore.message.session_expires import SessionExpires, min_se
from sipcore.message.warning import MISCELLANEOUS, WarningValue
from tests.sipcore.message.samples import request_of, with_lines

PAI = "p-asserted-identity"


@pytest.mark.parametrize(
    ("value", "protocol", "cause", "text"),
    [
        ('SIP ;cause=200 ;text="Call completed elsewhere"', "SIP", 200, "Call completed elsewhere"),
        ("q.850;cause=16", "Q.850", 16, ""),
        ('SIP;text="a, \\"b\\"";cause=603', "SIP", 603, 'a, "b"'),
        ("X.y", "X.Y", None, ""),
    ],
)
def test_reason(value: str, protocol: str, cause: int | None, text: str) -> None:
    reason = Reason.parse(value)
    assert (reason.protocol, reason.cause, reason.text) == (protocol, cause, text)
    again = Reason.parse(str(reason))
    assert (again.protocol, again.cause, again.text) == (protocol, cause, text)


@pytest.mark.parametrize("value", ["", ";cause=1", "SIP;cause=x", "SIP;cause=-1", "SIP cause=2"])
def test_a_reason_that_is_none(value: str) -> None:
    with pytest.raises(RemoteError):
        Reason.parse(value)


def test_reasons_of_a_message() -> None:
    request = request_of(
        with_lines(b'Reason: SIP;cause=200;text="a,b", Q.850;cause=26', b"Reason: ;")
    )
    assert [str(reason) for reason in Reason.of(request)] == [
        'SIP;cause=200;text="a,b"', "Q.850;cause=26"
    ]  # fmt: skip
    assert Reason.of(request_of()) == []


def test_warning() -> None:
    warning = WarningValue(MISCELLANEOUS, "sip.example.org:5060", 'Kein "Guthaben" für Anrufe')
    assert str(warning) == '399 sip.example.org:5060 "Kein \\"Guthaben\\" für Anrufe"'
    again = WarningValue.parse(str(warning))
    assert (again.code, again.agent, again.text) == (399, warning.agent, warning.text)


def test_warnings_of_a_message() -> None:
    value = '301 isi.edu "Incompatible, type", 307 x y, 399 a "b"'
    request = Request("BYE", "sip:h", [("warning", value), ("warning", "nonsense")])
    assert [warning.code for warning in WarningValue.of(request)] == [301, 399]
    with pytest.raises(RemoteError):
        WarningValue.parse('39 a "b"')


def test_umlauts_of_a_warning_are_utf8_on_the_wire() -> None:
    request = request_of(
        with_lines(f"Warning: {WarningValue(399, 'h', 'gesperrt für Sie')}".encode())
    )
    assert WarningValue.of(request)[0].text == "gesperrt für Sie"


@pytest.mark.parametrize(
    ("value", "values"),
    [
        ("id", {"id"}),
        ("Header ; session; ID;critical", {"header", "session", "id", "critical"}),
        ("id, user;", {"id", "user"}),
        ("", set()),
    ],
)
def test_privacy(value: str, values: set[str]) -> None:
    privacy = Privacy.parse(value)
    assert privacy.values == values
    assert Privacy.parse(str(privacy)).values == values


def test_privacy_of_a_message() -> None:
    request = request_of(with_lines(b"Privacy: session", b"Privacy: id"))
    assert Privacy.of(request).values == {"session", "id"}
    assert Privacy.of(request_of()).values == frozenset()


@pytest.mark.parametrize(
    ("value", "interval_s", "refresher", "written"),
    [
        ("1800", 1800, None, "1800"),
        ("90 ;Refresher=UAS;x=1", 90, "uas", "90;refresher=uas"),
    ],
)
def test_session_expires(value: str, interval_s: int, refresher: str | None, written: str) -> None:
    header = SessionExpires.parse(value)
    assert (header.interval_s, header.refresher, str(header)) == (interval_s, refresher, written)


@pytest.mark.parametrize(
    "value", ["", "x", "-1", "90;refresher=me", "90;refresher=uac;refresher=uas"]
)
def test_session_expires_that_is_none(value: str) -> None:
    with pytest.raises(RemoteError):
        SessionExpires.parse(value)


def test_session_timers_of_a_message() -> None:
    request = request_of(with_lines(b"x: 120;refresher=uac", b"Min-SE: 100;a=b"))
    header = SessionExpires.of(request)
    assert header is not None
    assert (header.interval_s, min_se(request)) == (120, 100)
    assert SessionExpires.of(request_of()) is None
    assert min_se(request_of()) == 90


def test_an_identity_of_two_kinds() -> None:
    request = request_of(
        with_lines(
            b'P-Asserted-Identity: "Anna" <sip:anna@h>, tel:+4930',
            b"P-Preferred-Identity: <sip:x@h>",
        )
    )
    identity = Identity.of(request, PAI)
    assert identity is not None
    assert str(identity) == '"Anna" <sip:anna@h>, <tel:+4930>'
    preferred = Identity.of(request, "p-preferred-identity")
    assert preferred is not None
    assert preferred.tel is None
    assert Identity.of(request_of(), PAI) is None


@pytest.mark.parametrize(
    "lines",
    [
        [b"P-Asserted-Identity: <sip:a@h>, <sip:b@h>"],
        [b"P-Asserted-Identity: <sip:a@h>", b"P-Asserted-Identity : <sips:b@h>"],
        [b"P-Asserted-Identity: <tel:1>", b"P-Asserted-Identity: <tel:2>"],
        [b"P-Asserted-Identity: <urn:service:sos>"],
        [b"P-Asserted-Identity: sip"],
    ],
)
def test_an_identity_that_leaves_a_choice_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(RemoteError):
        Identity.of(parse_message(with_lines(*lines)), PAI)
