"""What routing decides: whom to ring in which order, and what they are told; or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from freiton.routing.directory import Account, Trunk
from freiton.routing.refusals import RefusalCause
from rating.numbering import E164Number, ServiceNumber
from sipcore.registrar.binding import Binding

Fields = tuple[tuple[str, str], ...]
"""Header fields as (key, raw value); a key is the long name in lower case."""


class CallKind(StrEnum):
    """Where a call goes; the word that stands in its record."""

    ON_NET = "on-net"
    OUTBOUND = "outbound"
    INBOUND = "inbound"
    EMERGENCY = "emergency"


class SlotRule(StrEnum):
    """What a call counts against while it lives.

    An outgoing call takes one of the caller's flatrate slots and one of its channels; an on-net or
    inbound call takes a channel of the account that is called, whose flatrates never matter.
    """

    OUTGOING = "outgoing"
    INCOMING = "incoming"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegIdentity:
    """Who calls, as one side may know it: whole header values without a tag."""

    from_value: str
    to_value: str
    fields: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTarget:
    """One registered device and the Request-URI it is to get.

    ``others`` are its further flows, tried in their order when the first fails (RFC 5626 §5.3).
    """

    binding: Binding
    request_uri: str
    others: tuple[DeviceTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGroup:
    """All registered devices of an account; they ring at once."""

    account: Account
    targets: tuple[DeviceTarget, ...]
    identity: LegIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkGroup:
    """One trunk."""

    trunk: Trunk
    request_uri: str
    identity: LegIdentity


Group = DeviceGroup | TrunkGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """The call may be made; ``groups`` are tried one after the other.

    ``called`` is None when an account without a number was called by its name. ``caller`` pays,
    ``called_account`` is rung; either is None on the side of a trunk. ``calling_number`` is what
    the record shows and the price knows, hidden from the called side or not. ``max_call_s`` is None
    when nothing ends the call.
    """

    kind: CallKind
    called: E164Number | ServiceNumber | None
    dialled: str
    groups: tuple[Group, ...]
    caller: Account | None
    called_account: Account | None
    incoming_trunk: Trunk | None
    calling_number: str | None
    is_number_hidden: bool
    slot_rule: SlotRule
    max_call_s: int | None

    @property
    def is_emergency(self) -> bool:
        """Whether nothing may stop or delay this call."""
        return self.kind is CallKind.EMERGENCY


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """The call is refused; ``status`` overrides that of the refusal table when it is set."""

    cause: RefusalCause
    status: int | None = None


RouteDecision = Connect | RefusedCall
