"""Numbered flows of one device (RFC 5626 §6), at the registrar."""

from __future__ import annotations

import pytest

from sipcore.limits import FLOWS_MAX
from sipcore.message.message import Message
from sipcore.registrar.binding import Binding
from sipcore.registrar.outbound import FLOW_TIMER_S, by_device
from sipcore.registrar.update import RegistrarLimits, response_fields
from sipcore.transport.flow import Flow
from tests.sipcore.registrar.builders import NOW, TCP, changes, refusal, register

PHONE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'
OTHER = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-aabbccddeeff>"'
PROXIED = "SIP/2.0/UDP edge.example.org;branch=z9hG4bK2, SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1"


def flow(number: int, *, instance: str = PHONE, contact: str = "sip:anna@198.51.100.7") -> str:
    return f"<{contact}>;reg-id={number};{instance}"


def registered(*contacts: str) -> tuple[Binding, ...]:
    bindings: tuple[Binding, ...] = ()
    for cseq, contact in enumerate(contacts, start=1):
        request = register(contact, cseq=cseq, supported="path, outbound")
        bindings = changes(request, bindings, now=NOW + cseq).bindings
    return bindings


def test_two_flows_with_one_contact_are_two_bindings() -> None:
    bindings = registered(flow(1), flow(2))
    assert [(one.reg_id, one.contact) for one in bindings] == [
        (1, "sip:anna@198.51.100.7"), (2, "sip:anna@198.51.100.7")
    ]  # fmt: skip
    assert len({one.key for one in bindings}) == 2


def test_a_flow_is_removed_alone() -> None:
    bindings = registered(flow(1), flow(2))
    request = register(f"{flow(1)};expires=0", cseq=9)
    result = changes(request, bindings)
    assert [one.reg_id for one in result.bindings] == [2]
    assert [one.reg_id for one in result.removed] == [1]


def test_a_device_that_moves_takes_its_flow_with_it() -> None:
    bindings = registered(flow(1), flow(2), flow(1, contact="sip:anna@198.51.100.7:5070"))
    assert {(one.reg_id, one.uri.port) for one in bindings} == {(1, 5070), (2, None)}


def test_the_answer_says_that_the_flow_is_kept() -> None:
    request = register(flow(1), supported="path, outbound")
    answer = Message(response_fields(changes(request), request, now=NOW))
    assert answer.tokens("require") == ["outbound"]


def test_a_connection_learns_how_often_it_must_be_heard() -> None:
    request = register(flow(1), supported="path, outbound")
    over = Flow(TCP, ("198.51.100.7", 40000), 1)
    assert Message(response_fields(changes(request, flow=over), request, now=NOW)).required(
        "flow-timer"
    ) == str(FLOW_TIMER_S)
    assert not Message(response_fields(changes(request), request, now=NOW)).has("flow-timer")


@pytest.mark.parametrize("contact", [flow(1), "<sip:anna@198.51.100.7>"])
def test_who_does_not_speak_of_outbound_is_not_spoken_to_of_it(contact: str) -> None:
    supported = "path" if "reg-id" in contact else "path, outbound"
    request = register(contact, supported=supported)
    assert not Message(response_fields(changes(request), request, now=NOW)).has("require")


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        (None, True),
        ("<sip:edge.example.org;lr>", True),
        ("<sip:token@edge.example.org;lr;ob>", False),
        ("<sip:core.example.org;lr>, <sip:token@edge.example.org;lr;ob>", False),
    ],
)
def test_a_first_hop_must_keep_flows_as_well(path: str | None, is_refused: bool) -> None:
    request = register(flow(1), via=PROXIED, supported="path, outbound")
    if path is not None:
        request.add("path", path)
    if not is_refused:
        assert len(changes(request).bindings) == 1
        return
    refused = refusal(request)
    assert (refused.status, refused.reason) == (439, "First Hop Lacks Outbound Support")


def test_a_first_hop_is_not_asked_for_a_contact_without_a_number() -> None:
    request = register("<sip:anna@198.51.100.7>", via=PROXIED, supported="outbound")
    assert len(changes(request).bindings) == 1


def test_only_one_numbered_flow_is_kept_by_one_request() -> None:
    assert refusal(register(flow(1), flow(2), supported="outbound")).status == 400


def test_the_flows_of_a_device_count_as_one_device_and_are_bounded() -> None:
    bindings = registered(*(flow(number + 1) for number in range(FLOWS_MAX)))
    assert len(bindings) == FLOWS_MAX
    assert refusal(register(flow(99), cseq=9), bindings).status == 403
    one_device = RegistrarLimits(contacts_max=1)
    assert len(changes(register(flow(2), cseq=9), bindings, limits=one_device).bindings) == 4
    stranger = register(flow(1, instance=OTHER), cseq=9, call_id="b")
    assert refusal(stranger, bindings, limits=one_device).status == 403


def test_devices_are_grouped_with_their_freshest_flow_first() -> None:
    bindings = registered(
        flow(1), flow(2), flow(1, instance=OTHER, contact="sip:b@198.51.100.8"), flow(1)
    )
    groups = [
        [(one.instance_id[-4:], one.reg_id) for one in flows] for flows in by_device(bindings)
    ]
    assert sorted(groups) == [[("128>", 1), ("128>", 2)], [("eff>", 1)]]
