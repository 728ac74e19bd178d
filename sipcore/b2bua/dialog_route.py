"""Over which flow a request goes to a peer whose dialog may lead elsewhere (RFC 3261 §12.2.1.1)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from sipcore.dialog.dialog import Dialog
from sipcore.errors import RemoteError
from sipcore.transport.flow import Flow, Listener
from sipcore.transport.next_hop import NextHop, choose_listener, next_hop


def flow_along(dialog: Dialog, flow: Flow, listeners: Iterable[Listener]) -> Flow:
    """Return the way to the first hop of a dialog over one of our ``listeners``.

    It is ``flow``, over which the peer was last spoken with, wherever the first hop is a name, is
    not to be reached from here, or must not be sent to on the word of a peer.
    """
    ours = (flow.listener, *listeners)
    try:
        hop = next_hop(dialog.first_hop)
    except RemoteError:
        return flow
    if not hop.is_numeric or _is_served_by(flow, hop):
        return flow
    listener = choose_listener(ours, hop.transport, hop.host)
    if listener is None or not _may_be_sent_to(hop, flow, ours):
        return flow
    return Flow(listener, (hop.host, hop.port), peer_name=flow.peer_name)


def _is_served_by(flow: Flow, hop: NextHop) -> bool:
    """Tell whether the flow leads there; an open connection serves every port of its host."""
    if flow.transport is not hop.transport or flow.remote[0] != hop.host:
        return False
    return flow.connection != 0 or flow.remote[1] == hop.port


def _may_be_sent_to(hop: NextHop, flow: Flow, ours: Iterable[Listener]) -> bool:
    """Keep a peer from aiming us at many, at nobody, at ourselves, or at a network behind us."""
    host, peer = ip_address(hop.host), ip_address(flow.remote[0])
    if host.is_unspecified or host.is_multicast or (host.version == 4 and host.is_reserved):
        return False
    # A private address told by a public peer means something only where the peer stands.
    if (host.is_private and not peer.is_private) or (host.is_loopback and not peer.is_loopback):
        return False
    return not any(_is_ours(hop, listener) for listener in ours)


def _is_ours(hop: NextHop, listener: Listener) -> bool:
    host, port = listener.bound
    if (hop.host, hop.port) in (listener.bound, listener.advertised):
        return True
    # A listener on every address is also on the loopback ones.
    is_wildcard = ip_address(host).is_unspecified
    return is_wildcard and port == hop.port and ip_address(hop.host).is_loopback
