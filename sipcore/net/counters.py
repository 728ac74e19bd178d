"""What the sockets count; a collector reads it when it is asked."""

from __future__ import annotations


class NetCounters:
    """Plain integers that only grow."""

    __slots__ = (
        "connections_accepted",
        "connections_displaced",
        "connections_failed",
        "connections_opened",
        "connections_overfull",
        "connections_refused",
        "connections_stalled",
        "datagrams_received",
        "datagrams_sent",
        "datagrams_unsent",
        "handler_errors",
        "handshakes_failed",
        "icmp_errors",
        "keep_alives",
        "malformed_requests",
        "malformed_responses",
        "peers_unproven",
        "stream_messages_received",
        "stream_messages_sent",
        "stun_answers",
    )

    def __init__(self) -> None:
        self.datagrams_received = 0
        self.datagrams_sent = 0
        self.datagrams_unsent = 0
        """Datagrams that the kernel did not take; a retransmission follows."""
        self.icmp_errors = 0
        self.keep_alives = 0
        """Datagrams and line ends that only keep a way open; not counted as messages."""
        self.stun_answers = 0
        self.stream_messages_received = 0
        self.stream_messages_sent = 0
        self.connections_accepted = 0
        self.connections_opened = 0
        self.connections_failed = 0
        """Connections that could not be opened."""
        self.connections_refused = 0
        """Connections beyond a limit, closed at once."""
        self.connections_displaced = 0
        """Connections of silent strangers, closed to make room for others."""
        self.connections_stalled = 0
        """Connections closed because a message did not end in time."""
        self.connections_overfull = 0
        """Connections closed because the peer did not read."""
        self.handshakes_failed = 0
        """Handshakes of TLS and WebSocket that did not come about, or not in time."""
        self.peers_unproven = 0
        """Peers whose certificate does not prove who they should be."""
        self.malformed_requests = 0
        self.malformed_responses = 0
        self.handler_errors = 0
        """Faults of ours while one message or timer was handled."""
