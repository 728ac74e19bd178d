"""Bindings as bytes, so that they survive a restart; expiry stands in wall-clock time.

The monotonic clock starts anew with the machine, so a record holds the instant of expiry in UTC
and the interval that was left, which a wall clock set back cannot make longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from sipcore.errors import LocalError
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.nat import SIP_PORT
from sipcore.transport.flow import Flow, Listener, Transport


class _Record(msgspec.Struct, array_like=True, frozen=True):
    aor: str
    contact: str
    listener: str
    host: str
    port: int
    expires: float
    remaining_s: float
    call_id: str
    cseq: int
    q: int
    path: tuple[str, ...]
    instance_id: str
    reg_id: int
    user_agent: str
    is_natted: bool
    # Behind all others and optional: older records end before it, older readers stop there.
    source_port: int | None = None
    gruu_handle: str = ""


def to_record(aor: str, binding: Binding, *, now: float, at: datetime) -> bytes:
    """Write a binding; ``at`` is the wall-clock instant of the monotonic ``now``."""
    host, port = binding.flow.remote
    remaining_s = binding.expires_at - now
    return msgspec.msgpack.encode(
        _Record(
            aor=aor,
            contact=binding.contact,
            listener=binding.flow.listener.name,
            host=host,
            port=port,
            expires=at.timestamp() + remaining_s,
            remaining_s=remaining_s,
            call_id=binding.call_id,
            cseq=binding.cseq,
            q=binding.q,
            path=binding.path,
            instance_id=binding.instance_id,
            reg_id=binding.reg_id,
            user_agent=binding.user_agent,
            is_natted=binding.is_natted,
            source_port=binding.source.remote[1],
            gruu_handle=binding.gruu_handle,
        )
    )


def from_record(
    record: bytes, listeners: Mapping[str, Listener], *, now: float, at: datetime
) -> tuple[str, Binding] | None:
    """Read a binding with its address-of-record.

    None when it has expired, or cannot be reached any more: its listener is gone, or it was made
    over a connection from behind a NAT. Bytes that are no record are a LocalError.
    """
    try:
        data = msgspec.msgpack.decode(record, type=_Record)
    except msgspec.DecodeError as error:
        raise LocalError(f"not a record of a binding: {error}") from error
    remaining_s = min(data.expires - at.timestamp(), data.remaining_s)
    listener = listeners.get(data.listener)
    if remaining_s <= 0 or listener is None:
        return None
    flow = _flow(data, listener)
    if flow is None:
        return None
    return data.aor, Binding(
        data.contact,
        flow,
        expires_at=now + remaining_s,
        call_id=data.call_id,
        cseq=data.cseq,
        source=_source(data, flow),
        q=data.q,
        path=data.path,
        instance_id=data.instance_id,
        reg_id=data.reg_id,
        user_agent=data.user_agent,
        is_natted=data.is_natted,
        gruu_handle=data.gruu_handle,
    )


def _flow(data: _Record, listener: Listener) -> Flow | None:
    flow = Flow(listener, (data.host, data.port))
    if not flow.is_reliable:
        return flow
    # The connection is gone with the process; a new one goes to where the device listens. Behind
    # TLS a phone listens nowhere that it could prove, and a browser not at all.
    if data.is_natted or data.path or flow.transport is not Transport.TCP:
        return None
    return Flow(listener, (data.host, SipUri.parse(data.contact).port or SIP_PORT))


def _source(data: _Record, flow: Flow) -> Flow:
    """Return where the device sends from: always its own host; a connection knows one flow."""
    if flow.is_reliable or data.source_port is None:
        return flow
    return Flow(flow.listener, (data.host, data.source_port))
