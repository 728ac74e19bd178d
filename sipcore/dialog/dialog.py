"""A dialog as one user agent keeps it: tags, route set, remote target, CSeq (RFC 3261 §12)."""

from __future__ import annotations

from typing import NamedTuple

from sipcore.errors import RemoteError
from sipcore.limits import CSEQ_MAX
from sipcore.message.address import NameAddress
from sipcore.message.message import Message, Request, Response
from sipcore.message.uri import SipUri, Uri, parse_uri


class DialogId(NamedTuple):
    """The identity of a dialog as seen from one end; the tag of an RFC 2543 peer is empty."""

    call_id: str
    local_tag: str
    remote_tag: str

    @classmethod
    def of_request(cls, request: Request) -> DialogId:
        """Return the dialog that a request from the peer belongs to (§12.2.2)."""
        return cls(request.call_id, request.to.tag or "", request.from_.tag or "")


class Dialog:
    """The state of a dialog; ``local`` and ``remote`` are From and To values without a tag.

    ``remote_sequence`` is None until the peer has sent a request.
    """

    __slots__ = (
        "_first_hop",
        "_is_loose",
        "call_id",
        "id",
        "local",
        "local_sequence",
        "local_tag",
        "remote",
        "remote_sequence",
        "remote_tag",
        "remote_target",
        "route_set",
    )

    def __init__(
        self,
        dialog_id: DialogId,
        *,
        local: str,
        remote: str,
        remote_target: str,
        route_set: tuple[str, ...] = (),
        local_sequence: int = 0,
        remote_sequence: int | None = None,
    ) -> None:
        self.id = dialog_id
        """The dialog ID from our end; it never changes."""
        self.call_id, self.local_tag, self.remote_tag = dialog_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.local_sequence = local_sequence
        self.remote_sequence = remote_sequence
        self._set_route(route_set)

    @classmethod
    def from_request(cls, request: Request, *, local_tag: str) -> Dialog:
        """Make the dialog of a UAS (§12.1.1); without a usable Contact there is none (400)."""
        remote_target = _remote_target(request)
        if remote_target is None:
            raise RemoteError("Contact is missing")
        return cls(
            DialogId(request.call_id, local_tag, request.from_.tag or ""),
            local=_without_tag(request.to),
            remote=_without_tag(request.from_),
            remote_target=remote_target,
            route_set=_record_route(request),
            remote_sequence=request.cseq.number,
        )

    @classmethod
    def from_response(cls, request: Request, response: Response) -> Dialog:
        """Make the dialog of a UAC (§12.1.2).

        Without a usable Contact or Record-Route it leads back to the Request-URI, so that a 2xx
        can be acknowledged and ended whatever else it says.
        """
        try:
            route_set = _record_route(response)[::-1]
        except RemoteError:
            route_set = ()
        return cls(
            DialogId(request.call_id, request.from_.tag or "", response.to.tag or ""),
            local=_without_tag(request.from_),
            remote=_without_tag(request.to),
            remote_target=_remote_target(response) or request.uri_text,
            route_set=route_set,
            local_sequence=request.cseq.number,
        )

    @property
    def first_hop(self) -> Uri:
        """The URI that decides where a request goes (§12.2.1.1, §8.1.2); RemoteError for none.

        That is the first of the route set, a strict router or a loose one, else the remote target.
        """
        if self.route_set:
            return NameAddress.parse(self.route_set[0]).uri
        return parse_uri(self.remote_target)

    def request(self, method: str) -> Request:
        """Build the next request of the dialog: Request-URI, Route, From, To, Call-ID, CSeq."""
        if self.local_sequence >= CSEQ_MAX:
            raise RemoteError("the CSeq of a dialog is used up")
        self.local_sequence += 1
        return self._build(method, self.local_sequence)

    def ack(self, sequence: int) -> Request:
        """Build the ACK for the 2xx of the INVITE with this CSeq (§13.2.2.4)."""
        return self._build("ACK", sequence)

    def is_in_order(self, request: Request) -> bool:
        """Take the CSeq of a request from the peer; False when it is to be refused with 500.

        An equal number is refused like a lower one: a retransmission ends in its transaction, and
        §12.2.1.1 lets no two requests share a number.
        """
        number = request.cseq.number
        if self.remote_sequence is not None and number <= self.remote_sequence:
            return False
        self.remote_sequence = number
        return True

    def refresh_target(self, message: Request | Response) -> bool:
        """Take the Contact of a target refresh (§12.2.2); True when the target is another now."""
        remote_target = _remote_target(message)
        if remote_target is None or remote_target == self.remote_target:
            return False
        self.remote_target = remote_target
        return True

    def confirm(self, response: Response) -> None:
        """Take the 2xx that confirms an early dialog of a UAC: its route set counts (§13.2.2.4).

        A Record-Route that cannot be used leaves the one of the early dialog.
        """
        try:
            route_set = _record_route(response)[::-1]
        except RemoteError:
            route_set = self.route_set
        self._set_route(route_set)
        self.refresh_target(response)

    def _set_route(self, route_set: tuple[str, ...]) -> None:
        self.route_set = route_set
        self._first_hop = ""
        self._is_loose = True
        if route_set:
            uri = NameAddress.parse(route_set[0]).uri
            self._is_loose = isinstance(uri, SipUri) and uri.is_loose_router
            self._first_hop = _as_request_uri(uri)

    def _build(self, method: str, sequence: int) -> Request:
        if self._is_loose:
            request = Request(method, self.remote_target)
            routes = self.route_set
        else:
            # The next hop is a strict router (§12.2.1.1): it finds the target in the last Route.
            request = Request(method, self._first_hop)
            routes = (*self.route_set[1:], f"<{self.remote_target}>")
        request.add("from", _tagged(self.local, self.local_tag))
        request.add("to", _tagged(self.remote, self.remote_tag))
        request.add("call-id", self.call_id)
        request.add("cseq", f"{sequence} {method}")
        for route in routes:
            request.add("route", route)
        return request


def _tagged(value: str, tag: str) -> str:
    return f"{value};tag={tag}" if tag else value


def _without_tag(address: NameAddress) -> str:
    return str(NameAddress(address.uri, display_name=address.display_name))


def _remote_target(message: Message) -> str | None:
    try:
        contacts = message.contacts
    except RemoteError:
        return None
    if not contacts or not isinstance(contacts[0].uri, SipUri):
        return None
    return _as_request_uri(contacts[0].uri)


def _record_route(message: Message) -> tuple[str, ...]:
    """Return the entries as they were written; each must be an address."""
    entries = tuple(message.entries("record-route"))
    for entry in entries:
        NameAddress.parse(entry)
    return entries


def _as_request_uri(uri: Uri) -> str:
    """Write a URI without what may not stand in a Request-URI (§19.1.1, table 1)."""
    if not isinstance(uri, SipUri) or (not uri.headers and "method" not in uri.parameters):
        return str(uri)
    return str(
        SipUri(
            uri.host,
            user=uri.user,
            port=uri.port,
            scheme=uri.scheme,
            password=uri.password,
            parameters={name: value for name, value in uri.parameters.items() if name != "method"},
        )
    )
