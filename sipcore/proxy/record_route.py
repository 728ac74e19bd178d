"""The Record-Route entries of this proxy: where a dialog goes on, signed (RFC 3261 §16.6 step 4).

An entry names one side of the dialog, under a MAC over it and the dialog. So a request within a
dialog is known by what it carries: nothing is kept, a restart changes nothing, and nobody can have
something relayed that we did not record, or in another dialog, or to another place.

Each request gets two entries, one for each side (RFC 5658): each names the listener that its
side can reach, over the transport that it used, and of those that come back the last one tells
the direction.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from sipcore.errors import LocalError
from sipcore.message.message import Request
from sipcore.message.uri import SipUri
from sipcore.transport.flow import Flow, Listener, Transport

_MAC_BYTES: Final = 12
_KEY_BYTES_MIN: Final = 16
_TOKEN_CHARS_MAX: Final = 256
_FLOW, _NETWORK = "f", "n"


class Side:
    """Where one side of a dialog is reached.

    Over ``flow``, which leads to a device behind whatever NAT; or, without one, by the rules of
    §16.6 step 7, as long as that leads into ``network``, a name that the user of the proxy gave.
    """

    __slots__ = ("flow", "network")

    def __init__(self, flow: Flow | None = None, network: str = "") -> None:
        self.flow = flow
        self.network = network

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Side) and self.flow == other.flow and self.network == other.network

    def __hash__(self) -> int:
        return hash((self.flow, self.network))

    def __repr__(self) -> str:
        return f"<Side {self.network or self.flow!r}>"


class RecordRoutes:
    """Writes and reads them; ``key`` should outlive the process, as dialogs do."""

    def __init__(self, key: bytes, listeners: Mapping[str, Listener]) -> None:
        if len(key) < _KEY_BYTES_MIN:
            raise LocalError(f"a key of Record-Routes needs {_KEY_BYTES_MIN} octets")
        self._key = key
        self._listeners = listeners

    def entry(self, side: Side, listener: Listener, request: Request, *, is_secure: bool) -> str:
        """Return the entry for ``side``, whose messages come to ``listener``.

        ``is_secure`` makes it a SIPS URI, as the Request-URI asks for.
        """
        user = self._token(side, request.call_id, request.from_.tag or "")
        parameters = "" if is_secure else _transport_parameter(listener.transport)
        scheme = "sips" if is_secure else "sip"
        return f"<{scheme}:{user}@{listener.sent_by}{parameters};lr>"

    def side_of(self, uri: SipUri, request: Request) -> Side | None:
        """Return the side that an entry of ours names, if it is one of this very dialog.

        A request without a To tag is in no dialog.
        """
        user = uri.escaped_user
        if not user or len(user) > _TOKEN_CHARS_MAX or request.to.tag is None:
            return None
        opened = _decoded(user)
        if opened is None:
            return None
        mac, payload = opened
        for tag in (request.from_.tag, request.to.tag):
            if hmac.compare_digest(mac, self._mac(payload, request.call_id, tag or "")):
                return self._side(payload)
        return None

    def _token(self, side: Side, call_id: str, tag: str) -> str:
        payload = _payload(side)
        signed = self._mac(payload, call_id, tag) + payload
        return urlsafe_b64encode(signed).rstrip(b"=").decode("ascii")

    def _mac(self, payload: bytes, call_id: str, tag: str) -> bytes:
        # The tag of who began the dialog; a NUL stands in none of the three.
        dialog = f"{call_id}\0{tag}\0".encode("utf-8", "surrogateescape")
        return hmac.digest(self._key, dialog + payload, "sha256")[:_MAC_BYTES]

    def _side(self, payload: bytes) -> Side | None:
        kind, *words = payload.decode("utf-8").split("\0")
        if kind == _NETWORK:
            return Side(network=words[0])
        name, host, port, connection = words
        listener = self._listeners.get(name)
        if listener is None:
            return None
        # What we signed needs no second look.
        return Side(Flow(listener, (host, int(port)), int(connection)))


def _payload(side: Side) -> bytes:
    flow = side.flow
    if flow is None:
        words = [_NETWORK, side.network]
    else:
        host, port = flow.remote
        words = [_FLOW, flow.listener.name, host, str(port), str(flow.connection)]
    return "\0".join(words).encode("utf-8")


def _decoded(user: str) -> tuple[bytes, bytes] | None:
    try:
        signed = urlsafe_b64decode(user + "=" * (-len(user) % 4))
    except (binascii.Error, ValueError):
        return None
    return signed[:_MAC_BYTES], signed[_MAC_BYTES:]


def _transport_parameter(transport: Transport) -> str:
    return "" if transport is Transport.UDP else f";transport={transport.name.lower()}"
