"""Requests and flows for the tests of the registrar."""

from __future__ import annotations

from sipcore.message.message import Request
from sipcore.registrar.binding import Binding
from sipcore.registrar.update import (
    BindingChanges,
    Refusal,
    RegistrarLimits,
    response_fields,
    update_bindings,
)
from sipcore.transport.flow import Flow, Listener, Transport

UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TCP = Listener("tcp", Transport.TCP, ("192.0.2.1", 5060))
NOW = 1000.0
PHONE = Flow(UDP, ("198.51.100.7", 5060))
CONTACT = "<sip:anna@198.51.100.7>"


def register(
    *contacts: str,
    cseq: int = 1,
    call_id: str = "a",
    via: str = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
    **fields: str,
) -> Request:
    request = Request("REGISTER", "sip:example.org")
    request.add("via", via)
    request.add("from", "<sip:anna@example.org>;tag=1")
    request.add("to", "<sip:anna@example.org>")
    request.add("call-id", call_id)
    request.add("cseq", f"{cseq} REGISTER")
    for contact in contacts:
        request.add("contact", contact)
    for key, value in fields.items():
        request.add(key.replace("_", "-"), value)
    return request


def update(
    request: Request,
    bindings: tuple[Binding, ...] = (),
    *,
    flow: Flow = PHONE,
    limits: RegistrarLimits | None = None,
    now: float = NOW,
) -> BindingChanges | Refusal:
    return update_bindings(bindings, request, flow, limits=limits or RegistrarLimits(), now=now)


def changes(
    request: Request,
    bindings: tuple[Binding, ...] = (),
    *,
    flow: Flow = PHONE,
    limits: RegistrarLimits | None = None,
    now: float = NOW,
) -> BindingChanges:
    result = update(request, bindings, flow=flow, limits=limits, now=now)
    assert isinstance(result, BindingChanges), result
    return result


def refusal(
    request: Request,
    bindings: tuple[Binding, ...] = (),
    *,
    limits: RegistrarLimits | None = None,
    now: float = NOW,
) -> Refusal:
    result = update(request, bindings, limits=limits, now=now)
    assert isinstance(result, Refusal)
    return result


def listed(result: BindingChanges, request: Request, *, now: float = NOW) -> list[str]:
    return [value for key, value in response_fields(result, request, now=now) if key == "contact"]
