"""Dialogs (RFC 3261 §12): identity, route set, remote target, CSeq."""

from __future__ import annotations

import pytest

from sipcore.dialog.dialog import Dialog, DialogId
from sipcore.errors import RemoteError
from sipcore.message import Request, Response

CALLER = '"Anna" <sip:anna@example.org>'
CALLEE = "<sip:ben@example.net>"


def invite(*, cseq: int = 7, contact: str | None = "<sip:anna@198.51.100.7:5070>") -> Request:
    request = Request("INVITE", "sip:ben@example.net")
    request.add("from", f"{CALLER};tag=a1")
    request.add("to", CALLEE)
    request.add("call-id", "x@y")
    request.add("cseq", f"{cseq} INVITE")
    if contact is not None:
        request.add("contact", contact)
    return request


def ok(
    contact: str | None = "<sip:ben@203.0.113.9>",
    *,
    tag: str = ";tag=b1",
    routes: tuple[str, ...] = (),
) -> Response:
    response = Response(200, "OK")
    response.add("from", f"{CALLER};tag=a1")
    response.add("to", f"{CALLEE}{tag}")
    response.add("call-id", "x@y")
    response.add("cseq", "7 INVITE")
    if contact is not None:
        response.add("contact", contact)
    for route in routes:
        response.add("record-route", route)
    return response


def test_uas_dialog_mirrors_the_request() -> None:
    request = invite()
    request.add("record-route", "<sip:p2;lr>, <sip:p1;lr>")
    dialog = Dialog.from_request(request, local_tag="b1")
    assert dialog.id == DialogId("x@y", "b1", "a1")
    assert dialog.route_set == ("<sip:p2;lr>", "<sip:p1;lr>")
    bye = dialog.request("BYE")
    assert bye.uri_text == "sip:anna@198.51.100.7:5070"
    assert bye.required("from") == f"{CALLEE};tag=b1"
    assert bye.required("to") == f"{CALLER};tag=a1"
    assert bye.values("route") == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert str(bye.cseq) == "1 BYE"


def test_uac_dialog_turns_the_route_set_round() -> None:
    routes = ("<sip:p2;lr;ftag=1>,<sip:p1;lr>", "<sip:p0;lr>")
    dialog = Dialog.from_response(invite(), ok(routes=routes))
    assert dialog.id == DialogId("x@y", "a1", "b1")
    assert dialog.route_set == ("<sip:p0;lr>", "<sip:p1;lr>", "<sip:p2;lr;ftag=1>")
    info = dialog.request("INFO")
    assert info.uri_text == "sip:ben@203.0.113.9"
    assert str(info.cseq) == "8 INFO"


def test_a_strict_router_gets_its_uri_as_request_uri() -> None:
    """The example of §12.2.1.1; what may not stand in a Request-URI is left out."""
    routes = ("<sip:proxy4>", "<sip:proxy3;lr>", "<sip:proxy2>", "<sip:proxy1;method=INVITE?a=b>")
    dialog = Dialog.from_response(invite(), ok("<sip:user@remoteua>", routes=routes))
    request = dialog.request("BYE")
    assert request.uri_text == "sip:proxy1"
    assert request.values("route") == [
        "<sip:proxy2>",
        "<sip:proxy3;lr>",
        "<sip:proxy4>",
        "<sip:user@remoteua>",
    ]


def test_an_ack_repeats_the_number_of_its_invite() -> None:
    dialog = Dialog.from_response(invite(), ok())
    dialog.request("INFO")
    ack = dialog.ack(7)
    assert str(ack.cseq) == "7 ACK"
    assert str(dialog.request("BYE").cseq) == "9 BYE"


def test_requests_of_the_peer_come_in_order() -> None:
    dialog = Dialog.from_request(invite(cseq=7), local_tag="b1")
    assert not dialog.is_in_order(invite(cseq=6))
    assert not dialog.is_in_order(invite(cseq=7))
    assert dialog.is_in_order(invite(cseq=12))
    assert not dialog.is_in_order(invite(cseq=11))


def test_the_first_request_of_a_callee_may_have_any_number() -> None:
    dialog = Dialog.from_response(invite(), ok())
    assert dialog.is_in_order(invite(cseq=0))
    assert not dialog.is_in_order(invite(cseq=0))


def test_target_refresh_moves_the_target_and_not_the_route() -> None:
    dialog = Dialog.from_request(invite(), local_tag="b1")
    assert dialog.refresh_target(invite(contact="<sip:anna@198.51.100.8>"))
    assert dialog.request("BYE").uri_text == "sip:anna@198.51.100.8"
    assert not dialog.refresh_target(invite(contact="<sip:anna@198.51.100.8>"))
    assert not dialog.refresh_target(invite(contact=None))
    assert not dialog.refresh_target(invite(contact="<mailto:anna@example.org>"))
    assert dialog.remote_target == "sip:anna@198.51.100.8"


def test_a_target_may_not_carry_headers_into_the_request_uri() -> None:
    dialog = Dialog.from_request(
        invite(contact="<sip:a:pw@h:5070;method=BYE;ob?Route=evil>"), local_tag="b1"
    )
    assert dialog.remote_target == "sip:a:pw@h:5070;ob"


@pytest.mark.parametrize("contact", [None, "<tel:+4930>", "*", "<sip:"])
def test_without_a_contact_there_is_no_dialog(contact: str | None) -> None:
    with pytest.raises(RemoteError):
        Dialog.from_request(invite(contact=contact), local_tag="b1")


def test_a_2xx_without_contact_can_still_be_ended() -> None:
    dialog = Dialog.from_response(invite(), ok(contact=None))
    assert dialog.request("BYE").uri_text == "sip:ben@example.net"


@pytest.mark.parametrize("route", ["<sip:p1", "sip:p1, <:>", "<sip:p1;lr>,,<x>"])
def test_a_2xx_with_a_broken_record_route_can_still_be_ended(route: str) -> None:
    bye = Dialog.from_response(invite(), ok(routes=(route,))).request("BYE")
    assert bye.uri_text == "sip:ben@203.0.113.9"
    assert not bye.has("route")
    request = invite()
    request.add("record-route", route)
    with pytest.raises(RemoteError):
        Dialog.from_request(request, local_tag="b1")


def test_a_peer_of_rfc_2543_has_no_tag() -> None:
    dialog = Dialog.from_response(invite(), ok(tag=""))
    assert dialog.id == DialogId("x@y", "a1", "")
    assert dialog.request("BYE").required("to") == CALLEE


def test_the_cseq_cannot_wrap() -> None:
    dialog = Dialog.from_response(invite(), ok())
    dialog.local_sequence = 2**31 - 2
    assert dialog.request("INFO").cseq.number == 2**31 - 1
    with pytest.raises(RemoteError):
        dialog.request("INFO")


def test_the_id_of_a_request_is_seen_from_our_end() -> None:
    request = invite()
    assert DialogId.of_request(request) == DialogId("x@y", "", "a1")
