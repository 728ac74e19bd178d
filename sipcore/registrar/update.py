"""What a REGISTER does to the bindings of one address-of-record (RFC 3261 §10.3).

A pure function of the bindings before: it returns the bindings after, or a refusal that leaves
them as they are, so a REGISTER takes effect whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sipcore.errors import RemoteError
from sipcore.limits import (
    CALL_ID_CHARS_MAX,
    CONTACT_CHARS_MAX,
    FLOWS_MAX,
    INSTANCE_CHARS_MAX,
    PATH_CHARS_MAX,
    USER_AGENT_CHARS_MAX,
)
from sipcore.message.address import NameAddress
from sipcore.message.grammar import end_of_quoted, quote, unquote
from sipcore.message.message import Request, parse_delta_seconds
from sipcore.message.uri import SipUri
from sipcore.message.uri_comparison import is_same_uri
from sipcore.registrar.binding import Q_MAX, Binding
from sipcore.registrar.nat import delivery_flow, is_behind_nat
from sipcore.registrar.outbound import FLOW_TIMER_S, by_device, lacks_support
from sipcore.registrar.outbound import OPTION_TAG as OUTBOUND
from sipcore.transport.flow import Flow

HOUR_S: Final = 3600
"""An interval of an hour or more is never too brief (§10.3 step 7)."""

_QVALUE: Final = re.compile(r"0(?:\.([0-9]{0,3}))?|1(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarLimits:
    """What the registrar grants; ``contacts_max`` counts the bindings of one address-of-record."""

    min_expires_s: int = 60
    max_expires_s: int = 3600
    default_expires_s: int = 3600
    contacts_max: int = 10


class BindingChanges:
    """A REGISTER that succeeded; ``bindings`` are all that hold from now on."""

    __slots__ = ("added", "bindings", "refreshed", "removed")

    def __init__(
        self,
        bindings: tuple[Binding, ...],
        *,
        added: tuple[Binding, ...] = (),
        refreshed: tuple[Binding, ...] = (),
        removed: tuple[Binding, ...] = (),
    ) -> None:
        self.bindings = bindings
        self.added = added
        self.refreshed = refreshed
        self.removed = removed

    def mapped(self, change: Callable[[Binding], Binding]) -> BindingChanges:
        """Return the same changes with each binding that holds replaced by another."""
        replaced = {id(one): change(one) for one in self.bindings}
        return BindingChanges(
            tuple(replaced[id(one)] for one in self.bindings),
            added=tuple(replaced[id(one)] for one in self.added),
            refreshed=tuple(replaced[id(one)] for one in self.refreshed),
            removed=self.removed,
        )


class Refusal:
    """A REGISTER that changed nothing, and the response it gets."""

    __slots__ = ("fields", "reason", "status")

    def __init__(self, status: int, reason: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields

    def __repr__(self) -> str:
        return f"<Refusal {self.status} {self.reason}>"


def update_bindings(
    bindings: tuple[Binding, ...],
    request: Request,
    flow: Flow,
    *,
    limits: RegistrarLimits,
    now: float,
) -> BindingChanges | Refusal:
    """Apply one REGISTER.

    The caller has checked domain, Require, credentials and the right to this address-of-record
    (steps 1 to 5). Raises RemoteError when a header of the request cannot be read.
    """
    current = [binding for binding in bindings if binding.expires_at > now]
    entries = request.entries("contact")
    if not entries:
        return BindingChanges(tuple(current))
    if "*" in entries:
        return _remove_all(current, request, alone=len(entries) == 1)
    update = _Update(current, request, flow, limits, now)
    for entry in entries:
        refusal = update.apply(entry)
        if refusal is not None:
            return refusal
    return update.finish()


def response_fields(
    changes: BindingChanges,
    request: Request,
    *,
    parameters: Callable[[Binding], str] | None = None,
    now: float,
) -> list[tuple[str, str]]:
    """Return the fields of the 200: every binding with its remaining seconds (step 8).

    ``parameters`` adds to each Contact. The Path is told to a device that asked for it (RFC 3327
    §5.3); one whose flow is kept by its number learns that it is (RFC 5626 §6).
    """
    fields = [
        ("contact", _contact_value(one, now) + ("" if parameters is None else parameters(one)))
        for one in changes.bindings
    ]
    if request.has("path") and "path" in request.tokens("supported"):
        fields += [("path", entry) for entry in request.entries("path")]
    numbered = [one for one in (*changes.added, *changes.refreshed) if one.is_numbered]
    if numbered and OUTBOUND in request.tokens("supported"):
        fields.append(("require", OUTBOUND))
        if numbered[0].source.is_reliable:
            fields.append(("flow-timer", str(FLOW_TIMER_S)))
    return fields


class _Update:
    """The tentative bindings of one REGISTER; nothing holds before ``finish``."""

    def __init__(
        self,
        current: list[Binding],
        request: Request,
        flow: Flow,
        limits: RegistrarLimits,
        now: float,
    ) -> None:
        self._before = tuple(current)
        self._after = current
        self._added: list[Binding] = []
        self._refreshed: list[Binding] = []
        self._numbered: Binding | None = None
        self._request = request
        self._flow = flow
        self._limits = limits
        self._now = now
        self._call_id = _bounded(request.call_id, CALL_ID_CHARS_MAX, "Call-ID")
        self._cseq = request.cseq.number
        self._path = tuple(request.entries("path"))
        _bounded("".join(self._path), PATH_CHARS_MAX, "Path")
        self._user_agent = _readable((request.value("user-agent") or "")[:USER_AGENT_CHARS_MAX])

    def apply(self, entry: str) -> Refusal | None:
        """Apply one Contact (step 7)."""
        address = NameAddress.parse(entry)
        if not isinstance(address.uri, SipUri):
            return Refusal(400, "Contact Scheme Not Served")
        if address.uri.scheme == "sips" and not self._flow.transport.is_secure:
            return Refusal(400, "Contact With SIPS Over An Open Transport")
        requested_s = self._requested_s(address)
        min_expires_s = self._limits.min_expires_s
        if 0 < requested_s < min(HOUR_S, min_expires_s):
            return Refusal(423, "Interval Too Brief", (("min-expires", str(min_expires_s)),))
        binding = self._binding(_uri_text(entry), address, address.uri, requested_s)
        if binding.is_numbered and requested_s > 0:
            refusal = self._check_flow(binding)
            if refusal is not None:
                return refusal
        replaced = [
            known
            for known in self._after
            if _is_replaced(known, binding, is_removal=requested_s == 0, before=self._before)
        ]
        if any(known in self._before and _is_newer(known, binding) for known in replaced):
            return Refusal(500, "CSeq Out Of Order")
        for known in replaced:
            self._after.remove(known)
        if requested_s > 0:
            self._after.append(binding)
            (self._refreshed if replaced else self._added).append(binding)
        return None

    def finish(self) -> BindingChanges | Refusal:
        """Check the limit and say what changed."""
        excess = len(by_device(self._after)) - self._limits.contacts_max
        if excess > 0 and self._added:
            abandoned = self._abandoned()[:excess]
            if len(abandoned) < excess:
                return Refusal(403, "Too Many Contacts")
            for binding in abandoned:
                self._after.remove(binding)
        keys = {binding.key for binding in self._after}
        return BindingChanges(
            tuple(self._after),
            added=tuple(binding for binding in self._added if binding in self._after),
            refreshed=tuple(binding for binding in self._refreshed if binding in self._after),
            removed=tuple(known for known in self._before if known.key not in keys),
        )

    def _check_flow(self, binding: Binding) -> Refusal | None:
        """Check a numbered flow that is to hold (RFC 5626 §6)."""
        if lacks_support(self._request):
            return Refusal(439, "First Hop Lacks Outbound Support")
        if self._numbered is not None:
            return Refusal(400, "One Numbered Flow At A Time")
        self._numbered = binding
        flows = {one.key for one in self._after if one.instance_id == binding.instance_id}
        return Refusal(403, "Too Many Flows") if len(flows | {binding.key}) > FLOWS_MAX else None

    def _requested_s(self, address: NameAddress) -> int:
        """Return the interval asked for; what cannot be read counts as not there (§20.10)."""
        parameter = address.parameters.get("expires")
        if parameter is not None and (seconds := parse_delta_seconds(parameter)) is not None:
            return seconds
        header = self._request.expires
        return self._limits.default_expires_s if header is None else header

    def _binding(
        self, contact: str, address: NameAddress, uri: SipUri, requested_s: int
    ) -> Binding:
        parameters = address.parameters
        instance_id = unquote(parameters.get("+sip.instance") or "")
        is_natted = not self._path and is_behind_nat(uri, self._request.via, self._flow)
        flow = self._flow if self._path else delivery_flow(uri, self._flow, is_natted=is_natted)
        return Binding(
            _bounded(contact, CONTACT_CHARS_MAX, "Contact"),
            flow,
            expires_at=self._now + min(requested_s, self._limits.max_expires_s),
            call_id=self._call_id,
            cseq=self._cseq,
            source=self._flow,
            q=_parse_q(parameters.get("q")),
            path=self._path,
            instance_id=_bounded(instance_id, INSTANCE_CHARS_MAX, "instance-id"),
            reg_id=parse_delta_seconds(parameters.get("reg-id") or "") or 0,
            user_agent=self._user_agent,
            is_natted=is_natted,
        )

    def _abandoned(self) -> list[Binding]:
        """Return what the devices of this request left behind, the soonest to expire first.

        A phone that restarts often comes back from a new port each time; its instance-id tells
        that it is no further device.
        """
        instances = {binding.instance_id for binding in self._added if binding.instance_id}
        known = [one for one in self._before if one in self._after]
        return sorted(
            (one for one in known if one.instance_id in instances), key=lambda one: one.expires_at
        )


def _remove_all(
    current: list[Binding], request: Request, *, alone: bool
) -> BindingChanges | Refusal:
    """Apply ``Contact: *`` (step 6)."""
    if not alone or request.expires != 0:
        return Refusal(400, "Star Contact With Others Or Expiry")
    call_id, cseq = request.call_id, request.cseq.number
    if any(known.call_id == call_id and known.cseq >= cseq for known in current):
        return Refusal(500, "CSeq Out Of Order")
    return BindingChanges((), removed=tuple(current))


def _is_replaced(
    known: Binding, binding: Binding, *, is_removal: bool, before: tuple[Binding, ...]
) -> bool:
    """Tell whether a Contact speaks of a binding: by its flow's number, else by its URI.

    A device with numbered flows keeps them when its contact changes, and may give all of them one
    (RFC 5626 §6). Yet an old contact that is taken back does not take the new one with it.
    """
    is_same_contact = is_same_uri(known.contact, binding.contact)
    if not (known.is_numbered and binding.is_numbered):
        return is_same_contact
    return known.key == binding.key and (is_same_contact or (not is_removal and known in before))


def _is_newer(known: Binding, binding: Binding) -> bool:
    return known.call_id == binding.call_id and known.cseq >= binding.cseq


def _parse_q(text: str | None) -> int:
    """Read a ``qvalue`` as thousandths (§25.1)."""
    if text is None:
        return Q_MAX
    match = _QVALUE.fullmatch(text)
    if match is None:
        raise RemoteError(f"not a qvalue: {text[:20]!r}")
    return Q_MAX if text.startswith("1") else int((match[1] or "").ljust(3, "0"))


def _uri_text(entry: str) -> str:
    """Cut the URI out of an address that was parsed, just as it was written.

    A device looks for its own contact in the response, and some compare characters.
    """
    entry = entry.strip()
    if entry.startswith('"'):
        entry = entry[end_of_quoted(entry, 0) :]
    _, bracket, rest = entry.partition("<")
    return rest.partition(">")[0] if bracket else entry.partition(";")[0].strip()


def _contact_value(binding: Binding, now: float) -> str:
    q = "" if binding.q == Q_MAX else f";q={binding.q // Q_MAX}.{binding.q % Q_MAX:03}"
    value = f"<{binding.contact}>;expires={max(0, round(binding.expires_at - now))}{q}"
    if binding.instance_id:
        # By these a device knows its own binding where a NAT or a browser hides its address.
        value += f";+sip.instance={quote(binding.instance_id)}"
        value += f";reg-id={binding.reg_id}" if binding.reg_id else ""
    return value


def _bounded(text: str, chars_max: int, what: str) -> str:
    """Return what is to be kept; RemoteError when it is too long or, against §25.1, no UTF-8."""
    if len(text) > chars_max:
        raise RemoteError(f"{what} has {len(text)} characters")
    if _readable(text) != text:
        raise RemoteError(f"{what} is not UTF-8")
    return text


def _readable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
